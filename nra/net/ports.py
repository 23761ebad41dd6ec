"""What probes may ask of the outside world, as Protocols: the real system and the fake network both fit them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from nra.model.failure import Failure
from nra.model.load import LoadCounts
from nra.model.observation import Trust
from nra.model.plan import ControlAccess, LoadOrder
from nra.model.region import ProxySetting
from nra.model.sample import StampKind
from nra.wire.control import Request, Told


class NetworkError(Exception):
    """An operation failed; foreign exceptions are turned into this one at the line where the I/O happens."""

    def __init__(self, failure: Failure) -> None:
        """Carry the classified failure."""
        super().__init__(f"{failure.operation}: {failure.kind} ({failure.detail})")
        self.failure = failure


class Clock(Protocol):
    """Monotonic time on the line of Unix nanoseconds: anchored once, then never stepped."""

    def now_ns(self) -> int:
        """Return the time now in Unix nanoseconds; steps of the wall clock do not move it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """A datagram to send now, on one of the port's sockets."""

    channel: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A datagram received: `received_ns` by the best stamp there is, `read_ns` when this program saw it."""

    channel: int
    payload: bytes
    received_ns: int
    read_ns: int
    stamp: StampKind
    ttl: int | None = None
    tos: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The system reported an error on a channel instead of a datagram, such as an ICMP port unreachable."""

    channel: int
    failure: Failure
    read_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """How a port times and keeps datagrams: words for the run document, and the octets of arrivals that each socket may hold."""

    pacing: str = ""
    receive_buffer_bytes: int | None = None


class Machine(Protocol):
    """A protocol without input and output: time and bytes come in as arguments, packets come out."""

    def next_due_ns(self) -> int | None:
        """Return when it next wants to act, or None when it is done."""
        ...

    def transmit(self, now_ns: int) -> Transmission | None:
        """Return the next packet that is due at `now_ns`, or None."""
        ...

    def arrived(self, arrival: Arrival) -> None:
        """Take in one datagram."""
        ...

    def refused(self, refusal: Refusal) -> None:
        """Take in that the system reported an error on a channel."""
        ...

    def send_failed(self, transmission: Transmission, failure: Failure) -> None:
        """Take in that a packet could not be given to the network."""
        ...


class DatagramPort(Protocol):
    """A set of UDP sockets (channels) connected to one peer."""

    @property
    def local_address(self) -> str:
        """The address that this workstation sends from."""
        ...

    def local_port(self, channel: int) -> int:
        """Return the local port of one channel."""
        ...

    def send(self, transmission: Transmission) -> None:
        """Send one datagram; raises NetworkError."""
        ...

    def receive(self, until_ns: int) -> Sequence[Arrival | Refusal]:
        """Wait until something arrives or the time is reached."""
        ...

    def local_drops(self) -> int | None:
        """Return how many datagrams this workstation's own sockets dropped, or None where the system does not say."""
        ...

    def clock_steps_ns(self) -> tuple[int, ...]:
        """Return the steps of the wall clock noticed since the port was opened."""
        ...

    def left_ns(self, channel: int) -> Sequence[int]:
        """Return when each datagram that was sent on a channel left this workstation by the kernel's stamp, in order of sending.

        ABSENT where it did not say; empty where the system has no such stamps.
        """
        ...

    def equipment(self) -> Equipment:
        """Return how the port times and keeps datagrams."""
        ...

    def close(self) -> None:
        """Close the sockets."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFacts:
    """What a TLS handshake showed: version, the issuer's name, the certificate's SHA-256, what the chain was verified against."""

    version: str
    issuer: str | None
    certificate_sha256: str | None
    trust: Trust = Trust.PUBLIC


@dataclass(frozen=True, slots=True, kw_only=True)
class QuicFacts:
    """What a QUIC handshake showed, how long it took, and how many flights were sent until the first answer."""

    version: str
    alpn: str | None
    tls: TlsFacts
    elapsed_ns: int
    tries: int


class Connection(Protocol):
    """One TCP connection with a deadline for everything."""

    def local_address(self) -> str | None:
        """Return the address from which this workstation connected, None where the system does not say any more."""
        ...

    async def secure(self, server_name: str, deadline_ns: int, pin: str | None = None) -> TlsFacts:
        """Start TLS with the server's name and verify the chain; raises NetworkError.

        With `pin`, the SHA-256 of the SubjectPublicKeyInfo in hex, that key alone is trusted; else the public roots, then the system's.
        """
        ...

    async def exchange(self, request: bytes, enough: Callable[[bytes], bool], deadline_ns: int) -> bytes:
        """Send a request and read until `enough` says so or the peer closes; raises NetworkError."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


class ControlLine(Protocol):
    """A connection to a reflector that knows us: questions with a deadline, and datagrams beside them."""

    async def ask(self, request: Request, deadline_ns: int) -> Told:
        """Return the answer to a request; raises NetworkError, also for a refusal."""
        ...

    def datagrams(self) -> DatagramPort:
        """Return the way for datagrams in DATAGRAM frames (RFC 9221), closed with the line; those of a channel all have its SSID.

        What congestion control holds back is not sent: `send` raises NetworkError.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class LoadRun(Protocol):
    """A load generator at work in a process of its own, so that it makes no packet of voice late."""

    @property
    def counts(self) -> LoadCounts:
        """What was counted so far; complete once it is over."""
        ...

    @property
    def is_loading(self) -> bool:
        """Whether the reflector let the load begin."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        ...

    def let_go(self) -> None:
        """Have it end the load and tell what it counted."""
        ...

    def close(self) -> None:
        """End it at once."""
        ...


class Network(Protocol):
    """The outside world."""

    @property
    def clock(self) -> Clock:
        """The clock on which everything is timed."""
        ...

    async def sleep_until(self, time_ns: int) -> None:
        """Wait until the time on the clock."""
        ...

    async def resolve(self, host: str, deadline_ns: int) -> tuple[str, ...]:
        """Return the host's addresses, in the system's order of preference; raises NetworkError."""
        ...

    async def connect(self, address: str, port: int, deadline_ns: int) -> tuple[Connection, int]:
        """Open a TCP connection; return it and how many nanoseconds the handshake took; raises NetworkError."""
        ...

    def open_datagrams(self, address: str, port: int, *, channels: int = 1, dscp: int = 0, local_port: int = 0) -> DatagramPort:
        """Open connected UDP sockets, the first of them from `local_port` (0: the system chooses); raises NetworkError."""
        ...

    async def quic_handshake(self, address: str, port: int, server_name: str, deadline_ns: int) -> QuicFacts:
        """Do a QUIC handshake for HTTP/3 verified against public roots or the system's, and close at once; raises NetworkError."""
        ...

    async def open_quic(self, address: str, access: ControlAccess, server_name: str, deadline_ns: int, *, dscp: int = 0) -> ControlLine:
        """Open a reflector's control channel, whose key must be the pinned one, and say who we are; raises NetworkError."""
        ...

    def generate_load(self, order: LoadOrder) -> LoadRun:
        """Start a load generator; why it could not be started or came to nothing stands in its counts."""
        ...

    def proxies(self) -> tuple[ProxySetting, ...]:
        """Return the proxies that this workstation is set to use; may take two seconds, so not while packets are sent."""
        ...

    async def drive(self, machine: Machine, port: DatagramPort, stop: Callable[[], bool]) -> None:
        """Run the machine on the port until it is done or `stop` says so."""
        ...
