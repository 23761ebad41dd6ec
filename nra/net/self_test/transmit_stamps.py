"""When the kernel gave a datagram to the device: software transmit stamps of Linux (Documentation/networking/timestamping.rst).

The stamp comes back through the socket's error queue, under the number by which it was asked for.
"""

import contextlib
import socket
import struct
import sys
from typing import Final

from nra.net.error_queue import MSG_ERRQUEUE

SO_TIMESTAMPING: Final = 37  # asm-generic/socket.h; the control message has the same number
TX_SOFTWARE: Final = 1 << 1  # linux/net_tstamp.h
SOFTWARE: Final = 1 << 4
OPT_TSONLY: Final = 1 << 11  # the stamp alone, without the packet: any user may have it
SCM_TIMESTAMPING: Final = struct.Struct("=qq")  # the first of three timespecs is the software one; the others are of the hardware

CONTROL_BYTES: Final = 512
MOST_STAMPS: Final = 4096
NS_PER_S: Final = 1_000_000_000


def ask(sock: socket.socket, platform: str = sys.platform) -> bool:
    """Ask for a stamp of everything that is sent; False where this system has none or will not give any."""
    if not platform.startswith("linux"):
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, TX_SOFTWARE | SOFTWARE | OPT_TSONLY)
    except OSError:
        return False
    return True


def read(sock: socket.socket) -> list[int]:
    """Return the stamps that wait in the error queue of a non-blocking socket, in nanoseconds of the wall clock."""
    stamps: list[int] = []
    with contextlib.suppress(OSError):
        for _ in range(MOST_STAMPS):
            _, ancillary, _, _ = sock.recvmsg(0, CONTROL_BYTES, MSG_ERRQUEUE)
            stamps += (wall_ns(data) for level, kind, data in ancillary if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPING))
    return [stamp for stamp in stamps if stamp]


def wall_ns(data: bytes) -> int:
    """Return the software stamp of a control message, 0 when it is cut short or holds none."""
    if len(data) < SCM_TIMESTAMPING.size:
        return 0
    seconds, nanoseconds = SCM_TIMESTAMPING.unpack_from(data)
    return int(seconds) * NS_PER_S + int(nanoseconds)
