"""A UDP relay in a process of its own: it impairs what it forwards, as one seed decides, and records what it did.

    python -m nra.testing.relay --listen 10.0.1.1:20862 --to 10.0.2.2:20862 --up '{"loss": 0.1}' --down '{}' --record FILE

Each client address and port gets a socket of its own towards the peer, as from a NAT. SIGTERM or SIGINT ends it and writes the
record. It needs `recvmsg` and kernel stamps, so Linux or macOS.
"""

import heapq
import select
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Final

from nra.net.clock import SystemClock, WallStamps
from nra.net.datagrams import DATAGRAM_BYTES, DRAIN
from nra.net.sockets import enlarge_buffers, family_of, set_dscp, socket_address
from nra.net.stamps import CONTROL_BYTES, ask_for_control, read_control
from nra.testing.impairment import HEAD_BYTES, Path
from nra.testing.relay_orders import Orders, parsed
from nra.testing.relay_record import DOWN, UP, Crossing, write_record

GLANCE_S: Final = 0.1  # how long at most until a request to stop is noticed
SPIN_NS: Final = 300_000  # a wait wakes this early, the rest is spun: select is late by the timer's slack and the scheduler's mood
DSCP_SHIFT: Final = 2  # DSCP is the upper six bits of the TOS octet (RFC 2474)

Address = tuple[Any, ...]  # as the socket calls give and take it


class Leg:
    """One socket, and the client on whose behalf it talks to the peer (None: the socket on which clients come in)."""

    def __init__(self, address: Address, client: Address | None = None) -> None:
        """Bind; raises OSError."""
        self.client: Final = client
        self.sock: Final = socket.socket(family_of(address[0]), socket.SOCK_DGRAM)
        enlarge_buffers(self.sock)
        ask_for_control(self.sock)
        self.sock.setblocking(False)
        self.sock.bind(address)
        self._dscp = 0

    def send(self, payload: bytes, dscp: int, to: Address) -> bool:
        """Send one datagram so marked; False when the system would not."""
        if dscp != self._dscp:
            set_dscp(self.sock, dscp)
            self._dscp = dscp
        try:
            self.sock.sendto(payload, to)
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True, order=True)
class Departure:
    """A copy on the heap: when it is due, and in which order copies due at once were put there."""

    due_ns: int
    order: int
    send: Callable[[], bool] = field(compare=False)
    crossing: Crossing = field(compare=False)


class Relay:
    """Forwards between the clients of one address and one peer, one thread for all."""

    def __init__(self, listen: tuple[str, int], peer: tuple[str, int], orders: Orders) -> None:
        """Bind the address; raises OSError."""
        self.crossings: list[Crossing] = []
        self._orders = orders
        self._clock = SystemClock()
        self._wall = WallStamps(self._clock)
        self._ways = {UP: Path(orders.up), DOWN: Path(orders.down)}
        self._dscp = {UP: orders.dscp_up, DOWN: orders.dscp_down}
        self._peer: Address = socket_address(*peer)
        self._front = Leg(socket_address(*listen))
        self._legs = {self._front.sock: self._front}
        self._leg_of: dict[Address, Leg] = {}
        self._waiting: list[Departure] = []
        self._order = count()

    @property
    def bound(self) -> tuple[str, int]:
        """The address and port on which clients are served."""
        name = self._front.sock.getsockname()
        return str(name[0]), int(name[1])

    def run(self, stop: Callable[[], bool]) -> None:
        """Forward until `stop` says so; what still waits to leave then is not sent. Close the sockets."""
        try:
            while not stop():
                readable, _, _ = select.select(self._legs, (), (), self._wait_s())
                if readable:
                    self._wall.stepped()
                for sock in readable:
                    self._take(self._legs[sock])
                self._send_due()
        finally:
            for sock in self._legs:
                sock.close()

    def _wait_s(self) -> float:
        if not self._waiting:
            return GLANCE_S
        return min(GLANCE_S, max(0, self._waiting[0].due_ns - SPIN_NS - self._clock.now_ns()) / 1e9)

    def _take(self, leg: Leg) -> None:
        for _ in range(DRAIN):
            try:
                payload, ancillary, _, source = leg.sock.recvmsg(DATAGRAM_BYTES, CONTROL_BYTES)
            except OSError:  # nothing more to read
                return
            control = read_control(ancillary)
            came_ns = self._clock.now_ns() if control.wall_ns is None else self._wall.on_line(control.wall_ns)
            if leg.client is None:
                self._pass(UP, source, self._leg_for(source), self._peer, payload, control.tos or 0, came_ns)
            else:
                self._pass(DOWN, leg.client, self._front, leg.client, payload, control.tos or 0, came_ns)

    def _pass(self, direction: str, client: Address, leg: Leg, to: Address, payload: bytes, tos: int, came_ns: int) -> None:
        way = self._ways[direction]
        crossing = Crossing(
            direction=direction,
            number=len(way.passages),
            client=f"{client[0]} {client[1]}",
            size=len(payload),
            head=payload[:HEAD_BYTES],
            tos=tos,
            came_ns=came_ns,
            due_ns=way.carry(payload, came_ns),
            left_ns=[],
            gone_ns=[],
            lost_to=way.passages[-1].lost_to,
        )
        self.crossings.append(crossing)
        rewritten = self._dscp[direction]
        send = partial(leg.send, payload, tos >> DSCP_SHIFT if rewritten is None else rewritten, to)
        for due_ns in crossing.due_ns:
            heapq.heappush(self._waiting, Departure(due_ns, next(self._order), send, crossing))

    def _leg_for(self, client: Address) -> Leg:
        """Return the client's socket towards the peer, a new one when it is time to play a NAT that lost its mapping."""
        number = len(self._ways[UP].passages) + 1
        if number == self._orders.announce_after:
            print(f"forwarding packet {number}", flush=True)  # noqa: T201 - a word to whoever waits for it
        if client not in self._leg_of or number == self._orders.rebind_after:
            leg = Leg(("::" if len(self._peer) > 2 else "0.0.0.0", 0), client)
            self._leg_of[client] = leg
            self._legs[leg.sock] = leg  # the old one goes on listening: replies may be under way to it
        return self._leg_of[client]

    def _send_due(self) -> None:
        while self._waiting and self._waiting[0].due_ns <= self._clock.now_ns():
            departure = heapq.heappop(self._waiting)
            left_ns = self._clock.now_ns()
            if departure.send():
                departure.crossing.left_ns.append(left_ns)
                departure.crossing.gone_ns.append(self._clock.now_ns())


def main(arguments: Sequence[str] | None = None) -> int:
    """Relay until terminated, then write the record."""
    asked = parsed(arguments)
    ends: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: ends.append(number))
    orders = Orders(**{name: getattr(asked, name) for name in Orders.__slots__})
    relay = Relay(asked.listen, asked.to, orders)
    print("listening on UDP {} port {}".format(*relay.bound), flush=True)  # noqa: T201
    relay.run(lambda: bool(ends))
    write_record(asked.record, relay.crossings)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
