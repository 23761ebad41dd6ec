"""A network of functions on a manual clock: ten seconds of voice take milliseconds and are exact to the packet."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from nra.model.failure import Failure, FailureKind
from nra.model.plan import ControlAccess, LoadOrder
from nra.model.region import ProxySetting
from nra.model.sample import StampKind
from nra.net.driver import drive
from nra.net.ports import Arrival, Connection, DatagramPort, Equipment, Machine, NetworkError, QuicFacts, Refusal, TlsFacts, Transmission
from nra.testing.fake_control import FakeControl, FakeControlLine
from nra.testing.fake_load import FakeLoad, LoadScript
from nra.testing.impairment import Path, Peer
from nra.testing.manual_clock import ManualClock

LOCAL_ADDRESS = "192.0.2.10"
FIRST_PORT = 50000
TTL_ON_ARRIVAL = 64


def refusal(kind: FailureKind, operation: str = "receive", detail: str = "as the script says") -> Failure:
    """Return a failure for scripts."""
    return Failure(kind=kind, operation=operation, detail=detail)


@dataclass(slots=True)
class TcpScript:
    """How a TCP port behaves: what `exchange` answers (fixed, or made from the request), which TLS it speaks, or how it fails."""

    elapsed_ms: float = 10.0
    answer: bytes | Callable[[bytes], bytes] = b""
    tls: TlsFacts | Failure | None = None
    failure: Failure | None = None


@dataclass(slots=True)
class FakeNetwork:
    """Names, UDP peers and TCP scripts by hand; `up` and `down` impair every UDP packet and record it.

    What is not scripted behaves as in the wild: unknown names are not found, unscripted ports are silent.
    """

    clock: ManualClock = field(default_factory=ManualClock)
    names: dict[str, tuple[str, ...] | Failure] = field(default_factory=dict)
    udp: dict[tuple[str, int], Peer | Failure] = field(default_factory=dict)
    tcp: dict[tuple[str, int], TcpScript] = field(default_factory=dict)
    quic: dict[tuple[str, int], QuicFacts | Failure] = field(default_factory=dict)
    control: dict[tuple[str, int], FakeControl | Failure] = field(default_factory=dict)
    proxy_settings: tuple[ProxySetting, ...] = ()
    up: Path = field(default_factory=Path)
    down: Path = field(default_factory=Path)
    before_send: Callable[[int], None] = lambda _now_ns: None
    ports: "list[FakePort]" = field(default_factory=list)
    load: LoadScript = field(default_factory=LoadScript)
    loads: list[LoadOrder] = field(default_factory=list)

    def generate_load(self, order: LoadOrder) -> FakeLoad:
        """Begin the scripted load, which `loads` remembers."""
        self.loads.append(order)
        return FakeLoad(self.load, order, self.clock, self.up, self.down)

    async def sleep_until(self, time_ns: int) -> None:
        """Move the clock to the time."""
        self.clock.advance_to(time_ns)

    async def resolve(self, host: str, deadline_ns: int) -> tuple[str, ...]:
        """Return the scripted addresses; a numeric host is its own address. A resolver that is scripted silent takes all its time."""
        if host.replace(".", "").isdigit() or ":" in host:
            return (host,)
        found = self.names.get(host, refusal(FailureKind.NAME_NOT_FOUND, "resolve"))
        if isinstance(found, Failure):
            if found.kind is FailureKind.NAME_UNRESOLVED:
                self.clock.advance_to(deadline_ns)
            raise NetworkError(found)
        return found

    async def connect(self, address: str, port: int, deadline_ns: int) -> tuple[Connection, int]:
        """Connect as the script says; without one, wait for the deadline in vain."""
        script = self.tcp.get((address, port))
        if script is None:
            self.clock.advance_to(deadline_ns)
            raise NetworkError(refusal(FailureKind.NO_ANSWER, "connect", "no answer to SYN"))
        elapsed_ns = round(script.elapsed_ms * 1e6)
        self.clock.advance_to(self.clock.now_ns() + elapsed_ns)
        if script.failure is not None:
            raise NetworkError(script.failure)
        return FakeConnection(script), elapsed_ns

    def open_datagrams(self, address: str, port: int, *, channels: int = 1, dscp: int = 0, local_port: int = 0) -> DatagramPort:
        """Open scripted sockets."""
        peer = self.udp.get((address, port))
        if isinstance(peer, Failure) and peer.kind is FailureKind.UNREACHABLE:
            raise NetworkError(peer)
        made = FakePort(self, peer, address, port, channels, dscp, local_port or FIRST_PORT)
        self.ports.append(made)
        return made

    async def quic_handshake(self, address: str, port: int, server_name: str, deadline_ns: int) -> QuicFacts:
        """Shake hands as the script says; without one, or when it says silence, wait for the deadline in vain."""
        found = self.quic.get((address, port), refusal(FailureKind.NO_ANSWER, "quic handshake", "no answer"))
        if isinstance(found, Failure):
            if found.kind is FailureKind.NO_ANSWER:
                self.clock.advance_to(deadline_ns)
            raise NetworkError(found)
        self.clock.advance_to(self.clock.now_ns() + found.elapsed_ns)
        return found

    async def open_quic(self, address: str, access: ControlAccess, server_name: str, deadline_ns: int, *, dscp: int = 0) -> FakeControlLine:
        """Open a control channel as the script says; without one, or when it says silence, wait for the deadline in vain."""
        found = self.control.get((address, access.port), refusal(FailureKind.NO_ANSWER, "quic handshake", "no answer"))
        if isinstance(found, Failure):
            if found.kind is FailureKind.NO_ANSWER:
                self.clock.advance_to(deadline_ns)
            raise NetworkError(found)

        def datagrams() -> FakePort:
            self.ports.append(FakePort(self, found.peer, address, access.port, 1, dscp))
            return self.ports[-1]

        return found.opened(access, self.clock, datagrams)

    def proxies(self) -> tuple[ProxySetting, ...]:
        """Return the scripted settings."""
        return self.proxy_settings

    async def drive(self, machine: Machine, port: DatagramPort, stop: Callable[[], bool]) -> None:
        """Run the machine here and now on the manual clock."""
        drive(machine, port, self.clock, stop)


@dataclass(slots=True)
class FakeConnection:
    """A TCP connection that answers from its script."""

    script: TcpScript

    def local_address(self) -> str | None:
        """Return the address that all of the fake network's sockets have."""
        return LOCAL_ADDRESS

    async def secure(self, server_name: str, deadline_ns: int, pin: str | None = None) -> TlsFacts:
        """Return the scripted facts or raise the scripted failure."""
        if isinstance(self.script.tls, TlsFacts):
            return self.script.tls
        raise NetworkError(self.script.tls or refusal(FailureKind.TLS_FAILED, "tls handshake"))

    async def exchange(self, request: bytes, enough: Callable[[bytes], bool], deadline_ns: int) -> bytes:
        """Return the scripted answer."""
        answer = self.script.answer
        return answer if isinstance(answer, bytes) else answer(request)

    async def close(self) -> None:
        """Do nothing."""


class FakePort:
    """UDP sockets on the fake network; events wait on a heap until the clock reaches them."""

    def __init__(
        self, net: FakeNetwork, peer: Peer | Failure | None, address: str, port: int, channels: int, dscp: int, first_port: int = FIRST_PORT
    ) -> None:
        """Open it; `sent` keeps every transmission with its time."""
        self._net, self._peer, self._to = net, peer, (address, port)
        self._events: list[tuple[int, int, str, int, bytes]] = []
        self._order = count()
        self.channels = channels
        self.dscp = dscp
        self.first_port = first_port
        self.sent: list[tuple[int, Transmission]] = []
        self.closed = False

    @property
    def local_address(self) -> str:
        """The address of this end."""
        return LOCAL_ADDRESS

    def local_port(self, channel: int) -> int:
        """Return the port of one channel."""
        return self.first_port + channel

    def send(self, transmission: Transmission) -> None:
        """Put the datagram on the way up."""
        now_ns = self._net.clock.now_ns()
        self._net.before_send(now_ns)
        self.sent.append((now_ns, transmission))
        for left_ns in self._net.up.carry(transmission.payload, now_ns):
            self._push(left_ns, "up", transmission.channel, transmission.payload)

    def receive(self, until_ns: int) -> Sequence[Arrival | Refusal]:
        """Move the clock to the next arrival, or to `until_ns`."""
        while self._events and self._events[0][0] <= until_ns:
            at_ns, _, direction, channel, payload = heapq.heappop(self._events)
            self._net.clock.advance_to(at_ns)
            if direction == "down":
                return [self._arrival(at_ns, channel, payload)]
            if isinstance(self._peer, Failure):
                return [Refusal(channel=channel, failure=self._peer, read_ns=at_ns)]
            self._reflect(at_ns, channel, payload)
        self._net.clock.advance_to(until_ns)
        return ()

    def _reflect(self, at_ns: int, channel: int, payload: bytes) -> None:
        if self._peer is None or isinstance(self._peer, Failure):
            return
        reply = self._peer(payload, at_ns, (LOCAL_ADDRESS, self.local_port(channel)))
        if reply is not None:
            for left_ns in self._net.down.carry(reply, at_ns):
                self._push(left_ns, "down", channel, reply)

    def _arrival(self, at_ns: int, channel: int, payload: bytes) -> Arrival:
        return Arrival(
            channel=channel,
            payload=payload,
            received_ns=at_ns,
            read_ns=at_ns,
            stamp=StampKind.KERNEL,
            ttl=TTL_ON_ARRIVAL,
            tos=self.dscp << 2,
        )

    def _push(self, at_ns: int, direction: str, channel: int, payload: bytes) -> None:
        heapq.heappush(self._events, (at_ns, next(self._order), direction, channel, payload))

    def local_drops(self) -> int | None:
        """Return 0: nothing is dropped here."""
        return 0

    def clock_steps_ns(self) -> tuple[int, ...]:
        """Return no steps."""
        return ()

    def left_ns(self, channel: int) -> Sequence[int]:
        """Return nothing: this system has no stamps of what was sent."""
        return ()

    def equipment(self) -> Equipment:
        """Return nothing of note."""
        return Equipment()

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True
