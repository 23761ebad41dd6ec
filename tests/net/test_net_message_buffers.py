"""Memory for many datagrams: where the parts of each lie, and that the kernel's structures are what the kernel thinks they are."""

import ctypes
import sys

import numpy as np
import pytest
from kernel_structures import Mmsghdr

from nra.net.message_buffers import BODY_BYTES, HEAD_BYTES, REST_BYTES, FamilyRows, MessageBuffers, split
from nra.net.message_layout import IPV4, IPV6, MESSAGE, Family

pytestmark = pytest.mark.skipif(sys.maxsize < 1 << 32, reason="laid out for 64 bits")


@pytest.mark.parametrize("length", [0, 1, HEAD_BYTES, HEAD_BYTES + 1, 172, HEAD_BYTES + BODY_BYTES, HEAD_BYTES + BODY_BYTES + 1, 65_535])
def test_a_datagram_is_split_without_loss(length: int) -> None:
    """Head, body and rest together are the datagram, none larger than its room."""
    head, body, rest = split(length)
    assert head + body + rest == length
    assert (head <= HEAD_BYTES, body <= BODY_BYTES, rest <= REST_BYTES) == (True, True, True)
    assert (body == 0 or head == HEAD_BYTES) and (rest == 0 or body == BODY_BYTES)


@pytest.mark.parametrize("layout", [IPV4, IPV6], ids=["IPv4", "IPv6"])
def test_rows_are_received_into_and_sent_from_the_same_memory(layout: Family) -> None:
    """What the messages point at are the row's own parts, for a request as for its reply."""
    buffers = MessageBuffers(rows=3)
    rows = FamilyRows(buffers, layout)
    buffers.heads[1], buffers.bodies[1], buffers.rests[1, :10] = 1, 2, 3
    length = HEAD_BYTES + BODY_BYTES + 10
    rows.address_reply(1, length, bytes(layout.local.stop - layout.local.start), 184)
    pointer, count = rows.messages_of(slice(1, 2))
    reply = Mmsghdr.from_address(pointer)
    parts = [reply.header.iov[number] for number in range(reply.header.iov_count)]
    assert b"".join(ctypes.string_at(part.base, part.bytes) for part in parts) == buffers.payload(1, length)
    assert (count, reply.header.name_bytes, reply.header.control_bytes) == (1, layout.name_bytes, layout.out.size)
    request = Mmsghdr.from_address(rows.incoming_at + MESSAGE.itemsize)
    assert [request.header.iov[number].base for number in range(3)] == [part.base for part in parts]
    assert request.header.name == reply.header.name
    assert sum(request.header.iov[number].bytes for number in range(3)) == 65_536


def test_chosen_rows_are_put_side_by_side() -> None:
    """The kernel takes messages that lie side by side: those between that are not answered are left out."""
    rows = FamilyRows(MessageBuffers(rows=4), IPV4)
    rows.address_replies(np.array([0, 2]), np.array([184, 0]), default_tos=0)
    pointer, count = rows.messages_of(np.array([0, 2]))
    first, second = (Mmsghdr.from_address(pointer + number * MESSAGE.itemsize).header for number in range(2))
    assert count == 2
    assert (first.control_bytes, second.control_bytes) == (IPV4.out.size, 32)
    assert second.name - first.name == 2 * (Mmsghdr.from_address(rows.messages_at + MESSAGE.itemsize).header.name - first.name)


def test_control_messages_of_any_kind_are_gone_through() -> None:
    """Also ones that claim more or less than there is: it ends."""
    buffers = MessageBuffers(rows=1)
    told = (20).to_bytes(8, sys.byteorder) + (1).to_bytes(4, sys.byteorder) + (2).to_bytes(4, sys.byteorder) + b"abcd" + bytes(4)
    buffers.envelopes[0, :24] = np.frombuffer(told, np.uint8)
    assert list(buffers.control(0, 24)) == [(1, 2, b"abcd")]
    for octet in (0, 1, 255):
        buffers.envelopes[0] = octet
        assert len(list(buffers.control(0, 120))) <= 8
