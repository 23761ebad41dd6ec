"""How loss clusters: runs, the burst ratio of the E-model (G.107, 7.5), bursts and gaps of RFC 3611 (4.7.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nra.model.sample import Int64Column
from nra.scoring.fates import Fate, Journey
from nra.scoring.upstream import BoolColumn

GMIN: Final = 16  # RFC 3611, 4.7.2: good packets in a row that end a burst


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPattern:
    """Over all calls in send order: BurstR of what was lost or discarded, and the longest run of what was lost."""

    burst_r: float | None
    longest_loss: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstGap:
    """Bursts and gaps of one stream: how many, how long on average (packets), and which share of each was bad (0..1)."""

    bursts: int
    gaps: int
    burst_mean_packets: float
    gap_mean_packets: float
    burst_density: float
    gap_density: float


def loss_pattern(journeys: Sequence[Journey], late: Sequence[BoolColumn]) -> LossPattern:
    """Return how loss and discards cluster; a probe of unknown fate or never expected stands in no run."""
    bad_runs, lost_runs, expected = [], [], 0
    for journey, too_late in zip(journeys, late, strict=True):
        known = journey.fate <= Fate.LOST
        lost = journey.fate[known] == Fate.LOST
        bad_runs.append(run_lengths(lost | too_late[known]))
        lost_runs.append(run_lengths(lost))
        expected += len(lost)
    if not expected:
        return LossPattern(burst_r=None, longest_loss=None)
    runs = np.concatenate(bad_runs)
    return LossPattern(
        burst_r=burst_ratio(int(runs.sum()), len(runs), expected),
        longest_loss=int(np.concatenate(lost_runs).max(initial=0)),
    )


def burst_ratio(bad: int, runs: int, expected: int) -> float:
    """Return BurstR: the mean run of bad packets against the mean run if they fell at random, at least 1 (G.107, 7.5)."""
    return max(1.0, bad / runs * (1 - bad / expected)) if runs else 1.0


def run_lengths(mask: BoolColumn) -> Int64Column:
    """Return the length of every run of True, in order."""
    fenced = np.zeros(len(mask) + 2, dtype=np.bool_)
    fenced[1:-1] = mask
    edges = np.flatnonzero(fenced[1:] != fenced[:-1])
    return edges[1::2] - edges[::2]


def burst_gap(bad: BoolColumn, gmin: int = GMIN) -> BurstGap:
    """Return the burst and gap metrics of a stream in send order, to the letter of their definition (RFC 3611, 4.7.2).

    A burst begins and ends with a bad packet, holds at least two and no `gmin` good ones in a row; all else is gap. Durations are
    means, as the definition has it (the example in the text adds them up).
    """
    positions = np.flatnonzero(bad)
    breaks = np.flatnonzero(np.diff(positions) > gmin)
    first, last = positions[np.append(0, breaks + 1)[: len(positions)]], positions[np.append(breaks, -1)[: len(positions)]]
    in_burst = last > first
    first, last = first[in_burst], last[in_burst] + 1
    inside = int((last - first).sum())
    bad_inside = int(np.searchsorted(positions, last).sum() - np.searchsorted(positions, first).sum())
    outside, bad_outside = len(bad) - inside, len(positions) - bad_inside
    gaps = int(np.count_nonzero(np.append(first, len(bad)) > np.append(0, last)))
    return BurstGap(
        bursts=len(first),
        gaps=gaps,
        burst_mean_packets=inside / len(first) if len(first) else 0.0,
        gap_mean_packets=outside / gaps if gaps else 0.0,
        burst_density=bad_inside / inside if inside else 0.0,
        gap_density=bad_outside / outside if outside else 0.0,
    )
