"""A reflector's clock that drifts or is set while it measures: it is found where it can be told from the network, and taken off."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import CODECS, MS, START_NS, Way, random_way, stamp_sample, steady

from nra.model.sample import ABSENT, Int64Column, VoiceSample, column
from nra.model.voice import Voice
from nra.scoring import clocks
from nra.scoring.clocks import STEADY, ahead_ns
from nra.scoring.voice import score_voice

PROBES = 1500
QUIET_MS = 0.2


@dataclass(frozen=True)
class Clock:
    """A clock that gains so many ppm, and is set by so many ms before the reply with that number."""

    ppm: float = 0.0
    steps: tuple[tuple[int, float], ...] = ()

    def wrong_ns(self, time_ns: Int64Column, number: Int64Column) -> Int64Column:
        """Return how far ahead it is."""
        ahead = column(self.ppm * (time_ns - START_NS) / 1e6)
        for first, step_ms in self.steps:
            ahead += np.where(number >= first, round(step_ms * MS), 0)
        return ahead


def seen_by(clock: Clock, sample: VoiceSample) -> VoiceSample:
    """Return the sample as it would have been with that clock at the reflector."""
    stream = sample.stream
    stamped = {}
    for name in ("t2_ns", "t3_ns"):
        stamps = getattr(stream, name)
        stamped[name] = np.where(stamps == ABSENT, ABSENT, stamps + clock.wrong_ns(stream.t2_ns, stream.reflector_sequence))
    return replace(sample, stream=replace(stream, **stamped))


def found(sample: VoiceSample) -> tuple[float, tuple[int, ...]]:
    """Return drift (ppm) and steps (ns) that the sample shows."""
    s = sample.stream
    _, fault = ahead_ns(s.t1_ns, s.t2_ns, s.t3_ns, s.t4_ns, s.reflector_sequence)
    return fault.drift_ppm, fault.steps_ns


def network(jitter_ms: float = 8.0, loss: float = 0.03, probes: int = PROBES, seed: int = 1) -> VoiceSample:
    """Return a call through a network with jitter and loss both ways, whose lost replies the reflector's record tells."""
    rng = np.random.default_rng(seed)
    up, down = (random_way(rng, probes, loss=loss, jitter_ms=jitter_ms) for _ in range(2))
    return stamp_sample(up, down, recorded=True)


NEAR_AN_EDGE = 5  # packets


def numbers(voice: Voice) -> list[tuple[str, float]]:
    """Return every number of the network in the voice half, with its name."""
    flat: list[tuple[str, float]] = []

    def walk(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{name}.{key}", inner)
        elif isinstance(value, tuple | list):
            for place, inner in enumerate(value):
                walk(f"{name}.{place}", inner)
        elif isinstance(value, int | float):
            flat.append((name, value))

    walk("voice", {name: value for name, value in asdict(voice).items() if name != "instrument"})
    return flat


@pytest.mark.parametrize(
    "clock",
    [
        Clock(ppm=100),
        Clock(ppm=-100),
        Clock(steps=((700, 250.0),)),
        Clock(steps=((40, -35.0),)),
        Clock(steps=((300, 3_600_000.0),)),
        Clock(ppm=40, steps=((200, 128.0), (900, -12.0))),
    ],
)
def test_a_wrong_clock_changes_no_number(clock: Clock) -> None:
    """Whatever is published is what it would be with a good clock at the reflector (contract 3: within 0.1 ms or 2 %).

    A packet so near to an edge between two bins of the histogram may fall on either side of it.
    """
    good = network()
    told, true = numbers(score_voice(seen_by(clock, good), CODECS)), numbers(score_voice(good, CODECS))
    assert [name for name, _ in told] == [name for name, _ in true]
    for (name, value), (_, expected) in zip(told, true, strict=True):
        assert value == pytest.approx(expected, abs=0.01 if "mos" in name else NEAR_AN_EDGE if ".delays." in name else 0.1, rel=0.02), name


def test_what_was_wrong_is_told() -> None:
    """The reader learns that the reflector's clock was wrong, and by how much."""
    note = score_voice(seen_by(Clock(ppm=-60, steps=((700, 250.0),)), network(jitter_ms=QUIET_MS)), CODECS).instrument.note
    assert note is not None
    assert "stepped by 250.0 ms" in note
    assert "lost 60 ppm" in note
    assert score_voice(network(), CODECS).instrument.note is None


@pytest.mark.parametrize("ppm", [-500, -20, 5, 100])
def test_a_drift_is_measured(ppm: float) -> None:
    """On a quiet network to a tenth of a ppm."""
    drift, steps = found(seen_by(Clock(ppm=ppm), network(QUIET_MS)))
    assert drift == pytest.approx(ppm, abs=0.5)
    assert steps == ()


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 1.0, 8.0, 50.0]), st.sampled_from([120, 300, 1500]))
def test_a_good_clock_stays_alone(seed: int, jitter_ms: float, probes: int) -> None:
    """Jitter is not taken for a clock's fault, however much there is."""
    assert found(network(jitter_ms, probes=probes, seed=seed)) == (0.0, ())


def rising(by_ms: float, over: int = PROBES) -> Way:
    """Return a way that becomes longer evenly."""
    return [(20 + by_ms * min(1.0, probe / over),) for probe in range(PROBES)]


def stepping(at: int, by_ms: float) -> Way:
    """Return a way that becomes longer at once."""
    return [(40 + (by_ms if probe >= at else 0),) for probe in range(PROBES)]


@pytest.mark.parametrize(
    ("up", "down"),
    [
        (rising(5), steady(1)),
        (steady(PROBES), rising(-3)),
        (rising(5), rising(5)),
        (rising(20), rising(-4)),
        (stepping(700, 30), steady(1)),
        (stepping(700, 30), stepping(700, 30)),
        (stepping(700, 30), stepping(700, -12)),
        (stepping(700, 30), stepping(760, -30)),
        (rising(150, over=50), rising(-15, over=50)),
    ],
    ids=["up grows", "down shrinks", "both grow", "unlike trends", "route up", "route", "unlike steps", "not at once", "a queue fills"],
)
def test_what_the_network_does_stays_the_networks(up: Way, down: Way) -> None:
    """Queues that fill and routes that change make the ways longer, but not one by what the other loses at the same packet."""
    assert found(stamp_sample(up, down)) == (0.0, ())


def test_a_step_in_the_very_beginning_is_not_looked_for() -> None:
    """Fewer replies than a window on its far side are no proof."""
    assert found(seen_by(Clock(steps=((10, 250.0),)), network(QUIET_MS)))[1] == ()


def test_a_clock_that_is_set_all_the_time_is_left_alone() -> None:
    """More steps than a clock that somebody looks after ever makes are something else."""
    steps = tuple((number, 50.0 if number % 100 else -50.0) for number in range(50, PROBES, 50))
    assert found(seen_by(Clock(steps=steps), network(QUIET_MS)))[1] == ()


def test_nothing_is_known_without_four_stamps() -> None:
    """Where no reply bears both of the reflector's stamps there is nothing to correct."""
    s = network(probes=200).stream
    nothing = np.full_like(s.t2_ns, ABSENT)
    ahead, fault = ahead_ns(s.t1_ns, nothing, nothing, s.t4_ns, s.reflector_sequence)
    assert (int(np.abs(ahead).max()), fault) == (0, STEADY)


@pytest.mark.parametrize("seed", range(12))
def test_short_cuts_find_what_the_long_way_finds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can have stepped, steps are not looked for: the same stamps without that short cut give the same fault."""
    chance = np.random.default_rng(seed)
    sent = START_NS + np.arange(400) * 20 * MS
    there = sent + 20 * MS + (chance.exponential(float(chance.choice([0.1, 1.0, 4.0])), 400) * MS).astype(np.int64)
    back = there + 20 * MS + (chance.exponential(float(chance.choice([0.1, 1.0, 4.0])), 400) * MS).astype(np.int64)
    ahead = np.where(np.arange(400) >= 200, int(chance.choice([0, 1, 3, 40])) * MS, 0)
    columns = (sent, there + ahead, there + ahead, back, np.arange(400))
    quick = ahead_ns(*columns)
    monkeypatch.setattr(clocks, "_most_rise", lambda _delays: np.inf)
    slow = ahead_ns(*columns)
    assert (quick[0].tolist(), quick[1]) == (slow[0].tolist(), slow[1])
