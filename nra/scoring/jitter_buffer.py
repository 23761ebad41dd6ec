"""De-jitter buffers emulated over a stream: a fixed one (RFC 7005, 3) and one that adapts the way NetEQ does.

Both work on delays above a minimum of the same call, so the two ends' clocks need not agree. A probe that arrived without a known
delay (its reply was lost) counts as on time: the share of those is never larger than the loss on the way back.
"""

from collections.abc import Sequence
from math import floor
from typing import Final

import numpy as np

from nra.model.sample import ABSENT, Int64Column
from nra.model.voice import BufferOutcome
from nra.scoring.fates import Journey
from nra.scoring.statistics import NS_PER_MS, FloatColumn, percent
from nra.scoring.upstream import BoolColumn

NOMINAL_MS: Final = 60.0
"""The buffer on which a stream is judged."""
FIXED_MS: Final = (40.0, NOMINAL_MS)

# NetEQ-like: parameters of WebRTC's delay manager and underrun optimizer. A network-only emulation cannot see that NetEQ also
# stretches time, and leaves out its reorder optimizer.
INTERVAL_NS: Final = 500_000_000  # one sample of the histogram, the largest relative delay of the interval
HISTORY_INTERVALS: Final = 4  # 2 s: delays are relative to the minimum of so long a past
BUCKET_NS: Final = 20_000_000
BUCKETS: Final = 100
QUANTILE: Final = 0.95
FORGET: Final = 0.983
START_WEIGHT: Final = 2.0
START_TARGET_NS: Final = 80_000_000
_ROUNDING: Final = 1e-9
_NOTHING: Final = int(np.iinfo(np.int64).max)


def fixed_late(journey: Journey, nominal_ms: float) -> BoolColumn:
    """Return which probes, shape (probes,), came more than the nominal delay after the fastest one: too late to be played."""
    fastest = _fastest_ns(journey)
    if fastest is None:
        return np.zeros(len(journey.delay_ns), dtype=np.bool_)
    late: BoolColumn = journey.delay_ns > fastest + floor(nominal_ms * NS_PER_MS)  # ABSENT is below every number
    return late


def _fastest_ns(journey: Journey) -> int | None:
    """Return the smallest delay, None when nothing arrived."""
    least = int(journey.delay_ns.min(initial=_NOTHING))
    if least == ABSENT:
        least = int(journey.delay_ns[journey.delay_ns != ABSENT].min(initial=_NOTHING))
    return None if least == _NOTHING else least


def fixed_outcome(journeys: Sequence[Journey], late: Sequence[BoolColumn], nominal_ms: float) -> BufferOutcome | None:
    """Return what a fixed buffer would have discarded, given its late masks; None when nothing arrived."""
    return _outcome(f"fixed {nominal_ms:g} ms", journeys, late, nominal_ms)


def adaptive(journeys: Sequence[Journey], t1_ns: Sequence[Int64Column]) -> tuple[BufferOutcome | None, tuple[BoolColumn, ...]]:
    """Return what a NetEQ-like buffer would have discarded, and which probes of each call: late is above base plus target in force."""
    intervals = [(t1 - t1[:1]) // INTERVAL_NS for t1 in t1_ns]
    count = 1 + max((int(slot.max(initial=0)) for slot in intervals), default=0)
    base, peak, arrivals = _base_and_peak(journeys, intervals, count)
    target = _targets(peak)
    limit = np.where(arrivals > 0, base, 0) + target
    late = [journey.delay_ns > in_force.take(slot) for journey, slot, in_force in zip(journeys, intervals, limit, strict=True)]
    arrived = int(arrivals.sum())
    total_ms = sum(((arrivals * target).sum(axis=1) / NS_PER_MS).tolist())
    return _outcome("NetEQ-like", journeys, late, total_ms / arrived if arrived else 0.0), tuple(late)


def _outcome(name: str, journeys: Sequence[Journey], late: Sequence[BoolColumn], delay_ms: float) -> BufferOutcome | None:
    discards = sum(int(np.count_nonzero(mask)) for mask in late)
    discard_percent = percent(discards, sum(j.expected for j in journeys))
    if discard_percent is None or all(_fastest_ns(journey) is None for journey in journeys):
        return None
    return BufferOutcome(name=name, discards=discards, discard_percent=discard_percent, delay_ms=delay_ms)


def _base_and_peak(
    journeys: Sequence[Journey], intervals: Sequence[Int64Column], count: int
) -> tuple[Int64Column, Int64Column, Int64Column]:
    """Return the recent minimum, the largest delay above it (-1: no packet) and the arrivals, each of shape (calls, intervals)."""
    least, most = np.full((len(journeys), count), _NOTHING), np.full((len(journeys), count), ABSENT)
    arrivals = np.zeros((len(journeys), count), dtype=np.int64)
    for call, (journey, slot) in enumerate(zip(journeys, intervals, strict=True)):
        present = journey.delay_ns != ABSENT
        when, delay_ns = slot[present], journey.delay_ns[present]
        np.minimum.at(least[call], when, delay_ns)
        np.maximum.at(most[call], when, delay_ns)
        arrivals[call] = np.bincount(when, minlength=count)
    padded = np.pad(least, ((0, 0), (HISTORY_INTERVALS - 1, 0)), constant_values=_NOTHING)
    base = np.lib.stride_tricks.sliding_window_view(padded, HISTORY_INTERVALS, axis=1).min(axis=2)
    seen = arrivals > 0
    return base, np.where(seen, most - np.where(seen, base, ABSENT), -1), arrivals


def _targets(peak: Int64Column) -> Int64Column:
    """Return the target delay (ns) in force in each interval: the quantile of the peaks before it, older ones fading."""
    calls, intervals = peak.shape
    samples = np.zeros(calls)
    target = np.full((calls, intervals), START_TARGET_NS)
    bucket = np.minimum(peak // BUCKET_NS, BUCKETS - 1)
    weight: FloatColumn = np.zeros((calls, 1 + int(bucket.max(initial=0))))  # no further than anybody was late
    for now in range(intervals - 1):
        seen = np.flatnonzero(peak[:, now] >= 0)
        samples[seen] += 1
        forget = np.minimum(FORGET, 1 - START_WEIGHT / (samples[seen] + 1))
        weight[seen] *= forget[:, None]
        weight[seen, bucket[seen, now]] += 1 - forget
        target[:, now + 1] = target[:, now]
        reached = np.cumsum(weight[seen], axis=1) >= QUANTILE - _ROUNDING
        target[seen, now + 1] = (np.argmax(reached, axis=1) + 1) * BUCKET_NS
    return target
