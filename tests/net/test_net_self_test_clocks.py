"""Clocks as each system has them: fine, coarse, stuck, stepped, running away."""

import pytest
from self_test_world import Hand

from nra.net.self_test import clocks
from nra.net.self_test.clocks import WallWatch, resolution, resolutions

MS = 1_000_000
S = 1_000_000_000


@pytest.mark.parametrize("tick_ns", [1000, 1 * MS, 15_625_000])
def test_the_smallest_step_is_the_clocks_tick(tick_ns: int) -> None:
    """A clock that moves by 15.6 ms (Windows before Python 3.13) is seen to, whatever it claims."""
    line = Hand(cost_ns=500)
    reading = resolution("monotonic", lambda: line() // tick_ns * tick_ns, line, "somebody claims 0.1 µs")
    assert (reading.key, reading.value) == ("clock.monotonic", tick_ns / 1000)
    assert reading.evidence == "somebody claims 0.1 µs"


def test_a_clock_that_stands_has_no_step_and_ends_the_search() -> None:
    """Absent is None, and nothing is waited for without an end."""
    stuck = resolution("time", lambda: 7, Hand(cost_ns=1_000_000), "claim")
    assert (stuck.value, stuck.exists) == (None, True)
    assert stuck.evidence.startswith("did not move within 6")


def test_the_search_is_bounded_by_readings_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no clock moves at all there is still an end."""
    monkeypatch.setattr(clocks, "MOST_READS", 100)
    assert resolution("time", lambda: 7, lambda: 7, "claim").value is None


def test_a_clock_that_goes_back_is_told() -> None:
    """The step back is no step."""
    times = iter([10, 20, 15, 22, *range(30, 10_000, 10)])
    reading = resolution("time", lambda: next(times), Hand(), "claim")
    assert reading.value == 7 / 1000
    assert reading.evidence == "claim; went back 1 times"


def test_every_clock_of_this_system_has_a_row() -> None:
    """The real clocks move; what they claim stands beside it."""
    found = list(resolutions())
    assert [reading.key for reading in found] == ["clock.perf_counter", "clock.monotonic", "clock.time"]
    for reading in found:
        assert reading.value is not None
        assert reading.value > 0
        assert " claims " in reading.evidence


def watched(*ahead_ns: int, apart_ns: int = S, tick_ns: int = 1) -> WallWatch:
    """Return a watch that saw the wall clock so far ahead of the line, one look after the other."""
    line = Hand()
    watch = WallWatch(lambda: line.now + ahead_ns[0], line, tick_ns)
    for ahead in ahead_ns[1:]:
        line.now += apart_ns
        watch._wall_ns = lambda ahead=ahead: line.now + ahead  # type: ignore[misc]
        watch.look()
    return watch


def values(watch: WallWatch) -> dict[str, float | None]:
    """Return the readings' values by key."""
    return {reading.key: reading.value for reading in watch.readings()}


@pytest.mark.parametrize(
    ("ahead_ns", "step_ms", "drift_ppm"),
    [
        ((0, 0, 0), 0.0, 0.0),
        ((0, -30 * MS, -30 * MS), 30.0, 0.0),
        ((0, 400_000, 800_000), 0.0, 400.0),
        ((0, 1 * S, 1 * S + 400_000, 1 * S + 800_000), 1000.0, pytest.approx(800_000 / 3e9 * 1e6)),
        ((0, -600_000, -1_200_000), 0.0, 600.0),
    ],
)
def test_a_step_is_told_from_drift(ahead_ns: tuple[int, ...], step_ms: float, drift_ppm: float) -> None:
    """What slewing by 500 ppm and half a millisecond do not explain is a step, and is left out of the drift."""
    assert values(watched(*ahead_ns)) == {"clock.step": step_ms, "clock.drift": drift_ppm}


def test_the_ticks_of_a_coarse_wall_clock_are_no_steps() -> None:
    """15.6 ms on Windows: two looks may lie on both sides of a tick."""
    assert values(watched(0, 15_600_000, 0, tick_ns=15_600_000))["clock.step"] == 0


def test_a_short_watch_says_nothing_of_drift() -> None:
    """Within less than half a second the error of the readings looks like drift."""
    assert values(watched(0, 0, apart_ns=S // 4))["clock.drift"] is None


def test_a_reading_that_was_interrupted_is_taken_again() -> None:
    """Between the two clocks the program may lose its turn: that is no step."""
    line = Hand()
    watch = WallWatch(lambda: line.now, line, 1)
    turns = iter([40 * MS])

    def wall_ns() -> int:
        line.now += next(turns, 0)
        return line.now

    watch._wall_ns = wall_ns
    line.now += S
    watch.look()
    assert watch.steps_ns == []
