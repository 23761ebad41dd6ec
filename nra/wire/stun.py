"""STUN Binding (RFC 8489) with the addresses of NAT behaviour discovery (RFC 5780), over UDP and TCP.

 0 message type, its first two bits 0    2 length of what follows the header    4 magic cookie    8 transaction id
20 attributes: type u16, length u16, value padded to a multiple of 4 octets
"""

from binascii import crc32
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_address
from struct import Struct
from typing import Any, Final, NamedTuple

from nra.wire.errors import MalformedMessage

COOKIE: Final = 0x2112_A442  # RFC 8489 5
FINGERPRINT_XOR: Final = 0x5354_554E  # RFC 8489 14.7
HEADER: Final = Struct(">HHI12s")
ATTRIBUTE: Final = Struct(">HH")
ADDRESS: Final = Struct(">xBH")
ERROR: Final = Struct(">xxBB")
WORD: Final = Struct(">I")
TRANSACTION_SIZE: Final = 12
ADDRESS_SIZES: Final = {1: 4, 2: 16}  # family to octets of address, RFC 8489 14.1
ERROR_CLASSES: Final = range(3, 7)  # RFC 8489 14.8
ERROR_NUMBERS: Final = range(100)
TYPE_MAX: Final = 0x3FFF  # the two bits above are 0 in STUN, RFC 8489 5
PAD: Final = 4


class MessageType(IntEnum):
    """Classes of the Binding method (RFC 8489 5)."""

    REQUEST = 0x0001
    INDICATION = 0x0011
    SUCCESS = 0x0101
    ERROR = 0x0111


class AttributeType(IntEnum):
    """Attributes that are written or read here (RFC 8489 18.3, RFC 5780 7)."""

    MAPPED_ADDRESS = 0x0001
    ERROR_CODE = 0x0009
    XOR_MAPPED_ADDRESS = 0x0020
    SOFTWARE = 0x8022
    FINGERPRINT = 0x8028
    RESPONSE_ORIGIN = 0x802B
    OTHER_ADDRESS = 0x802C


class TransportAddress(NamedTuple):
    """An IP address in its usual notation, and a port."""

    address: str
    port: int


class ErrorCode(NamedTuple):
    """Why a server refused: 300 to 699, and a phrase for people (RFC 8489 14.8)."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StunMessage:
    """A message as received; attributes that it does not have are None, others than these are left out."""

    type: int
    transaction: bytes
    xor_mapped_address: TransportAddress | None = None
    mapped_address: TransportAddress | None = None
    response_origin: TransportAddress | None = None
    other_address: TransportAddress | None = None
    error: ErrorCode | None = None
    software: str | None = None

    @property
    def reflexive(self) -> TransportAddress | None:
        """The sender's address as the server saw it; the plain form only where a server of RFC 3489 sends nothing else."""
        return self.xor_mapped_address or self.mapped_address


def encode_binding_request(transaction: bytes, *, software: str | None = None, fingerprint: bool = False) -> bytes:
    """Return a Binding request with a transaction id of 12 octets."""
    return _encode(MessageType.REQUEST, transaction, _software(software), fingerprint=fingerprint)


def encode_binding_success(
    transaction: bytes, reflexive: TransportAddress, *, software: str | None = None, fingerprint: bool = False
) -> bytes:
    """Return the answer that tells a client its address; as XOR-MAPPED-ADDRESS alone, since some NATs rewrite the plain form."""
    attributes = [(AttributeType.XOR_MAPPED_ADDRESS, _xored_octets(reflexive, transaction)), *_software(software)]
    return _encode(MessageType.SUCCESS, transaction, attributes, fingerprint=fingerprint)


def encode_binding_error(transaction: bytes, error: ErrorCode, *, software: str | None = None, fingerprint: bool = False) -> bytes:
    """Return an error response."""
    value = ERROR.pack(*divmod(error.code, 100)) + error.reason.encode()
    return _encode(MessageType.ERROR, transaction, [(AttributeType.ERROR_CODE, value), *_software(software)], fingerprint=fingerprint)


def decode_message(data: bytes) -> StunMessage:
    """Read a message of any method and class; raises MalformedMessage, also when its FINGERPRINT does not match."""
    if len(data) < HEADER.size or message_size(data) != len(data):
        raise MalformedMessage(f"{len(data)} octets are not one STUN message")
    kind, _, _, transaction = HEADER.unpack_from(data)
    fields: dict[str, Any] = {}
    for offset, attribute, value in _attributes(data):
        if attribute == AttributeType.FINGERPRINT:
            _check_fingerprint(data, offset, value)
        elif attribute in READERS:
            name, read = READERS[attribute]
            fields.setdefault(name, read(value, transaction))  # of several only the first counts, RFC 8489 14
    return StunMessage(type=kind, transaction=transaction, **fields)


def message_size(header: bytes) -> int:
    """Return how many octets the message takes that starts with these 20; raises MalformedMessage when none does."""
    kind, length, cookie, _ = HEADER.unpack_from(header)
    if kind > TYPE_MAX or cookie != COOKIE or length % PAD:
        raise MalformedMessage("no STUN header")
    return HEADER.size + int(length)


def split_stream(received: bytes) -> tuple[tuple[bytes, ...], bytes]:
    """Return the whole messages that a TCP connection brought so far, and what is left over; raises MalformedMessage (RFC 8489 6.2.2)."""
    messages: list[bytes] = []
    start = 0
    while len(received) - start >= HEADER.size:
        end = start + message_size(received[start : start + HEADER.size])
        if end > len(received):
            break
        messages.append(received[start:end])
        start = end
    return tuple(messages), received[start:]


def _encode(kind: MessageType, transaction: bytes, attributes: Iterable[tuple[int, bytes]], *, fingerprint: bool) -> bytes:
    if len(transaction) != TRANSACTION_SIZE:
        raise ValueError(f"a transaction id has 12 octets, not {len(transaction)}")
    body = b"".join(map(_attribute_octets, attributes))
    if not fingerprint:
        return HEADER.pack(kind, len(body), COOKIE, transaction) + body
    covered = HEADER.pack(kind, len(body) + ATTRIBUTE.size + WORD.size, COOKIE, transaction) + body
    return covered + ATTRIBUTE.pack(AttributeType.FINGERPRINT, WORD.size) + _fingerprint(covered)


def _attribute_octets(attribute: tuple[int, bytes]) -> bytes:
    kind, value = attribute
    return ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % PAD)


def _software(software: str | None) -> list[tuple[int, bytes]]:
    return [] if software is None else [(AttributeType.SOFTWARE, software.encode())]


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Go through the attributes: offset, type, value."""
    offset = HEADER.size
    while offset < len(data):
        kind, length = ATTRIBUTE.unpack_from(data, offset)  # always there: message and attributes are multiples of 4
        start = offset + ATTRIBUTE.size
        if start + length > len(data):
            raise MalformedMessage(f"attribute {kind:#06x} is longer than the message")
        yield offset, kind, data[start : start + length]
        offset = start + length + -length % PAD


def _fingerprint(covered: bytes) -> bytes:
    return WORD.pack(crc32(covered) ^ FINGERPRINT_XOR)


def _check_fingerprint(data: bytes, offset: int, value: bytes) -> None:
    if offset + ATTRIBUTE.size + WORD.size != len(data) or value != _fingerprint(data[:offset]):
        raise MalformedMessage("FINGERPRINT does not match or is not the last attribute")


def _address(value: bytes, _: bytes) -> TransportAddress:
    if len(value) < ADDRESS.size:
        raise MalformedMessage(f"address attribute of {len(value)} octets")
    family, port = ADDRESS.unpack_from(value)
    packed = value[ADDRESS.size :]
    if ADDRESS_SIZES.get(family) != len(packed):
        raise MalformedMessage(f"address of family {family} in {len(packed)} octets")
    return TransportAddress(str(ip_address(packed)), port)


def _xored_address(value: bytes, transaction: bytes) -> TransportAddress:
    pad = _pad(transaction)
    return _address(value[:2] + _xor(value[2:4], pad) + _xor(value[4:], pad), transaction)


def _xored_octets(reflexive: TransportAddress, transaction: bytes) -> bytes:
    packed, pad = ip_address(reflexive.address).packed, _pad(transaction)
    family = next(family for family, size in ADDRESS_SIZES.items() if size == len(packed))
    return ADDRESS.pack(family, reflexive.port ^ COOKIE >> 16) + _xor(packed, pad)


def _pad(transaction: bytes) -> bytes:
    """What ports and addresses are XORed with: the cookie, and for the length of IPv6 the transaction id (RFC 8489 14.2)."""
    return WORD.pack(COOKIE) + transaction


def _xor(octets: bytes, pad: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(octets, pad, strict=False)) + octets[len(pad) :]


def _error(value: bytes, _: bytes) -> ErrorCode:
    if len(value) < ERROR.size:
        raise MalformedMessage(f"ERROR-CODE of {len(value)} octets")
    hundreds, number = ERROR.unpack_from(value)
    hundreds &= 0b111  # the bits above are reserved
    if hundreds not in ERROR_CLASSES or number not in ERROR_NUMBERS:
        raise MalformedMessage(f"ERROR-CODE {hundreds} {number}")
    return ErrorCode(hundreds * 100 + number, _text(value[ERROR.size :], b""))


def _text(value: bytes, _: bytes) -> str:
    return value.decode(errors="replace")


READERS: Final[dict[int, tuple[str, Callable[[bytes, bytes], object]]]] = {
    AttributeType.MAPPED_ADDRESS: ("mapped_address", _address),
    AttributeType.XOR_MAPPED_ADDRESS: ("xor_mapped_address", _xored_address),
    AttributeType.RESPONSE_ORIGIN: ("response_origin", _address),
    AttributeType.OTHER_ADDRESS: ("other_address", _address),
    AttributeType.ERROR_CODE: ("error", _error),
    AttributeType.SOFTWARE: ("software", _text),
}
"""A new attribute is one line here and a field in StunMessage."""
