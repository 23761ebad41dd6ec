"""The kernel's structures are where the kernel has them."""

import ctypes
import sys

import pytest
from kernel_structures import Mmsghdr, Msghdr

from nra.net.message_layout import CONTROL_BYTES, ENVELOPE_BYTES, IPV4, IPV6, MESSAGE, NAME_BYTES, RECEIVED, Family

pytestmark = pytest.mark.skipif(sys.maxsize < 1 << 32, reason="laid out for 64 bits")


def test_a_message_is_the_system_s_struct_mmsghdr() -> None:
    """Field by field at the places where the compiler of the C library puts them (64 bits)."""
    assert ctypes.sizeof(Mmsghdr) == MESSAGE.itemsize
    assert MESSAGE.fields is not None
    for name in ("name", "name_bytes", "iov", "iov_count", "control", "control_bytes", "flags"):
        assert MESSAGE.fields[name][1] == getattr(Msghdr, name).offset
    assert MESSAGE.fields["length"][1] == Mmsghdr.length.offset
    assert RECEIVED.size <= MESSAGE.itemsize


@pytest.mark.parametrize("layout", [IPV4, IPV6], ids=["IPv4", "IPv6"])
def test_what_is_told_of_a_datagram_has_room_in_its_envelope(layout: Family) -> None:
    """Control messages and the sender's address, whatever the family; each is read from there and nowhere else."""
    assert layout.control_bytes <= CONTROL_BYTES
    assert layout.name_bytes <= NAME_BYTES
    assert layout.row.size <= ENVELOPE_BYTES
    assert layout.headers[-1][0] + layout.headers[-1][1][0] <= layout.control_bytes
    assert layout.out_tos_at + 4 <= layout.out.size
