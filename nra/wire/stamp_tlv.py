"""STAMP TLVs (RFC 8972 4, RFC 9503, 9534, 10052): the header, the registry, the rules of both ends, the HMAC TLV.

0                   1                   2                   3
|U|M|I|C| zeros |     Type      |  Length of the value alone    |  Value ...
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple

from nra.wire.errors import BadHmac, MalformedMessage
from nra.wire.stamp_hmac import HMAC_SIZE, is_authentic, truncated_hmac

UNRECOGNIZED: Final = 0x80  # U: the sender sets it, a reflector that understands the type clears it
MALFORMED: Final = 0x40  # M: wrong length for the type, or longer than the packet
INTEGRITY: Final = 0x20  # I: the HMAC TLV did not match
CONFORMANCE: Final = 0x10  # C: the reflector did not do as asked (RFC 10052)

HEADER: Final = Struct(">BBH")
SEQUENCE: Final = Struct(">I")
MAX_TLVS: Final = 64
"""How many TLVs of one packet are looked at: 64 KiB of empty ones must not cost more than a handful."""


class TlvType(IntEnum):
    """Registered types (IANA "STAMP TLV Types") and our own from the experimental range 240-251 (RFC 8972 5.1)."""

    EXTRA_PADDING = 1
    LOCATION = 2
    TIMESTAMP_INFORMATION = 3
    CLASS_OF_SERVICE = 4
    DIRECT_MEASUREMENT = 5
    ACCESS_REPORT = 6
    FOLLOW_UP_TELEMETRY = 7
    HMAC = 8
    DESTINATION_NODE_ADDRESS = 9
    RETURN_PATH = 10
    MICRO_SESSION_ID = 11
    REFLECTED_TEST_PACKET_CONTROL = 12
    RECEIVE_RECORD = 250
    ANNOUNCEMENT = 251


VALUE_SIZES: Final[dict[int, int]] = {
    TlvType.CLASS_OF_SERVICE: 4,
    TlvType.DIRECT_MEASUREMENT: 12,
    TlvType.ACCESS_REPORT: 4,
    TlvType.FOLLOW_UP_TELEMETRY: 16,
    TlvType.HMAC: HMAC_SIZE,
    TlvType.MICRO_SESSION_ID: 4,
}
"""The one length of types that have only one (RFC 8972 4.4 to 4.8, RFC 9534 3.1)."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One TLV as on the wire: the flag octet, the type and the value's octets."""

    flags: int
    type: int
    value: bytes


class Span(NamedTuple):
    """Where a TLV lies in its octets; `end` is beyond them when the Length claims more than there is."""

    offset: int
    flags: int
    type: int
    end: int

    @property
    def value(self) -> slice:
        """Where the value lies."""
        return slice(self.offset + HEADER.size, self.end)

    @property
    def size(self) -> int:
        """The Length field: octets of the value."""
        return self.end - self.offset - HEADER.size


def walk_tlvs(data: bytes | bytearray) -> Iterator[Span]:
    """Go through the headers, at most MAX_TLVS of them; the last span may claim more octets than there are."""
    offset = 0
    for _ in range(MAX_TLVS):
        if offset + HEADER.size > len(data):
            return
        flags, kind, length = HEADER.unpack_from(data, offset)
        end = offset + HEADER.size + length
        yield Span(offset, flags, kind, end)
        offset = end


def split_tlvs(data: bytes) -> tuple[Tlv, ...]:
    """Return all TLVs whatever their flags; raises MalformedMessage unless they fill the octets exactly."""
    spans = tuple(walk_tlvs(data))
    if (spans[-1].end if spans else 0) != len(data):
        raise MalformedMessage(f"{len(data)} octets are no sequence of at most {MAX_TLVS} TLVs")
    return tuple(_tlv(data, span) for span in spans)


def parse_tlvs(data: bytes) -> tuple[Tlv, ...]:
    """Return what a Session-Sender may use of a reply: skip U, stop at M, nothing at all once I is seen (RFC 8972 4).

    A length that is wrong for its type stops the reading as M does, without an error: a TWAMP Light reflector sends padding there.
    """
    usable: list[Tlv] = []
    for span in walk_tlvs(data):
        if span.flags & INTEGRITY:
            return ()
        if span.flags & MALFORMED or span.end > len(data) or VALUE_SIZES.get(span.type, span.size) != span.size:
            break
        if not span.flags & UNRECOGNIZED:
            usable.append(_tlv(data, span))
    return tuple(usable)


def authentic_tlvs(data: bytes, sequence: int, key: bytes) -> tuple[Tlv, ...]:
    """Return what a Session-Sender in authenticated mode may use of a reply with this Sequence Number; nothing if the HMAC fails."""
    try:
        verify_tlvs(data, sequence, key, mandatory=True)
    except BadHmac:
        return ()
    return parse_tlvs(data)


def encode_tlvs(tlvs: Iterable[Tlv]) -> bytes:
    """Return the TLVs' octets, one after the other."""
    return b"".join(HEADER.pack(tlv.flags, tlv.type, len(tlv.value)) + tlv.value for tlv in tlvs)


def hmac_tlv() -> Tlv:
    """Return the HMAC TLV that `seal_tlvs` fills in; nothing but Extra Padding may stand behind it (RFC 8972 4.8)."""
    return Tlv(UNRECOGNIZED, TlvType.HMAC, bytes(HMAC_SIZE))


def seal_tlvs(data: bytes, sequence: int, key: bytes) -> bytes:
    """Return the TLVs with their HMAC TLV filled in for a base packet of this Sequence Number; unchanged where there is none.

    Raises BadHmac when the HMAC TLV stands where none may stand.
    """
    span = find_hmac(data)
    if span is None:
        return data
    return data[: span.value.start] + truncated_hmac(key, SEQUENCE.pack(sequence) + data[: span.offset]) + data[span.end :]


def verify_tlvs(data: bytes, sequence: int, key: bytes, *, mandatory: bool) -> None:
    """Check the HMAC TLV; raises BadHmac when it does not match, stands in a wrong place, or is missing though `mandatory`.

    It is mandatory in authenticated mode unless there is nothing, or one Extra Padding TLV alone (RFC 8972 4.8).
    """
    span = find_hmac(data)
    if span is not None:
        if not is_authentic(key, SEQUENCE.pack(sequence) + data[: span.offset], data[span.value]):
            raise BadHmac("the HMAC TLV does not match")
    elif mandatory and not _is_sole_padding(data):
        raise BadHmac("TLVs in authenticated mode without an HMAC TLV")


def find_hmac(data: bytes) -> Span | None:
    """Return where the HMAC TLV lies, None when there is none; raises BadHmac when it is not the last but for Extra Padding."""
    found = None
    for span in walk_tlvs(data):
        if found is not None and span.type != TlvType.EXTRA_PADDING:
            raise BadHmac("a TLV other than Extra Padding behind the HMAC TLV")
        if span.type == TlvType.HMAC:
            found = span
    if found is not None and (found.end > len(data) or found.size != HMAC_SIZE):
        raise BadHmac("an HMAC TLV of a length other than 16")
    return found


def _is_sole_padding(data: bytes) -> bool:
    return [span.type for span in walk_tlvs(data)] in ([], [TlvType.EXTRA_PADDING])


def _tlv(data: bytes, span: Span) -> Tlv:
    return Tlv(span.flags, span.type, data[span.value])
