"""TCP and TLS on loopback: every step has a deadline, every failure its kind, a refused certificate its issuer."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from loopback import tcp_server

from nra.model.failure import FailureKind
from nra.net.clock import SystemClock
from nra.net.ports import NetworkError
from nra.net.streams import MOST_BYTES, TcpConnection, open_tcp
from nra.wire.http import is_head_complete

CLOCK = SystemClock()
MS = 1_000_000
CERTIFICATE = Path(__file__).parents[1] / "vectors" / "tls-self-signed.pem"
NAME = "server.example"

Serve = Callable[[socket.socket], None]


def opened(serve: Serve, use: Callable[[TcpConnection], Awaitable[object]]) -> object:
    """Return what `use` makes of a connection to the server."""

    async def run(port: int) -> object:
        connection, _ = await open_tcp(CLOCK, "127.0.0.1", port, CLOCK.now_ns() + 5000 * MS)
        try:
            return await use(connection)
        finally:
            await connection.close()

    with tcp_server(serve) as port:
        return asyncio.run(run(port))


def failure_of(serve: Serve, use: Callable[[TcpConnection], Awaitable[object]]) -> tuple[FailureKind, str]:
    """Return kind and detail of the failure in which it ends."""
    with pytest.raises(NetworkError) as caught:
        opened(serve, use)
    return caught.value.failure.kind, caught.value.failure.detail


def tls(sock: socket.socket) -> None:
    """Shake hands with the self-signed certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    with context.wrap_socket(sock, server_side=True) as secured:
        secured.recv(100)


def silence(sock: socket.socket) -> None:
    """Take what comes until the client goes."""
    while sock.recv(1000):
        pass


def saying(words: bytes) -> Serve:
    """Return a server that says this, whatever comes, and then nothing."""

    def say(sock: socket.socket) -> None:
        sock.sendall(words)
        silence(sock)

    return say


def secure(ms: int = 5000, name: str = NAME) -> Callable[[TcpConnection], Awaitable[object]]:
    """Return a handshake with a deadline."""
    return lambda connection: connection.secure(name, CLOCK.now_ns() + ms * MS)


def exchange(ms: int = 5000) -> Callable[[TcpConnection], Awaitable[object]]:
    """Return an HTTP exchange with a deadline."""
    return lambda connection: connection.exchange(b"HEAD / HTTP/1.1\r\n\r\n", is_head_complete, CLOCK.now_ns() + ms * MS)


def test_a_certificate_that_nobody_here_trusts_is_named() -> None:
    """Who intercepts is told by the issuer of what was shown (contract 4.4: issuer named)."""
    kind, detail = failure_of(tls, secure())
    assert kind is FailureKind.TLS_UNTRUSTED
    assert detail == "self-signed certificate; issued by DE, Example Proxy, Proxy CA"


def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the self-signed certificate."""
    create = ssl.create_default_context

    def trusted() -> ssl.SSLContext:
        context = create()
        context.load_verify_locations(CERTIFICATE)
        return context

    monkeypatch.setattr("nra.net.streams.ssl.create_default_context", trusted)


def test_what_a_good_handshake_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version, issuer and the certificate's SHA-256."""

    def once(sock: socket.socket) -> None:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(CERTIFICATE)
        with server.wrap_socket(sock, server_side=True) as secured:
            secured.recv(100)

    trusting(monkeypatch)
    facts = opened(once, secure())
    assert facts is not None
    assert (facts.version, facts.issuer) == ("TLSv1.3", "DE, Example Proxy, Proxy CA")  # type: ignore[attr-defined]
    assert len(facts.certificate_sha256 or "") == 64  # type: ignore[attr-defined]


def test_a_certificate_of_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trusted, but not for the host that was asked for: somebody else answers."""

    def once(sock: socket.socket) -> None:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(CERTIFICATE)
        with server.wrap_socket(sock, server_side=True) as secured:
            secured.recv(100)

    trusting(monkeypatch)
    kind, detail = failure_of(once, secure(name="api.example"))
    assert kind is FailureKind.TLS_UNTRUSTED
    assert "issued by DE, Example Proxy, Proxy CA" in detail


def test_a_server_that_is_no_tls_server() -> None:
    """It talks, but not TLS."""
    kind, _ = failure_of(saying(b"SSH-2.0-x\r\n" * 20), secure())
    assert kind is FailureKind.TLS_FAILED


def test_a_server_that_hangs_up_in_the_handshake() -> None:
    """A connection that is cut is a reset, as from a firewall that reads names in handshakes."""
    kind, _ = failure_of(lambda sock: None, secure())
    assert kind is FailureKind.RESET


def test_a_handshake_that_is_never_answered() -> None:
    """Connected, then silence: over by the deadline."""
    assert failure_of(silence, secure(80)) == (FailureKind.NO_ANSWER, "connected, then silence")


def test_an_exchange_is_read_until_enough() -> None:
    """In as many pieces as it comes, and no longer than needed: the server need not hang up."""

    def answer(sock: socket.socket) -> None:
        sock.recv(1000)
        for piece in (b"HTTP/1.1 2", b"04 No Content\r\n", b"\r\n"):
            sock.sendall(piece)
        silence(sock)

    assert opened(answer, exchange()) == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_an_exchange_ends_when_the_server_hangs_up() -> None:
    """What came until then is the answer."""

    def answer(sock: socket.socket) -> None:
        sock.recv(1000)
        sock.sendall(b"HTTP/1.1 2")

    assert opened(answer, exchange()) == b"HTTP/1.1 2"


def test_an_exchange_that_is_never_answered() -> None:
    """The words say how far it got."""
    kind, detail = failure_of(saying(b"HTTP"), exchange(80))
    assert (kind, detail) == (FailureKind.NO_ANSWER, "connected, then silence after 4 bytes")


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """Nobody fills this workstation's memory."""

    def endless(sock: socket.socket) -> None:
        while True:
            sock.sendall(bytes(65_536))

    answer = opened(endless, lambda connection: connection.exchange(b"x", lambda _: False, CLOCK.now_ns() + 5000 * MS))
    assert isinstance(answer, bytes)
    assert MOST_BYTES <= len(answer) < 2 * MOST_BYTES
