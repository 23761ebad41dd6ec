"""Just enough DNS (RFC 1035, RFC 3596) to ask a server for addresses and to understand its answer.

0 id    2 flags    4 questions    6 answers    8 authority    10 additional    12 question: name, type, class; then records
"""

from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_address
from struct import Struct
from typing import Final

from nra.wire.errors import MalformedMessage

HEADER: Final = Struct(">HHHHHH")
QUESTION: Final = Struct(">HH")
RECORD: Final = Struct(">HHIH")
POINTER: Final = Struct(">H")
LENGTH: Final = Struct(">H")  # before each message over TCP, RFC 1035 4.2.2
RESPONSE: Final = 0x8000  # QR, RFC 1035 4.1.1
OPCODE: Final = 0x7800
TRUNCATED: Final = 0x0200
RECURSION_DESIRED: Final = 0x0100
RCODE: Final = 0x000F
INTERNET: Final = 1
LABEL_MAX: Final = 63  # RFC 1035 2.3.4
NAME_MAX: Final = 255
POINTER_BITS: Final = 0xC000  # RFC 1035 4.1.4
MAX_POINTERS: Final = 16
"""How often one name may jump: each must point backwards, and no honest server needs more."""

MOST_RECORDS: Final = 256
"""In one section: no name has more addresses, and reading thousands takes the time of other answers."""


class RecordType(IntEnum):
    """Types of address records and the length of their data (RFC 1035 3.4.1, RFC 3596 2.2)."""

    A = 1
    AAAA = 28


ADDRESS_SIZES: Final[dict[int, int]] = {RecordType.A: 4, RecordType.AAAA: 16}


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """One address of a name, for `ttl_s` seconds."""

    name: str
    address: str
    ttl_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsResponse:
    """What a server answered: `rcode` 0 is success, 3 that there is no such name; `truncated` that TCP would say more."""

    transaction: int
    rcode: int
    truncated: bool
    question: str | None
    addresses: tuple[AddressRecord, ...]


def encode_query(transaction: int, name: str, record_type: RecordType = RecordType.A) -> bytes:
    """Return a recursive query; raises ValueError for a name that has no place in DNS."""
    labels = [label.encode("ascii") for label in name.removesuffix(".").split(".")]
    octets = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    if not all(1 <= len(label) <= LABEL_MAX for label in labels) or len(octets) > NAME_MAX:
        raise ValueError(f"no DNS name: {name!r}")
    return HEADER.pack(transaction, RECURSION_DESIRED, 1, 0, 0, 0) + octets + QUESTION.pack(record_type, INTERNET)


def frame(message: bytes) -> bytes:
    """Return a message as it goes over TCP, in one piece with its length (RFC 1035 4.2.2, RFC 7766 8)."""
    return LENGTH.pack(len(message)) + message


def unframe(received: bytes) -> bytes | None:
    """Return the first message of a TCP stream, None while it is not whole; what follows it is not looked at."""
    if len(received) < LENGTH.size:
        return None
    end = LENGTH.size + LENGTH.unpack_from(received)[0]
    return received[LENGTH.size : end] if len(received) >= end else None


def decode_response(data: bytes) -> DnsResponse:
    """Read header, question and the address records of the answer section; raises MalformedMessage, also for a query."""
    transaction, flags, questions, answers, _, _ = _unpack(HEADER, data, 0)
    if not flags & RESPONSE or flags & OPCODE:
        raise MalformedMessage("no answer to a DNS query")
    if questions > MOST_RECORDS:
        raise MalformedMessage(f"{questions} questions in one answer")
    offset, names = HEADER.size, []
    for _ in range(questions):
        name, offset = _read_name(data, offset)
        _unpack(QUESTION, data, offset)
        offset += QUESTION.size
        names.append(name)
    return DnsResponse(
        transaction=transaction,
        rcode=flags & RCODE,
        truncated=bool(flags & TRUNCATED),
        question=names[0] if names else None,
        addresses=_addresses(data, offset, answers),
    )


def _addresses(data: bytes, offset: int, count: int) -> tuple[AddressRecord, ...]:
    found: list[AddressRecord] = []
    if count > MOST_RECORDS:
        raise MalformedMessage(f"{count} records in one answer")
    for _ in range(count):
        name, offset = _read_name(data, offset)
        kind, network, ttl_s, length = _unpack(RECORD, data, offset)
        start = offset + RECORD.size
        offset = start + length
        if offset > len(data):
            raise MalformedMessage("a record longer than the message")
        if network != INTERNET or kind not in ADDRESS_SIZES:
            continue
        if length != ADDRESS_SIZES[kind]:
            raise MalformedMessage(f"an address of {length} octets in a record of type {kind}")
        found.append(AddressRecord(name, str(ip_address(data[start:offset])), ttl_s))
    return tuple(found)


def _read_name(data: bytes, offset: int) -> tuple[str, int]:
    """Return a name, pointers followed, and the offset behind it."""
    labels: list[str] = []
    size, end, jumps = 1, None, 0
    while True:
        length = _octet(data, offset)
        if length > LABEL_MAX:
            target = _unpack(POINTER, data, offset)[0] - POINTER_BITS
            jumps += 1
            if not 0 <= target < offset or jumps > MAX_POINTERS:
                raise MalformedMessage("a name that points ahead or around")
            end = end or offset + POINTER.size
            offset = target
            continue
        start, offset = offset + 1, offset + 1 + length
        if length == 0:
            return ".".join(labels), end or offset
        size += 1 + length
        if size > NAME_MAX:
            raise MalformedMessage(f"a name longer than {NAME_MAX} octets")
        labels.append(data[start:offset].decode("latin-1"))


def _octet(data: bytes, offset: int) -> int:
    if offset >= len(data):
        raise MalformedMessage("a name without an end")
    return data[offset]


def _unpack(form: Struct, data: bytes, offset: int) -> tuple[int, ...]:
    if offset + form.size > len(data):
        raise MalformedMessage(f"{len(data)} octets end in the middle of a field")
    return form.unpack_from(data, offset)
