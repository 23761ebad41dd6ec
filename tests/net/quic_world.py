"""A QUIC server of aioquic's on a network of functions: exact to the nanosecond, and every datagram can be meddled with."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nra.model.failure import Failure
from nra.model.sample import StampKind
from nra.net.ports import Arrival, Refusal, Transmission
from nra.testing.fake_network import FakeNetwork

NAME: Final = "quic.example"
ADDRESS: Final = "192.0.2.1"
ONE_WAY_NS: Final = 10_000_000
CA: Final = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test Root")])


@dataclass(frozen=True, slots=True)
class Identity:
    """A server's certificate and key, and the root that issued it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    root: x509.Certificate

    def trusted_in(self, folder: Path) -> str:
        """Write the root to a file and return its path."""
        path = folder / "root.pem"
        path.write_bytes(self.root.public_bytes(Encoding.PEM))
        return str(path)

    def written_to(self, folder: Path) -> Path:
        """Write certificate and key to one file and return its path."""
        path = folder / "identity.pem"
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM) + key)
        return path


def issue(name: str = NAME, *, days: int = 1, more_names: int = 0) -> Identity:
    """Make a root and a certificate for the name, valid until so many days from now; each further name makes it larger."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.DNSName(name), *(x509.DNSName(f"{number:060}.{name}") for number in range(more_names))])
    root = _signed(CA, root_key, root_key, 1, x509.BasicConstraints(ca=True, path_length=None))
    return Identity(_signed(subject, key, root_key, days, x509.BasicConstraints(ca=False, path_length=None), names), key, root)


def _signed(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, days: int, *extensions: x509.ExtensionType
) -> x509.Certificate:
    end = datetime.now(UTC) + timedelta(days=days)
    builder = x509.CertificateBuilder(CA, subject, key.public_key(), x509.random_serial_number(), end - timedelta(days=9), end)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(by, hashes.SHA256())


@dataclass(slots=True)
class Server:
    """A server of one connection; `greet` is called when it exists, before it answers."""

    identity: Identity
    alpn: str = "h3"
    greet: Callable[[QuicConnection], None] = lambda _: None
    connection: QuicConnection | None = None
    events: list[QuicEvent] = field(default_factory=list)

    def __call__(self, datagram: bytes, now_s: float) -> list[bytes]:
        """Take a datagram in and return what it sends at once."""
        new = self.connection is None
        if self.connection is None:
            destination_id = datagram[6 : 6 + datagram[5]]  # RFC 9000 17.2
            configuration = QuicConfiguration(is_client=False, alpn_protocols=[self.alpn])
            configuration.certificate, configuration.private_key = self.identity.certificate, self.identity.key
            self.connection = QuicConnection(configuration=configuration, original_destination_connection_id=destination_id)
        self.connection.receive_datagram(datagram, "client", now=now_s)
        if new:
            self.greet(self.connection)
        while (event := self.connection.next_event()) is not None:
            self.events.append(event)
        return [packet for packet, _ in self.connection.datagrams_to_send(now=now_s)]


Peer = Callable[[bytes, float], list[bytes]]


@dataclass(slots=True)
class QuicNetwork(FakeNetwork):
    """The fake network whose UDP sockets lead to a peer that may send several datagrams for one; every way takes 10 ms."""

    peer: Peer | Failure = lambda _datagram, _now_s: []
    opened: "list[QuicPort]" = field(default_factory=list)

    def open_datagrams(self, address: str, port: int, *, channels: int = 1, dscp: int = 0, local_port: int = 0) -> Any:
        """Open a socket to the peer."""
        made = QuicPort(self)
        self.opened.append(made)
        return made


class QuicPort:
    """A socket on the manual clock."""

    def __init__(self, net: QuicNetwork) -> None:
        """Open it; `sent_ns` keeps when something was sent."""
        self._net = net
        self._events: list[tuple[int, int, bytes | Failure]] = []
        self._order = count()
        self.sent_ns: list[int] = []
        self.closed = False

    def send(self, transmission: Transmission) -> None:
        """Hand the datagram to the peer, whose answers are on their way."""
        now_ns = self._net.clock.now_ns()
        self.sent_ns.append(now_ns)
        peer = self._net.peer
        answers: Sequence[bytes | Failure] = (
            [peer] if isinstance(peer, Failure) else peer(transmission.payload, (now_ns + ONE_WAY_NS) / 1e9)
        )
        for answer in answers:
            heapq.heappush(self._events, (now_ns + 2 * ONE_WAY_NS, next(self._order), answer))

    def receive(self, until_ns: int) -> Sequence[Arrival | Refusal]:
        """Move the clock to the next event, or to `until_ns`."""
        if not self._events or self._events[0][0] > until_ns:
            self._net.clock.advance_to(until_ns)
            return ()
        at_ns, _, what = heapq.heappop(self._events)
        self._net.clock.advance_to(at_ns)
        if isinstance(what, Failure):
            return [Refusal(channel=0, failure=what, read_ns=at_ns)]
        return [Arrival(channel=0, payload=what, received_ns=at_ns, read_ns=at_ns, stamp=StampKind.KERNEL)]

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True
