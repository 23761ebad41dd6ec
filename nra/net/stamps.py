"""What the kernel says about a received datagram: time, TTL, TOS, drops; one table per system.

Python has no names for most of these numbers. Sources: linux/include/uapi/asm-generic/socket.h and linux/in.h;
Apple's xnu bsd/sys/socket.h, bsd/netinet/in.h and bsd/netinet6/in6.h. Windows has no recvmsg in Python.
"""

import contextlib
import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Ancillary = Iterable[tuple[int, int, bytes]]
NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ControlNumbers:
    """Socket options that ask for control messages, and the types under which they come."""

    timestamp_option: int
    timestamp_type: int
    subsecond_ns: int  # what one unit of the stamp's second word is worth
    ttl_option: int
    ttl_type: int
    tos_option: int
    tos_type: int
    hop_limit_option: int
    hop_limit_type: int
    traffic_class_option: int
    traffic_class_type: int
    drops_option: int | None


LINUX: Final = ControlNumbers(35, 35, 1, 12, 2, 13, 1, 51, 52, 66, 67, 40)
MACOS: Final = ControlNumbers(0x0400, 2, 1000, 24, 24, 27, 27, 37, 47, 35, 36, None)
NUMBERS: Final = {"linux": LINUX, "darwin": MACOS}.get(sys.platform)

CONTROL_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class Control:
    """What came with a datagram; None where the system did not say."""

    wall_ns: int | None = None
    ttl: int | None = None
    tos: int | None = None
    drops: int | None = None


def ask_for_control(sock: socket.socket) -> None:
    """Ask the kernel for stamps, TTL, TOS and drop counts; what it does not know it does not give."""
    if NUMBERS is None:
        return
    wanted = [(socket.SOL_SOCKET, NUMBERS.timestamp_option)]
    if sock.family == socket.AF_INET6:
        wanted += [(socket.IPPROTO_IPV6, NUMBERS.hop_limit_option), (socket.IPPROTO_IPV6, NUMBERS.traffic_class_option)]
    else:
        wanted += [(socket.IPPROTO_IP, NUMBERS.ttl_option), (socket.IPPROTO_IP, NUMBERS.tos_option)]
    if NUMBERS.drops_option is not None:
        wanted.append((socket.SOL_SOCKET, NUMBERS.drops_option))
    for level, option in wanted:
        with contextlib.suppress(OSError):
            sock.setsockopt(level, option, 1)


def read_control(ancillary: Ancillary) -> Control:
    """Return what the control messages of one datagram say."""
    if NUMBERS is None:
        return Control()
    wall_ns = ttl = tos = drops = None
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET:
            if kind == NUMBERS.timestamp_type:
                wall_ns = _wall_ns(data, NUMBERS.subsecond_ns)
            elif kind == NUMBERS.drops_option:
                (drops,) = struct.unpack_from("=I", data)
        elif (level, kind) in ((socket.IPPROTO_IP, NUMBERS.ttl_type), (socket.IPPROTO_IPV6, NUMBERS.hop_limit_type)):
            ttl = _small(data)
        elif (level, kind) in ((socket.IPPROTO_IP, NUMBERS.tos_type), (socket.IPPROTO_IPV6, NUMBERS.traffic_class_type)):
            tos = _small(data)
    return Control(wall_ns, ttl, tos, drops)


def _wall_ns(data: bytes, subsecond_ns: int) -> int | None:
    if len(data) >= 16:
        seconds, fraction = struct.unpack_from("=qq" if subsecond_ns == 1 else "=qi", data)
    elif len(data) >= 8:
        seconds, fraction = struct.unpack_from("=ii", data)
    else:
        return None
    return int(seconds) * NS_PER_S + int(fraction) * subsecond_ns


def _small(data: bytes) -> int | None:
    """Return a TTL or TOS, which kernels give as one byte or as an int."""
    if len(data) >= 4:
        return int(struct.unpack_from("=i", data)[0]) & 0xFF
    return data[0] if data else None
