"""A world with everything that answers in a region: each server once, by plain means, over both families."""

from itertools import product
from typing import Final

import pytest
from lab_dns import only, zone
from lab_everything import start_everything, start_responders
from lab_filters import without_ipv4
from lab_peers import API, APPS, BEACON_PORT, CA_NAME, FIRST, GOOGLE_PORT, HOSTS, KINESIS_PORT, SECOND, STUN_PORT
from lab_plain import PROGRAM_S, dns, issuer, stun, tcp, udp, udp_socket
from lab_world import CLIENT_ADDRESS, CLIENT_ADDRESS_6, MIDDLE_ADDRESS, MIDDLE_ADDRESS_6, PORT, World

from nra.wire.dns import RecordType

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

NTP_REQUEST: Final = b"\x23" + bytes(47)  # version 4, client (RFC 5905 7.3)
NTP_SERVER: Final = 4
QUIC_PROBE: Final = b"\xc0\x1a\x2a\x3a\x4a\x08" + bytes(8) + b"\x08" + bytes(8) + bytes(1177)  # a reserved version (RFC 9000 15)
NEGOTIATION: Final = bytes(4)  # the version that stands in a Version Negotiation packet (RFC 9000 17.2.1)
REDIRECT: Final = b"HTTP/1.1 301"
STUN_SERVERS: Final = (*product((*FIRST, *SECOND), (STUN_PORT,)), *product(SECOND, (GOOGLE_PORT, KINESIS_PORT)))


def test_everything_answers(world: World) -> None:
    """Web, TLS, QUIC, names, time, STUN and the beacon, each in its own protocol, at both of its addresses."""
    roots = str(start_everything(world))
    for address in FIRST:
        assert udp(world, address, BEACON_PORT, b"echo", PROGRAM_S).octets == b"echo"
        assert udp(world, address, 123, NTP_REQUEST, PROGRAM_S).octets[0] & 7 == NTP_SERVER
        assert udp(world, address, 443, QUIC_PROBE, PROGRAM_S).octets[1:5] == NEGOTIATION
        assert tcp(world, address, 80, b"HEAD / HTTP/1.0\r\n\r\n", PROGRAM_S).octets.startswith(REDIRECT)
        assert issuer(world, address, 443, API, roots) == issuer(world, address, 443, APPS, roots) == CA_NAME
    for address, port in STUN_SERVERS:
        with udp_socket(world, address) as sock:
            assert stun(sock, address, port).address == (CLIENT_ADDRESS_6 if ":" in address else CLIENT_ADDRESS)
    for resolver, name in product((*FIRST, MIDDLE_ADDRESS, MIDDLE_ADDRESS_6), HOSTS):
        answers = [dns(world, resolver, name, kind) for kind in (RecordType.A, RecordType.AAAA)]
        assert tuple(record.address for answer in answers if answer for record in answer.addresses) == HOSTS[name]


def test_everything_over_ipv6_alone(world: World) -> None:
    """Names that have AAAA records only, asked of the resolver's IPv6 address, in a client without IPv4."""
    without_ipv4(world)
    start_everything(world, MIDDLE_ADDRESS_6, zone(only("AAAA", HOSTS)))
    known = dns(world, MIDDLE_ADDRESS_6, API, RecordType.AAAA)
    assert known is not None
    assert [record.address for record in known.addresses] == [FIRST[1]]
    assert issuer(world, FIRST[1], 443, API, str(world.folder / "ca.pem")) == CA_NAME
    assert tcp(world, FIRST[0], 443).word == "ENETUNREACH"


def test_responders(world: World) -> None:
    """Our own program under the lab's certificate, voice's port included."""
    start_responders(world)
    for address in FIRST:
        assert issuer(world, address, 443, API, str(world.folder / "ca.pem")) == CA_NAME
        assert udp(world, address, PORT, bytes(44), PROGRAM_S).word == "answered"
        with udp_socket(world, address) as sock:
            assert stun(sock, address, GOOGLE_PORT)
