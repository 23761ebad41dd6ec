"""TCP and TLS on loopback: every step has a deadline, every failure its kind, a refused certificate its issuer."""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from loopback import tcp_server

from nra.model.failure import FailureKind
from nra.model.observation import Trust
from nra.net.clock import SystemClock
from nra.net.ports import NetworkError, TlsFacts
from nra.net.streams import MOST_BYTES, TcpConnection, open_tcp
from nra.net.tls_server import load_identity
from nra.wire.http import is_head_complete
from nra.wire.x509 import subject_public_key_info

CLOCK = SystemClock()
MS = 1_000_000
CERTIFICATE = Path(__file__).parents[1] / "vectors" / "tls-self-signed.pem"
NAME = "server.example"
ISSUER = "DE, Example Proxy, Proxy CA"
DER = load_identity(CERTIFICATE, None).certificate
PIN = hashlib.sha256(subject_public_key_info(DER)).hexdigest()

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


def secure(ms: int = 5000, name: str = NAME, pin: str | None = None) -> Callable[[TcpConnection], Awaitable[object]]:
    """Return a handshake with a deadline."""
    return lambda connection: connection.secure(name, CLOCK.now_ns() + ms * MS, pin)


def exchange(ms: int = 5000) -> Callable[[TcpConnection], Awaitable[object]]:
    """Return an HTTP exchange with a deadline."""
    return lambda connection: connection.exchange(b"HEAD / HTTP/1.1\r\n\r\n", is_head_complete, CLOCK.now_ns() + ms * MS)


def once(sock: socket.socket) -> None:
    """Shake hands and read what comes."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CERTIFICATE)
    with server.wrap_socket(sock, server_side=True) as secured:
        while request := secured.recv(100):
            secured.sendall(request.upper())


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """The self-signed certificate is a public root; the system trusts nobody."""
    monkeypatch.setattr("certifi.where", lambda: str(CERTIFICATE))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The self-signed certificate is a root that was installed on this workstation."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


def counting(serve: Serve) -> tuple[list[int], Serve]:
    """Return the server with a list that grows by each connection."""
    connections: list[int] = []

    def counted(sock: socket.socket) -> None:
        connections.append(sock.fileno())
        serve(sock)

    return connections, counted


def facts_of(found: object) -> TlsFacts:
    """Return what is facts."""
    assert isinstance(found, TlsFacts)
    return found


def test_a_certificate_that_nobody_here_trusts_is_named() -> None:
    """Who intercepts is told by the issuer of what was shown (contract 4.4: issuer named)."""
    kind, detail = failure_of(tls, secure())
    assert kind is FailureKind.TLS_UNTRUSTED
    assert detail == f"self-signed certificate; issued by {ISSUER}"


@pytest.mark.usefixtures("public")
def test_what_a_good_handshake_shows() -> None:
    """Version, issuer and fingerprint, and that public roots verified it, on the first connection."""
    connections, serve = counting(once)
    facts = facts_of(opened(serve, secure()))
    assert (facts.version, facts.issuer, facts.trust) == ("TLSv1.3", ISSUER, Trust.PUBLIC)
    assert facts.certificate_sha256 == hashlib.sha256(DER).hexdigest()
    assert len(connections) == 1


@pytest.mark.usefixtures("installed")
def test_a_root_that_was_installed_here() -> None:
    """Only the workstation's own store verifies it: facts, not an error, that say so; the connection can be used all the same."""

    async def talk(connection: TcpConnection) -> tuple[object, bytes]:
        facts = await connection.secure(NAME, CLOCK.now_ns() + 5000 * MS)
        return facts, await connection.exchange(b"hello", bool, CLOCK.now_ns() + 5000 * MS)

    found = opened(once, talk)
    assert isinstance(found, tuple)
    assert (facts_of(found[0]).trust, facts_of(found[0]).issuer) == (Trust.SYSTEM, ISSUER)
    assert found[1] == b"HELLO"


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("name", ["api.example", "192.0.2.1"])
def test_a_certificate_of_another_name(name: str) -> None:
    """Trusted, but not for the host that was asked for: somebody else answers, and no other roots would mend that."""
    connections, serve = counting(once)
    kind, detail = failure_of(serve, secure(name=name))
    assert kind is FailureKind.TLS_UNTRUSTED
    assert detail.endswith(f"; issued by {ISSUER}")
    assert len(connections) == 2  # the handshake, and one to see the certificate


@pytest.mark.usefixtures("installed")
def test_a_certificate_of_another_name_under_an_installed_root() -> None:
    """What the second set of roots says is the failure: the chain holds, the name does not."""
    kind, detail = failure_of(once, secure(name="api.example"))
    assert kind is FailureKind.TLS_UNTRUSTED
    assert "api.example" in detail


def test_an_outdated_certificate_is_no_interception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More often this workstation's clock is wrong than a certificate forged; the issuer is named all the same."""
    pytest.importorskip("aioquic")
    from quic_world import issue

    outdated = issue(NAME, days=-1)
    monkeypatch.setattr("certifi.where", lambda: outdated.trusted_in(tmp_path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(outdated.written_to(tmp_path))

    def serve(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secured:
            secured.recv(100)

    assert failure_of(serve, secure()) == (FailureKind.TLS_FAILED, "certificate has expired; issued by Test Root")


@pytest.mark.parametrize(
    ("then", "ms", "why"), [(lambda _: None, 5000, ""), (silence, 3000, "connected, then silence")], ids=["cut", "silent"]
)
def test_roots_of_which_only_the_first_could_be_tried(then: Serve, ms: int, why: str) -> None:
    """A server that answers one connection only: the public roots' word stands, by the deadline, and that the others were not tried."""
    handshakes: list[int] = []

    def only_once(sock: socket.socket) -> None:
        handshakes.append(1)
        (tls if len(handshakes) == 1 else then)(sock)

    began_ns = CLOCK.now_ns()
    kind, detail = failure_of(only_once, secure(ms))
    assert kind is FailureKind.TLS_UNTRUSTED
    assert detail.startswith(f"self-signed certificate; issued by an unknown issuer; the system's own roots could not be tried ({why}")
    assert CLOCK.now_ns() - began_ns < (ms + 2000) * MS


def test_a_trusted_key_needs_no_chain() -> None:
    """With the pin of its key a self-signed certificate is trusted, for any name; facts say by what."""
    for pin in (PIN, PIN.upper()):
        facts = facts_of(opened(once, secure(name="api.example", pin=pin)))
        assert (facts.trust, facts.issuer, facts.version) == (Trust.PIN, ISSUER, "TLSv1.3")


@pytest.mark.usefixtures("public")
def test_another_key_is_refused_whatever_its_chain() -> None:
    """Both fingerprints by their first 16 digits, and who issued what was shown."""
    kind, detail = failure_of(once, secure(pin="ab" * 32))
    assert kind is FailureKind.TLS_UNTRUSTED
    assert detail == f"key abababababababab expected, shown was {PIN[:16]}; issued by {ISSUER}"


def test_public_roots_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A broken installation is this workstation's failure, told as such."""
    monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "none.pem"))
    assert failure_of(tls, secure())[0] is FailureKind.LOCAL


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

    async def ask(connection: TcpConnection) -> object:
        async with asyncio.timeout(5):
            while not connection._reader._buffer:  # type: ignore[attr-defined] # noqa: ASYNC110 - until what is said has come
                await asyncio.sleep(0.001)
        return await exchange(80)(connection)

    kind, detail = failure_of(saying(b"HTTP"), ask)
    assert (kind, detail) == (FailureKind.NO_ANSWER, "connected, then silence after 4 bytes")


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """Nobody fills this workstation's memory."""

    def endless(sock: socket.socket) -> None:
        while True:
            sock.sendall(bytes(65_536))

    answer = opened(endless, lambda connection: connection.exchange(b"x", lambda _: False, CLOCK.now_ns() + 5000 * MS))
    assert isinstance(answer, bytes)
    assert MOST_BYTES <= len(answer) < 2 * MOST_BYTES


def test_an_address_of_no_interface() -> None:
    """A zone that does not exist is the workstation's failure; nothing is left open."""
    with pytest.raises(NetworkError, match="connect"):
        asyncio.run(open_tcp(CLOCK, "fe80::1%no-such-interface", 9, CLOCK.now_ns() + 1000 * MS))
