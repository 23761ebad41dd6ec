"""QUIC handshakes by aioquic's connection, driven as a machine (RFC 9000, RFC 9001)."""

import asyncio
import hashlib
import logging
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("aioquic")

from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted
from cryptography.hazmat.primitives.serialization import Encoding
from quic_world import ADDRESS, NAME, ONE_WAY_NS, Identity, QuicNetwork, Server, issue

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Trust
from nra.net.ports import NetworkError, QuicFacts
from nra.net.quic import shake_hands
from nra.net.quic_trust import system_roots
from nra.testing.fake_network import refusal

PATIENCE_NS: Final = 5_000_000_000
H3_NO_ERROR: Final = 0x100


@pytest.fixture(scope="module")
def identity() -> Identity:
    """One server's certificate for all tests."""
    return issue()


@pytest.fixture(autouse=True)
def trusted(identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's root is the only public one; the system trusts nobody."""
    path = identity.trusted_in(tmp_path)
    monkeypatch.setattr("certifi.where", lambda: path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))


def shaken(net: QuicNetwork, patience_ns: int = PATIENCE_NS) -> QuicFacts | Failure:
    """Return what came of a handshake."""
    try:
        return asyncio.run(shake_hands(net, ADDRESS, 443, NAME, net.clock.now_ns() + patience_ns))
    except NetworkError as error:
        return error.failure


def failed(net: QuicNetwork, patience_ns: int = PATIENCE_NS) -> Failure:
    """Return why a handshake was not completed; the deadline held, and the socket was closed."""
    start_ns = net.clock.now_ns()
    failure = shaken(net, patience_ns)
    assert isinstance(failure, Failure)
    assert net.clock.now_ns() - start_ns <= patience_ns
    assert all(port.closed for port in net.opened)
    return failure


def test_a_handshake_takes_one_round_trip(identity: Identity) -> None:
    """The facts are the server's; the time is from our first flight to the server's Finished (RFC 9001 4.1)."""
    net = QuicNetwork(peer=Server(identity))
    facts = shaken(net)
    assert isinstance(facts, QuicFacts)
    assert (facts.version, facts.alpn, facts.tls.version, facts.tls.issuer) == ("v1", "h3", "TLSv1.3", "Test Root")
    assert facts.tls.trust is Trust.PUBLIC
    assert facts.tls.certificate_sha256 == hashlib.sha256(identity.certificate.public_bytes(Encoding.DER)).hexdigest()
    assert (facts.elapsed_ns, facts.tries) == (2 * ONE_WAY_NS, 1)


def test_the_server_sees_a_whole_handshake_and_a_polite_end(identity: Identity) -> None:
    """Our Finished comes before CONNECTION_CLOSE with H3_NO_ERROR, and nobody waits for the draining (RFC 9000 10.2)."""
    server = Server(identity)
    net = QuicNetwork(peer=server)
    start_ns = net.clock.now_ns()
    shaken(net)
    assert net.clock.now_ns() == start_ns + 2 * ONE_WAY_NS
    assert net.opened[0].closed
    assert any(isinstance(event, HandshakeCompleted) for event in server.events)
    assert server.connection is not None
    server.connection.handle_timer(now=net.clock.now_ns() / 1e9 + 60)
    end = server.connection.next_event()
    while not isinstance(end, ConnectionTerminated):
        end = server.connection.next_event()
    assert end.error_code == H3_NO_ERROR


def test_a_lost_first_flight_is_sent_again(identity: Identity) -> None:
    """What did not arrive is repeated after 200 ms; the time counts from the first flight, as that of a browser would."""
    server = Server(identity)
    flights: list[bytes] = []

    def lossy(datagram: bytes, now_s: float) -> list[bytes]:
        flights.append(datagram)
        return server(datagram, now_s) if len(flights) > 1 else []

    facts = shaken(QuicNetwork(peer=lossy))
    assert isinstance(facts, QuicFacts)
    assert facts.tries == 2
    assert 200e6 < facts.elapsed_ns < 300e6


def test_another_root_is_an_interception() -> None:
    """A chain that nobody here trusts is told with its issuer's name (contract 4.4)."""
    failure = failed(QuicNetwork(peer=Server(issue())))
    assert failure.kind is FailureKind.TLS_UNTRUSTED
    assert failure.detail.endswith("; issued by Test Root")


def test_a_root_that_was_installed_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain that only the workstation's own store verifies is told by facts, from one handshake and without more time."""
    mine = issue()
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", mine.trusted_in(tmp_path / "own"))
    net = QuicNetwork(peer=Server(mine))
    facts = shaken(net)
    assert isinstance(facts, QuicFacts)
    assert (facts.tls.trust, facts.tls.issuer) == (Trust.SYSTEM, "Test Root")
    assert (facts.elapsed_ns, facts.tries, len(net.opened)) == (2 * ONE_WAY_NS, 1, 1)


def test_another_name_is_an_interception() -> None:
    """The certificate must be for the name that was asked for (RFC 9001 4.4)."""
    failure = failed(QuicNetwork(peer=Server(issue("other.example"))))
    assert failure.kind is FailureKind.TLS_UNTRUSTED
    assert "the certificate is not for quic.example" in failure.detail


def test_an_outdated_certificate_is_no_interception() -> None:
    """More often this workstation's clock is wrong than a certificate forged."""
    failure = failed(QuicNetwork(peer=Server(issue(days=-1))))
    assert (failure.kind, failure.detail) == (FailureKind.TLS_FAILED, "Certificate is no longer valid; issued by Test Root")


def test_a_server_that_does_not_speak_http_3(identity: Identity) -> None:
    """no_application_protocol ends the handshake (RFC 9001 8.1)."""
    failure = failed(QuicNetwork(peer=Server(identity, alpn="hq-interop")))
    assert failure.kind is FailureKind.TLS_FAILED


def test_a_server_that_refuses(identity: Identity) -> None:
    """CONNECTION_REFUSED was reached and rejected (RFC 9000 20.1); another transport error is no answer of the right kind."""
    for code, kind in ((0x02, FailureKind.REFUSED), (0x0A, FailureKind.WRONG_PROTOCOL)):
        server = Server(identity, greet=lambda connection, code=code: connection.close(error_code=code, frame_type=0))  # type: ignore[misc]
        failure = failed(QuicNetwork(peer=server))
        assert failure.kind is kind
        assert f"0x{code:x}" in failure.detail


def test_a_server_of_other_versions() -> None:
    """A list of versions without ours ends it at once (RFC 9000 6.2)."""

    def negotiate(datagram: bytes, now_s: float) -> list[bytes]:
        ours = datagram[15 : 15 + datagram[14]]
        theirs = datagram[6 : 6 + datagram[5]]
        return [b"\xc0\0\0\0\0" + bytes((len(ours),)) + ours + bytes((len(theirs),)) + theirs + b"\xff\0\0\x1d"]

    net = QuicNetwork(peer=negotiate)
    assert failed(net).kind is FailureKind.WRONG_PROTOCOL
    assert len(net.opened[0].sent_ns) == 1


def test_silence_ends_at_the_deadline() -> None:
    """At least three tries over at least 400 ms, then the deadline: silence is no answer (contract 4.4)."""
    net = QuicNetwork()
    start_ns = net.clock.now_ns()
    failure = failed(net)
    assert (failure.kind, failure.detail) == (FailureKind.NO_ANSWER, "5 tries, no answer")
    assert net.clock.now_ns() == start_ns + PATIENCE_NS
    assert net.opened[0].sent_ns[-1] - start_ns >= 400_000_000


def test_too_little_time_proves_nothing() -> None:
    """Two tries are no silence: it is this workstation that had no time for more."""
    failure = failed(QuicNetwork(), patience_ns=400_000_000)
    assert (failure.kind, failure.detail) == (FailureKind.LOCAL, "there was time for 2 tries only")


def test_silence_after_an_answer() -> None:
    """A server that falls silent in the middle of its first flight makes no handshake, and it takes no longer than silence."""
    server = Server(issue(more_names=20))
    failure = failed(QuicNetwork(peer=lambda datagram, now_s: server(datagram, now_s)[:1] if server.connection is None else []))
    assert (failure.kind, failure.detail) == (FailureKind.NO_ANSWER, "1 datagrams came, then silence")


def test_a_refusal_is_believed_at_the_third_try() -> None:
    """ICMP port unreachable to each of three tries ends it long before the deadline (contract 4.4)."""
    net = QuicNetwork(peer=refusal(FailureKind.REFUSED))
    start_ns = net.clock.now_ns()
    assert failed(net).kind is FailureKind.REFUSED
    assert 400e6 < net.clock.now_ns() - start_ns < 1000e6


@given(st.lists(st.binary(min_size=1, max_size=80) | st.binary(max_size=60).map(lambda tail: b"\xc0\0\0\0\1\0\0" + tail), max_size=4))
@settings(max_examples=30)
def test_rubbish_is_no_answer(datagrams: list[bytes]) -> None:
    """Whatever octets come back, the end is a failure within the deadline."""
    assert failed(QuicNetwork(peer=lambda _datagram, _now_s: datagrams), patience_ns=900_000_000).kind is FailureKind.NO_ANSWER


def test_nothing_is_sent_to_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket connected to one address must not carry what is meant for the one that a server prefers (RFC 9000 9.6)."""
    monkeypatch.setattr(QuicConnection, "datagrams_to_send", lambda *_, **__: [(b"x", ("203.0.113.1", 443))])
    net = QuicNetwork()
    failed(net)
    assert net.opened[0].sent_ns == []


def test_a_defect_of_the_library_is_a_result(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception out of aioquic ends the check, not the run."""

    def broken(*_: object, **__: object) -> None:
        raise AssertionError("buffer")

    monkeypatch.setattr(QuicConnection, "receive_datagram", broken)
    failure = failed(QuicNetwork(peer=lambda _datagram, _now_s: [b"x"]))
    assert (failure.kind, failure.detail) == (FailureKind.LOCAL, "aioquic: AssertionError: buffer")


def test_unreadable_public_roots_are_a_result(identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of roots that is none fails the check, not the run."""
    (tmp_path / "none.pem").write_text("no certificate", "ascii")
    monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "none.pem"))
    failure = failed(QuicNetwork(peer=Server(identity)))
    assert failure.kind is FailureKind.LOCAL
    assert failure.detail.startswith("aioquic: ")


def test_an_unreadable_store_trusts_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the public roots said stands, and that the system's own could not be tried."""
    (tmp_path / "none.pem").write_text("no certificate", "ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    failure = failed(QuicNetwork(peer=Server(issue())))
    assert failure.kind is FailureKind.TLS_UNTRUSTED
    assert "; the system's own roots could not be tried (" in failure.detail
    assert failure.detail.endswith("; issued by Test Root")


def test_without_a_store_nobody_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """aioquic takes certifi's roots where it is given none: that must not make a public root the system's."""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    assert set(system_roots()) == {"cafile", "capath", "cadata"}
    assert failed(QuicNetwork(peer=Server(issue()))).kind is FailureKind.TLS_UNTRUSTED


@pytest.mark.skipif(sys.platform == "win32", reason="the store itself is asked there")
def test_a_store_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows keeps its roots in no file: they are handed on in PEM, and verify as any others."""
    mine = issue()
    root = mine.root.public_bytes(Encoding.DER)
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        windows.setattr(ssl, "enum_certificates", lambda store: [(root, "x509_asn", True)] if store == "ROOT" else [], raising=False)
        roots = system_roots()
    assert list(roots) == ["cadata"]
    monkeypatch.setattr("nra.net.quic_trust.system_roots", lambda: roots)
    facts = shaken(QuicNetwork(peer=Server(mine)))
    assert isinstance(facts, QuicFacts)
    assert facts.tls.trust is Trust.SYSTEM


def test_without_aioquic_the_check_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed the observation is a failure of this workstation, before anything is sent."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "aioquic"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aioquic", None)
    net = QuicNetwork()
    failure = failed(net)
    assert (failure.kind, failure.detail, net.opened) == (FailureKind.LOCAL, "aioquic is not installed", [])


def test_the_library_is_silent_on_standard_error(identity: Identity) -> None:
    """Its warnings have somewhere to go that is not the user's screen."""
    failed(QuicNetwork(peer=Server(issue())))
    assert logging.getLogger("quic").handlers


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    """The network can be had without aioquic and cryptography."""
    code = "import sys, nra.net.system, nra.probes; sys.exit(bool({'aioquic', 'cryptography', 'OpenSSL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
