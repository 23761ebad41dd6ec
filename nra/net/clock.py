"""Clocks: one line of time without steps, and how kernel stamps of the wall clock are laid on it."""

import sys
import time
from collections.abc import Callable
from typing import Final

from nra.net.ports import Clock

STEP_NS: Final = 500_000  # a change of (wall - line) above this is a step; NTP slews both clocks alike
COARSE_TICKS: Final = 4  # unless the wall clock itself moves in larger ticks (15.6 ms on Windows before Python 3.13)
PAIRS: Final = 5


def standing_s() -> float:
    """Return seconds of a clock that never steps and goes on while the workstation sleeps.

    Linux' monotonic clock and the one of Python on macOS stop then; Windows' goes on.
    """
    clocks = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC"}
    number = getattr(time, clocks.get(sys.platform, ""), None)
    return time.monotonic() if number is None else time.clock_gettime(number)


def seconds_left(clock: Clock, deadline_ns: int) -> float:
    """Return how long until the deadline, never negative."""
    return max(0.0, (deadline_ns - clock.now_ns()) / 1e9)


def wall_ahead_ns(line_ns: Callable[[], int]) -> int:
    """Return how far the wall clock is ahead of a line of time, by the quickest of some pairs of readings: the others were interrupted."""
    pairs = []
    for _ in range(PAIRS):
        before = line_ns()
        wall = time.time_ns()
        after = line_ns()
        pairs.append((after - before, wall - (before + after) // 2))
    return min(pairs)[1]


class SystemClock:
    """The performance counter, anchored once to the wall clock: Unix nanoseconds that never step."""

    __slots__ = ("_anchor_ns",)

    def __init__(self) -> None:
        """Anchor the line to the wall clock as it stands now."""
        self._anchor_ns = wall_ahead_ns(time.perf_counter_ns)

    def line(self) -> tuple[Callable[[], int], int]:
        """Return a counter and what it is behind the line: for whoever cannot afford a call of `now_ns`."""
        return time.perf_counter_ns, self._anchor_ns

    def now_ns(self) -> int:
        """Return the time now on the line, in Unix nanoseconds."""
        return time.perf_counter_ns() + self._anchor_ns


class WallStamps:
    """Lays stamps of the wall clock (as kernels give them) on the line of a clock, and notices steps."""

    __slots__ = ("_ahead_ns", "_clock", "_step_ns", "steps_ns")

    def __init__(self, clock: SystemClock) -> None:
        """Remember how far the wall clock is ahead of the line."""
        self._clock = clock
        self._step_ns = max(STEP_NS, round(COARSE_TICKS * time.get_clock_info("time").resolution * 1e9))
        self._ahead_ns = wall_ahead_ns(self._clock.now_ns)
        self.steps_ns: list[int] = []

    def stepped(self) -> bool:
        """Tell whether the wall clock stepped since the last call; a stamp taken around a step cannot be placed.

        A pair of readings is only as good as it was quick. One that agrees with what is known changes nothing, because its error
        would come back as jitter in every stamp; one that does not is followed no further than it proves.
        """
        before = self._clock.now_ns()
        wall = time.time_ns()
        after = self._clock.now_ns()
        proven_ns = min(max(self._ahead_ns, wall - after), wall - before)
        if abs(proven_ns - self._ahead_ns) <= self._step_ns:
            self._ahead_ns = proven_ns
            return False
        ahead_ns = wall_ahead_ns(self._clock.now_ns)
        self.steps_ns.append(ahead_ns - self._ahead_ns)
        self._ahead_ns = ahead_ns
        return True

    def on_line(self, wall_ns: int) -> int:
        """Return the line's time of a wall clock stamp."""
        return wall_ns - self._ahead_ns
