"""De-jitter buffers emulated over a stream: a fixed one (RFC 7005, 3) and one that adapts the way NetEQ does.

Both work on delays above a minimum of the same call, so the two ends' clocks need not agree. A probe that arrived without a known
delay (its reply was lost) counts as on time: the share of those is never larger than the loss on the way back.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from nra.model.document import BufferOutcome
from nra.model.sample import ABSENT, Int64Column
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


def fixed_late(journey: Journey, nominal_ms: float) -> BoolColumn:
    """Return which probes, shape (probes,), came more than the nominal delay after the fastest one: too late to be played."""
    present = journey.delay_ns != ABSENT
    fastest = journey.delay_ns[present].min(initial=np.iinfo(np.int64).max)
    late: BoolColumn = present & (np.where(present, journey.delay_ns, fastest) - fastest > nominal_ms * NS_PER_MS)
    return late


def fixed_outcome(journeys: Sequence[Journey], late: Sequence[BoolColumn], nominal_ms: float) -> BufferOutcome | None:
    """Return what a fixed buffer would have discarded, given its late masks; None when nothing arrived."""
    return _outcome(f"fixed {nominal_ms:g} ms", journeys, late, nominal_ms)


def adaptive(journeys: Sequence[Journey], t1_ns: Sequence[Int64Column]) -> tuple[BufferOutcome | None, tuple[BoolColumn, ...]]:
    """Return what a NetEQ-like buffer would have discarded, and which probes of each call: late is above base plus target in force."""
    intervals = [(t1 - t1[:1]) // INTERVAL_NS for t1 in t1_ns]
    count = 1 + max((int(slot.max(initial=0)) for slot in intervals), default=0)
    base, peak = _base_and_peak(journeys, intervals, count)
    target = _targets(peak)
    late, total_ms, arrived = [], 0.0, 0
    for call, (journey, slot) in enumerate(zip(journeys, intervals, strict=True)):
        present = journey.delay_ns != ABSENT
        in_force = target[call, slot]
        late.append(present & (journey.delay_ns - np.where(present, base[call, slot], 0) > in_force))
        total_ms += float(in_force[present].sum()) / NS_PER_MS
        arrived += int(np.count_nonzero(present))
    return _outcome("NetEQ-like", journeys, late, total_ms / arrived if arrived else 0.0), tuple(late)


def _outcome(name: str, journeys: Sequence[Journey], late: Sequence[BoolColumn], delay_ms: float) -> BufferOutcome | None:
    discards = sum(int(np.count_nonzero(mask)) for mask in late)
    discard_percent = percent(discards, sum(j.expected for j in journeys))
    if discard_percent is None or not any((j.delay_ns != ABSENT).any() for j in journeys):
        return None
    return BufferOutcome(name=name, discards=discards, discard_percent=discard_percent, delay_ms=delay_ms)


def _base_and_peak(journeys: Sequence[Journey], intervals: Sequence[Int64Column], count: int) -> tuple[Int64Column, Int64Column]:
    """Return per call and interval, shape (calls, intervals), the recent minimum and the largest delay above it (-1: no packet)."""
    nothing = np.iinfo(np.int64).max
    least, most = np.full((len(journeys), count), nothing), np.full((len(journeys), count), ABSENT)
    for call, (journey, slot) in enumerate(zip(journeys, intervals, strict=True)):
        present = journey.delay_ns != ABSENT
        np.minimum.at(least[call], slot[present], journey.delay_ns[present])
        np.maximum.at(most[call], slot[present], journey.delay_ns[present])
    padded = np.pad(least, ((0, 0), (HISTORY_INTERVALS - 1, 0)), constant_values=nothing)
    base = np.lib.stride_tricks.sliding_window_view(padded, HISTORY_INTERVALS, axis=1).min(axis=2)
    seen = most != ABSENT
    return base, np.where(seen, most - np.where(seen, base, ABSENT), -1)


def _targets(peak: Int64Column) -> Int64Column:
    """Return the target delay (ns) in force in each interval: the quantile of the peaks before it, older ones fading."""
    calls, intervals = peak.shape
    weight: FloatColumn = np.zeros((calls, BUCKETS))
    samples = np.zeros(calls)
    target = np.full((calls, intervals), START_TARGET_NS)
    bucket = np.minimum(peak // BUCKET_NS, BUCKETS - 1)
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
