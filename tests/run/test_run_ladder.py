"""The ladder: which ways to measure voice, in which order and why."""

from dataclasses import replace
from typing import Any

import pytest
from run_world import BARE, REFLECTOR, settings

from nra.model.plan import ControlAccess, Target, VoiceParameters
from nra.model.region import Endpoint, Region
from nra.probes.udp_echo import most_calls
from nra.run.ladder import rungs
from nra.run.settings import Settings

WITH_BEACON = replace(BARE, beacon=Endpoint(host="beacon.example", port=7770))
WITH_STUN = replace(BARE, stun=(Endpoint(host="a.example", port=3478), Endpoint(host="b.example", port=443)))
WITH_HTTPS = replace(BARE, https=Endpoint(host="api.example", port=443))


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


def test_every_rung_that_can_be_tried_has_a_question() -> None:
    """Whether anybody is there is asked of all of them beforehand, at the same place, so that a dead ladder costs one wait."""
    for rung in rungs(settings("eu-central-1", REFLECTOR)):
        assert rung.task is not None
        assert rung.question is not None
        assert rung.question.target == rung.task.target


PIN = "ab" * 32


def known(**changes: Any) -> Settings:
    """Return settings with reflector, key and pin."""
    return replace(settings(WITH_BEACON, Target(host="reflector.example", port=20862), bytes(32), **changes), pin=PIN, quic_port=4433)


def test_quic_follows_stamp_where_it_can_be_had() -> None:
    """With reflector, key and pin there is a second way to the same reflector; the public places come after it."""
    stamp, quic, *others = rungs(known())
    assert [stamp.method, quic.method, others[0].method] == ["stamp", "quic", "echo"]
    assert quic.task is not None
    assert quic.question is not None
    assert (quic.task.probe, quic.question.probe) == ("quic_stream", "quic_control")
    assert quic.task.target == Target(host="reflector.example", port=4433)
    access = ControlAccess(port=4433, pin=PIN, key=bytes(32))
    assert [each.task.parameters.control for each in (stamp, quic) if each.task is not None] == [access, access]  # type: ignore[union-attr]
    assert quic.question.parameters.control == access  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        ({"pin": None}, "no pin is known"),
        ({"key": None}, "no key is known"),
        ({"reflector": None, "key": None}, "no reflector and no key is known"),
    ],
)
def test_what_quic_lacks_is_said_where_it_was_asked_for(lacking: dict[str, Any], why: str) -> None:
    """By its own name; `auto` does not speak of what nobody set up."""
    (rung,) = rungs(replace(known(method="quic"), **lacking))
    assert (rung.task, rung.why) == (None, why)
    assert "quic" not in [rung.method for rung in rungs(replace(known(), **lacking))]


def test_packets_that_do_not_fit_are_not_tried_in_quic() -> None:
    """A DATAGRAM frame is not cut into pieces."""
    (rung,) = rungs(known(method="quic", interval_ms=200.0))
    assert (rung.task, rung.why) == (None, "packets of 1612 octets do not fit a QUIC packet")
