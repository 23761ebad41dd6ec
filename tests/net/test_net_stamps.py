"""Control messages of each system, byte by byte."""

import socket
import struct
from dataclasses import replace

import pytest

from nra.net import stamps
from nra.net.stamps import LINUX, MACOS, Control, ControlNumbers, read_control

NS = 1_000_000_000
IP, IPV6 = socket.IPPROTO_IP, socket.IPPROTO_IPV6


@pytest.mark.parametrize(
    ("numbers", "messages", "control"),
    [
        (
            LINUX,
            [(socket.SOL_SOCKET, 35, struct.pack("=qq", 1_767_600_000, 123_456_789))],
            Control(wall_ns=1_767_600_000 * NS + 123_456_789),
        ),
        (LINUX, [(socket.SOL_SOCKET, 35, struct.pack("=ii", 1_767_600_000, 5))], Control(wall_ns=1_767_600_000 * NS + 5)),
        (LINUX, [(IP, 2, struct.pack("=i", 57)), (IP, 1, b"\xb8")], Control(ttl=57, tos=0xB8)),
        (LINUX, [(IPV6, 52, struct.pack("=i", 255)), (IPV6, 67, struct.pack("=i", 0xB9))], Control(ttl=255, tos=0xB9)),
        (LINUX, [(socket.SOL_SOCKET, 40, struct.pack("=I", 4_000_000_000))], Control(drops=4_000_000_000)),
        (
            MACOS,
            [(socket.SOL_SOCKET, 2, struct.pack("=qixxxx", 1_767_600_000, 123_456))],
            Control(wall_ns=1_767_600_000 * NS + 123_456_000),
        ),
        (MACOS, [(IP, 24, b"\x40"), (IP, 27, b"\xb8")], Control(ttl=64, tos=0xB8)),
        (MACOS, [(IPV6, 47, struct.pack("=i", 64)), (IPV6, 36, struct.pack("=i", 0))], Control(ttl=64, tos=0)),
        (LINUX, [(socket.SOL_SOCKET, 35, b""), (IP, 2, b""), (99, 99, b"x")], Control()),
        (LINUX, [], Control()),
        (None, [(socket.SOL_SOCKET, 35, struct.pack("=qq", 1, 2))], Control()),
    ],
    ids=[
        "ns",
        "ns of 32 bits",
        "ttl and tos",
        "hop limit and class",
        "drops",
        "us",
        "one octet each",
        "IPv6 of macOS",
        "cut",
        "none",
        "unknown system",
    ],
)
def test_what_the_kernel_says(
    monkeypatch: pytest.MonkeyPatch, numbers: ControlNumbers | None, messages: list[tuple[int, int, bytes]], control: Control
) -> None:
    """Sources: linux/socket.h and linux/in.h, xnu's bsd/sys/socket.h, bsd/netinet/in.h, bsd/netinet6/in6.h."""
    monkeypatch.setattr(stamps, "NUMBERS", numbers)
    assert read_control(messages) == control


def test_what_a_system_does_not_know_it_does_not_give(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that the system refuses is passed over."""
    monkeypatch.setattr(stamps, "NUMBERS", replace(LINUX, timestamp_option=9999, ttl_option=9999, tos_option=9999, drops_option=9999))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        stamps.ask_for_control(sock)
    monkeypatch.setattr(stamps, "NUMBERS", None)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        stamps.ask_for_control(sock)
