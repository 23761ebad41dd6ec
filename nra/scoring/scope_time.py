"""Whether it fails at some hours of the day and not at others: runs of the same workstations beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nra.scoring.contrast import PROVES, Contrast, chance

DAY: Final = 24
INSIDE_SHARE: Final = 0.75
OUTSIDE_SHARE: Final = 0.15
LEAST_RUNS: Final = 3
LEAST_HOURS: Final = 3
MOST_HOURS: Final = 12  # more than half of the day is no time of day


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hours of the day in UTC, from the first to the end of the last, over midnight where `last` is before `first`."""

    first: int
    last: int
    contrast: Contrast
    proven: bool


def bad_hours(judged: Sequence[int], breached: Sequence[int]) -> Hours | None:
    """Return the stretch of hours in which runs fail and outside of which they hardly do, None where no stretch is like that.

    Both sequences count runs by hour of the day. As many stretches are tried as hours have runs, squared: by chance alone
    one of them would look good, so the exact test is held against that many tries.
    """
    used = [hour for hour in range(DAY) if judged[hour]]
    if len(used) < LEAST_HOURS or not 0 < sum(breached) < sum(judged):
        return None
    stretches = [
        (first, last) for first in used for last in used if breached[first] and breached[last] and (last - first) % DAY < MOST_HOURS
    ]
    found = [(_beside(judged, breached, first, last), first, last) for first, last in stretches]
    clear = [each for each in found if _clear(each[0])]
    if not clear:
        return None
    contrast, first, last = min(clear, key=lambda each: (each[0].errors, (each[2] - each[1]) % DAY))
    return Hours(first=first, last=last, contrast=contrast, proven=chance(contrast) * len(used) ** 2 <= PROVES)


def _beside(judged: Sequence[int], breached: Sequence[int], first: int, last: int) -> Contrast:
    inside = [(first + step) % DAY for step in range((last - first) % DAY + 1)]
    runs, failing = sum(judged[hour] for hour in inside), sum(breached[hour] for hour in inside)
    return Contrast(inside_failing=failing, inside=runs, outside_failing=sum(breached) - failing, outside=sum(judged) - runs)


def _clear(contrast: Contrast) -> bool:
    enough = contrast.inside >= LEAST_RUNS and contrast.outside >= LEAST_RUNS
    return enough and contrast.inside_share >= INSIDE_SHARE and contrast.outside_share <= OUTSIDE_SHARE
