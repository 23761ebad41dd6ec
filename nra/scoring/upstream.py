"""Which unanswered probes reached a stateful Session-Reflector: the gaps in its own numbers tell how many, not which.

The reflector numbers every reply that it sends, from 0 (RFC 8762, 4.3). Between two neighbouring replies a number that is
missing here was given to a probe that did reach it and whose reply was lost; an unanswered probe without a missing number
was lost on the way up. The counts are proven, the identity is not: the probes taken as lost in a direction are put next to
each other, so that bursts come out as long as they can have been, never shorter.
"""

import numpy as np
from numpy.typing import NDArray

from nra.model.sample import Int64Column

BoolColumn = NDArray[np.bool_]


def reached_reflector(
    answered: BoolColumn, probe: Int64Column, number: Int64Column, reflected: int | None
) -> tuple[Int64Column, Int64Column]:
    """Return the probes (indices) that are inferred to have reached the reflector, and those of which nothing can be said.

    `probe` and `number` are the replies seen, each number once and ascending; `reflected` is how many replies the reflector
    says it sent in all. Without it the probes after the last reply are unknown: they are never split by guess.
    """
    ends, levels, reordered = _steps(len(answered), probe, number)
    if reflected is not None and reflected > levels[-1]:
        ends, levels = np.append(ends, len(answered) - 1), np.append(levels, reflected - 1)
    unanswered = np.flatnonzero(~answered)
    known = unanswered[unanswered <= ends[-1]]
    unknown = unanswered[len(known) :]
    step = np.searchsorted(ends[1:], known)
    candidates = np.bincount(step, minlength=len(ends) - 1)
    missing = np.diff(levels) - np.diff(np.searchsorted(number, levels, side="right"))
    behind = np.cumsum(candidates)[step] - np.arange(len(known))  # 1 for the last candidate of its step
    reached = behind <= missing[step]
    if reordered:
        surplus = missing - np.minimum(missing, candidates)
        reached[_nearest(np.flatnonzero(~reached), known, np.repeat(ends[1:], surplus))] = True
    return known[reached], unknown


def _steps(probes: int, probe: Int64Column, number: Int64Column) -> tuple[Int64Column, Int64Column, bool]:
    """Cut the call where all replies before carry smaller numbers than all replies after.

    Returns the last probe and the highest number of each step, beginning with (-1, -1), and whether replies overtook each
    other: every answered probe ends a step unless they did.
    """
    low, high = np.full(probes, np.iinfo(np.int64).max), np.full(probes, -1, dtype=np.int64)
    np.minimum.at(low, probe, number)
    np.maximum.at(high, probe, number)
    seen = np.flatnonzero(high >= 0)
    highest_so_far = np.maximum.accumulate(high[seen])
    lowest_to_come = np.append(np.minimum.accumulate(low[seen][::-1])[::-1], np.iinfo(np.int64).max)
    cut = highest_so_far < lowest_to_come[1:]
    return np.append(-1, seen[cut]), np.append(-1, highest_so_far[cut]), not bool(cut.all())


def _nearest(lost: Int64Column, known: Int64Column, surplus: Int64Column) -> Int64Column:
    """Return those of `lost` (indices into `known`) that explain a surplus number: a probe overtaken far leaves it elsewhere."""
    fence = np.concatenate(([-(1 << 40)], surplus, [1 << 40]))
    after = np.searchsorted(surplus, known[lost])
    distance = np.minimum(known[lost] - fence[after], fence[after + 1] - known[lost])
    return lost[np.argsort(distance, kind="stable")[: len(surplus)]]
