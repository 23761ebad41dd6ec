"""The plan: which ways to measure, in which order and why; which question goes to which port."""

from dataclasses import replace
from typing import Any

import pytest
from run_world import BARE, REFLECTOR, settings

from nra.catalogue import regions
from nra.model.plan import CheckParameters, Target, VoiceParameters
from nra.model.region import Endpoint, Region, Service
from nra.probes import BUILTIN
from nra.probes.udp_echo import most_calls
from nra.run.plan import make_plan, port_question, rungs

WITH_BEACON = replace(BARE, beacon=Endpoint(host="beacon.example", port=7770))
WITH_STUN = replace(BARE, stun=(Endpoint(host="a.example", port=3478), Endpoint(host="b.example", port=443)))
WITH_HTTPS = replace(BARE, https=Endpoint(host="api.example", port=443))
RANGE = Service(
    port="16384-65535",
    protocol="UDP",
    service="SRTP media",
    purpose="voice",
    host="reflector.example",
    required=True,
    ask="stamp",
    profile="webrtc",
    source="test",
    checked="2026-11-22",
)


def ladder(where: Region | str, reflector: Target | None = None, **changes: Any) -> list[tuple[str, str | None]]:
    """Return method and host of every rung, None where it cannot be tried."""
    return [(rung.method, rung.task.target.host if rung.task else None) for rung in rungs(settings(where, reflector, **changes))]


@pytest.mark.parametrize(
    ("where", "steps"),
    [
        (BARE, [("stamp", None), ("echo", None), ("stun", None), ("tcp", None)]),
        (WITH_BEACON, [("stamp", None), ("echo", "beacon.example"), ("stun", None), ("tcp", None)]),
        (WITH_STUN, [("stamp", None), ("echo", None), ("stun", "a.example"), ("stun", "b.example"), ("tcp", None)]),
        (WITH_HTTPS, [("stamp", None), ("echo", None), ("stun", None), ("tcp", "api.example")]),
    ],
)
def test_the_ladder_of_auto(where: Region, steps: list[tuple[str, str | None]]) -> None:
    """Stamp if a reflector is known, else echo, stun, tcp (contract 1): each rung stands there, with a host where there is one."""
    assert ladder(where) == steps


def test_a_known_reflector_comes_first() -> None:
    """It alone tells up from down."""
    assert ladder("eu-central-1", REFLECTOR)[0] == ("stamp", "reflector.example")


@pytest.mark.parametrize("region", regions(), ids=lambda region: region.name)
def test_every_region_of_the_catalogue_has_a_ladder(region: Region) -> None:
    """Each rung names a probe that exists or says why it cannot be tried; every region has a way to measure and a control."""
    plan = make_plan(settings(region))
    names = {probe.name for probe in BUILTIN}
    assert all(rung.why and (rung.task is None or rung.task.probe in names) for rung in plan.voice)
    assert any(rung.task is not None for rung in plan.voice)
    assert plan.control is not None
    assert all(question.task is None or question.task.probe in names for question in plan.ports)


@pytest.mark.parametrize("method", ["stamp", "echo", "stun", "tcp"])
def test_a_method_that_was_asked_for_is_the_only_one(method: str) -> None:
    """No falling back behind the user's back."""
    assert {step for step, _ in ladder("eu-central-1", REFLECTOR, method=method)} == {method}


def test_more_calls_than_the_beacon_allows() -> None:
    """1000 packets a second are all that one address may send it: then the rung says so."""
    most = most_calls(20.0)
    assert ladder(WITH_BEACON, calls=most)[1] == ("echo", "beacon.example")
    rung = rungs(settings(WITH_BEACON, calls=most + 1))[1]
    assert rung.task is None
    assert "1000 packets/s" in rung.why


@pytest.mark.parametrize(("only", "voice", "ports"), [(None, True, True), ("voice", True, False), ("firewall", False, True)])
def test_a_half_that_was_not_asked_for_is_empty(only: str | None, voice: bool, ports: bool) -> None:
    """`--only` leaves the other half out."""
    plan = make_plan(settings(only=only))
    assert (bool(plan.voice), bool(plan.ports)) == (voice, ports)


@pytest.mark.parametrize(
    ("codec", "interval_ms", "payload_bytes"),
    [("g711", 20.0, 172), ("g722", 20.0, 172), ("g729", 20.0, 32), ("opus", 20.0, 92), ("g711", 30.0, 252), ("g711", 10.0, 92)],
)
def test_packets_are_as_large_as_the_codec_s_rtp(codec: str, interval_ms: float, payload_bytes: int) -> None:
    """RTP's header and what the codec makes in one interval (RFC 3550 5.1)."""
    rung = rungs(settings("eu-central-1", REFLECTOR, codec=codec, interval_ms=interval_ms, calls=3, dscp=10))[0]
    assert rung.task is not None
    parameters = rung.task.parameters
    assert isinstance(parameters, VoiceParameters)
    assert (parameters.payload_bytes, parameters.calls, parameters.dscp, parameters.duration_s) == (payload_bytes, 3, 10, 30.0)


@pytest.mark.parametrize(
    ("ask", "port", "probe"),
    [
        ("tls", "443", "tls_handshake"),
        ("http", "80", "http_head"),
        ("stun", "3478", "stun_binding"),
        ("stun_tcp", "3478", "stun_binding_tcp"),
        ("dns", "53", "dns_query"),
    ],
)
def test_a_port_is_asked_in_its_own_protocol(ask: str, port: str, probe: str) -> None:
    """An accepted connection alone proves nothing: each row has the probe that gets an answer."""
    question = port_question(replace(RANGE, ask=ask, port=port, host="server.example"), settings())
    assert question.task is not None
    assert (question.task.probe, question.task.target) == (probe, Target(host="server.example", port=int(port)))


@pytest.mark.parametrize(("ask", "port"), [("none", "5060"), ("none", "16384-65535"), ("tls", "5000-6000")])
def test_nobody_is_asked_where_nobody_would_answer(ask: str, port: str) -> None:
    """Trap 10: a port at which nobody listens is not "blocked"; a range has no server of its own."""
    assert port_question(replace(RANGE, ask=ask, port=port), settings(reflector=REFLECTOR)).task is None


@pytest.mark.parametrize(("port", "asked"), [(20862, True), (16384, True), (65535, True), (862, False), (16383, False)])
def test_a_range_is_asked_at_the_reflector_s_port_if_that_lies_in_it(port: int, asked: bool) -> None:
    """An answer on port 862 would say nothing of the media range."""
    question = port_question(RANGE, settings(reflector=replace(REFLECTOR, port=port), key=bytes(32)))
    assert (question.task is not None) is asked
    if question.task is not None:
        assert isinstance(question.task.parameters, CheckParameters)
        assert (question.task.target.port, question.task.parameters.key) == (port, bytes(32))
    assert port_question(RANGE, settings()).task is None


@pytest.mark.parametrize(
    ("duration_s", "only", "deadline_s"), [(30.0, None, 5.0), (2.5, None, 5.0), (1.0, None, 3.5), (1.0, "firewall", 5.0)]
)
def test_no_port_outlasts_a_short_stream_by_much(duration_s: float, only: str | None, deadline_s: float) -> None:
    """All ports are asked at the start: a silent one must not hold up a run of D seconds beyond D + 4."""
    question = port_question(replace(RANGE, ask="tls", port="443"), settings(duration_s=duration_s, only=only))
    assert question.task is not None
    assert isinstance(question.task.parameters, CheckParameters)
    assert question.task.parameters.deadline_s == deadline_s


def test_the_control_is_the_region_s_web_host() -> None:
    """Whom to ask when all is silent; None where nobody is known."""
    control = make_plan(settings(WITH_HTTPS)).control
    assert control is not None
    assert (control.probe, control.target) == ("tcp_connect", Target(host="api.example", port=443))
    assert make_plan(settings(BARE)).control is None
