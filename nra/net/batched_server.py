"""Bound UDP sockets that take and answer many datagrams with one call of the system (Linux: recvmmsg, sendmmsg)."""

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
from nra.net.message_buffers import ROWS, Arrivals, FamilyRows, MessageBuffers
from nra.net.message_layout import IPV4, IPV6, MESSAGE_BYTES
from nra.net.server import Datagram, ServerPort
from nra.net.stamps import NUMBERS

DSCP_SHIFT: Final = 2  # DSCP is the upper six bits of the TOS octet (RFC 2474)
MSG_DONTWAIT: Final = 0x40
MSG_WAITFORONE: Final = 0x10000  # linux/socket.h: wait for the first datagram only
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
        self._channel_of_file: dict[int, int] = {}
        self._confirmed: set[int] = set()
        self._channel = self._file = 0  # whose datagrams lie in the rows
        self._rows = self._by_family[socket.AF_INET]
        self._filled = 0
        self._flags: int = MSG_DONTWAIT
        self._strange = False  # whether the kernel told something else than what it was asked for
        self.read_ns = 0
        self._stepped: bool | None = None  # None: not looked yet
        self._to_line_ns = 0
        self._receive, self._send = _libc().recvmmsg, _libc().sendmmsg
        self._send_one = ctypes.PyDLL(None).sendmmsg  # does not wait, so nobody needs to be let in meanwhile
        super().__init__(clock, binds, shared=shared)
        self._to_line_ns = self._wall.on_line(0)

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

    def wait_in_fill(self, wait_s: float) -> None:
        """Let `fill` itself wait, at most `wait_s`, on the one channel that there is: that costs one call of the system less."""
        sock = self._sockets[0]
        sock.setblocking(True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@qq", 0, round(wait_s * 1e6)))
        self._flags = MSG_WAITFORONE

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
            self._to_line_ns = self._wall.on_line(0)
        return self._stepped

    def fill(self, channel: int) -> int:
        """Take a channel's datagrams into the rows; return how many, at most as many as there are rows."""
        if self._strange:
            self._rows.renew()
            self._strange = False
        self._channel, self._file, self._rows, incoming = self._channels[channel]
        count: int = self._receive(self._file, incoming, self.buffers.rows, self._flags, None)
        self.read_ns = self._clock.now_ns()
        if self._flags == MSG_WAITFORONE:
            self._stepped = None
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
        received_ns = wall_ns + self._to_line_ns
        if not self.read_ns - STEP_NS < received_ns <= self.read_ns:  # no step that matters can be in so little
            stepped, received_ns = self._has_stepped(), wall_ns + self._to_line_ns
            if stepped or not self.read_ns - PLAUSIBLE_NS < received_ns <= self.read_ns:
                received_ns = self.read_ns
        return length, sender, local, received_ns, ttl, tos

    def arrivals(self) -> Arrivals:
        """Return what is told of all rows that were filled, column by column."""
        stepped = self._has_stepped()
        arrivals = self._rows.arrivals(self._filled, self._to_line_ns)
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
        return self._datagram(sock, self.buffers.payload(row, length), control, self._source(row), self._has_stepped())

    def _source(self, row: int) -> "tuple[str, int]":
        port, address, flow, scope = self._rows.name(row)
        text = socket.inet_ntop(self._sockets[self._channel].family, address)
        return (text, port) if len(address) == 4 else (text, port, flow, scope)  # type: ignore[return-value]

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
