"""The stream by the second and its worst 15 s."""

import numpy as np
import pytest
from samples import (
    CODECS,
    G711,
    INTERVAL_MS,
    MS,
    Row,
    call_rows,
    echo_sample,
    ledger,
    losing,
    random_way,
    stamp_sample,
    steady,
    voice_sample,
)
from slow_reference import Copies, downward, jitter_ms, late, runs, upward

from nra.model.sample import ABSENT
from nra.scoring.quality import Impairments, estimate
from nra.scoring.voice import score_voice

PER_SECOND = 1000 // INTERVAL_MS


def recorded(up_seed: int, probes: int = 1000) -> list[Row]:
    """Return the rows of a lively call of which every fate is known."""
    rng = np.random.default_rng(up_seed)
    up = random_way(rng, probes, loss=0.05, jitter_ms=90)
    return call_rows(up, random_way(rng, probes, loss=0.05, jitter_ms=90), recorded=True)[0]


def second_of(probe: int) -> int:
    """Return in which second a probe was sent."""
    return probe // PER_SECOND


@pytest.mark.parametrize("seed", range(3))
def test_each_second_against_plain_loops(seed: int) -> None:
    """Loss, the mean of the jitter samples and the average round trip, of the packets sent in that second."""
    rows = recorded(seed)
    voice = score_voice(voice_sample(rows, ledger(rows, fates_known=True)), CODECS)
    assert [window.start_s for window in voice.windows] == [float(second) for second in range(20)]
    for side, copies in (("up", upward(rows)), ("down", downward(rows))):
        there = {probe for _, probe, _ in copies.arrived}
        samples = list(zip([probe for _, probe, _ in copies.arrived[1:]], jitter_ms(copies), strict=True))
        for second, window in enumerate(voice.windows):
            expected = [probe for probe in copies.expected if second_of(probe) == second]
            taken = [jitter for probe, jitter in samples if second_of(probe) == second]
            shown = getattr(window, side)
            assert shown.loss_percent == pytest.approx(100 * sum(probe not in there for probe in expected) / len(expected))
            assert shown.jitter_ms == pytest.approx(sum(taken) / len(taken))
    trips = [(second_of(row[1]), (row[5] - row[2] - row[4] + row[3]) / MS) for row in rows if row[5] != ABSENT]
    for second, window in enumerate(voice.windows):
        of_second = [trip for when, trip in trips if when == second]
        assert window.rtt_avg_ms == pytest.approx(sum(of_second) / len(of_second))


def test_a_second_without_answers_shows_nothing_as_zero() -> None:
    """A hole in the middle: 100 % loss there, and no jitter and no round trip."""
    voice = score_voice(stamp_sample(losing(200, range(50, 100)), steady(1)), CODECS)
    assert [window.up.loss_percent for window in voice.windows] == [0.0, 100.0, 0.0, 0.0]
    assert (voice.windows[1].up.jitter_ms, voice.windows[1].down.loss_percent, voice.windows[1].rtt_avg_ms) == (None, None, None)


def test_probes_of_unknown_fate_stand_in_no_window() -> None:
    """A silent tail whose direction is unknown is neither 0 % nor 100 % of either."""
    voice = score_voice(stamp_sample(losing(200, range(100, 200)), steady(1), told=False), CODECS)
    assert [window.up.loss_percent for window in voice.windows] == [0.0, 0.0, None, None]
    assert voice.lost_unknown == 100


def slow_worst(rows: list[Row], copies: Copies, start: int) -> float | None:
    """Return the MOS of the 15 s from `start` by plain loops; a run belongs to the second in which it begins."""
    there = {probe for _, probe, _ in copies.arrived}
    too_late = late(copies, 60)
    inside = [probe for probe in copies.expected if start <= second_of(probe) < start + 15]
    bad = [probe not in there or probe in too_late for probe in copies.expected]
    begins = [
        probe
        for place, probe in enumerate(copies.expected)
        if bad[place] and (place == 0 or not bad[place - 1]) and start <= second_of(probe) < start + 15
    ]
    trips = [(row[5] - row[2] - row[4] + row[3]) / MS for row in rows if row[5] != ABSENT and start <= second_of(row[1]) < start + 15]
    lost, discarded = sum(probe not in there for probe in inside), sum(probe in too_late for probe in inside)
    mean_run = (lost + discarded) / max(1, len(begins))
    quality = estimate(
        Impairments(
            loss_percent=100 * lost / len(inside),
            discard_percent=100 * discarded / len(inside),
            burst_r=max(1.0, mean_run * (1 - (lost + discarded) / len(inside))),
            rtt_avg_ms=sum(trips) / len(trips),
        ),
        G711,
        20,
    )
    assert runs(bad)
    return None if quality is None else quality.mos


@pytest.mark.parametrize("seed", range(3))
def test_the_worst_15_s_against_plain_loops(seed: int) -> None:
    """Of all spans of 15 s, one second apart, the one with the lowest MOS is shown for each direction."""
    rows = recorded(seed)
    voice = score_voice(voice_sample(rows, ledger(rows, fates_known=True)), CODECS)
    for worst, copies in ((voice.worst_15s.up, upward(rows)), (voice.worst_15s.down, downward(rows))):
        by_start = {float(start): slow_worst(rows, copies, start) for start in range(6)}
        assert worst is not None
        assert worst.mos == pytest.approx(min(mos for mos in by_start.values() if mos is not None))
        assert worst.mos == pytest.approx(by_start[worst.start_s])
        assert worst.length_s == 15.0


def test_a_run_that_begins_with_the_stream_is_a_run() -> None:
    """The very first packet lost and another later are two runs of one."""
    rows, _ = call_rows(losing(750, [0, 400]), steady(1), recorded=True)
    worst = score_voice(voice_sample(rows, ledger(rows, fates_known=True)), CODECS).worst_15s.up
    assert worst is not None
    assert worst.mos == pytest.approx(slow_worst(rows, upward(rows), 0))


@pytest.mark.parametrize(("probes", "there"), [(749, False), (750, True)])
def test_a_stream_shorter_than_15_s_has_no_worst_15_s(probes: int, there: bool) -> None:
    """750 slots of 20 ms are 15 s."""
    voice = score_voice(stamp_sample(steady(probes), steady(1)), CODECS)
    assert (voice.worst_15s.up is not None, voice.worst_15s.down is not None) == (there, there)


def test_an_outage_is_the_worst_there_is() -> None:
    """15 s without any answer have no round trip and so no MOS, and are still the worst 15 s."""
    voice = score_voice(stamp_sample(losing(2000, range(500, 1300)), steady(1)), CODECS)
    assert voice.worst_15s.up is not None
    assert (voice.worst_15s.up.start_s, voice.worst_15s.up.loss_percent, voice.worst_15s.up.mos) == (10.0, 100.0, None)


def test_an_unknown_direction_has_no_worst_15_s() -> None:
    """The round trip's worst moment belongs to neither direction."""
    voice = score_voice(echo_sample(steady(1000)), CODECS)
    assert (voice.worst_15s.up, voice.worst_15s.down) == (None, None)
    assert len(voice.windows) == 20
