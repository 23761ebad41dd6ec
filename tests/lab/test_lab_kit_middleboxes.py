"""The boxes in the middle, seen by plain sockets with and without them."""

import socket
import ssl
from typing import Final

import pytest
from lab_middleboxes import INTERCEPTOR_CA, PORTAL, Manner, hold_captive, intercept_tls, proxy_tcp, trusted
from lab_peers import API, APPS, CA_NAME, start_nginx
from lab_plain import PROGRAM_S, Seen, dns, issuer, tcp
from lab_world import MIDDLE_ADDRESS, SERVER_ADDRESS, SERVER_ADDRESS_6, World

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

both_families = pytest.mark.parametrize("address", [SERVER_ADDRESS, SERVER_ADDRESS_6], ids=["IPv4", "IPv6"])
REQUEST: Final = b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n"
NOBODY: Final = "10.71.9.9"
SILENCE_S: Final = 1.0


def asked(world: World, address: str, port: int, host: str = API) -> Seen:
    """Ask a web server for its page."""
    return tcp(world, address, port, REQUEST % host.encode("ascii"), PROGRAM_S)


@both_families
@pytest.mark.parametrize(("manner", "word"), [("silent", "silent"), ("close", "closed"), ("reset", "ECONNRESET")])
def test_every_handshake_is_completed(world: World, address: str, manner: Manner, word: str) -> None:
    """Whoever is asked, and whether or not he exists: a port that was refused now connects, and then the box does as it is told."""
    assert tcp(world, address, 81).word == "ECONNREFUSED"
    proxy_tcp(world, manner)
    for host, port in ((address, 81), (address, 443), (NOBODY, 5061)):
        assert tcp(world, host, port, b"", patience_s=SILENCE_S if word == "silent" else PROGRAM_S).word == word


@both_families
def test_some_ports_are_relayed(world: World, address: str) -> None:
    """The server's own answer comes through the box on a relayed port, where nobody listens it does as its manner says."""
    start_nginx(world)
    proxy_tcp(world, "close", (443, 8443))
    assert issuer(world, address, 443, API, trusted(world, world.folder / "ca.pem")) == CA_NAME
    assert asked(world, address, 80) == tcp(world, address, 8443, b"", PROGRAM_S) == Seen("closed")


def test_the_middle_itself_is_left_alone(world: World) -> None:
    """Connections to the middle are its own affair."""
    proxy_tcp(world)
    assert tcp(world, MIDDLE_ADDRESS, 81) == Seen("ECONNREFUSED")


@both_families
def test_intercepted_tls(world: World, address: str) -> None:
    """For each name a certificate of the box's own CA, which a client verifies that trusts it, and no other does."""
    start_nginx(world)
    real = trusted(world, world.folder / "ca.pem")
    assert issuer(world, address, 443, API, real) == CA_NAME
    ca_file = intercept_tls(world)
    with pytest.raises(ssl.SSLCertVerificationError):
        issuer(world, address, 443, API, real)
    installed = trusted(world, world.folder / "ca.pem", ca_file)
    for name in (API, APPS, "elsewhere.example"):
        assert issuer(world, address, 443, name, installed) == INTERCEPTOR_CA


@pytest.mark.parametrize(("manner", "status"), [("relay", b"HTTP/1.1 204"), ("block", b"HTTP/1.1 403")])
def test_what_the_interceptor_answers(world: World, manner: str, status: bytes) -> None:
    """Relaying it hands on the server's answer, blocking its own page."""
    start_nginx(world)
    ca_file = intercept_tls(world, "relay" if manner == "relay" else "block")
    context = ssl.create_default_context(cafile=str(ca_file))
    with world.inside("client"):
        plain = socket.create_connection((SERVER_ADDRESS, 443), PROGRAM_S)
    with plain, context.wrap_socket(plain, server_hostname=API) as sock:
        sock.sendall(REQUEST % API.encode("ascii"))
        assert sock.recv(1000).startswith(status)


@both_families
def test_a_captive_portal(world: World, address: str) -> None:
    """All HTTP leads to the portal, whose name is known and whose page is there; TLS gets no answer."""
    start_nginx(world)
    assert asked(world, address, 80).octets.startswith(b"HTTP/1.1 301")
    assert tcp(world, address, 443, b"").word == "silent"
    hold_captive(world)
    redirected = asked(world, address, 80).octets
    assert redirected.startswith(b"HTTP/1.1 302")
    assert f"\r\nLocation: http://{PORTAL}/login\r\n".encode("ascii") in redirected
    names = {name: dns(world, MIDDLE_ADDRESS, name) for name in (API, PORTAL)}
    assert {name: [record.address for record in known.addresses] for name, known in names.items() if known} == {
        API: [SERVER_ADDRESS],
        PORTAL: [MIDDLE_ADDRESS],
    }
    assert asked(world, MIDDLE_ADDRESS, 80, PORTAL).octets.startswith(b"HTTP/1.1 200")
    assert tcp(world, address, 443) == Seen("no handshake")
