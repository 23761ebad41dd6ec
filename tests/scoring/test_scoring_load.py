"""Capacity from octets per 100 ms, calls that fit, and what a load changed: signed, and None where it is not known."""

from dataclasses import replace

import pytest

from nra.model.load import Burden, LimitedBy, LoadCounts
from nra.model.verdict import Basis
from nra.model.voice import CallDirection, Voice
from nra.scoring.load import SPENT, call_kbit_s, calls_that_fit, capacity_mbit_s, change, headers_bytes, load_phase, load_way
from nra.testing.canned import canned_run

STEADY = [125_000] * 40  # 10 Mbit/s for four seconds


def voice(**changes: object) -> Voice:
    """Return a canned voice with changes."""
    found = canned_run().voice
    assert found is not None
    return replace(found, **changes)  # type: ignore[arg-type]


def test_the_rate_is_that_of_the_octets() -> None:
    """125 000 octets in 100 ms are 10 Mbit/s."""
    assert capacity_mbit_s(STEADY) == 10


def test_slow_start_is_left_out() -> None:
    """The second after the first octet does not count, however fast it was; silence before it is not its beginning."""
    assert capacity_mbit_s([0] * 7 + [250_000] * 10 + STEADY) == 10
    assert capacity_mbit_s([1_000] * 10 + STEADY) == 10


def test_the_best_whole_second_counts() -> None:
    """After a loss a sender stays below what the path carries, and a receiver that stalled takes two shares at once."""
    halved = [125_000] * 20 + [62_500] * 10 + [125_000] * 10
    assert capacity_mbit_s(halved) == 10
    stalled = [125_000] * 15 + [0, 250_000] + [125_000] * 13
    assert capacity_mbit_s(stalled) == pytest.approx(10, rel=0.11)


@pytest.mark.parametrize("octets", [[], [0] * 50, [125_000] * 19])
def test_without_a_whole_second_there_is_no_rate(octets: list[int]) -> None:
    """Absent is never zero."""
    assert capacity_mbit_s(octets) is None
    way = load_way(octets, LoadCounts(capped=True), 80.0)
    assert (way.mbit_s, way.limited_by, way.calls, way.octets) == (None, None, None, sum(octets))


def test_a_cap_that_was_used_up_at_once_is_told() -> None:
    """A megabyte is gone before any whole second: whoever set the cap must know."""
    assert load_phase(Burden.UP, LoadCounts(up=(500_000,), seconds=0.1, capped=True), 80.0, None, None).note == SPENT
    assert load_phase(Burden.UP, LoadCounts(up=(500_000,), seconds=0.1), 80.0, None, None).note is None
    assert load_phase(Burden.BOTH, LoadCounts(up=tuple(STEADY * 2), down=(1,), capped=True), 80.0, None, None).note is None


def test_a_call_is_counted_with_all_its_headers() -> None:
    """G.711 in 20 ms: 160 octets of voice, 12 of RTP, 8 of UDP, 20 of IPv4: 80 kbit/s; 88 over IPv6."""
    assert (headers_bytes(4), call_kbit_s(172, 20, 4)) == (40, 80)
    assert (headers_bytes(6), call_kbit_s(172, 20, 6)) == (60, 88)


def test_calls_are_rounded_down() -> None:
    """Nothing fits half; what is not known fits nobody knows how often."""
    assert calls_that_fit(9.99, 80) == 124
    assert calls_that_fit(0.05, 80) == 0
    assert calls_that_fit(None, 80) is None
    assert calls_that_fit(10, None) is None


@pytest.mark.parametrize(
    ("counts", "limited_by"),
    [
        (LoadCounts(busy_here=0.4, busy_there=0.5), LimitedBy.NETWORK),
        (LoadCounts(busy_here=0.9, busy_there=0.5), LimitedBy.INSTRUMENT),
        (LoadCounts(busy_here=0.2, busy_there=0.9, capped=True), LimitedBy.INSTRUMENT),
        (LoadCounts(busy_here=0.2, capped=True), LimitedBy.CAP),
    ],
)
def test_what_limited_the_load_is_told(counts: LoadCounts, limited_by: LimitedBy) -> None:
    """A generator that was busy all the time at either end is the limit, before a cap is."""
    assert load_way(STEADY, counts, 80.0).limited_by is limited_by


def test_changes_are_signed() -> None:
    """Loaded minus unloaded, also where the load made something better by chance."""
    before, after = (
        voice(),
        voice(up=replace(voice().up, jitter_ms=11.8412, mos=3.5), round_trip=replace(voice().round_trip, avg_ms=20.3118)),
    )
    found = change(before, after)
    assert found.up.jitter_ms == pytest.approx(10)
    assert found.up.mos == pytest.approx(3.5 - 4.409406)
    assert found.rtt_avg_ms == pytest.approx(-4)
    assert found.down == CallDirection(loss_percent=0, jitter_ms=0, discard_percent=0, mos=0)


def test_what_is_not_known_of_one_stream_has_no_difference() -> None:
    """None stays None, and a direction is not compared with a round trip."""
    unknown = voice(up=replace(voice().up, mos=None))
    assert change(unknown, voice()).up.mos is None
    assert change(voice(), unknown).up.mos is None
    other = change(voice(basis=Basis.ROUND_TRIP), voice())
    assert (other.up, other.down, other.rtt_avg_ms) == (CallDirection(), CallDirection(), 0)


@pytest.mark.parametrize("which", ["loaded", "unloaded"])
def test_an_unsteady_workstation_makes_no_difference_a_result(which: str) -> None:
    """Whichever of the two streams it disturbed: the rate stays, the note says why the rest is missing."""
    shaky = voice(instrument=replace(voice().instrument, steady=False, note="312 of 1500 packets were late"))
    streams = {"loaded": voice(), "unloaded": voice()} | {which: shaky}
    phase = load_phase(Burden.UP, LoadCounts(up=tuple(STEADY)), 80.0, streams["unloaded"], streams["loaded"])
    assert (phase.loaded, phase.change) == (None, None)
    assert phase.up is not None
    assert phase.up.calls == 125
    assert "unsteady" in (phase.note or "")
    assert "312 of 1500 packets were late" in (phase.note or "")


@pytest.mark.parametrize("which", ["loaded", "unloaded"])
def test_a_reflector_that_fell_silent_makes_no_difference_a_result(which: str) -> None:
    """Its end is not the load's doing."""
    streams = {"loaded": voice(), "unloaded": voice()} | {which: voice(silent_since_s=3.2)}
    phase = load_phase(Burden.UP, LoadCounts(up=tuple(STEADY)), 80.0, streams["unloaded"], streams["loaded"])
    assert (phase.loaded, phase.change) == (None, None)
    assert "no answer" in (phase.note or "")


@pytest.mark.parametrize(("burden", "there"), [(Burden.UP, (True, False)), (Burden.DOWN, (False, True)), (Burden.BOTH, (True, True))])
def test_a_phase_tells_only_of_the_ways_that_its_load_went(burden: Burden, there: tuple[bool, bool]) -> None:
    """Acknowledgements of the other way are no load."""
    phase = load_phase(burden, LoadCounts(up=tuple(STEADY), down=tuple(STEADY)), 80.0, voice(), voice())
    assert (phase.up is not None, phase.down is not None) == there
    assert (phase.change is not None, phase.note) == (True, None)


def test_a_failure_stands_in_the_note() -> None:
    """What went wrong is told beside what was measured all the same."""
    counts = LoadCounts(down=tuple(STEADY), failure="what arrived at the reflector is not known: no answer in time")
    assert load_phase(Burden.DOWN, counts, 80.0, voice(), None).note == counts.failure
