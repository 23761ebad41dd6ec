"""When the kernel handed each datagram to the network device: transmit stamps of Linux (Documentation/networking/timestamping.rst).

A stamp comes back through the socket's error queue, which it shares with ICMP errors, under the number of its datagram. Whatever lies
there makes the socket readable until it is read. Devices that do not stamp give nothing, and neither do other systems.
"""

import contextlib
import socket
import struct
import sys
from array import array
from typing import Final, NamedTuple

from nra.model.sample import ABSENT
from nra.net.error_queue import CONTROL_BYTES, EXTENDED_ERROR, IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE, QueuedError, queued_error
from nra.net.stamps import NS_PER_S

SO_TIMESTAMPING: Final = (socket.SOL_SOCKET, 37)  # asm-generic/socket.h: of the option, and of the control message
TX_SOFTWARE: Final = 1 << 1  # linux/net_tstamp.h: stamp as late as the driver can
SOFTWARE: Final = 1 << 4  # and tell
OPT_ID: Final = 1 << 7  # number the datagrams
OPT_TSONLY: Final = 1 << 11  # give back the stamp without the packet, which any user may have
WANTED: Final = TX_SOFTWARE | SOFTWARE | OPT_ID | OPT_TSONLY
ORIGIN_TIMESTAMPING: Final = 4  # SO_EE_ORIGIN_TIMESTAMPING, linux/errqueue.h

SOFTWARE_STAMP: Final = struct.Struct("=qq")  # the first of three timespecs (scm_timestamping); the others are of hardware
MOST_ENTRIES: Final = 64  # read at once; the rest keeps the socket readable


class Stamp(NamedTuple):
    """A datagram's number, and when it left by the wall clock."""

    number: int
    wall_ns: int


def ask_for_stamps(sock: socket.socket, wanted: int = WANTED) -> bool:
    """Have all that is sent stamped, numbered from 0; False where the system has no such stamps or refuses."""
    if not MSG_ERRQUEUE or not sys.platform.startswith("linux"):
        return False
    try:
        sock.setsockopt(*SO_TIMESTAMPING, wanted)
    except OSError:
        return False
    return True


def read_queue(sock: socket.socket, most: int = MOST_ENTRIES) -> tuple[list[Stamp], list[QueuedError]]:
    """Return what the error queue of a non-blocking socket holds, oldest first, and take it out; nothing where there is no queue."""
    stamps: list[Stamp] = []
    errors: list[QueuedError] = []
    if not MSG_ERRQUEUE:
        return stamps, errors
    with contextlib.suppress(OSError):
        for _ in range(most):
            _, ancillary, _, _ = sock.recvmsg(0, CONTROL_BYTES, MSG_ERRQUEUE)
            stamp = stamp_in(ancillary)
            if stamp is not None:
                stamps.append(stamp)
            else:
                errors += filter(None, (queued_error((level, kind), data) for level, kind, data in ancillary))
    return stamps, errors


def stamp_in(ancillary: list[tuple[int, int, bytes]]) -> Stamp | None:
    """Return the stamp in the control messages of one entry, None when it is another entry or cut short."""
    number = wall_ns = None
    for level, kind, data in ancillary:
        if (level, kind) == SO_TIMESTAMPING and len(data) >= SOFTWARE_STAMP.size:
            seconds, nanoseconds = SOFTWARE_STAMP.unpack_from(data)
            wall_ns = seconds * NS_PER_S + nanoseconds
        elif (level, kind) in (IP_RECVERR, IPV6_RECVERR) and len(data) >= EXTENDED_ERROR.size:
            _, origin, _, _, _, number_there = EXTENDED_ERROR.unpack_from(data)
            number = number_there if origin == ORIGIN_TIMESTAMPING else None
    return Stamp(number, wall_ns) if number is not None and wall_ns else None


class Departures:
    """One socket's stamps, on the line of our clock: `left_ns[n]` is when its n-th datagram left, ABSENT where nobody said."""

    __slots__ = ("_first", "_sock", "awaited", "is_asked", "left_ns")

    def __init__(self, sock: socket.socket) -> None:
        """Ask for them."""
        self._sock = sock
        self._first = 0  # the datagram that the kernel counts as number 0
        self.is_asked = ask_for_stamps(sock)
        self.awaited = 0
        self.left_ns = array("q")

    def sent(self) -> None:
        """Expect a stamp of one more datagram, if they come at all."""
        if self.is_asked:
            self.left_ns.append(ABSENT)
            self.awaited += 1

    def not_sent(self) -> None:
        """Have the kernel number anew: whether a datagram that it refused took a number depends on its version (before 6.9 it did)."""
        if self.is_asked:
            ask_for_stamps(self._sock, 0)
            self.is_asked = ask_for_stamps(self._sock)
            self._first, self.awaited = len(self.left_ns), 0

    def stamped(self, number: int, left_ns: int) -> None:
        """Take down a stamp; a number that was not sent yet is from before the numbering began anew."""
        place = self._first + number
        if place < len(self.left_ns) and self.left_ns[place] == ABSENT:
            self.left_ns[place] = left_ns
            self.awaited -= 1
