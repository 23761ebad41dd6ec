"""Real sockets on loopback for tests: an echo in a thread, and whether this machine has IPv6."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from nra.net.ports import Arrival, DatagramPort, Refusal
from nra.net.server import every_address

NO_IPV6 = pytest.mark.skipif("::" not in every_address(), reason="no IPv6 here")
LOOPBACKS = ["127.0.0.1", pytest.param("::1", marks=NO_IPV6)]


def family(address: str) -> socket.AddressFamily:
    """Return the address family."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@contextmanager
def udp_server(address: str, answer: Callable[[bytes], bytes | None] = lambda payload: payload) -> Iterator[int]:
    """Yield the port of a UDP server that answers in a thread; an empty datagram ends it."""
    with socket.socket(family(address), socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))
        sock.settimeout(10)
        port = int(sock.getsockname()[1])

        def serve() -> None:
            while True:
                payload, source = sock.recvfrom(2000)
                if not payload:
                    return
                reply = answer(payload)
                if reply is not None:
                    sock.sendto(reply, source)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield port
        finally:
            with socket.socket(family(address), socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", (address, port))
            thread.join(5)
            assert not thread.is_alive()


@contextmanager
def tcp_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Yield the port of a TCP server that hands each connection to `serve` in a thread, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        serve(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@contextmanager
def no_listener() -> Iterator[int]:
    """Yield a TCP and UDP port at which nobody listens: TCP's is bound, so that nobody is given it meanwhile."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield int(sock.getsockname()[1])


def received(port: DatagramPort, now_ns: Callable[[], int], count: int = 1, within_ns: int = 5_000_000_000) -> Sequence[Arrival | Refusal]:
    """Return the next events of a port, at least so many unless time runs out."""
    events: list[Arrival | Refusal] = []
    until_ns = now_ns() + within_ns
    while len(events) < count and now_ns() < until_ns:
        events += port.receive(until_ns)
    return events
