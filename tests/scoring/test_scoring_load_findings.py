"""What a load is found to do: a limit that only it breaks, or a queue that holds voice for too long."""

from dataclasses import replace

import pytest

from nra.model.load import Burden
from nra.model.under_load import Load, LoadPhase, VoiceBeside
from nra.model.verdict import Verdict
from nra.model.voice import CallDirection
from nra.scoring.load_findings import load_findings
from nra.testing.canned import canned_run

RUN = canned_run()
GOOD = CallDirection(loss_percent=0.0, jitter_ms=2.0, discard_percent=0.0, mos=4.4)


def phase(burden: Burden, rise_ms: float | None = 0.0, up: CallDirection = GOOD, rtt_ms: float = 24.0) -> LoadPhase:
    """Return a phase that did that to the call."""
    loaded = VoiceBeside(up=up, down=GOOD, rtt_avg_ms=rtt_ms)
    change = VoiceBeside(up=CallDirection(), down=CallDirection(), rtt_avg_ms=rise_ms)
    return LoadPhase(burden=burden, seconds=6.0, up=None, down=None, loaded=loaded, change=change)


def found(*phases: LoadPhase) -> list[tuple[str, str]]:
    """Return where and how gravely."""
    load = Load(most_megabytes=200, headers_bytes=40, call_kbit_s=80.0, phases=phases)
    return [(finding.where, finding.severity) for finding in load_findings(load, RUN.metrics, RUN.thresholds)]


def test_nothing_is_found_where_nothing_happens() -> None:
    """No load, a load that does no harm, and one of which nothing is known."""
    assert load_findings(None, RUN.metrics, RUN.thresholds) == ()
    assert found(phase(Burden.UP, 59.9), replace(phase(Burden.DOWN), loaded=None, change=None)) == []


def test_a_limit_that_only_the_load_breaks_is_found_in_its_direction() -> None:
    """The row furthest beyond its limit, with how much the round trip rose, and who can mend it."""
    load = Load(
        most_megabytes=200,
        headers_bytes=40,
        call_kbit_s=80.0,
        phases=(phase(Burden.UP, 189.3, replace(GOOD, discard_percent=41.0, loss_percent=1.2)),),
    )
    (finding,) = load_findings(load, RUN.metrics, RUN.thresholds)
    assert (finding.where, finding.severity) == ("up", "warn")
    assert finding.evidence == "Up Packet Discards 41.00 % under load, expected < 5; round trip +189.3 ms with the load"
    assert "sent to the region at full speed" in finding.text
    assert finding.advice.startswith("Network team: Give voice (DSCP EF) a queue of its own")


def test_what_fails_without_load_is_not_the_load_s() -> None:
    """A row that is outside its limit already has its own finding."""
    metrics = tuple(replace(metric, verdict=Verdict.FAIL) if metric.key == "up_loss_percent" else metric for metric in RUN.metrics)
    load = Load(most_megabytes=200, headers_bytes=40, call_kbit_s=80.0, phases=(phase(Burden.UP, 1.0, replace(GOOD, loss_percent=3.0)),))
    assert load_findings(load, metrics, RUN.thresholds) == ()


def test_both_ways_are_told_only_where_one_way_did_no_harm() -> None:
    """What one way does, both ways do again."""
    bad = replace(GOOD, loss_percent=3.0)
    assert found(phase(Burden.UP, 9.0, bad), phase(Burden.DOWN), phase(Burden.BOTH, 9.0, bad)) == [("up", "warn")]
    assert found(phase(Burden.UP), phase(Burden.DOWN), phase(Burden.BOTH, 9.0, bad)) == [("up", "warn")]


def test_a_long_queue_that_breaks_no_limit_is_told_once() -> None:
    """As much as the de-jitter buffer holds: of several phases the one with the longest."""
    assert found(phase(Burden.UP, 60.0, rtt_ms=84.0), phase(Burden.DOWN, 80.0, rtt_ms=104.0)) == [("round trip", "info")]


@pytest.mark.parametrize("burden", Burden)
def test_the_round_trip_s_limit_counts_too(burden: Burden) -> None:
    """It has no direction of its own."""
    assert found(phase(burden, 150.0, rtt_ms=174.0)) == [("round trip", "warn")]
