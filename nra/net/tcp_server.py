"""A small TCP server for responders: many ports in one thread, every connection with a deadline, all of them together with a limit."""

import asyncio
import contextlib
import selectors
import socket
import ssl
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from nra.net.failures import network_error
from nra.net.sockets import family_of, household, make_room, socket_address

READ_BYTES: Final = 4096
MOST_BYTES: Final = 8192  # of one request
PATIENCE_S: Final = 5.0  # for one connection from its first packet to its last, TLS included
MOST_CONNECTIONS: Final = 256
MOST_OF_ONE: Final = 64  # of one source, so that it takes several to lock all others out
GLANCE_S: Final = 0.2  # how long at most until a request to stop is noticed
BREATH_S: Final = 0.05  # when the system could not accept: no descriptor free, or the client is gone again
FAREWELL_S: Final = 0.5  # for closing politely

Respond = Callable[[bytes, tuple[str, int]], bytes | None]
"""From what came so far and from where to the whole answer, None while more is needed, nothing where none is due."""

Refuses = Callable[[str], str | None]
"""From a source address to the reason why its connection is closed at once, None when it is not."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket, who answers there, and under which TLS, if any."""

    sock: socket.socket
    respond: Respond
    tls: ssl.SSLContext | None


class TcpServer:
    """Accepts, reads until it can answer, answers, closes; `counters` says how often each thing happened."""

    def __init__(self, refuses: Refuses = lambda _: None) -> None:
        """Start without a port."""
        self._refuses = refuses
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[Listener] = []
        self._open: dict[asyncio.Task[None], str] = {}
        self._of_source: Counter[str] = Counter()
        self.counters: Counter[str] = Counter()

    def listen(self, address: str, port: int, respond: Respond, tls: ssl.SSLContext | None = None) -> tuple[str, int]:
        """Bind and return where; raises NetworkError. Port 0 lets the system choose.

        What serving needs of the system is taken with the first port: whoever listens is served.
        """
        try:
            sock = _listening(address, port)
            try:
                self._loop = self._loop or _loop()
            except OSError:
                sock.close()
                raise
        except OSError as error:
            raise network_error(error, "bind") from error
        self._listeners.append(Listener(sock, respond, tls))
        name = sock.getsockname()
        return str(name[0]), int(name[1])

    def close(self) -> None:
        """Close the ports; for a server that is not run."""
        for listener in self._listeners:
            listener.sock.close()
        if self._loop is not None:
            self._loop.close()

    def run(self, stop: Callable[[], bool]) -> None:
        """Serve until `stop` says so, or not at all without a port; close all sockets then."""
        loop = self._loop
        if loop is None:
            return
        make_room(MOST_CONNECTIONS + len(self._listeners))
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(self._serve(stop))
        finally:
            self.close()

    async def _serve(self, stop: Callable[[], bool]) -> None:
        asyncio.get_running_loop().set_exception_handler(self._note)
        accepting = [asyncio.create_task(self._accept(listener)) for listener in self._listeners]
        while not stop():  # noqa: ASYNC110 - another thread's word, not this loop's
            await asyncio.sleep(GLANCE_S)
        for task in (*accepting, *self._open):
            task.cancel()
        await asyncio.gather(*accepting, *self._open, return_exceptions=True)

    def _note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Count what asyncio would write on standard error: accidents of connections, none of which is ours."""
        self.counters["tcp_accidents"] += 1

    async def _accept(self, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, name = await loop.sock_accept(listener.sock)
            except OSError:
                await asyncio.sleep(BREATH_S)
                continue
            source = str(name[0]), int(name[1])
            reason = self._refuses(source[0]) or self._crowded(source[0])
            if reason is None:
                self._attend(listener, connection, source)
            else:
                self.counters[f"tcp_{reason}"] += 1
                connection.close()
            await asyncio.sleep(0)  # `sock_accept` lets nobody else have a turn while connections are waiting

    def _crowded(self, address: str) -> str | None:
        full = len(self._open) >= MOST_CONNECTIONS or self._of_source[household(address)] >= MOST_OF_ONE
        return "crowded" if full else None

    def _attend(self, listener: Listener, connection: socket.socket, source: tuple[str, int]) -> None:
        task = asyncio.create_task(self._converse(listener, connection, source))
        self.counters["tcp_accepted"] += 1
        self._open[task] = household(source[0])
        self._of_source[self._open[task]] += 1
        task.add_done_callback(self._forget)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        source = self._open.pop(task)
        self._of_source[source] -= 1
        if not self._of_source[source]:
            del self._of_source[source]

    async def _converse(self, listener: Listener, connection: socket.socket, source: tuple[str, int]) -> None:
        transport: asyncio.WriteTransport | None = None
        answer: bytes | None = None
        try:
            with contextlib.suppress(OSError):  # a deadline passed, the client reset the connection, or its TLS was none
                async with asyncio.timeout(PATIENCE_S):
                    transport, reader, writer = await _streams(connection, listener.tls)
                    answer = await _answer(reader, listener.respond, source)
                    writer.write(answer or b"")
                    await writer.drain()
                writer.close()
                async with asyncio.timeout(FAREWELL_S):
                    await writer.wait_closed()
        finally:
            self.counters["tcp_answered" if answer else "tcp_unanswered"] += 1
            if transport is None:
                connection.close()
            else:
                transport.abort()


def _loop() -> asyncio.AbstractEventLoop:
    """Return a new loop; raises OSError where too few descriptors are free, of which asyncio itself would leave a traceback behind."""
    with selectors.DefaultSelector():
        for end in socket.socketpair():
            end.close()
    return asyncio.new_event_loop()


def _listening(address: str, port: int) -> socket.socket:
    """Return a bound socket; not by `socket.create_server`, which adds to the system's reason."""
    sock = socket.socket(family_of(address), socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let others bind the same port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind(socket_address(address, port))
        sock.listen()
    except BaseException:
        sock.close()
        raise
    return sock


async def _streams(
    connection: socket.socket, tls: ssl.SSLContext | None
) -> tuple[asyncio.WriteTransport, asyncio.StreamReader, asyncio.StreamWriter]:
    """Shake hands if there is TLS, and return the connection's ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MOST_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    connection.setblocking(False)
    patience = {} if tls is None else {"ssl_handshake_timeout": PATIENCE_S, "ssl_shutdown_timeout": FAREWELL_S}
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=tls, **patience)
    return transport, reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _answer(reader: asyncio.StreamReader, respond: Respond, source: tuple[str, int]) -> bytes | None:
    received = b""
    while len(received) < MOST_BYTES:
        more = await reader.read(READ_BYTES)
        if not more:
            return None
        received += more
        answer = respond(received, source)
        if answer is not None:
            return answer
    return None
