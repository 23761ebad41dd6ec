"""The stream second by second, by time of sending, and the worst 15 s of each direction: averages hide bursts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nra.model.sample import Int64Column
from nra.model.voice import Window, WindowDirection, WorstWindow
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
    `jitter_ns` is a sum over `jitters` packets.
    """

    expected: Int64Column
    lost: Int64Column
    late: Int64Column
    runs: Int64Column
    jitters: Int64Column
    jitter_ns: FloatColumn


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RoundTrips:
    """The round trips of all calls by the second of sending, shape (seconds,): `delay_ns` is a sum over `answers` packets."""

    answers: Int64Column
    delay_ns: FloatColumn


def second_of_sending(t1_ns: Int64Column, start_ns: int) -> Int64Column:
    """Return in which second of the stream each probe was sent, shape (probes,)."""
    return np.maximum(0, (t1_ns - start_ns) // NS_PER_S)


def by_second(
    journeys: Sequence[Journey], seconds: Sequence[Int64Column], late: Sequence[BoolColumn], jitter_ns: Sequence[FloatColumn]
) -> Seconds:
    """Count one direction by the second; each jitter sample belongs to the packet at whose arrival it was taken."""
    length = _length(seconds)
    counts, jitter_sum = np.zeros((5, length), dtype=np.int64), np.zeros(length)
    for journey, second, too_late, jitter in zip(journeys, seconds, late, jitter_ns, strict=True):
        known = journey.fate <= Fate.LOST
        lost = journey.fate == Fate.LOST
        bad = (lost | too_late)[known]
        begins = bad.copy()
        begins[1:] &= ~bad[:-1]
        after, when = second[journey.timed[1:]], second[known]
        counts += [np.bincount(s, minlength=length) for s in (when, second[lost], second[too_late], when[begins], after)]
        jitter_sum += np.bincount(after, weights=jitter, minlength=length)
    expected, lost_count, late_count, runs, jitters = counts
    return Seconds(expected=expected, lost=lost_count, late=late_count, runs=runs, jitters=jitters, jitter_ns=jitter_sum)


def round_trips_by_second(journeys: Sequence[Journey], seconds: Sequence[Int64Column]) -> RoundTrips:
    """Add up the round trips by the second."""
    length = _length(seconds)
    answers, delay_sum = np.zeros(length, dtype=np.int64), np.zeros(length)
    for journey, second in zip(journeys, seconds, strict=True):
        when = second.take(journey.timed)
        answers += np.bincount(when, minlength=length)
        delay_sum += np.bincount(when, weights=journey.delay_ns.take(journey.timed), minlength=length)
    return RoundTrips(answers=answers, delay_ns=delay_sum)


def windows(up: Seconds, down: Seconds, round_trip: RoundTrips) -> tuple[Window, ...]:
    """Return one window per second; what a second does not show is None."""
    return tuple(
        Window(
            start_s=float(second),
            up=_direction(up, second),
            down=_direction(down, second),
            rtt_avg_ms=_mean_ms(round_trip.delay_ns[second], round_trip.answers[second]),
        )
        for second in range(len(round_trip.answers))
    )


def worst_window(direction: Seconds, round_trip: RoundTrips, length_s: float, mos_of: MosOf) -> WorstWindow | None:
    """Return the 15 s with the lowest MOS (the first of equals), or None if the stream was shorter than that.

    Where loss took every answer there is no round trip and so no MOS: such a window is worse than any that has one.
    """
    if length_s < WORST_S:
        return None
    candidates = [_window(direction, round_trip, start, mos_of) for start in range(max(1, len(direction.expected) - WORST_S + 1))]
    ranked = [window for window in candidates if window.loss_percent is not None]
    return min(ranked, key=lambda window: -1.0 if window.mos is None else window.mos, default=None)


def _window(direction: Seconds, round_trip: RoundTrips, start: int, mos_of: MosOf) -> WorstWindow:
    span = slice(start, start + WORST_S)
    expected, lost, late, runs = (
        int(column[span].sum()) for column in (direction.expected, direction.lost, direction.late, direction.runs)
    )
    impairments = Impairments(
        loss_percent=percent(lost, expected),
        discard_percent=percent(late, expected),
        burst_r=burst_ratio(lost + late, max(runs, 1), expected) if expected else None,
        rtt_avg_ms=_mean_ms(round_trip.delay_ns[span], round_trip.answers[span]),
    )
    return WorstWindow(
        start_s=float(start),
        length_s=float(WORST_S),
        loss_percent=impairments.loss_percent,
        jitter_ms=_mean_ms(direction.jitter_ns[span], direction.jitters[span]),
        mos=mos_of(impairments),
    )


def _direction(direction: Seconds, second: int) -> WindowDirection:
    return WindowDirection(
        loss_percent=percent(int(direction.lost[second]), int(direction.expected[second])),
        jitter_ms=_mean_ms(direction.jitter_ns[second], direction.jitters[second]),
    )


def _mean_ms(total_ns: FloatColumn | np.float64, count: Int64Column | np.int64) -> float | None:
    packets = int(count.sum())
    return float(total_ns.sum()) / packets / NS_PER_MS if packets else None


def _length(seconds: Sequence[Int64Column]) -> int:
    return 1 + max((int(second.max(initial=-1)) for second in seconds), default=-1)
