"""Our QUIC server and our end of the line, real connections of aioquic between them, on one clock that is set by hand: no sockets.

Each way takes 10 ms. Attackers speak through `Link.stranger`, which may send whatever it likes from whatever address.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent, StreamDataReceived

from nra.model.plan import ControlAccess
from nra.model.sample import StampKind
from nra.net.ports import Arrival, Equipment, Refusal, Transmission
from nra.net.quic_server import QuicServer, Room, server_configuration
from nra.net.quic_visit import Guest, Visit
from nra.net.server import Datagram
from nra.reflector.responders.certificate import identity_of, made_pem, pin_of
from nra.testing.fake_network import FakeNetwork
from nra.wire import control
from nra.wire.control import CloseCode
from nra.wire.control_token import control_token

ADDRESS: Final = "192.0.2.1"
HERE: Final = "192.0.2.10"
PORT: Final = 443
ONE_WAY_NS: Final = 10_000_000
PEM: Final = made_pem()
PIN: Final = pin_of(identity_of(PEM))
KEY: Final = bytes(range(32))
ACCESS: Final = ControlAccess(port=PORT, pin=PIN, key=KEY)
WELCOME: Final = control.encode(control.Welcome(version="test"))


@dataclass
class Sockets:
    """The server's end: what it sends is kept by where it goes."""

    sent: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    marks: list[int] = field(default_factory=list)
    octets: int = 0
    closed: bool = False

    def receive(self, wait_s: float) -> list[Datagram]:
        """Return nothing: datagrams are handed to the server."""
        return []

    def reply(self, request: Datagram, payload: bytes, dscp: int) -> bool:
        """Keep it."""
        self.sent.setdefault(request.source, []).append(payload)
        self.marks.append(dscp)
        self.octets += len(payload)
        return True

    def close(self) -> None:
        """Remember it."""
        self.closed = True


class Echo:
    """A guest that answers hello to whoever has the key, and returns every other request and every datagram as it is."""

    def __init__(self, visit: Visit) -> None:
        """Know the visit."""
        self.visit = visit
        self.asked: list[bytes] = []
        self.datagrams: list[tuple[bytes, bool]] = []
        self.is_gone = False

    def request(self, stream: int, octets: bytes, now_ns: int) -> None:
        """Answer it."""
        self.asked.append(octets)
        if octets == control.encode(control.Hello(token=control_token(KEY).hex())):
            self.visit.know(now_ns + 3600 * 1_000_000_000)
            self.visit.answer(stream, WELCOME)
        elif self.visit.is_known:
            self.visit.answer(stream, octets)
        else:
            self.visit.end(CloseCode.NOT_ALLOWED)

    def datagram(self, payload: bytes, came: Datagram, *, may_answer: bool) -> tuple[bytes, int] | None:
        """Return it as it is."""
        self.datagrams.append((payload, may_answer))
        return (payload, 46) if may_answer else None

    def gone(self) -> None:
        """Remember it."""
        self.is_gone = True


class EchoHost:
    """Receives everybody."""

    def __init__(self) -> None:
        """Nobody yet."""
        self.guests: list[Echo] = []
        self.barred: str | None = None
        self.began: list[str | None] = []
        self.limited: dict[str | None, str] = {}

    def bars(self, address: str, port: int) -> str | None:
        """Return what the test says."""
        return self.barred

    def limits(self, address: str | None, now_ns: int) -> str | None:
        """Return what the test says of sources that are proven, or not."""
        self.began.append(address)
        return self.limited.get(address)

    def met(self, visit: Visit) -> Guest:
        """Return an echo."""
        self.guests.append(Echo(visit))
        return self.guests[-1]

    def glance(self, now_ns: int) -> bool:
        """Wait for nobody."""
        return False


class Link(FakeNetwork):
    """The fake network whose UDP sockets lead to the server."""

    def __init__(self, host: Any = None, room: Room | None = None) -> None:
        """Start a server for the host."""
        super().__init__()
        self.host = host or EchoHost()
        self.sockets = Sockets()
        self.server = QuicServer(self.sockets, self.clock, server_configuration(PEM), self.host, room)
        self.opened: list[LinkPort] = []
        self.lost: Callable[[int], bool] = lambda _number: False  # which of the datagrams to the server are, by number
        self._numbers = count()

    def open_datagrams(self, address: str, port: int, *, channels: int = 1, dscp: int = 0, local_port: int = 0) -> Any:
        """Open a socket to the server."""
        self.opened.append(LinkPort(self, (HERE, 50_000 + len(self.opened)), dscp))
        return self.opened[-1]

    def hand_over(self, payload: bytes, source: tuple[str, int]) -> list[bytes]:
        """Let the server take a datagram now and return what it sends to that source then."""
        if not self.lost(next(self._numbers)):
            now_ns = self.clock.now_ns()
            self.server.take(
                Datagram(payload=payload, source=source, local=ADDRESS, received_ns=now_ns, ttl=60, tos=184, channel=0, raw_source=source)
            )
        return self.collected(source)

    def collected(self, source: tuple[str, int]) -> list[bytes]:
        """Let the server do what is due and return what it has sent to a source."""
        self.server.glance()
        return self.sockets.sent.pop(source, [])

    def stranger(self, source: tuple[str, int] = ("198.51.100.7", 4711), **changes: Any) -> "Stranger":
        """Return somebody who speaks QUIC by hand."""
        return Stranger(self, source, **changes)


class LinkPort:
    """A socket of ours on the manual clock."""

    def __init__(self, link: Link, source: tuple[str, int], dscp: int) -> None:
        """Open it."""
        self._link, self.source, self.dscp = link, source, dscp
        self._events: list[tuple[int, int, str, bytes]] = []
        self._order = count()
        self.sent: list[tuple[int, bytes]] = []
        self.refusing: Exception | None = None
        self.closed = False
        self.local_address = HERE

    def local_port(self, channel: int) -> int:
        """Return the port."""
        return self.source[1]

    def send(self, transmission: Transmission) -> None:
        """Put the datagram on the way."""
        if self.refusing is not None:
            raise self.refusing
        now_ns = self._link.clock.now_ns()
        self.sent.append((now_ns, transmission.payload))
        heapq.heappush(self._events, (now_ns + ONE_WAY_NS, next(self._order), "up", transmission.payload))

    def receive(self, until_ns: int) -> Sequence[Arrival | Refusal]:
        """Move the clock to the next arrival here, or to `until_ns`; the server is awake every 5 ms."""
        clock = self._link.clock
        while True:
            self._returned(self._link.collected(self.source))
            next_ns = min(until_ns, clock.now_ns() + 5_000_000)
            if self._events and self._events[0][0] <= next_ns:
                at_ns, _, way, payload = heapq.heappop(self._events)
                clock.advance_to(at_ns)
                if way == "down":
                    return [Arrival(channel=0, payload=payload, received_ns=at_ns, read_ns=at_ns, stamp=StampKind.KERNEL, ttl=60, tos=184)]
                self._returned(self._link.hand_over(payload, self.source))
                continue
            clock.advance_to(next_ns)
            if next_ns >= until_ns:
                return ()

    def _returned(self, packets: list[bytes]) -> None:
        for packet in packets:
            heapq.heappush(self._events, (self._link.clock.now_ns() + ONE_WAY_NS, next(self._order), "down", packet))

    def local_drops(self) -> int | None:
        """Return 0."""
        return 0

    def clock_steps_ns(self) -> tuple[int, ...]:
        """Return no steps."""
        return ()

    def left_ns(self, channel: int) -> Sequence[int]:
        """Return when each was sent, and a microsecond."""
        return [at_ns + 1000 for at_ns, _ in self.sent]

    def equipment(self) -> Equipment:
        """Return nothing of note."""
        return Equipment(pacing="by hand")

    def close(self) -> None:
        """Remember it, and let what was sent last arrive."""
        self.closed = True
        for _, _, way, payload in sorted(self._events):
            if way == "up":
                self._link.hand_over(payload, self.source)


class Stranger:
    """A client that does what it is told: a round takes a millisecond."""

    def __init__(self, link: Link, source: tuple[str, int], alpn: str = control.ALPN, versions: Sequence[int] = (1,)) -> None:
        """Begin a connection; nothing is sent yet."""
        configuration = QuicConfiguration(
            alpn_protocols=[alpn], verify_mode=0, max_datagram_frame_size=65535, supported_versions=list(versions), max_datagram_size=1400
        )
        self.link, self.source = link, source
        self.connection = QuicConnection(configuration=configuration)
        self.connection.connect((ADDRESS, PORT), now=self.now_s)
        self.sent_octets = 0
        self.events: list[QuicEvent] = []

    @property
    def now_s(self) -> float:
        """The time."""
        return self.link.clock.now_ns() / 1e9

    def exchange(self, rounds: int = 8) -> "Stranger":
        """Send what there is and take what comes, until nothing comes any more."""
        for _ in range(rounds):
            self.link.clock.advance_to(self.link.clock.now_ns() + 1_000_000)  # congestion control paces by time
            packets = [packet for packet, _ in self.connection.datagrams_to_send(now=self.now_s)]
            answers = [answer for packet in packets for answer in self.give(packet)]
            answers += self.link.collected(self.source)
            for answer in answers:
                self.connection.receive_datagram(answer, (ADDRESS, PORT), now=self.now_s)
            while (event := self.connection.next_event()) is not None:
                self.events.append(event)
            if not packets and not answers:
                break
        return self

    def give(self, packet: bytes) -> list[bytes]:
        """Send a datagram and return what comes back."""
        self.sent_octets += len(packet)
        return self.link.hand_over(packet, self.source)

    def ask(self, octets: bytes, *, is_whole: bool = True) -> int:
        """Put octets on a new stream."""
        stream = self.connection.get_next_available_stream_id()
        self.connection.send_stream_data(stream, octets, end_stream=is_whole)
        return stream

    def hello(self, key: bytes = KEY) -> "Stranger":
        """Shake hands and say hello."""
        self.exchange()
        self.ask(control.encode(control.Hello(token=control_token(key).hex())))
        return self.exchange()

    def told(self, stream: int) -> bytes:
        """Return what came on a stream."""
        return b"".join(each.data for each in self.events if isinstance(each, StreamDataReceived) and each.stream_id == stream)

    @property
    def closed_with(self) -> int | None:
        """The code with which the server closed the connection, None while it has not."""
        said = self.connection._close_event
        return None if said is None else said.error_code


def wait(link: Link, seconds: float, steps: int = 50) -> None:
    """Let time pass for the server alone."""
    for _ in range(steps):
        link.clock.advance_to(link.clock.now_ns() + round(seconds * 1e9 / steps))
        link.server.glance()
