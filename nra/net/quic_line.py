"""Our end of a reflector's control channel: the pinned key is seen before the token is shown, and every question has a deadline."""

import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from nra.model.failure import Failure, FailureKind
from nra.model.plan import ControlAccess
from nra.net.abandon import in_thread
from nra.net.ports import Arrival, DatagramPort, Network, NetworkError, Refusal, Transmission
from nra.net.quic import importing_aioquic
from nra.net.quic_port import CONTROL, HANDSHAKE, QuicPort
from nra.net.quic_trust import peer_certificate
from nra.net.trust import unlike_pin
from nra.wire import control
from nra.wire.control import Refused, Request, Told
from nra.wire.control_token import control_token
from nra.wire.errors import MalformedMessage

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicConnection

IDLE_S: Final = 30.0
FRAME_BYTES: Final = 1500


class Awaiting:
    """The machine that waits: the port drives its connection until `done` says so, it fails, or the deadline is reached."""

    def __init__(self, port: QuicPort, done: Callable[[], bool], deadline_ns: int) -> None:
        """Wait from now on."""
        self._port, self._done, self._deadline_ns = port, done, deadline_ns
        self._over = False

    def next_due_ns(self) -> int | None:
        """Return the deadline, None once there is nothing to wait for."""
        return None if self._over or self._done() or self._port.failure is not None else self._deadline_ns

    def transmit(self, now_ns: int) -> Transmission | None:
        """Send nothing; see whether time is up."""
        self._over = now_ns >= self._deadline_ns
        return None

    def arrived(self, arrival: Arrival) -> None:
        """Let a late datagram go by."""

    def refused(self, refusal: Refusal) -> None:
        """Leave it to the port."""

    def send_failed(self, transmission: Transmission, failure: Failure) -> None:
        """Nothing was sent."""


class QuicLine:
    """One connection to a reflector."""

    def __init__(self, net: Network, port: QuicPort) -> None:
        """Take a port whose connection has not begun."""
        self._net, self._port = net, port

    async def ask(self, request: Request, deadline_ns: int) -> Told:
        """Return the answer to a request; raises NetworkError, also for a refusal."""
        port = self._port
        stream = port.request(control.encode(request))
        await self.wait(lambda: stream in port.answers, deadline_ns)
        try:
            answer = control.decode_answer(port.answers.pop(stream))
        except MalformedMessage as error:
            raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation=CONTROL, detail=str(error))) from error
        if isinstance(answer, Refused):
            raise NetworkError(Failure(kind=FailureKind.REFUSED, operation=CONTROL, detail=answer.why))
        return answer

    async def wait(self, done: Callable[[], bool], deadline_ns: int) -> None:
        """Wait until it is so; raises NetworkError at the deadline, or when the connection ends before."""
        await self._net.drive(Awaiting(self._port, done, deadline_ns), self._port, lambda: False)
        if not done():
            raise NetworkError(self._port.failure or self._port.silence())

    def datagrams(self) -> DatagramPort:
        """Return the way for datagrams, closed with the line."""
        return self._port

    def close(self) -> None:
        """Close the connection."""
        self._port.close()


async def open_line(net: Network, address: str, access: ControlAccess, server_name: str, deadline_ns: int, dscp: int) -> QuicLine:
    """Open a reflector's control channel, whose key must be the pinned one, and say who we are; raises NetworkError."""
    peer = (address, access.port)
    connection = await in_thread(lambda: new_connection(server_name, peer), "nra-aioquic")  # imports for 200 ms
    under = net.open_datagrams(address, access.port, dscp=dscp)
    port = QuicPort(connection, under, net.clock, peer, net.clock.now_ns())
    line = QuicLine(net, port)
    try:
        await line.wait(lambda: port.is_up, deadline_ns)
        failure = unlike_pin(peer_certificate(connection), access.pin)
        if failure is not None:
            raise NetworkError(replace(failure, operation=HANDSHAKE))
        await line.ask(control.Hello(token=control_token(access.key).hex()), deadline_ns)
    except BaseException:
        line.close()
        raise
    return line


def new_connection(server_name: str, peer: tuple[str, int]) -> "QuicConnection":
    """Return a client's connection, its first flight ready at time 0; raises NetworkError where aioquic is not installed."""
    with importing_aioquic():
        from aioquic.quic.configuration import QuicConfiguration
        from aioquic.quic.connection import QuicConnection
        from aioquic.quic.packet import QuicProtocolVersion
    configuration = QuicConfiguration(
        alpn_protocols=[control.ALPN],
        server_name=server_name,
        idle_timeout=IDLE_S,
        max_datagram_frame_size=FRAME_BYTES,
        supported_versions=[QuicProtocolVersion.VERSION_1],
        verify_mode=ssl.CERT_NONE,  # the pin is compared before anything is said
    )
    connection = QuicConnection(configuration=configuration)
    connection.connect(peer, now=0.0)
    return connection
