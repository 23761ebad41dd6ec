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
from typing import Final, NamedTuple

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
DROPS: Final = struct.Struct("=I")
TIMESPEC: Final = struct.Struct("=qq")
TIMEVAL: Final = struct.Struct("=qi")
TIMES_OF_32_BITS: Final = struct.Struct("=ii")


class Control(NamedTuple):
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
    numbers = NUMBERS
    if numbers is None:
        return Control()
    wall_ns = ttl = tos = drops = None
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET:
            if kind == numbers.timestamp_type:
                wall_ns = _wall_ns(data, numbers.subsecond_ns)
            elif kind == numbers.drops_option:
                (drops,) = DROPS.unpack_from(data)
        elif (level, kind) in ((socket.IPPROTO_IP, numbers.ttl_type), (socket.IPPROTO_IPV6, numbers.hop_limit_type)):
            ttl = _small(data)
        elif (level, kind) in ((socket.IPPROTO_IP, numbers.tos_type), (socket.IPPROTO_IPV6, numbers.traffic_class_type)):
            tos = _small(data)
    return Control(wall_ns, ttl, tos, drops)


def _wall_ns(data: bytes, subsecond_ns: int) -> int | None:
    if len(data) >= TIMESPEC.size:
        seconds, fraction = (TIMESPEC if subsecond_ns == 1 else TIMEVAL).unpack_from(data)
    elif len(data) >= TIMES_OF_32_BITS.size:
        seconds, fraction = TIMES_OF_32_BITS.unpack_from(data)
    else:
        return None
    return int(seconds) * NS_PER_S + int(fraction) * subsecond_ns


def _small(data: bytes) -> int | None:
    """Return a TTL or TOS, which kernels give as one byte or as an int."""
    return int.from_bytes(data[:4], sys.byteorder) & 0xFF if data else None
