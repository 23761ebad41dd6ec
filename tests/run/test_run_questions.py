"""Which question goes to which port."""

from dataclasses import replace

import pytest
from run_world import BARE, REFLECTOR, settings

from nra.model.plan import CheckParameters, NatParameters, Target
from nra.model.region import Service
from nra.run.questions import port_question, surroundings

RANGE = Service(
    port="16384-65535",
    protocol="UDP",
    service="SRTP media",
    purpose="voice",
    allow_to="192.0.2.0/24",
    required=True,
    profile="webrtc",
    source="test",
    checked="2026-11-22",
)


@pytest.mark.parametrize(
    ("ask", "port", "probe"),
    [
        ("tls", "443", "tls_handshake"),
        ("http", "80", "http_head"),
        ("stun", "3478", "stun_binding"),
        ("stun_tcp", "3478", "stun_binding_tcp"),
        ("dns", "53", "dns_query"),
        ("dns_tcp", "53", "dns_query_tcp"),
        ("resolve", "53", "name_resolution"),
        ("quic", "443", "quic_handshake"),
        ("ntp", "123", "ntp_query"),
    ],
)
def test_a_port_is_asked_in_its_own_protocol(ask: str, port: str, probe: str) -> None:
    """An accepted connection alone proves nothing: each row has the probe that gets an answer."""
    question = port_question(replace(RANGE, ask=ask, port=port, host="server.example"), settings())
    (task,) = question.tasks
    assert (task.probe, task.target) == (probe, Target(host="server.example", port=int(port)))


@pytest.mark.parametrize("host", [None, "server.example"])
def test_nobody_is_asked_where_nobody_would_answer(host: str | None) -> None:
    """Trap 10: a port at which nobody listens is not "blocked"; a range has no server of its own."""
    assert port_question(replace(RANGE, ask="none", host=host), settings(reflector=REFLECTOR)).tasks == ()
    assert port_question(replace(RANGE, ask="tls", host=None), settings(reflector=REFLECTOR)).tasks == ()


def test_a_key_goes_with_every_question() -> None:
    """A reflector with a key answers nobody else."""
    (task,) = port_question(replace(RANGE, ask="stamp", port="20862", host="server.example"), settings(key=bytes(32), ssid=9)).tasks
    assert isinstance(task.parameters, CheckParameters)
    assert (task.parameters.key, task.parameters.ssid) == (bytes(32), 9)


def test_what_is_not_known_to_answer_is_passed_on_as_such() -> None:
    """The row's doubt is the question's."""
    assert port_question(replace(RANGE, ask="tls", port="443", host="a.example", sure=False), settings()).sure is False


def test_a_captive_portal_and_nat_are_looked_for() -> None:
    """One page of known content, and STUN servers at more than one place, the public ones first."""
    portal, nat = surroundings(settings("eu-central-1", REFLECTOR))
    assert (portal.probe, portal.target) == ("http_head", Target(host="connectivitycheck.gstatic.com", port=80))
    assert isinstance(portal.parameters, CheckParameters)
    assert portal.parameters.path == "/generate_204"
    assert nat.probe == "nat_mapping"
    assert isinstance(nat.parameters, NatParameters)
    hosts = [(server.host, server.port) for server in nat.parameters.servers]
    assert hosts == [
        ("netdiag.euc1.pure.cloud", 3478),
        ("stun.kinesisvideo.eu-central-1.amazonaws.com", 443),
        ("stun.l.google.com", 19302),
        ("reflector.example", 3478),
        ("reflector.example", 19302),
    ]


def test_nothing_is_looked_for_where_there_is_no_network() -> None:
    """Region `local` sends nothing beyond loopback."""
    assert surroundings(replace(settings(BARE, REFLECTOR), portal=None)) == ()


@pytest.mark.parametrize(
    ("duration_s", "only", "deadline_s"), [(30.0, None, 5.0), (2.5, None, 5.0), (1.0, None, 3.5), (1.0, "firewall", 5.0)]
)
def test_no_port_outlasts_a_short_stream_by_much(duration_s: float, only: str | None, deadline_s: float) -> None:
    """All ports are asked at the start: a silent one must not hold up a run of D seconds beyond D + 4."""
    (task,) = port_question(replace(RANGE, ask="tls", port="443", host="a.example"), settings(duration_s=duration_s, only=only)).tasks
    assert isinstance(task.parameters, CheckParameters)
    assert task.parameters.deadline_s == deadline_s
