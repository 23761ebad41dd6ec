"""A small TCP server for responders: one connection after the other, each with a deadline."""

import contextlib
import select
import socket
from collections.abc import Callable
from typing import Final

from nra.net.failures import network_error
from nra.net.sockets import family_of, socket_address

READ_BYTES: Final = 4096
MOST_BYTES: Final = 16384
PATIENCE_S: Final = 1.0

Respond = Callable[[bytes, tuple[str, int]], bytes | None]
"""From what came so far and from where to the whole answer, None while more is needed."""


class TcpResponder:
    """Accepts, reads until it can answer, answers, closes."""

    def __init__(self, address: str, port: int, respond: Respond) -> None:
        """Bind; raises NetworkError. Port 0 lets the system choose."""
        self._respond = respond
        try:
            self._listener = socket.create_server(socket_address(address, port)[:2], family=family_of(address))
        except OSError as error:
            raise network_error(error, "bind") from error
        self._listener.setblocking(False)  # a client may be gone again between `select` and `accept`
        self.bound_port: Final = int(self._listener.getsockname()[1])

    def run(self, stop: Callable[[], bool], glance_s: float) -> None:
        """Serve until `stop` says so; close the socket then."""
        with self._listener:
            while not stop():
                readable, _, _ = select.select([self._listener], (), (), glance_s)
                if readable:
                    with contextlib.suppress(OSError):
                        connection, source = self._listener.accept()
                        with connection:
                            self._serve(connection, (str(source[0]), int(source[1])))

    def _serve(self, connection: socket.socket, source: tuple[str, int]) -> None:
        connection.settimeout(PATIENCE_S)
        received = b""
        while len(received) < MOST_BYTES:
            more = connection.recv(READ_BYTES)
            if not more:
                return
            received += more
            answer = self._respond(received, source)
            if answer is not None:
                connection.sendall(answer)
                return
