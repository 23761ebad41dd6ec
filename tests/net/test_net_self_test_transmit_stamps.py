"""Software transmit stamps of Linux."""

import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.net.self_test.transmit_stamps import ask, read, wall_ns


def test_the_first_of_three_times_is_the_software_stamp() -> None:
    """struct scm_timestamping: software, deprecated, hardware (linux/errqueue.h)."""
    assert wall_ns(struct.pack("=6q", 1_767_600_000, 5, 0, 0, 7, 7)) == 1_767_600_000_000_000_005


@given(st.binary(max_size=48))
def test_any_bytes_are_a_number(data: bytes) -> None:
    """Cut short it is 0, which nobody takes for a stamp."""
    assert wall_ns(data) == 0 or len(data) >= 16


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_are_not_asked(platform: str) -> None:
    """37 is another option there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert not ask(sock, platform)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the option is Linux'")
def test_a_kernel_that_refuses_has_none() -> None:
    """A closed socket takes no option; a queue that is empty holds no stamp."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        assert read(sock) == []
    assert not ask(sock)
