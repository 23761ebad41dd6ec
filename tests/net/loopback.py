"""Real sockets on loopback for tests: an echo in a thread, and whether this machine has IPv6."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

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
    """Yield a TCP and UDP port at which nobody listens, and which nobody is given meanwhile, who would answer in our place.

    TCP's is bound and does not listen; UDP's is bound and connected to itself, so that what comes from anybody else is refused.
    """
    addresses = [address for address in ("127.0.0.1", "::1") if family(address) == socket.AF_INET or "::" in every_address()]
    with ExitStack() as stack:
        port = 0
        while not port:
            port = _held(stack, addresses)
        yield port


def _held(stack: ExitStack, addresses: Sequence[str]) -> int:
    """Return a port that the stack holds at these addresses, 0 where somebody has it at one of them already."""
    with ExitStack() as taken:
        port = 0
        for address in addresses:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                sock = taken.enter_context(socket.socket(family(address), kind))
                try:
                    sock.bind((address, port))
                except OSError:
                    return 0
                port = int(sock.getsockname()[1])
                if kind is socket.SOCK_DGRAM:
                    sock.connect((address, port))
        stack.push(taken.pop_all())
    return port


def in_time(took_ns: Callable[[], int], most_ns: int, tries: int = 10) -> bool:
    """Tell whether it takes less than that, in one of several tries at least: what interrupts us lengthens one of them, a wait all."""
    return any(took_ns() < most_ns for _ in range(tries))


def received(port: DatagramPort, now_ns: Callable[[], int], count: int = 1, within_ns: int = 5_000_000_000) -> Sequence[Arrival | Refusal]:
    """Return the next events of a port, at least so many unless time runs out."""
    events: list[Arrival | Refusal] = []
    until_ns = now_ns() + within_ns
    while len(events) < count and now_ns() < until_ns:
        events += port.receive(until_ns)
    return events
