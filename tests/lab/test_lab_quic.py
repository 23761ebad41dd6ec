"""The checks of NTP, DNS and QUIC against chrony, unbound and caddy, and where nothing answers."""

import re
from pathlib import Path
from typing import Final

import pytest
from lab_dns import start_unbound
from lab_peers import API, APPS
from lab_services import ISSUER, ask, elapsed_s, start_caddy, start_chrony
from lab_trust import public_roots
from lab_world import SERVER_ADDRESS, SERVER_ADDRESS_6, World

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

both_families = pytest.mark.parametrize("address", [SERVER_ADDRESS, SERVER_ADDRESS_6], ids=["IPv4", "IPv6"])
SAME_CLOCK_MS: Final = 1.0  # what rounding, and a clock that is slewed meanwhile, may do to the difference of a clock to itself
DEADLINE_S: Final = 2.5
NOT_TOLD_S: Final = 5.0  # what a check may take that is not told its deadline


@both_families
def test_chrony_tells_the_time(world: World, address: str) -> None:
    """A server of stratum 8 on this very machine: the port is open, and the clocks agree (RFC 5905).

    Whatever a busy machine adds to the way there or to the way back shifts the offset by half of that: never by more than half the trip.
    """
    start_chrony(world)
    answer = ask(world, "ntp_query", address, 123)["value"]
    said = re.fullmatch(r"NTP stratum 8, clock offset ([+-][0-9.]+) ms", answer["said"])
    assert said, answer
    assert abs(float(said[1])) < answer["elapsed_ms"] / 2 + SAME_CLOCK_MS
    assert answer["address"] == address


def test_chrony_without_a_source(world: World) -> None:
    """A server that knows no time answers all the same, and no offset is made up (RFC 5905 7.3)."""
    start_chrony(world, more="")
    assert re.fullmatch("NTP stratum [0-9]+, not synchronized", ask(world, "ntp_query", SERVER_ADDRESS, 123)["value"]["said"])


@both_families
@pytest.mark.parametrize("probe", ["dns_query", "dns_query_tcp"])
def test_unbound_answers_over_udp_and_tcp(world: World, address: str, probe: str) -> None:
    """A name that the server knows, asked over both transports (RFC 1035, RFC 7766)."""
    start_unbound(world)
    world.names({"dns.example": address})
    answer = ask(world, probe, "dns.example", 53)["value"]
    assert (answer["address"], answer["said"]) == (address, "DNS answer with code 0 and 1 addresses")


@pytest.mark.parametrize("probe", ["dns_query", "dns_query_tcp"])
def test_unbound_answers_for_an_address(world: World, probe: str) -> None:
    """A server known by its address alone is asked for the name that leads back to it; any answer opens the port."""
    start_unbound(world)
    assert re.match("DNS answer with code [0-9]", ask(world, probe, SERVER_ADDRESS_6, 53)["value"]["said"])


@both_families
def test_caddy_negotiates_the_version(world: World, address: str) -> None:
    """Asked in a version that does not exist, a QUIC server names its own (RFC 9000 6.1)."""
    start_caddy(world, API)
    answer = ask(world, "quic_version", address, 443)["value"]
    assert re.match("QUIC version negotiation: .*v1", answer["said"])
    assert answer["address"] == address


@both_families
def test_a_handshake_with_caddy(world: World, address: str) -> None:
    """The whole handshake, verified through an intermediate to a public root (RFC 9001 4.4)."""
    root = start_caddy(world, API)
    world.names({API: address})
    observation = ask(world, "quic_handshake", API, 443, PYTHONPATH=public_roots(world.folder, Path(root)))
    answer = observation["value"]
    assert (answer["address"], answer["issuer"]) == (address, ISSUER)
    assert answer["said"] == f"QUIC v1, h3, TLS certificate issued by {ISSUER}"
    assert 0 < answer["elapsed_ms"] <= 1000 * elapsed_s(observation)


def test_a_root_that_nobody_trusts_is_an_interception(world: World) -> None:
    """The same server without its root anywhere: intercepted, issuer named (contract 4.4)."""
    start_caddy(world, API)
    world.names({API: SERVER_ADDRESS})
    failure = ask(world, "quic_handshake", API, 443)["failure"]
    assert failure["kind"] == "tls_untrusted"
    assert f"issued by {ISSUER}" in failure["detail"]


def test_a_name_that_the_server_does_not_serve(world: World) -> None:
    """The server refuses the handshake by an alert, which is no interception."""
    root = start_caddy(world, API)
    world.names({APPS: SERVER_ADDRESS})
    observation = ask(world, "quic_handshake", APPS, 443, PYTHONPATH=public_roots(world.folder, Path(root)))
    assert observation["failure"]["kind"] == "tls_failed"
    assert elapsed_s(observation) < NOT_TOLD_S


@pytest.mark.parametrize("probe", ["quic_version", "quic_handshake"])
def test_a_silent_port_ends_within_the_deadline(world: World, probe: str) -> None:
    """Every packet to UDP 443 is dropped, no answer, in bounded time (trap 8)."""
    start_caddy(world, API)
    world.names({API: SERVER_ADDRESS})
    world.drop("udp dport 443")
    observation = ask(world, probe, API, 443, DEADLINE_S)
    assert observation["failure"]["kind"] == "no_answer"
    assert re.search("[3-9] (tries|sent within 500 ms), no answer", observation["failure"]["detail"])
    assert elapsed_s(observation) < NOT_TOLD_S


@pytest.mark.parametrize(
    ("probe", "address"),
    [
        ("quic_version", SERVER_ADDRESS),
        ("ntp_query", SERVER_ADDRESS),
        ("quic_handshake", SERVER_ADDRESS),
        ("quic_handshake", SERVER_ADDRESS_6),
    ],
)
def test_a_port_at_which_nobody_listens_is_refused(world: World, probe: str, address: str) -> None:
    """ICMP port unreachable reaches the socket, because it is connected (RFC 8085 5.2)."""
    observation = ask(world, probe, address, 443)
    assert observation["failure"]["kind"] == "refused"
    assert elapsed_s(observation) < NOT_TOLD_S
