"""Answers other than STAMP, for the self-test on loopback: STUN over UDP, HTTP over TCP."""

from collections.abc import Callable
from typing import Final

from nra.net.clock import SystemClock
from nra.net.server import ServerPort
from nra.net.tcp_server import TcpResponder
from nra.wire.errors import MalformedMessage
from nra.wire.http import is_head_complete
from nra.wire.stun import MessageType, TransportAddress, decode_message, encode_binding_success

GLANCE_S: Final = 0.2
HTTP_ANSWER: Final = b"HTTP/1.1 204 No Content\r\nServer: nra\r\nConnection: close\r\n\r\n"


def stun_answer(request: bytes, source: tuple[str, int]) -> bytes | None:
    """Return the success response to a Binding request, None for anything else; it is longer than the request, so loopback only."""
    try:
        message = decode_message(request)
    except MalformedMessage:
        return None
    if message.type != MessageType.REQUEST:
        return None
    return encode_binding_success(message.transaction, TransportAddress(*source))


def http_answer(received: bytes, source: tuple[str, int]) -> bytes | None:
    """Return an empty answer once the request's head is complete."""
    return HTTP_ANSWER if is_head_complete(received) else None


class StunResponder:
    """Answers Binding requests on one UDP port."""

    def __init__(self, address: str, port: int) -> None:
        """Bind; raises NetworkError. Port 0 lets the system choose."""
        self._port = ServerPort(SystemClock(), [(address, port)])
        self.bound_port: Final = self._port.bound[0][1]

    def run(self, stop: Callable[[], bool]) -> None:
        """Answer until `stop` says so; close the socket then."""
        try:
            while not stop():
                for datagram in self._port.receive(GLANCE_S):
                    answer = stun_answer(datagram.payload, datagram.source)
                    if answer is not None:
                        self._port.reply(datagram, answer, 0)
        finally:
            self._port.close()


def http_responder(address: str, port: int) -> TcpResponder:
    """Return a server that answers every request with 204; raises NetworkError."""
    return TcpResponder(address, port, http_answer)
