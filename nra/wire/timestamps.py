"""NTP and PTP time stamps and the Error Estimate, in whole nanoseconds of Unix time (RFC 8762 4.2.1, RFC 4656 4.1.2, RFC 8186).

Both formats carry 32 bits of seconds, so they repeat: NTP every 136 years from 1900, truncated PTP likewise from 1970.
The receiver takes the era nearest to a time that it knows (`near_ns`).
"""

from dataclasses import dataclass
from typing import Final, Self

from nra.wire.errors import MalformedMessage

NTP_TO_UNIX_S: Final = 2_208_988_800  # from 1900-01-01 to 1970-01-01 (RFC 5905 6)
SECOND_NS: Final = 1_000_000_000
HALF_SECOND_NS: Final = SECOND_NS // 2
NTP_ERA: Final = NTP_TO_UNIX_S << 32
LONG: Final = (1 << 64) - 1
ERA_NS: Final = SECOND_NS << 32
WORD: Final = 0xFFFF_FFFF

SYNCHRONIZED: Final = 0x8000  # S, RFC 4656 4.1.2
PTP_FORMAT: Final = 0x4000  # Z, RFC 8186 2.1
SCALE_SHIFT: Final = 8
SCALE_MAX: Final = 0x3F
MULTIPLIER_MAX: Final = 0xFF


def ntp_from_unix_ns(unix_ns: int) -> int:
    """Return the 64-bit NTP time stamp nearest to a Unix time; a step is 0.23 ns, so the way back is exact."""
    return ((unix_ns << 32) + HALF_SECOND_NS) // SECOND_NS + NTP_ERA & LONG


def unix_ns_from_ntp(timestamp: int, near_ns: int) -> int:
    """Return the Unix time of a 64-bit NTP time stamp, in the era that brings it nearest to `near_ns`."""
    since_1970 = timestamp - (NTP_TO_UNIX_S << 32)
    return _nearest_era((since_1970 * SECOND_NS + (1 << 31)) >> 32, near_ns)


def ptp_from_unix_ns(unix_ns: int) -> int:
    """Return the truncated PTPv2 time stamp (seconds, nanoseconds) of a time counted as Unix counts it, without a TAI offset."""
    seconds, nanoseconds = divmod(unix_ns, SECOND_NS)
    return (seconds & WORD) << 32 | nanoseconds


def unix_ns_from_ptp(timestamp: int, near_ns: int) -> int:
    """Return the time of a truncated PTPv2 time stamp, era nearest to `near_ns`; raises MalformedMessage from 10^9 ns on.

    A clock on true PTP time (TAI) comes out 37 s ahead of Unix time: differences taken at one end are right all the same.
    """
    if not ptp_is_valid(timestamp):
        raise MalformedMessage(f"PTP time stamp with {timestamp & WORD} nanoseconds")
    return _nearest_era((timestamp >> 32) * SECOND_NS + (timestamp & WORD), near_ns)


def ptp_is_valid(timestamp: int) -> bool:
    """Tell whether the nanoseconds of a truncated PTPv2 time stamp are below one second (RFC 8877 4.3)."""
    return timestamp & WORD < SECOND_NS


def unix_ns(timestamp: int, error_estimate: int, near_ns: int) -> int:
    """Return the Unix time of a time stamp in the format that the Z bit of its own Error Estimate names (RFC 8186)."""
    convert = unix_ns_from_ptp if error_estimate & PTP_FORMAT else unix_ns_from_ntp
    return convert(timestamp, near_ns)


def _nearest_era(time_ns: int, near_ns: int) -> int:
    half = ERA_NS // 2
    return near_ns + (time_ns - near_ns + half) % ERA_NS - half


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEstimate:
    """How far a clock may be off: multiplier * 2^scale * 2^-32 s; `synchronized` to UTC, stamps in `ptp` or NTP format."""

    synchronized: bool
    ptp: bool = False
    scale: int
    multiplier: int

    @classmethod
    def of(cls, error_ns: int, *, synchronized: bool, ptp: bool = False) -> Self:
        """Return the smallest estimate that is not below the error, with as fine a scale as fits (RFC 4656 4.1.2)."""
        for scale in range(SCALE_MAX + 1):
            multiplier = -(-(error_ns << 32) // (SECOND_NS << scale))
            if multiplier <= MULTIPLIER_MAX:
                return cls(synchronized=synchronized, ptp=ptp, scale=scale, multiplier=max(1, multiplier))
        raise ValueError(f"an error of {error_ns} ns has no place in an Error Estimate")

    @classmethod
    def decode(cls, field: int) -> Self:
        """Read the 16-bit field; raises MalformedMessage when the multiplier is 0, which means corrupt (RFC 4656 4.1.2)."""
        multiplier = field & MULTIPLIER_MAX
        if multiplier == 0:
            raise MalformedMessage("Error Estimate with multiplier 0")
        return cls(
            synchronized=bool(field & SYNCHRONIZED),
            ptp=bool(field & PTP_FORMAT),
            scale=field >> SCALE_SHIFT & SCALE_MAX,
            multiplier=multiplier,
        )

    def encode(self) -> int:
        """Return the 16-bit field."""
        return self.synchronized * SYNCHRONIZED | self.ptp * PTP_FORMAT | self.scale << SCALE_SHIFT | self.multiplier

    @property
    def error_ns(self) -> int:
        """The error in nanoseconds, rounded up."""
        return -(-(self.multiplier * SECOND_NS << self.scale) >> 32)
