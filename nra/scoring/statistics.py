"""Packet metrics of one direction: loss (RFC 7680), reordering (RFC 4737), jitter (RFC 3550), delay variation (RFC 5481).

First copies only, duplicates are counted apart. Delays are signed and never clamped: an offset between the two clocks cancels in
every difference. Several calls: counts add up, jitter is weighted by packets, delay variation is above each call's own minimum.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nra.model.sample import Int64Column
from nra.model.voice import DELAY_EDGES_MS, DelayBin, Pdv, RoundTrip
from nra.scoring.fates import Fate, Journey

FloatColumn = NDArray[np.float64]

NS_PER_MS: Final = 1_000_000
_ENDS_NS: Final = np.array([round(edge * NS_PER_MS) for edge in DELAY_EDGES_MS[1:]])
JITTER_GAIN: Final = 1 / 16  # RFC 3550, 6.4.1
_BLOCK: Final = 64  # packets that one matrix row carries forward; any number gives the same result
_DECAY: Final = (1 - JITTER_GAIN) ** np.arange(1, _BLOCK + 1)
_AGE: Final = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
_WEIGHT: Final = np.where(_AGE >= 0, JITTER_GAIN * (1 - JITTER_GAIN) ** np.abs(_AGE), 0.0)  # of each |D| in each J of the same row


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatistics:
    """One direction over all its calls; `lost` is what is proven."""

    expected: int
    received: int
    lost: int
    loss_percent: float | None
    duplicates: int
    reordered: int
    order_percent: float | None
    jitter_ms: float | None
    jitter_max_ms: float | None
    pdv_ms: Pdv | None
    delays: tuple[DelayBin, ...]


def stream_statistics(journeys: Sequence[Journey], jitter_ns: Sequence[FloatColumn]) -> StreamStatistics:
    """Return the metrics of one direction; `jitter_ns` holds the running jitter of each journey."""
    expected, copies = sum(j.expected for j in journeys), sum(len(j.arrival) for j in journeys)
    received, lost = count_fate(journeys, Fate.ARRIVED), count_fate(journeys, Fate.LOST)
    reordered = sum(reordered_count(j.departure) for j in journeys)
    samples = sum(len(j) for j in jitter_ns)
    above_ns = above_minimum_ns(known_delays_ns(j) for j in journeys)
    return StreamStatistics(
        expected=expected,
        received=received,
        lost=lost,
        loss_percent=percent(lost, expected) if received + lost else None,
        duplicates=sum(j.duplicates for j in journeys),
        reordered=reordered,
        order_percent=100 * (1 - reordered / copies) if copies else None,
        jitter_ms=float(sum(j.sum() for j in jitter_ns)) / samples / NS_PER_MS if samples else None,
        jitter_max_ms=max(float(j.max(initial=0)) for j in jitter_ns) / NS_PER_MS if samples else None,
        pdv_ms=delay_variation(above_ns),
        delays=delay_histogram(above_ns),
    )


def percent(part: float, whole: float) -> float | None:
    """Return the share in percent, or None of nothing: absent is never zero."""
    return 100 * part / whole if whole else None


def count_fate(journeys: Iterable[Journey], fate: int) -> int:
    """Return how many probes met this fate."""
    return sum(int(np.count_nonzero(j.fate == fate)) for j in journeys)


def known_delays_ns(journey: Journey) -> Int64Column:
    """Return the delays of the first copies in order of arrival, shape (copies with a delay,)."""
    return journey.delay_ns.take(journey.timed)


def reordered_count(departure: Int64Column) -> int:
    """Return how many first copies arrived after one that had set out later (RFC 4737, 3)."""
    return int(np.count_nonzero(departure < np.maximum.accumulate(departure))) if len(departure) else 0


def running_jitter(delays: NDArray[Any]) -> FloatColumn:
    """Return J after each packet but the first, in the unit of `delays` (in arrival order): J += (|D| - J) / 16 (RFC 3550, 6.4.1).

    The recursion is linear, so rows of packets are weighted by one matrix and only the row ends are carried on one by one.
    """
    differences = np.diff(delays)
    rows = np.zeros((-(-len(differences) // _BLOCK), _BLOCK))
    rows.reshape(-1)[: len(differences)] = np.abs(differences, out=differences)
    jitter: FloatColumn = rows @ _WEIGHT.T
    carried, carry = [], 0.0
    for end in jitter[:, -1].tolist():
        carried.append(carry)
        carry = end + carry * float(_DECAY[-1])
    jitter += np.multiply.outer(np.array(carried), _DECAY)
    return jitter.reshape(-1)[: len(differences)]


def nearest_rank(values: NDArray[Any], *percents: int) -> tuple[float, ...]:
    """Return percentiles by nearest rank, ceil(p n / 100), of at least one value."""
    ranks = [max(1, -(-p * len(values) // 100)) - 1 for p in percents]
    ordered = np.partition(values, sorted(set(ranks)))
    return tuple(float(ordered[rank]) for rank in ranks)


def above_minimum_ns(delays_ns: Iterable[Int64Column]) -> Int64Column:
    """Return the delays of all calls, each above its own call's minimum (RFC 5481, 4.2)."""
    return np.concatenate([np.empty(0, dtype=np.int64), *(delays - delays.min() for delays in delays_ns if len(delays))])


def delay_variation(above_ns: Int64Column) -> Pdv | None:
    """Return the distribution of the delay above the minimum, or None without a delay."""
    if not len(above_ns):
        return None
    p50, p95, p99, most = (ns / NS_PER_MS for ns in nearest_rank(above_ns, 50, 95, 99, 100))
    return Pdv(p50=p50, p95=p95, p99=p99, max=most)


def delay_histogram(above_ns: Int64Column) -> tuple[DelayBin, ...]:
    """Return how many delays above the minimum fell between the edges, up to the last bin that holds one; nothing without a delay.

    A delay that is an edge belongs below it: one of exactly 60 ms is not too late for a buffer of 60 ms.
    """
    counts = np.bincount(np.searchsorted(_ENDS_NS, above_ns)).tolist()
    return tuple(
        DelayBin(above_ms=least, most_ms=most, packets=packets)
        for least, most, packets in zip(DELAY_EDGES_MS, (*DELAY_EDGES_MS[1:], None), counts, strict=False)  # no empty ones at the end
    )


def round_trip(journeys: Sequence[Journey]) -> RoundTrip:
    """Return the distribution of the round trip over all calls, and how many probes had no answer at all."""
    lost = count_fate(journeys, Fate.LOST)
    loss_percent = percent(lost, sum(j.expected for j in journeys))
    delays = np.concatenate([np.empty(0, dtype=np.int64), *(known_delays_ns(j) for j in journeys)])
    if not len(delays):
        return RoundTrip(lost=lost, loss_percent=loss_percent, note="no answer")
    p50, p95, p99, most = (ns / NS_PER_MS for ns in nearest_rank(delays, 50, 95, 99, 100))
    least, mean = float(delays.min()) / NS_PER_MS, float(delays.mean()) / NS_PER_MS
    return RoundTrip(min_ms=least, avg_ms=mean, p50_ms=p50, p95_ms=p95, p99_ms=p99, max_ms=most, lost=lost, loss_percent=loss_percent)
