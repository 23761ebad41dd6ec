"""Memory that Linux fills and empties with many datagrams at a time: one row each, the kernel's structures laid over it.

Each can be read a row at a time by `struct` and a column at a time by numpy. What is read of each datagram lies as densely as it
can, since at full speed the processor's caches decide: its envelope (control messages and sender's address) and its head, apart
from its body. The structures stand in `message_layout.py`.
"""

import ctypes
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nra.net.message_layout import (
    CMSG,
    CMSG_ALIGN,
    ENVELOPE_BYTES,
    IPV6,
    MESSAGE,
    MESSAGE_BYTES,
    NAME_AT,
    NAME_BYTES,
    PORT,
    RECEIVED,
    STAMP_AT,
    Family,
)

ROWS: Final = 1024  # the most that the system takes at once (UIO_MAXIOV)
HEAD_BYTES: Final = 72
BODY_BYTES: Final = 184  # head and body have room for a voice packet
REST_BYTES: Final = 65536 - HEAD_BYTES - BODY_BYTES
MESSAGE_WORDS: Final = MESSAGE_BYTES // 8
CONTROL_BYTES_WORD: Final = 5
PARTS_WORDS: Final = 6  # address and size of three parts
FLOW_AND_SCOPE: Final = Struct("=4x4s16xI")  # of struct sockaddr_in6
NS_PER_S: Final = 1_000_000_000
PORT_ALONE: Final = slice(2)
BEHIND_FLOW: Final = slice(6, None)  # of struct sockaddr_in6 from its port on


class MessageBuffers:
    """Rows to receive into, and for each family messages that send a row's frame back to where it came from."""

    def __init__(self, rows: int = ROWS) -> None:
        """Lay the kernel's structures over the rows."""
        self.rows = rows
        self.envelopes = np.zeros((rows, ENVELOPE_BYTES), np.uint8)
        self.heads = np.zeros((rows, HEAD_BYTES), np.uint8)
        self.bodies = np.zeros((rows, BODY_BYTES), np.uint8)
        self.rests = np.zeros((rows, REST_BYTES), np.uint8)  # memory that is taken only by what is that long
        self.envelope_octets, self.head_octets = octets_of(self.envelopes), octets_of(self.heads)
        self.parts = parts(self.heads, self.bodies, self.rests)
        self.reply_parts = parts(self.heads, self.bodies, self.rests)
        self.reply_sizes = octets_of(self.reply_parts).cast("Q")

    def payload(self, row: int, length: int) -> bytes:
        """Return the row's datagram."""
        sizes = split(length)
        return b"".join(block[row, :size].tobytes() for block, size in zip((self.heads, self.bodies, self.rests), sizes, strict=True))

    def control(self, row: int, size: int) -> Iterator[tuple[int, int, bytes]]:
        """Go through the row's control messages, whatever they are."""
        return control_messages(self.envelopes[row, :size].tobytes())


class Arrivals(NamedTuple):
    """What is told of the first rows; `told` is False where the control messages were others than those asked for."""

    lengths: NDArray[np.int64]
    received_ns: NDArray[np.int64]
    ttl: NDArray[Any]
    tos: NDArray[Any]
    senders: tuple[NDArray[Any], ...]  # port and the words of the address, as they lie in memory
    told: NDArray[np.bool_]


Told = Callable[[int], tuple[int, bytes, bytes, int, int, int] | None]
"""From a row to length, sender (port and address as on the wire), own address, the kernel's stamp (ns), TTL and TOS.

None where there are other control messages than those asked for.
"""
Address = Callable[[int, int, bytes, int], ctypes.c_void_p]
"""From a row, the length of its reply, from which address it leaves and how it is marked (TOS) to its message."""


class FamilyRows:
    """The rows as one address family has them, and messages that send them back."""

    def __init__(self, buffers: MessageBuffers, layout: Family) -> None:
        """Lay the family's structures over the buffers' rows."""
        self.layout = layout
        self._buffers = buffers
        envelopes = buffers.envelopes

        def column(kind: DTypeLike, at: int) -> "NDArray[Any]":
            octets: NDArray[Any] = envelopes[:, at : at + np.dtype(kind).itemsize].view(kind)
            return octets[:, 0]

        self._seconds, self._nanoseconds = column(np.int64, STAMP_AT), column(np.int64, STAMP_AT + 8)
        self._ttl, self._tos = column(np.int32, layout.ttl_at), column(layout.tos_kind, layout.tos_at)
        words = range(NAME_AT + layout.address.start, NAME_AT + layout.address.stop, 4)
        self._senders = column(np.uint16, NAME_AT + PORT.start), *(column(np.uint32, at) for at in words)
        self._local = envelopes[:, layout.local]
        self._incoming = self._make_incoming()
        self._control_bytes, self._lengths = self._incoming["control_bytes"], self._incoming["length"]
        self.incoming_at, self.incoming_octets = self._incoming.ctypes.data, octets_of(self._incoming)
        self.envelope_octets = buffers.envelope_octets
        self.told = self._telling()
        self._make_replies()
        self.address_reply = self._addressing()

    def _make_incoming(self) -> "NDArray[np.void]":
        """Return messages to receive into: what the kernel writes into them is what stood there, unless it tells something else."""
        buffers, layout = self._buffers, self.layout
        messages = np.zeros(buffers.rows, MESSAGE)
        messages["name"], messages["name_bytes"] = addresses(buffers.envelopes) + np.uint64(NAME_AT), layout.name_bytes
        messages["iov"], messages["iov_count"] = addresses(buffers.parts), 3
        messages["control"], messages["control_bytes"] = addresses(buffers.envelopes), layout.control_bytes
        return messages

    def _make_replies(self) -> None:
        buffers, layout, rows = self._buffers, self.layout, self._buffers.rows
        first, second = layout.out_headers
        nowhere = bytes(layout.out_local.stop - layout.out_local.start)
        control = np.zeros((rows, layout.out.size), np.uint8)
        control[:] = np.frombuffer(layout.out.pack(*first, nowhere, *second, 0), np.uint8)
        self._out_octets, self._out_bytes = octets_of(control), layout.out.size
        self._out_local = control[:, layout.out_local]
        self._out_tos = control[:, layout.out_tos_at : layout.out_tos_at + 4].view(np.int32)[:, 0]
        messages = np.zeros(rows, MESSAGE)
        messages["name"], messages["name_bytes"] = addresses(buffers.envelopes) + np.uint64(NAME_AT), layout.name_bytes
        messages["iov"], messages["iov_count"] = addresses(buffers.reply_parts), 3
        messages["control"], messages["control_bytes"] = addresses(control), layout.out.size
        self._messages, self._chosen = messages, np.zeros(rows, MESSAGE)
        self._out_control_bytes, self._out_unmarked_bytes = messages["control_bytes"], layout.out_tos_at - CMSG.size
        self._out_words = octets_of(messages).cast("Q")
        self.messages_at = messages.ctypes.data
        self._message_pointers = [ctypes.c_void_p(int(at)) for at in addresses(messages)]

    def _telling(self) -> Told:
        """Bind once what is needed for a row: at a few packets/s it counts how much memory is touched for each."""
        messages, envelopes, is_ipv6, control_bytes = (
            self.incoming_octets,
            self.envelope_octets,
            self.layout is IPV6,
            self.layout.control_bytes,
        )
        sizes, read = RECEIVED.unpack_from, self.layout.row.unpack_from

        def told(row: int) -> tuple[int, bytes, bytes, int, int, int] | None:
            control, length = sizes(messages, row * MESSAGE_BYTES)
            if control != control_bytes:
                return None
            seconds, nanoseconds, local, ttl, tos, sender = read(envelopes, row * ENVELOPE_BYTES)
            if is_ipv6:
                sender = sender[PORT_ALONE] + sender[BEHIND_FLOW]
            return length, sender, local, seconds * NS_PER_S + nanoseconds, ttl, tos

        return told

    def _addressing(self) -> Address:
        """Bind once what is needed for a row, likewise."""
        sizes, octets, words, pointers = self._buffers.reply_sizes, self._out_octets, self._out_words, self._message_pointers
        write, size, (first, second) = self.layout.out.pack_into, self.layout.out.size, self.layout.out_headers

        def address(row: int, length: int, local: bytes, tos: int) -> ctypes.c_void_p:
            at = row * PARTS_WORDS
            if HEAD_BYTES <= length <= HEAD_BYTES + BODY_BYTES:
                sizes[at + 1], sizes[at + 3], sizes[at + 5] = HEAD_BYTES, length - HEAD_BYTES, 0
            else:
                sizes[at + 1], sizes[at + 3], sizes[at + 5] = split(length)
            write(octets, row * size, *first, local, *second, tos)
            words[row * MESSAGE_WORDS + CONTROL_BYTES_WORD] = size
            return pointers[row]

        return address

    def sizes(self, row: int) -> tuple[int, int]:
        """Return how many octets of control messages and of datagram the kernel wrote into one row."""
        control_bytes, length = RECEIVED.unpack_from(self.incoming_octets, row * MESSAGE_BYTES)
        return control_bytes, length

    def renew(self) -> None:
        """Make all messages ready to receive again, whatever the kernel wrote into them."""
        self._incoming["name_bytes"], self._incoming["control_bytes"] = self.layout.name_bytes, self.layout.control_bytes

    def is_as_laid_out(self, row: int) -> bool:
        """Tell whether the row's control messages stand where the layout has them."""
        start = row * ENVELOPE_BYTES
        return all(CMSG.unpack_from(self.envelope_octets, start + at) == header for at, header in self.layout.headers)

    def name(self, row: int) -> tuple[int, bytes, int, int]:
        """Return port, address, flow and scope of the row's sender; the latter two mean something with IPv6 only."""
        return name_of(self._buffers.envelopes[row, NAME_AT : NAME_AT + NAME_BYTES].tobytes(), self.layout)

    def arrivals(self, count: int, offset_ns: int) -> Arrivals:
        """Return what is told of the first rows, with stamps that many nanoseconds ahead of the kernel's."""
        return Arrivals(
            lengths=self._lengths[:count].astype(np.int64),
            received_ns=self._seconds[:count] * NS_PER_S + (self._nanoseconds[:count] + offset_ns),
            ttl=self._ttl[:count],
            tos=self._tos[:count],
            senders=tuple(part[:count] for part in self._senders),
            told=self._control_bytes[:count] == self.layout.control_bytes,
        )

    def address_replies(self, rows: "slice | NDArray[np.intp]", tos: "NDArray[Any]", default_tos: int) -> None:
        """Say the same of many rows, each reply as long as its request; marking is asked for where it is not the socket's own."""
        lengths = self._lengths[rows]
        parts, in_head = self._buffers.reply_parts, np.minimum(lengths, HEAD_BYTES)
        behind = lengths - in_head
        in_body = np.minimum(behind, BODY_BYTES)
        parts[rows, 1], parts[rows, 3], parts[rows, 5] = in_head, in_body, behind - in_body
        self._out_local[rows] = self._local[rows]
        self._out_tos[rows] = tos
        self._out_control_bytes[rows] = np.where(tos == default_tos, self._out_unmarked_bytes, self._out_bytes)

    def messages_of(self, rows: "slice | NDArray[np.intp]") -> tuple[int, int]:
        """Return where the messages of these rows are in memory, side by side, and how many they are."""
        if isinstance(rows, slice):
            return self.messages_at + rows.start * MESSAGE_BYTES, rows.stop - rows.start
        self._chosen[: len(rows)] = self._messages[rows]
        return self._chosen.ctypes.data, len(rows)


def control_messages(octets: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Go through control messages, whatever they are: level, type, data."""
    at = 0
    while at + CMSG.size <= len(octets):
        length, level, kind = CMSG.unpack_from(octets, at)
        yield level, kind, octets[at + CMSG.size : at + length]
        at += max(CMSG.size, -(-length // CMSG_ALIGN) * CMSG_ALIGN)


def name_of(octets: bytes, layout: Family) -> tuple[int, bytes, int, int]:
    """Return port, address, flow and scope of a sender; the latter two mean something with IPv6 only."""
    flow, scope = FLOW_AND_SCOPE.unpack(octets)
    return int.from_bytes(octets[PORT]), octets[layout.address], int.from_bytes(flow), scope


def split(length: int) -> tuple[int, int, int]:
    """Return how many octets of a datagram are in its head, its body and its rest."""
    in_head = min(length, HEAD_BYTES)
    in_body = min(length - in_head, BODY_BYTES)
    return in_head, in_body, length - in_head - in_body


def parts(*blocks: "NDArray[np.uint8]") -> "NDArray[np.uint64]":
    """Return for each row a struct iovec of each block: where its octets are, and how many."""
    found = np.zeros((len(blocks[0]), 2 * len(blocks)), np.uint64)
    for number, block in enumerate(blocks):
        found[:, 2 * number], found[:, 2 * number + 1] = addresses(block), block.shape[1]
    return found


def addresses(rows: "NDArray[Any]") -> "NDArray[np.uint64]":
    """Return where in memory each row begins."""
    return rows.ctypes.data + np.arange(len(rows), dtype=np.uint64) * np.uint64(rows.strides[0])


def octets_of(rows: "NDArray[Any]") -> "memoryview[int]":
    """Return the rows' memory octet by octet."""
    return rows.view(np.uint8).reshape(-1).data
