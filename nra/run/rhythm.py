"""When a series of runs measures: an absolute grid of slots. Time is an argument, in seconds since the series began."""

from dataclasses import dataclass
from math import ceil, floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """A run every so many seconds (0: one right after the other), so many times, until so long after the start; None: without that end."""

    every_s: float
    times: int | None
    until_s: float | None

    def planned(self) -> int | None:
        """Return how many slots there are, None where that is not known beforehand."""
        in_time = None if self.until_s is None or not self.every_s else floor(self.until_s / self.every_s) + 1
        return min((number for number in (self.times, in_time) if number is not None), default=None)


class Series:
    """Which slot comes next.

    A slot that is missed by more than half an interval, because the workstation slept or the run before took so long, is skipped and
    counted: what is measured late would tell of another time of day than it says.
    """

    def __init__(self, rhythm: Rhythm) -> None:
        """Nothing was measured yet."""
        self._rhythm = rhythm
        self._taken = 0
        self.missed = 0

    def next_s(self, now_s: float) -> float | None:
        """Take the next slot and return when it begins, None when the series is over."""
        rhythm = self._rhythm
        slot = self._taken
        if rhythm.every_s:
            slot = max(slot, ceil(now_s / rhythm.every_s - 0.5))
        planned = rhythm.planned()
        begins_s = max(now_s, slot * rhythm.every_s)
        if (planned is not None and slot >= planned) or (rhythm.until_s is not None and begins_s > rhythm.until_s):
            self.missed += max(0, (planned or 0) - self._taken) if rhythm.every_s else 0
            self._taken = max(self._taken, planned or 0)
            return None
        self.missed += slot - self._taken
        self._taken = slot + 1
        return begins_s
