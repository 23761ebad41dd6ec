"""Just enough QUIC to make a server say that it is one, without cryptography: version negotiation (RFC 8999, RFC 9000 6).

asked       0 form 1, fixed 1    1 version, a reserved one    5 length and destination id    length and source id
            token length 0    length of the rest    zeros to 1200 octets: the form of a first packet (RFC 9000 17.2.2)
answered    0 form 1             1 version 0                  5 length and our source id     length and our destination id    versions
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from nra.wire.errors import MalformedMessage

LONG_HEADER: Final = 0x80  # RFC 8999 5.1
FIXED_BIT: Final = 0x40  # RFC 9000 17.2: without it no server takes the packet for QUIC
VERSION: Final = Struct(">I")
VERSION_AT: Final = 1
IDS_AT: Final = 5
NEGOTIATION: Final = 0  # RFC 9000 17.2.1
RESERVED: Final = 0x0A0A0A0A  # RFC 9000 15: 0x?a?a?a?a never is a protocol
RESERVED_MASK: Final = 0x0F0F0F0F
NO_TOKEN: Final = b"\0"
LENGTH: Final = Struct(">H")
TWO_OCTETS: Final = 0x4000  # of a variable-length integer, RFC 9000 16
DATAGRAM_BYTES: Final = 1200  # RFC 9000 14.1: a server need not answer anything smaller
ID_BYTES: Final = range(8, 21)  # RFC 9000 7.2 and 17.2: what version 1 takes, for servers that look at the length first
NAMES: Final[dict[int, str]] = {1: "v1", 0x6B3343CF: "v2"}  # RFC 9000 15, RFC 9369 3.1
DRAFTS: Final = 0xFF000000  # drafts of the IETF before RFC 9000


@dataclass(frozen=True, slots=True)
class VersionNegotiation:
    """A server's list of versions; the ids are as they stand in its packet: its destination is our source."""

    destination_id: bytes
    source_id: bytes
    versions: tuple[int, ...]


def reserved_version(number: int) -> int:
    """Return one of the 65,536 versions that no server speaks, by its number."""
    return RESERVED | sum((number >> 4 * digit & 0xF) << 8 * digit + 4 for digit in range(4))


def is_reserved(version: int) -> bool:
    """Tell whether a version only keeps negotiation in exercise (RFC 9000 15)."""
    return version & RESERVED_MASK == RESERVED


def version_name(version: int) -> str:
    """Return how people call a version."""
    if version & 0xFFFFFF00 == DRAFTS:
        return f"draft-{version & 0xFF}"
    return NAMES.get(version, f"0x{version:08x}")


def encode_version_probe(version: int, destination_id: bytes, source_id: bytes) -> bytes:
    """Return a datagram of 1200 octets to which a server of other versions answers with its list; raises ValueError for other ids."""
    if len(destination_id) not in ID_BYTES or len(source_id) not in ID_BYTES:
        raise ValueError(f"connection ids of {len(destination_id)} and {len(source_id)} octets")
    head = bytes((LONG_HEADER | FIXED_BIT,)) + VERSION.pack(version)
    ids = b"".join(bytes((len(each),)) + each for each in (destination_id, source_id))
    front = head + ids + NO_TOKEN
    rest = DATAGRAM_BYTES - len(front) - LENGTH.size
    return front + LENGTH.pack(TWO_OCTETS | rest) + bytes(rest)


def decode_version_negotiation(data: bytes) -> VersionNegotiation:
    """Read a Version Negotiation packet (RFC 9000 17.2.1); raises MalformedMessage for any other packet."""
    if len(data) < IDS_AT or not data[0] & LONG_HEADER or VERSION.unpack_from(data, VERSION_AT)[0] != NEGOTIATION:
        raise MalformedMessage(f"{len(data)} octets are no QUIC version negotiation")
    destination_id, offset = _read_id(data, IDS_AT)
    source_id, offset = _read_id(data, offset)
    listed = data[offset:]
    if not listed or len(listed) % VERSION.size:
        raise MalformedMessage(f"a list of versions with {len(listed)} octets")
    return VersionNegotiation(destination_id, source_id, tuple(version for (version,) in VERSION.iter_unpack(listed)))


def _read_id(data: bytes, offset: int) -> tuple[bytes, int]:
    """Return a connection id, up to 255 octets in packets of no version (RFC 8999 5.3), and the offset behind it."""
    start = offset + 1
    end = start + data[offset] if offset < len(data) else start
    if end > len(data):
        raise MalformedMessage("a connection id longer than the packet")
    return data[start:end], end
