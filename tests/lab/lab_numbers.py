"""The contract's numbers in plain Python: one direction, the round trip, second by second; nothing of nra.scoring, no numpy.

Everything is written down a second time from the definitions, slowly and in the open, so that agreement means something. What is not
known is None.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from math import ceil
from typing import Any, Final

NS_PER_MS: Final = 1e6
NS_PER_S: Final = 1_000_000_000
HALF_SECOND_NS: Final = 500_000_000
HISTORY: Final = 4  # half seconds
BUFFERS_MS: Final = (40.0, 60.0)
JUDGED_MS: Final = 60.0  # the de-jitter buffer on which a stream is judged (contract 3)
PERCENTILES: Final = {"p50": 50, "p95": 95, "p99": 99, "max": 100}


@dataclass(frozen=True, slots=True)
class Arrival:
    """The first copy of a probe that arrived: its sequence, under which number it set out, and how long it was under way."""

    sequence: int
    departure: int
    delay_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One call one way: which probes set out and in which second of the stream, the first copies in order of arrival, extra copies.

    `sent_ns` is when each probe of the call was sent, whether it set out this way or not.
    """

    second_of: dict[int, int]
    sent_ns: dict[int, int]
    arrivals: list[Arrival]
    duplicates: int
    markings: list[int] = field(default_factory=list)

    def lost(self) -> list[bool]:
        """Return in send order whether each probe was lost."""
        arrived = {arrival.sequence for arrival in self.arrivals}
        return [sequence not in arrived for sequence in sorted(self.second_of)]

    def late(self, nominal_ms: float) -> list[bool]:
        """Return in send order whether each probe came more than so long after the fastest (RFC 7005, 3; RFC 5481, 3.2)."""
        delays = {arrival.sequence: arrival.delay_ns for arrival in self.arrivals}
        fastest = min(delays.values(), default=0)
        return [delays.get(sequence, fastest) - fastest > nominal_ms * NS_PER_MS for sequence in sorted(self.second_of)]

    def bad(self, nominal_ms: float) -> list[bool]:
        """Return in send order whether each probe was lost or came too late to be played."""
        return [lost or late for lost, late in zip(self.lost(), self.late(nominal_ms), strict=True)]

    def jitter(self) -> list[tuple[int, float]]:
        """Return J (ns) after each arrival but the first, with the sequence that arrived (RFC 3550, 6.4.1)."""
        values = running_jitter([arrival.delay_ns for arrival in self.arrivals])
        return [(arrival.sequence, value) for arrival, value in zip(self.arrivals[1:], values, strict=True)]


def direction(journeys: Sequence[Journey], nearer_ms: float = 0.0) -> dict[str, Any]:
    """Return every number of one direction over all its calls but those of the E-model, under the run document's names.

    With `nearer_ms` the buffers close by so much earlier (negative: later).
    """
    expected = sum(len(journey.second_of) for journey in journeys)
    received = sum(len(journey.arrivals) for journey in journeys)
    overtaken = sum(reordered([arrival.departure for arrival in journey.arrivals]) for journey in journeys)
    jitter = [value for journey in journeys for _, value in journey.jitter()]
    buffers = {nominal_ms: buffer(journeys, nominal_ms, nearer_ms) for nominal_ms in BUFFERS_MS} if received else {}
    judged = buffers.get(JUDGED_MS, {"discards": None, "discard_percent": None})
    return {
        "expected": expected,
        "received": received,
        "lost": expected - received,
        "loss_percent": percent(expected - received, expected),
        "duplicates": sum(journey.duplicates for journey in journeys),
        "reordered": overtaken,
        "order_percent": 100 * (1 - overtaken / received) if received else None,
        "jitter_ms": mean(jitter, NS_PER_MS),
        "jitter_max_ms": max(jitter) / NS_PER_MS if jitter else None,
        "pdv_ms": delay_variation(journeys),
        "discards": judged["discards"],
        "discard_percent": judged["discard_percent"],
        "burst_r": burst_ratio([journey.bad(JUDGED_MS - nearer_ms) for journey in journeys]) if expected else None,
        "longest_loss": longest([journey.lost() for journey in journeys]) if expected else None,
        "dscp_seen": most_common([marking for journey in journeys for marking in journey.markings]),
        "buffers": [*buffers.values(), adaptive(journeys, nearer_ms)] if received else [],
    }


def buffer(journeys: Sequence[Journey], nominal_ms: float, nearer_ms: float = 0.0) -> dict[str, Any]:
    """Return what a fixed de-jitter buffer discards."""
    discards = sum(sum(journey.late(nominal_ms - nearer_ms)) for journey in journeys)
    share = percent(discards, sum(len(journey.second_of) for journey in journeys))
    return {"name": f"fixed {nominal_ms:g} ms", "discards": discards, "discard_percent": share, "delay_ms": nominal_ms}


def adaptive(journeys: Sequence[Journey], nearer_ms: float) -> dict[str, Any]:
    """Return what a NetEQ-like buffer discards, and its mean delay.

    After WebRTC's delay manager: every half second the largest delay above the smallest of the last 2 s goes into a histogram of buckets
    of 20 ms, older entries fade; the target is the upper end of the bucket that holds the 95th percentile, 80 ms before there is any.
    """
    discards, delays_ms = 0, []
    for journey in journeys:
        half = {sequence: (sent_ns - min(journey.sent_ns.values())) // HALF_SECOND_NS for sequence, sent_ns in journey.sent_ns.items()}
        delays: dict[int, list[int]] = {}
        for arrival in journey.arrivals:
            delays.setdefault(half[arrival.sequence], []).append(arrival.delay_ns)
        base = {n: min(d for back in range(HISTORY) for d in delays.get(n - back, ())) for n in delays}
        above = {n: [(d - base[n]) / NS_PER_MS + nearer_ms for d in each] for n, each in delays.items()}
        targets = dict(targets_ms({n: max(each) for n, each in above.items()}, max(half.values())))
        discards += sum(delay_ms > targets[n] for n, each in above.items() for delay_ms in each)
        delays_ms += [targets[n] for n, each in above.items() for _ in each]
    share = percent(discards, sum(len(journey.second_of) for journey in journeys))
    return {"name": "NetEQ-like", "discards": discards, "discard_percent": share, "delay_ms": mean(delays_ms)}


def targets_ms(peaks_ms: dict[int, float], last: int) -> Iterator[tuple[int, float]]:
    """Yield the target in force in each half second up to the last, by the peaks of those before it."""
    histogram, target_ms, seen = [0.0] * 100, 80.0, 0
    for half in range(last + 1):
        yield half, target_ms
        if half in peaks_ms:
            seen += 1
            forget = min(0.983, 1 - 2 / (seen + 1))
            histogram = [weight * forget for weight in histogram]
            histogram[min(99, max(0, int(peaks_ms[half] // 20)))] += 1 - forget
            reached = next(bucket for bucket in range(100) if sum(histogram[: bucket + 1]) >= 0.95 - 1e-9)
            target_ms = 20.0 * (reached + 1)


def percent(part: int, whole: int) -> float | None:
    """Return the share in percent, None of nothing."""
    return 100 * part / whole if whole else None


def mean(values: Sequence[float], unit: float = 1.0) -> float | None:
    """Return the mean in that unit, None of nothing."""
    return sum(values) / len(values) / unit if values else None


def nearest_rank(values: Iterable[float], percentile: int) -> float:
    """Return the value that at least so many percent of the values do not exceed, by nearest rank: ceil(p n / 100)."""
    ordered = sorted(values)
    return ordered[max(1, ceil(percentile * len(ordered) / 100)) - 1]


def delay_variation(journeys: Sequence[Journey]) -> dict[str, float] | None:
    """Return how far the delays lie above each call's smallest (RFC 5481, 4.2)."""
    above = []
    for journey in journeys:
        delays = [arrival.delay_ns for arrival in journey.arrivals]
        above += [delay - min(delays) for delay in delays]
    return {name: nearest_rank(above, p) / NS_PER_MS for name, p in PERCENTILES.items()} if above else None


def reordered(numbers: Iterable[int]) -> int:
    """Return how many packets came below the next number expected (RFC 4737, 3.3: Type-P-Reordered)."""
    next_expected, count = 0, 0
    for number in numbers:
        if number >= next_expected:
            next_expected = number + 1
        else:
            count += 1
    return count


def running_jitter(transits: Sequence[float]) -> list[float]:
    """Return J after each packet but the first (RFC 3550, 6.4.1), in the unit of the transits."""
    jitter, values = 0.0, []
    for before, after in pairwise(transits):
        jitter += (abs(after - before) - jitter) / 16
        values.append(jitter)
    return values


def runs(bad: Iterable[bool]) -> list[int]:
    """Return the length of each run of True."""
    return [len(list(run)) for is_bad, run in groupby(bad) if is_bad]


def longest(lost: Iterable[Iterable[bool]]) -> int:
    """Return the longest run of all calls, 0 where nothing was lost."""
    return max((run for each in lost for run in runs(each)), default=0)


def burst_ratio(bad: Sequence[Sequence[bool]]) -> float:
    """Return the mean run against the mean run of losses at random: mean * (1 - share), at least 1 (G.107, 7.5)."""
    lengths = [run for each in bad for run in runs(each)]
    share = sum(lengths) / sum(len(each) for each in bad)
    return max(1.0, sum(lengths) / len(lengths) * (1 - share)) if lengths else 1.0


def most_common(markings: Sequence[int]) -> int | None:
    """Return the marking that most packets carried."""
    return max(sorted(set(markings)), key=markings.count) if markings else None


def round_trip(trips_ns: Sequence[int], sent: int) -> dict[str, Any]:
    """Return the round trip's numbers of so many probes, one trip for each that was answered."""
    lost = sent - len(trips_ns)
    spread = {f"{name}_ms": nearest_rank(trips_ns, p) / NS_PER_MS if trips_ns else None for name, p in PERCENTILES.items()}
    least = min(trips_ns) / NS_PER_MS if trips_ns else None
    return spread | {"min_ms": least, "avg_ms": mean(trips_ns, NS_PER_MS), "lost": lost, "loss_percent": percent(lost, sent)}


def windows(up: Sequence[Journey], down: Sequence[Journey], trips: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """Return the stream second by second; each trip comes with its second."""
    seconds = 1 + max(second for journey in up for second in journey.second_of.values())
    return [
        {
            "start_s": float(second),
            "up": dict(window(up, second)),
            "down": dict(window(down, second)),
            "rtt_avg_ms": mean([trip for when, trip in trips if when == second], NS_PER_MS),
        }
        for second in range(seconds)
    ]


def window(journeys: Sequence[Journey], second: int) -> Iterator[tuple[str, float | None]]:
    """Yield the numbers of one second of one direction: of the probes sent in it."""
    lost = [
        gone
        for journey in journeys
        for sequence, gone in zip(sorted(journey.second_of), journey.lost(), strict=True)
        if journey.second_of[sequence] == second
    ]
    jitter = [value for journey in journeys for sequence, value in journey.jitter() if journey.second_of[sequence] == second]
    yield "loss_percent", percent(sum(lost), len(lost))
    yield "jitter_ms", mean(jitter, NS_PER_MS)
