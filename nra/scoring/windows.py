"""The stream second by second, by time of sending, and the worst 15 s of each direction: averages hide bursts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nra.model.document import Window, WindowDirection, WorstWindow
from nra.model.sample import ABSENT, Int64Column
from nra.scoring.bursts import burst_ratio
from nra.scoring.fates import Fate, Journey
from nra.scoring.quality import Impairments
from nra.scoring.statistics import NS_PER_MS, FloatColumn, percent
from nra.scoring.upstream import BoolColumn

NS_PER_S: Final = 1_000_000_000
WORST_S: Final = 15
"""How long the worst window is: a span that a person remembers as "the bad moment"."""

MosOf = Callable[[Impairments], float | None]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Seconds:
    """One direction over all its calls, counted by the second of sending: columns of shape (seconds,).

    `expected` leaves out probes of unknown fate; `runs` are runs of lost-or-discarded packets, counted where they begin;
    `jitter_ns` and `delay_ns` are sums over `jitters` and `delays` packets.
    """

    expected: Int64Column
    lost: Int64Column
    late: Int64Column
    runs: Int64Column
    jitter_ns: FloatColumn
    jitters: Int64Column
    delay_ns: FloatColumn
    delays: Int64Column


def second_of_sending(t1_ns: Int64Column, start_ns: int) -> Int64Column:
    """Return in which second of the stream each probe was sent, shape (probes,)."""
    return np.maximum(0, (t1_ns - start_ns) // NS_PER_S)


def by_second(
    journeys: Sequence[Journey], seconds: Sequence[Int64Column], late: Sequence[BoolColumn], jitter_ns: Sequence[FloatColumn]
) -> Seconds:
    """Count one direction by the second; each jitter sample belongs to the packet at whose arrival it was taken."""
    length = 1 + max((int(second.max(initial=-1)) for second in seconds), default=-1)
    counts, sums = np.zeros((6, length), dtype=np.int64), np.zeros((2, length))
    for journey, second, too_late, jitter in zip(journeys, seconds, late, jitter_ns, strict=True):
        known = journey.fate <= Fate.LOST
        lost = journey.fate == Fate.LOST
        bad = (lost | too_late)[known]
        begins = bad & ~np.append(False, bad[:-1]) if len(bad) else bad
        timed = journey.arrival[journey.delay_ns[journey.arrival] != ABSENT]
        picked = (second[known], second[lost], second[too_late], second[known][begins], second[timed[1:]], second[timed])
        counts += [np.bincount(pick, minlength=length) for pick in picked]
        sums[0] += np.bincount(second[timed[1:]], weights=jitter, minlength=length)
        sums[1] += np.bincount(second[timed], weights=journey.delay_ns[timed], minlength=length)
    expected, lost_count, late_count, runs, jitters, delays = counts
    return Seconds(
        expected=expected, lost=lost_count, late=late_count, runs=runs, jitter_ns=sums[0], jitters=jitters, delay_ns=sums[1], delays=delays
    )


def windows(up: Seconds, down: Seconds, round_trip: Seconds) -> tuple[Window, ...]:
    """Return one window per second; what a second does not show is None."""
    return tuple(
        Window(start_s=float(second), up=_direction(up, second), down=_direction(down, second), rtt_avg_ms=_delay_ms(round_trip, second))
        for second in range(len(round_trip.expected))
    )


def worst_window(direction: Seconds, round_trip: Seconds, length_s: float, mos_of: MosOf) -> WorstWindow | None:
    """Return the 15 s with the lowest MOS (the first of equals), or None if the stream was shorter than that.

    Where loss took every answer there is no round trip and so no MOS: such a window is worse than any that has one.
    """
    if length_s < WORST_S:
        return None
    candidates = [_window(direction, round_trip, start, mos_of) for start in range(max(1, len(direction.expected) - WORST_S + 1))]
    ranked = [window for window in candidates if window.loss_percent is not None]
    return min(ranked, key=lambda window: -1.0 if window.mos is None else window.mos, default=None)


def _window(direction: Seconds, round_trip: Seconds, start: int, mos_of: MosOf) -> WorstWindow:
    span = slice(start, start + WORST_S)
    expected, lost, late, runs = (
        int(column[span].sum()) for column in (direction.expected, direction.lost, direction.late, direction.runs)
    )
    impairments = Impairments(
        loss_percent=percent(lost, expected),
        discard_percent=percent(late, expected),
        burst_r=burst_ratio(lost + late, max(runs, 1), expected) if expected else None,
        rtt_avg_ms=_mean_ms(round_trip.delay_ns[span], round_trip.delays[span]),
    )
    return WorstWindow(
        start_s=float(start),
        length_s=float(WORST_S),
        loss_percent=impairments.loss_percent,
        jitter_ms=_mean_ms(direction.jitter_ns[span], direction.jitters[span]),
        mos=mos_of(impairments),
    )


def _direction(direction: Seconds, second: int) -> WindowDirection:
    span = slice(second, second + 1)
    return WindowDirection(
        loss_percent=percent(int(direction.lost[second]), int(direction.expected[second])),
        jitter_ms=_mean_ms(direction.jitter_ns[span], direction.jitters[span]),
    )


def _delay_ms(direction: Seconds, second: int) -> float | None:
    return _mean_ms(direction.delay_ns[second : second + 1], direction.delays[second : second + 1])


def _mean_ms(total_ns: FloatColumn, count: Int64Column) -> float | None:
    packets = int(count.sum())
    return float(total_ns.sum()) / packets / NS_PER_MS if packets else None
