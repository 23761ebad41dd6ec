"""Canned runs agree with themselves: what is built on them may trust their numbers."""

import re

import pytest

from nra.model.observation import PortState
from nra.model.region import Side
from nra.model.verdict import Overall, Verdict
from nra.model.voice import Direction
from nra.testing.canned import KINDS, canned_run


@pytest.mark.parametrize("kind", KINDS)
def test_is_always_the_same(kind: str) -> None:
    """A kind with the same names gives the same document, with other names another id."""
    assert canned_run(kind) == canned_run(kind)
    assert canned_run(kind).run.id != canned_run(kind, host="other").run.id
    assert re.fullmatch("[0-9a-f]{32}", canned_run(kind).run.id)


@pytest.mark.parametrize("kind", ["good", "bad", "close", "interrupted"])
def test_directions_add_up(kind: str) -> None:
    """Received and lost are what was expected, and percentages are theirs (contract 3)."""
    voice = canned_run(kind).voice
    assert voice is not None
    for direction in (voice.up, voice.down):
        assert direction.expected == voice.sent == (direction.received or 0) + (direction.lost or 0)
        assert direction.loss_percent == pytest.approx(100 * (direction.lost or 0) / voice.sent)
        assert direction.order_percent == pytest.approx(100 * (1 - (direction.reordered or 0) / (direction.received or 0)), abs=1e-5)
        assert direction.discard_percent == pytest.approx(100 * (direction.discards or 0) / voice.sent)
        assert spent(direction) == pytest.approx(93.2062 - (direction.r_factor or 0), abs=1e-3)


def spent(direction: Direction) -> float:
    """Return the points of R that the impairments took together."""
    return sum(cost.points for cost in direction.costs)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if canned_run(kind).voice])
def test_histograms_hold_what_was_received(kind: str) -> None:
    """Every packet is in a bar, and the percentiles lie in theirs (nearest rank)."""
    voice = canned_run(kind).voice
    assert voice is not None
    for direction in (voice.up, voice.down):
        pdv, received = direction.pdv_ms, direction.received
        assert pdv is not None
        assert sum(each.packets for each in direction.delays) == received
        for percent, value in ((50, pdv.p50), (95, pdv.p95), (99, pdv.p99), (100, pdv.max)):
            below = sum(each.packets for each in direction.delays if each.most_ms is not None and each.most_ms < value)
            through = sum(each.packets for each in direction.delays if each.above_ms < value)
            assert below < -(-percent * received // 100) <= through


def test_seconds_of_the_bad_run_add_up() -> None:
    """The loss of the seconds is the loss of the stream, in each direction."""
    voice = canned_run("bad").voice
    assert voice is not None
    for way in ("up", "down"):
        losses = [getattr(window, way).loss_percent for window in voice.windows]
        assert sum(losses) / len(losses) == pytest.approx(getattr(voice, way).loss_percent)


@pytest.mark.parametrize("kind", KINDS)
def test_verdict_follows_from_the_rows(kind: str) -> None:
    """FAIL before INCONCLUSIVE before WARN before PASS (contract 2)."""
    document = canned_run(kind)
    verdicts = {row.verdict for row in document.metrics} | {check.verdict for check in document.firewall or () if check.required}
    if Verdict.FAIL in verdicts:
        assert document.verdict is Overall.FAIL
    elif document.run.used.interrupted or Verdict.NOT_MEASURED in verdicts:
        assert document.verdict is Overall.INCONCLUSIVE
    else:
        assert document.verdict is (Overall.WARN if Verdict.WARN in verdicts else Overall.PASS)


@pytest.mark.parametrize("kind", KINDS)
def test_ports_have_the_verdict_of_their_state(kind: str) -> None:
    """Open passes; else a required port fails or is not measured, and an optional one never fails (contract 4.4)."""
    for check in canned_run(kind).firewall or ():
        failed = check.state in (PortState.REFUSED, PortState.NO_ANSWER, PortState.TLS_INTERCEPTED)
        otherwise = (Verdict.FAIL if failed else Verdict.NOT_MEASURED) if check.required else Verdict.INFO
        assert check.verdict is (Verdict.PASS if check.state is PortState.OPEN else otherwise)
        assert (check.connect_ms is None) == (check.address is None) == (check.state is not PortState.OPEN)


def test_every_state_but_unreachable_is_there() -> None:
    """What is built on canned runs meets service and reflector, and all that a port can come to where there is a network."""
    checks = [check for kind in KINDS for check in canned_run(kind).firewall or ()]
    assert {check.state for check in checks} == set(PortState) - {PortState.UNREACHABLE}
    assert {check.at for check in checks} == set(Side)
    assert all(check.allow_to and check.source for check in checks)
