"""The clock without steps, and wall clock stamps laid on it."""

import time
from types import SimpleNamespace

import pytest

from nra.net.clock import SystemClock, WallStamps

HOUR = 3600 * 1_000_000_000


class Clocks:
    """A wall clock and a performance counter by hand."""

    def __init__(self, resolution: float = 1e-9) -> None:
        """Both run, the wall clock at some Unix time."""
        self.wall_ns = 1_767_600_000_000_000_000
        self.counter_ns = 5_000
        self.resolution = resolution
        self.interrupted_ns = 0  # before and after the next readings of the wall clock, until it is set back

    def read_wall(self) -> int:
        """Return the wall clock's time, having been kept from it for a while."""
        self.advance(self.interrupted_ns)
        read_ns = self.wall_ns
        self.advance(self.interrupted_ns)
        return read_ns

    def advance(self, elapsed_ns: int) -> None:
        """Let time pass on both."""
        self.wall_ns += elapsed_ns
        self.counter_ns += elapsed_ns

    def as_module(self) -> SimpleNamespace:
        """Return what stands for the module `time`."""
        return SimpleNamespace(
            time_ns=self.read_wall,
            perf_counter_ns=lambda: self.counter_ns,
            get_clock_info=lambda _name: SimpleNamespace(resolution=self.resolution),
        )


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Put clocks by hand in the place of the system's."""
    made = Clocks()
    monkeypatch.setattr("nra.net.clock.time", made.as_module())
    return made


def test_the_line_does_not_step(clocks: Clocks) -> None:
    """Unix time at its start, then the counter's: a wall clock set back by an hour moves nothing."""
    clock = SystemClock()
    assert clock.now_ns() == clocks.wall_ns
    clocks.advance(1_000)
    clocks.wall_ns -= HOUR
    clocks.advance(1_000)
    assert clock.now_ns() == 1_767_600_000_000_002_000


def test_a_stamp_of_the_wall_clock_is_laid_on_the_line(clocks: Clocks) -> None:
    """After a step the same moment has another wall time, and the same place on the line."""
    clock = SystemClock()
    stamps = WallStamps(clock)
    assert stamps.on_line(clocks.wall_ns) == clock.now_ns()
    clocks.wall_ns += 7 * HOUR
    assert stamps.stepped()
    assert stamps.on_line(clocks.wall_ns) == clock.now_ns()


@pytest.mark.parametrize("step_ns", [HOUR, -HOUR, 600_000, -600_000])
def test_a_step_is_noticed_once(clocks: Clocks, step_ns: int) -> None:
    """Each step is kept with its size and sign."""
    stamps = WallStamps(SystemClock())
    assert not stamps.stepped()
    clocks.wall_ns += step_ns
    assert stamps.stepped()
    assert not stamps.stepped()
    assert stamps.steps_ns == [step_ns]


def test_slewing_is_no_step(clocks: Clocks) -> None:
    """NTP's 500 ppm is followed reading by reading and never told as a step."""
    clock = SystemClock()
    stamps = WallStamps(clock)
    for _ in range(100):
        clocks.advance(100_000_000)
        clocks.wall_ns += 50_000
        assert not stamps.stepped()
        assert stamps.on_line(clocks.wall_ns) == clock.now_ns()
    assert stamps.steps_ns == []


@pytest.mark.parametrize("interrupted_ns", [100, 5_000, 40_000_000])
def test_a_slow_reading_moves_no_stamp(clocks: Clocks, interrupted_ns: int) -> None:
    """Interrupted between the clocks a pair of readings proves little: what was known stays, to the nanosecond (no jitter of our own)."""
    clock = SystemClock()
    stamps = WallStamps(clock)
    clocks.interrupted_ns = interrupted_ns
    for _ in range(10):
        assert not stamps.stepped()
        assert stamps.on_line(clocks.wall_ns) == clock.now_ns()


def interrupt_readings(clocks: Clocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the processor away right after each reading of the wall clock, from the third one for the shortest time: 200 ns."""
    waits_ns = iter([2_350_000, 4_000, 200, 9_000, 4_000])
    read_wall = clocks.read_wall

    def one_sided() -> int:
        read_ns = read_wall()
        clocks.advance(next(waits_ns))
        return read_ns

    monkeypatch.setattr("nra.net.clock.time.time_ns", one_sided)


def test_the_quickest_reading_counts_in_the_beginning(clocks: Clocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known first is known by the pair of readings that was interrupted least, so that nothing has to be put right later."""
    clock = SystemClock()
    interrupt_readings(clocks, monkeypatch)
    stamps = WallStamps(clock)
    assert abs(stamps.on_line(clocks.wall_ns) - clock.now_ns()) == 100


def test_a_program_that_is_interrupted_as_it_starts_has_the_right_time(clocks: Clocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise all its stamps are behind those of other programs here, and one-way delays are off by as much."""
    interrupt_readings(clocks, monkeypatch)
    assert abs(SystemClock().now_ns() - clocks.wall_ns) == 100


@pytest.mark.parametrize("drift_ns", [7_000, -7_000])
def test_a_drift_is_followed_as_far_as_it_is_proven(clocks: Clocks, drift_ns: int) -> None:
    """With readings a microsecond off at most, stamps are off by no more than that, however far the clocks have drifted."""
    clock = SystemClock()
    stamps = WallStamps(clock)
    clocks.interrupted_ns = 1_000
    for _ in range(200):
        clocks.advance(20_000_000)
        clocks.wall_ns += drift_ns
        assert not stamps.stepped()
        assert abs(stamps.on_line(clocks.wall_ns) - clock.now_ns()) <= 1_000


def test_a_step_is_told_in_full_though_its_first_reading_was_slow(clocks: Clocks) -> None:
    """What a slow pair proves is less than the step: it is read again."""
    stamps = WallStamps(SystemClock())
    clocks.wall_ns += HOUR
    clocks.interrupted_ns = 200_000
    assert stamps.stepped()
    assert stamps.steps_ns == [HOUR]
    assert not stamps.stepped()


def test_a_coarse_wall_clock_steps_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows before Python 3.13 moves it by 15.6 ms at once: that is its tick, no step."""
    clocks = Clocks(resolution=0.015625)
    monkeypatch.setattr("nra.net.clock.time", clocks.as_module())
    stamps = WallStamps(SystemClock())
    clocks.counter_ns += 14_000_000
    assert not stamps.stepped()
    clocks.advance(1)
    clocks.wall_ns += HOUR
    assert stamps.stepped()


def test_the_real_clock_shows_the_time_of_day() -> None:
    """Within a tenth of a second of the wall clock, and forward only."""
    clock, before_ns = SystemClock(), time.time_ns()
    readings = [clock.now_ns() for _ in range(100)]
    assert readings == sorted(readings)
    assert before_ns - 100_000_000 < readings[0] <= readings[-1] < time.time_ns() + 100_000_000
    assert not WallStamps(clock).stepped()
