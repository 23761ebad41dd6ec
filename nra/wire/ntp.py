"""Just enough NTP to ask a server for the time and to understand its answer (RFC 5905 7.3, the client of clause 14).

0 leap, version, mode    1 stratum    2 poll    3 precision    4 root delay    8 root dispersion    12 reference id
16 reference timestamp    24 origin timestamp    32 receive timestamp    40 transmit timestamp
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from nra.wire.errors import MalformedMessage
from nra.wire.timestamps import unix_ns_from_ntp

HEADER: Final = Struct(">BBbbII4sQQQQ")
VERSION: Final = 4
CLIENT: Final = 3  # modes, figure 10
SERVER: Final = 4
MODE: Final = 0b111
NO_WARNING: Final = 0  # leap indicator, figure 9
NOT_SYNCHRONIZED: Final = 3
STRATA: Final = range(1, 16)  # figure 11: 0 is "unspecified or invalid", 16 "unsynchronized"
FRACTION: Final = 1 << 16  # of a second in the short format, clause 6
KISSES: Final[dict[str, str]] = {
    "ACST": "it belongs to a unicast server",
    "AUTH": "server authentication failed",
    "AUTO": "Autokey sequence failed",
    "BCST": "it belongs to a broadcast server",
    "CRYP": "cryptographic authentication failed",
    "DENY": "access denied by the server",
    "DROP": "lost peer in symmetric mode",
    "RSTR": "access denied by local policy",
    "INIT": "not yet synchronized for the first time",
    "MCST": "it belongs to a dynamically discovered server",
    "NKEY": "no key found",
    "RATE": "asked too often",
    "RMOT": "alteration from a remote host",
    "STEP": "a step change in system time",
}
"""What a server of stratum 0 means by its reference id (figure 13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NtpReply:
    """A server's answer: the three timestamps are 64-bit NTP format, 0 where the server knows no time."""

    leap: int
    version: int
    stratum: int
    root_delay_ms: float
    root_dispersion_ms: float
    reference_id: bytes
    origin: int
    receive: int
    transmit: int

    @property
    def synchronized(self) -> bool:
        """Whether the server says that it knows the time."""
        return self.leap != NOT_SYNCHRONIZED and self.stratum in STRATA and self.receive != 0 and self.transmit != 0

    @property
    def kiss(self) -> str | None:
        """The code of a kiss-o'-death packet, four letters (7.4), None for any other reply."""
        code = self.reference_id.decode("latin-1")
        return code if self.stratum == 0 and code.isascii() and code.isalnum() else None

    def offset_ns(self, t1_ns: int, t4_ns: int) -> int | None:
        """Return how far the server's clock is ahead of the one that gave T1 and T4, None where the server knows no time (clause 8)."""
        t2_ns, t3_ns = self._times(t1_ns)
        return ((t2_ns - t1_ns) + (t3_ns - t4_ns)) // 2 if self.synchronized else None

    def delay_ns(self, t1_ns: int, t4_ns: int) -> int | None:
        """Return the round trip without the server's own time, None where the server knows no time (clause 8)."""
        t2_ns, t3_ns = self._times(t1_ns)
        return (t4_ns - t1_ns) - (t3_ns - t2_ns) if self.synchronized else None

    def _times(self, near_ns: int) -> tuple[int, int]:
        return unix_ns_from_ntp(self.receive, near_ns), unix_ns_from_ntp(self.transmit, near_ns)


def encode_request(nonce: int) -> bytes:
    """Return a client's request; the server returns the transmit timestamp as it came, so any 64 bits do and tell less of our clock."""
    return HEADER.pack(NO_WARNING << 6 | VERSION << 3 | CLIENT, 0, 0, 0, 0, 0, bytes(4), 0, 0, 0, nonce)


def decode_reply(data: bytes) -> NtpReply:
    """Read a server's answer; what follows the header (extensions, a MAC) is not looked at; raises MalformedMessage."""
    if len(data) < HEADER.size:
        raise MalformedMessage(f"{len(data)} octets where an NTP header has {HEADER.size}")
    first, stratum, _, _, delay, dispersion, reference_id, _, origin, receive, transmit = HEADER.unpack_from(data)
    version = first >> 3 & 0b111
    if first & MODE != SERVER or not 1 <= version <= VERSION:
        raise MalformedMessage(f"no answer of an NTP server: version {version}, mode {first & MODE}")
    return NtpReply(
        leap=first >> 6,
        version=version,
        stratum=stratum,
        root_delay_ms=delay * 1000 / FRACTION,
        root_dispersion_ms=dispersion * 1000 / FRACTION,
        reference_id=reference_id,
        origin=origin,
        receive=receive,
        transmit=transmit,
    )
