"""Bound UDP sockets that take and answer many datagrams with one call of the system (Linux: recvmmsg, sendmmsg).

Or a single one, where there is seldom more (recvmsg, sendmsg on a `Desk`).
"""

import ctypes
import select
import socket
import struct
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nra.net.clock import STEP_NS, SystemClock
from nra.net.datagrams import PLAUSIBLE_NS
from nra.net.desk import Desk
from nra.net.message_buffers import ROWS, Arrivals, FamilyRows, MessageBuffers
from nra.net.message_layout import IPV4, IPV6, MESSAGE_BYTES
from nra.net.server import Datagram, ServerPort
from nra.net.stamps import NUMBERS

DSCP_SHIFT: Final = 2  # DSCP is the upper six bits of the TOS octet (RFC 2474)
MSG_DONTWAIT: Final = 0x40
FAMILIES: Final = {socket.AF_INET: IPV4, socket.AF_INET6: IPV6}
Rows = slice | NDArray[np.intp]
"""Which rows: those side by side, or these."""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def available() -> bool:
    """Tell whether this system has both calls, and the structures as they are laid out here."""
    if not sys.platform.startswith("linux") or sys.maxsize < 1 << 32:
        return False
    return hasattr(_libc(), "recvmmsg") and hasattr(_libc(), "sendmmsg")


class BatchedServerPort(ServerPort):
    """One UDP socket per bound address; what came last to one of them lies in the rows of `buffers`.

    `read_ns` is when the rows were filled, or when waiting was in vain.
    """

    def __init__(self, clock: SystemClock, binds: Sequence[tuple[str, int]], *, shared: bool = False, rows: int = ROWS) -> None:
        """Bind all addresses; raises NetworkError."""
        self.buffers = MessageBuffers(rows)
        self._by_family = {family: FamilyRows(self.buffers, layout) for family, layout in FAMILIES.items()}
        self._channels: list[tuple[int, int, FamilyRows, ctypes.c_void_p]] = []  # channel, file, rows, where they are
        self._poll = select.poll()
        self.poll = self._poll.poll  # for at most so many ms: files and what happened to them
        self._channel_of_file: dict[int, int] = {}
        self._confirmed: set[int] = set()
        self._channel = self._file = 0  # whose datagrams lie in the rows
        self._rows = self._by_family[socket.AF_INET]
        self._filled = 0
        self.waits_in_take = False
        self._strange = False  # whether the kernel told something else than what it was asked for
        self.read_ns = 0
        self._stepped: bool | None = None  # None: not looked yet
        self.to_line_ns = 0
        self._receive, self._send = _libc().recvmmsg, _libc().sendmmsg
        quick = ctypes.PyDLL(None)  # for what does not wait: nobody needs to be let in meanwhile
        self._send_one, self.take, self.give = quick.sendmmsg, _libc().recvmsg, quick.sendmsg
        super().__init__(clock, binds, shared=shared)
        self.to_line_ns = self._wall.on_line(0)

    def listen(self, address: str, port: int, *, shared: bool = False) -> int:
        """Bind one more address and return its channel; raises NetworkError."""
        channel = super().listen(address, port, shared=shared)
        sock = self._sockets[channel]
        if NUMBERS is not None and NUMBERS.drops_option is not None:
            sock.setsockopt(socket.SOL_SOCKET, NUMBERS.drops_option, 0)  # a control message that comes only after drops
        self._channel_of_file[sock.fileno()] = channel
        rows = self._by_family[sock.family]
        self._channels.append((channel, sock.fileno(), rows, ctypes.c_void_p(rows.incoming_at)))
        self._poll.register(sock, select.POLLIN)
        return channel

    def desk(self, channel: int) -> Desk:
        """Return a desk for a channel's datagrams."""
        return Desk(FAMILIES[self._sockets[channel].family])

    def file(self, channel: int) -> int:
        """Return the number of a channel's file, as `poll` tells it."""
        return self._sockets[channel].fileno()

    def channel(self, file: int) -> int:
        """Return the channel of a file."""
        return self._channel_of_file[file]

    def wait_in_take(self, wait_s: float) -> None:
        """Let `take` itself wait, at most `wait_s`, on the one channel that there is: that costs one call of the system less."""
        sock = self._sockets[0]
        sock.setblocking(True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@qq", 0, round(wait_s * 1e6)))
        self.waits_in_take = True

    def ready(self, wait_s: float) -> list[int]:
        """Wait until some channels have datagrams, at most `wait_s`, and return them."""
        events = self._poll.poll(wait_s * 1000)
        self.read_ns, self._stepped = self._clock.now_ns(), None
        return [self._channel_of_file[file] for file, _ in events]

    def drain(self, channel: int) -> list[Datagram]:
        """Return what a channel has, one by one and without the rows."""
        return self._drain(self._sockets[channel], self._has_stepped())

    def _has_stepped(self) -> bool:
        """Look once in each round whether the wall clock stepped: at a few packets/s looking costs as much as answering."""
        if self._stepped is None:
            self._stepped = self._wall.stepped()
            self.to_line_ns = self._wall.on_line(0)
        return self._stepped

    def fill(self, channel: int) -> int:
        """Take a channel's datagrams into the rows; return how many, at most as many as there are rows."""
        if self._strange:
            self._rows.renew()
            self._strange = False
        self._channel, self._file, self._rows, incoming = self._channels[channel]
        count: int = self._receive(self._file, incoming, self.buffers.rows, MSG_DONTWAIT, None)
        self.read_ns, self._stepped = self._clock.now_ns(), None
        self._filled = max(0, count)  # what -1 says is nobody's request: an ICMP error, a signal
        return self._filled

    def arrived(self, row: int) -> tuple[int, bytes, bytes, int, int, int] | None:
        """Return length, sender (port and address as on the wire), own address, time, TTL and TOS of one row.

        None where the control messages were others than those asked for.
        """
        told = self._rows.told(row)
        if told is None or not (self._channel in self._confirmed or self._is_confirmed(row)):
            self._strange = True
            return None
        length, sender, local, wall_ns, ttl, tos = told
        received_ns = wall_ns + self.to_line_ns
        if not self.read_ns - STEP_NS < received_ns <= self.read_ns:  # no step that matters can be in so little
            received_ns = self._placed(wall_ns)
        return length, sender, local, received_ns, ttl, tos

    def placed(self, wall_ns: int, read_ns: int) -> int:
        """Return when on the line a datagram was stamped that was read then, after a look whether the wall clock stepped."""
        self.read_ns, self._stepped = read_ns, None
        return self._placed(wall_ns)

    def _placed(self, wall_ns: int) -> int:
        stepped, received_ns = self._has_stepped(), wall_ns + self.to_line_ns
        plausible = self.read_ns - PLAUSIBLE_NS < received_ns <= self.read_ns
        return received_ns if plausible and not stepped else self.read_ns

    def arrivals(self) -> Arrivals:
        """Return what is told of all rows that were filled, column by column."""
        stepped = self._has_stepped()
        arrivals = self._rows.arrivals(self._filled, self.to_line_ns)
        received_ns = arrivals.received_ns
        implausible = (received_ns <= self.read_ns - PLAUSIBLE_NS) | (received_ns > self.read_ns) | stepped
        received_ns[implausible] = self.read_ns
        if not self._is_confirmed(0):
            arrivals.told[:] = False
        self._strange = not arrivals.told.all()
        return arrivals

    def _is_confirmed(self, row: int) -> bool:
        """Look once at a channel's control messages: they must be those of the layout, in its order."""
        if self._channel not in self._confirmed:
            if not self._rows.is_as_laid_out(row):
                return False
            self._confirmed.add(self._channel)
        return True

    def datagram(self, row: int) -> Datagram:
        """Return one row as it would have come without the rows."""
        control_bytes, length = self._rows.sizes(row)
        sock, control = self._sockets[self._channel], list(self.buffers.control(row, control_bytes))
        return self._datagram(sock, self.buffers.payload(row, length), control, source_of(*self._rows.name(row)), self._has_stepped())

    def datagram_on(self, desk: Desk, channel: int, length: int, read_ns: int) -> Datagram:
        """Return what a channel laid on the desk as it would have come without it, and make the desk ready for the next one."""
        self.read_ns, self._stepped = read_ns, None
        control, source = list(desk.control()), source_of(*desk.name())
        desk.look()
        desk.renew()
        return self._datagram(self._sockets[channel], desk.payload(length), control, source, self._has_stepped())

    def address_replies(self, rows: Rows, dscp: "NDArray[Any]") -> None:
        """Make these rows ready to be sent back, as long as they came, most of them marked like the first: that is the socket's doing."""
        if len(dscp):
            self._mark(self._channel, int(dscp[0]))
        self._rows.address_replies(rows, dscp << DSCP_SHIFT, self._dscp[self._channel] << DSCP_SHIFT)

    def send_one(self, row: int, length: int, local: bytes, dscp: int) -> bool:
        """Send one row back, so long, from that address of ours and marked so; False when the system would not."""
        message = self._rows.address_reply(row, length, local, dscp << DSCP_SHIFT)
        return bool(self._send_one(self._file, message, 1, MSG_DONTWAIT) == 1)

    def send(self, rows: Rows) -> int:
        """Send rows back; return how many the system would not send."""
        place, count = self._rows.messages_of(rows)
        unsent = 0
        while count > 0:
            sent = self._send(self._file, ctypes.c_void_p(place), count, MSG_DONTWAIT)
            unsent += sent < 1  # it is the first that failed: go on behind it
            step = max(1, sent)
            place, count = place + step * MESSAGE_BYTES, count - step
        return unsent


def source_of(port: int, address: bytes, flow: int, scope: int) -> "tuple[str, int]":
    """Return a sender's address as sockets give it."""
    if len(address) == 4:
        return socket.inet_ntop(socket.AF_INET, address), port
    return socket.inet_ntop(socket.AF_INET6, address), port, flow, scope  # type: ignore[return-value]
