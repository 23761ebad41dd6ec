"""QUIC handshakes (RFC 9000, RFC 9001) by aioquic's connection, which has neither sockets nor a clock: ours drive it as a machine.

aioquic is an extra, imported only when a handshake is asked for: where its cryptography has no wheel all else works.
"""

import logging
import math
import ssl
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from nra.model.failure import Failure, FailureKind
from nra.net.abandon import in_thread
from nra.net.ports import Arrival, Network, NetworkError, QuicFacts, Refusal, Transmission
from nra.net.quic_trust import OPERATION, alerted, defect, peer_certificate, verified
from nra.net.trust import tls_facts

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicConnection
    from aioquic.quic.events import ConnectionTerminated

ALPN: Final = "h3"  # RFC 9114 3.1
NO_ERROR: Final = 0x100  # H3_NO_ERROR, RFC 9114 8.1
REFUSED: Final = 0x02  # CONNECTION_REFUSED, RFC 9000 20.1
TLS_ALERTS: Final = range(0x100, 0x200)  # CRYPTO_ERROR plus the alert, RFC 9000 20.1
LEAST_TRIES: Final = 3  # before silence means anything; aioquic sends at 0, 200, 600, 1400 ms (RFC 9002 6.2)


async def shake_hands(net: Network, address: str, port: int, server_name: str, deadline_ns: int) -> QuicFacts:
    """Do a handshake for HTTP/3, close at once and verify the chain; raises NetworkError, at the deadline at last."""
    peer = (address, port)
    connection = await in_thread(lambda: new_connection(server_name, peer), "nra-aioquic")  # imports for 200 ms: others shall not wait
    machine = Handshake(connection, peer, net.clock.now_ns(), deadline_ns)
    datagrams = net.open_datagrams(address, port)
    try:
        await net.drive(machine, datagrams, lambda: False)
    finally:
        datagrams.close()
    return await in_thread(lambda: machine.facts(server_name), "nra-aioquic")  # reads the roots: others shall not wait


def new_connection(server_name: str, peer: tuple[str, int]) -> "QuicConnection":
    """Return a client's connection of version 1, its first flight ready at time 0; raises NetworkError where aioquic is not installed."""
    with importing_aioquic():
        from aioquic.quic.configuration import QuicConfiguration
        from aioquic.quic.connection import QuicConnection
        from aioquic.quic.packet import QuicProtocolVersion
    logging.getLogger("quic").addHandler(logging.NullHandler())  # its warnings would end on standard error
    configuration = QuicConfiguration(alpn_protocols=[ALPN], server_name=server_name)
    configuration.supported_versions = [QuicProtocolVersion.VERSION_1]
    configuration.verify_mode = ssl.CERT_NONE  # done afterwards, see quic_trust.py; no application data is sent
    connection = QuicConnection(configuration=configuration)
    connection.connect(peer, now=0.0)
    return connection


@contextmanager
def importing_aioquic() -> Iterator[None]:
    """Import within the block; raises NetworkError where aioquic is not installed, or of no use."""
    try:
        yield
    except (ImportError, AttributeError) as error:  # AttributeError: pyOpenSSL beside a cryptography that is not its own
        missing = isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("aioquic")
        detail = "aioquic is not installed" if missing else f"aioquic cannot be imported: {error}"
        raise NetworkError(Failure(kind=FailureKind.LOCAL, operation="import", detail=detail)) from error


class Handshake:
    """A machine that drives one connection until its handshake is done, has failed, or the deadline is reached."""

    def __init__(self, connection: "QuicConnection", peer: tuple[str, int], start_ns: int, deadline_ns: int) -> None:
        """Take a connection whose time 0 is `start_ns`; nothing is sent yet."""
        self._connection = connection
        self._peer = peer
        self._start_ns, self._deadline_ns = start_ns, deadline_ns
        self._packets: deque[bytes] = deque()
        self._heard = 0
        self._tries = 0
        self._first_ns: int | None = None
        self._elapsed_ns: int | None = None
        self._alpn: str | None = None
        self._failure: Failure | None = None
        self._over = False

    def _now_s(self, time_ns: int) -> float:
        return (time_ns - self._start_ns) / 1e9

    def next_due_ns(self) -> int | None:
        """Return when the connection's timer fires or the deadline is reached; None when all is over."""
        if self._over:
            return None
        if self._first_ns is None:
            return self._start_ns  # its timers know nothing yet of the first flight
        timer_s = self._connection.get_timer()
        return self._deadline_ns if timer_s is None else min(self._deadline_ns, self._start_ns + math.ceil(timer_s * 1e9))

    def transmit(self, now_ns: int) -> Transmission | None:
        """Return the connection's next packet."""
        if not self._packets and not self._over:
            self._guarded(lambda: self._advance(now_ns))
        return Transmission(channel=0, payload=self._packets.popleft()) if self._packets else None

    def arrived(self, arrival: Arrival) -> None:
        """Hand a datagram to the connection."""
        if not self._over:
            self._heard += 1
            self._guarded(lambda: self._take_in(arrival))

    def refused(self, refusal: Refusal) -> None:
        """Remember the refusal; one ICMP message is no verdict, but one to the last of three tries is."""
        self._failure = refusal.failure
        self._over = self._over or self._tries >= LEAST_TRIES

    def send_failed(self, transmission: Transmission, failure: Failure) -> None:
        """Remember that a packet could not be sent."""
        self._failure = failure

    def facts(self, server_name: str) -> QuicFacts:
        """Return what the handshake showed; raises NetworkError when it was not completed, or not with whom it should."""
        if self._elapsed_ns is None:
            raise NetworkError(self._failure or self._silence())
        version = "TLSv1.3"  # no other is spoken over QUIC (RFC 9001 4.2)
        tls = tls_facts(version, peer_certificate(self._connection), verified(self._connection, server_name))
        return QuicFacts(version="v1", alpn=self._alpn, tls=tls, elapsed_ns=self._elapsed_ns, tries=self._tries)

    def _silence(self) -> Failure:
        if self._heard:
            return Failure(kind=FailureKind.NO_ANSWER, operation=OPERATION, detail=f"{self._heard} datagrams came, then silence")
        if self._tries < LEAST_TRIES:
            return Failure(kind=FailureKind.LOCAL, operation=OPERATION, detail=f"there was time for {self._tries} tries only")
        return Failure(kind=FailureKind.NO_ANSWER, operation=OPERATION, detail=f"{self._tries} tries, no answer")

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - others' code on others' octets: its defects are a result of this check, not our end
            self._end(defect(error))

    def _end(self, failure: Failure) -> None:
        self._failure, self._over = failure, True

    def _take_in(self, arrival: Arrival) -> None:
        self._connection.receive_datagram(arrival.payload, self._peer, now=self._now_s(arrival.read_ns))
        self._take_events(arrival.received_ns)

    def _advance(self, now_ns: int) -> None:
        if now_ns >= self._deadline_ns:
            self._over = True
            return
        self._first_ns = self._first_ns or now_ns
        now_s, timer_s = self._now_s(now_ns), self._connection.get_timer()
        if timer_s is not None and timer_s <= now_s:
            self._connection.handle_timer(now=now_s)
            self._take_events(now_ns)
        self._collect(now_s)
        if self._packets and not self._heard:
            self._tries += 1
        if self._elapsed_ns is not None:
            # Our Finished is under way. No draining (RFC 9000 10.2): the socket is closed, late packets meet nobody
            self._connection.close(error_code=NO_ERROR)
            self._collect(now_s)
            self._over = True

    def _collect(self, now_s: float) -> None:
        sent = self._connection.datagrams_to_send(now=now_s)
        self._packets += [packet for packet, to in sent if to == self._peer]  # not to an address that the server would prefer

    def _take_events(self, now_ns: int) -> None:
        from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted

        while (event := self._connection.next_event()) is not None:
            if isinstance(event, HandshakeCompleted):
                self._elapsed_ns, self._alpn = now_ns - (self._first_ns or self._start_ns), event.alpn_protocol
            elif isinstance(event, ConnectionTerminated):
                self._end(closed(event, peer_certificate(self._connection)))


def closed(event: "ConnectionTerminated", certificate: bytes | None) -> Failure:
    """Return the failure that the end of a connection during its handshake amounts to."""
    if event.error_code not in TLS_ALERTS:
        kind = FailureKind.REFUSED if event.error_code == REFUSED else FailureKind.WRONG_PROTOCOL
        return Failure(kind=kind, operation=OPERATION, detail=f"QUIC error 0x{event.error_code:x} {event.reason_phrase}".rstrip())
    alert = event.error_code - TLS_ALERTS.start
    return alerted(alert, event.reason_phrase or f"TLS alert {alert}", certificate)
