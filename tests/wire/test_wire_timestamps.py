"""NTP and PTP time stamps and the Error Estimate against published vectors and their own laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.errors import MalformedMessage
from nra.wire.timestamps import (
    ERA_NS,
    PTP_FORMAT,
    ErrorEstimate,
    ntp_from_unix_ns,
    ptp_from_unix_ns,
    unix_ns,
    unix_ns_from_ntp,
    unix_ns_from_ptp,
)

NEW_YEAR_2024_NS = 1_704_067_200_500_000_000  # 2024-01-01T00:00:00.5Z
ERA_1_NS = 2_085_978_496_000_000_000  # 2036-02-07T06:28:16Z, where NTP seconds wrap (RFC 5905 6)

NTP_VECTORS = [
    (0, 0x83AA7E8000000000),
    (NEW_YEAR_2024_NS, 0xE93C7F0080000000),
    (ERA_1_NS, 0),
    (NEW_YEAR_2024_NS + 10_000_000, 0xE93C7F00828F5C29),
    (NEW_YEAR_2024_NS + 10_050_000, 0xE93C7F008292A305),
]
ERROR_VECTORS = [
    (0, False, False, 0x0001),
    (1_000, True, False, 0x8587),
    (1_000_000, True, False, 0x8F84),
    (100_000_000, False, False, 0x15CD),
    (1_000, True, True, 0xC587),
]
unix_times_ns = st.integers(0, 200 * 365 * 86_400 * 10**9)


@pytest.mark.parametrize(("time_ns", "timestamp"), NTP_VECTORS)
def test_ntp_vectors(time_ns: int, timestamp: int) -> None:
    """Known Unix times have known NTP stamps, both ways (RFC 5905 6, RFC 8762 4.2.1)."""
    assert ntp_from_unix_ns(time_ns) == timestamp
    assert unix_ns_from_ntp(timestamp, time_ns) == time_ns


def test_ptp_vector() -> None:
    """A truncated PTP stamp holds seconds and nanoseconds as they are counted (RFC 8186, RFC 8877 4.3)."""
    assert ptp_from_unix_ns(NEW_YEAR_2024_NS) == 0x659200801DCD6500
    assert unix_ns_from_ptp(0x659200801DCD6500, NEW_YEAR_2024_NS) == NEW_YEAR_2024_NS


@given(unix_times_ns, st.integers(1 - ERA_NS // 2, ERA_NS // 2))
def test_both_formats_give_back_every_nanosecond(time_ns: int, away_ns: int) -> None:
    """A time comes back exactly from either format as long as the receiver is within half an era of it."""
    assert unix_ns_from_ntp(ntp_from_unix_ns(time_ns), time_ns + away_ns) == time_ns
    assert unix_ns_from_ptp(ptp_from_unix_ns(time_ns), time_ns + away_ns) == time_ns


@given(st.integers(0, 2**64 - 1), unix_times_ns)
def test_the_era_is_the_nearest(timestamp: int, near_ns: int) -> None:
    """Whatever the stamp, the time read from it is within half an era of the time known."""
    assert abs(unix_ns_from_ntp(timestamp, near_ns) - near_ns) <= ERA_NS // 2


@given(unix_times_ns)
def test_ntp_is_rounded_to_nearest(time_ns: int) -> None:
    """The stamp is off by at most half a step of 2^-32 s."""
    off = (ntp_from_unix_ns(time_ns) - (2_208_988_800 << 32)) * 10**9 - (time_ns << 32)
    assert abs((off + (ERA_NS << 31)) % (ERA_NS << 32) - (ERA_NS << 31)) * 2 <= 10**9


def test_a_second_of_nanoseconds_is_malformed() -> None:
    """The nanoseconds of a PTP stamp end at 999,999,999."""
    assert unix_ns_from_ptp(999_999_999, 0) == 999_999_999
    with pytest.raises(MalformedMessage):
        unix_ns_from_ptp(1_000_000_000, 0)


def test_the_z_bit_names_the_format() -> None:
    """Each stamp is read by the Z bit of its own Error Estimate (RFC 8186 2.1)."""
    for estimate, encode in ((0x8F84, ntp_from_unix_ns), (0x8F84 | PTP_FORMAT, ptp_from_unix_ns)):
        assert unix_ns(encode(NEW_YEAR_2024_NS), estimate, NEW_YEAR_2024_NS) == NEW_YEAR_2024_NS


@pytest.mark.parametrize(("error_ns", "synchronized", "ptp", "field"), ERROR_VECTORS)
def test_error_estimate_vectors(error_ns: int, synchronized: bool, ptp: bool, field: int) -> None:
    """Known errors have known estimates, rounded up (RFC 4656 4.1.2, RFC 8186 2.1)."""
    estimate = ErrorEstimate.of(error_ns, synchronized=synchronized, ptp=ptp)
    assert estimate.encode() == field
    assert ErrorEstimate.decode(field) == estimate


@given(st.integers(0, 2**63), st.booleans(), st.booleans())
def test_an_estimate_never_belittles_the_error(error_ns: int, synchronized: bool, ptp: bool) -> None:
    """The estimate is at least the error, and not more than 1/128 (and one unit of 2^-32 s) above it."""
    estimate = ErrorEstimate.of(error_ns, synchronized=synchronized, ptp=ptp)
    assert error_ns <= estimate.error_ns <= error_ns + error_ns // 128 + 1
    assert ErrorEstimate.decode(estimate.encode()) == estimate


def test_the_error_is_rounded_up_to_a_nanosecond() -> None:
    """One unit of 2^-32 s is a quarter of a nanosecond, and no error is told as none."""
    assert [ErrorEstimate.decode(field).error_ns for field in (0x0001, 0x0005, 0x8587)] == [1, 2, 1006]


@given(st.integers(0, 0xFFFF))
def test_every_field_is_read_or_malformed(field: int) -> None:
    """Multiplier 0 means corrupt; every other field is written back as it was read (RFC 4656 4.1.2)."""
    if field & 0xFF:
        assert ErrorEstimate.decode(field).encode() == field
    else:
        with pytest.raises(MalformedMessage, match="multiplier 0"):
            ErrorEstimate.decode(field)


def test_an_error_beyond_the_scale_is_refused() -> None:
    """255 * 2^63 * 2^-32 s is the largest error there is."""
    largest_ns = 255 * 10**9 << 31
    assert ErrorEstimate.of(largest_ns, synchronized=False).encode() == 0x3FFF
    with pytest.raises(ValueError, match="no place"):
        ErrorEstimate.of(largest_ns + 1, synchronized=False)
