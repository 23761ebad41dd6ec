"""Receive Record: our own TLV, type 250 of the experimental range (RFC 8972 5.1).

With it a sender asks, in the closing exchange, which of its packets the reflector received and in which order, so that the
fate of every probe is known in each direction. The request brings zeros where the records go: the reply is never larger.

 0 magic "nraR"    4 first reflector sequence wanted    8 count (wanted / given)    10 reserved
12 records of 16 octets: sender sequence u32, T2 in NTP format u64, received TOS u8, 1 if the TOS is known u8, reserved u16
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, Final, Self

from nra.wire.errors import MalformedMessage
from nra.wire.stamp_tlv import TlvType

MAGIC: Final = b"nraR"
HEAD: Final = Struct(">4sIH2x")
RECORD: Final = Struct(">IQBB2x")
GONE: Final = 0xFFFF_FFFF
"""The sender sequence of a record that the reflector no longer has."""


@dataclass(frozen=True, slots=True)
class ReceiveRecord:
    """One packet as the reflector received it: the sender's sequence, T2 in NTP format, the TOS octet (None if unreadable)."""

    sender_sequence: int
    receive_timestamp: int
    tos: int | None


RecordSource = Callable[[int, int], Sequence[ReceiveRecord | None]]
"""What a reflector remembers: from (first reflector sequence, how many) to at most so many records, None where one is gone."""


@dataclass(frozen=True, slots=True)
class RecordRequest:
    """The question for `count` records from reflector sequence `first` on, with room for them."""

    TYPE: ClassVar[TlvType] = TlvType.RECEIVE_RECORD
    first: int
    count: int

    @classmethod
    def within(cls, first: int, value_size: int) -> Self:
        """Return the largest question that a TLV value of that many octets holds."""
        return cls(first, max(0, (value_size - HEAD.size) // RECORD.size))

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read a question; raises MalformedMessage, also when the room is not that of the records wanted."""
        first, count = _head(value)
        if HEAD.size + count * RECORD.size != len(value):
            raise MalformedMessage(f"Receive Record asks for {count} records in {len(value)} octets")
        return cls(first, count)

    def encode(self) -> bytes:
        """Return the value's octets."""
        return HEAD.pack(MAGIC, self.first, self.count) + bytes(self.count * RECORD.size)

    def answer(self, source: RecordSource) -> bytes:
        """Return the answer's value: as long as the question, with what the source has."""
        records = source(self.first, self.count)[: self.count]
        octets = b"".join(map(_encode_record, records))
        return HEAD.pack(MAGIC, self.first, len(records)) + octets.ljust(self.count * RECORD.size, b"\0")


@dataclass(frozen=True, slots=True)
class RecordReply:
    """The records from reflector sequence `first` on; None stands for one that the reflector no longer has."""

    TYPE: ClassVar[TlvType] = TlvType.RECEIVE_RECORD
    first: int
    records: tuple[ReceiveRecord | None, ...]

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read an answer; raises MalformedMessage."""
        first, count = _head(value)
        end = HEAD.size + count * RECORD.size
        if end > len(value):
            raise MalformedMessage(f"Receive Record gives {count} records in {len(value)} octets")
        return cls(first, tuple(_record(*fields) for fields in RECORD.iter_unpack(value[HEAD.size : end])))


def is_ours(value: bytes) -> bool:
    """Tell our Receive Record from what other experiments send as type 250."""
    return value.startswith(MAGIC)


def _head(value: bytes) -> tuple[int, int]:
    if len(value) < HEAD.size or not is_ours(value):
        raise MalformedMessage("no Receive Record")
    _, first, count = HEAD.unpack_from(value)
    return first, count


def _encode_record(record: ReceiveRecord | None) -> bytes:
    if record is None:
        return RECORD.pack(GONE, 0, 0, 0)
    return RECORD.pack(record.sender_sequence, record.receive_timestamp, record.tos or 0, record.tos is not None)


def _record(sender_sequence: int, receive_timestamp: int, tos: int, tos_known: int) -> ReceiveRecord | None:
    if sender_sequence == GONE:
        return None
    return ReceiveRecord(sender_sequence, receive_timestamp, tos if tos_known else None)
