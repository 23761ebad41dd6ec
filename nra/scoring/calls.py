"""The same numbers call by call, where several ran at once: an average of a thousand calls hides the ten that nobody could bear."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nra.model.codec import Codec
from nra.model.voice import CallDirection, CallQuality
from nra.scoring.bursts import burst_ratio, run_lengths
from nra.scoring.fates import Fate, Fates, Journey
from nra.scoring.quality import Impairments, mos_of
from nra.scoring.statistics import NS_PER_MS, FloatColumn, known_delays_ns, percent
from nra.scoring.upstream import BoolColumn


@dataclass(frozen=True, slots=True)
class CallCounts:
    """One call in one direction before its round trip is known; `burst_r` is of what was lost or discarded."""

    numbers: CallDirection
    burst_r: float | None


def by_call(journeys: Sequence[Journey], late: Sequence[BoolColumn], jitter_ns: Sequence[FloatColumn]) -> tuple[CallCounts, ...]:
    """Return one direction call by call; of a single call nothing: the whole is all there is to say."""
    if len(journeys) < 2:
        return ()
    return tuple(map(_counts, journeys, late, jitter_ns))


def calls_at_once(
    fates: Fates, up: Sequence[CallCounts], down: Sequence[CallCounts], codec: Codec | None, interval_ms: float
) -> tuple[CallQuality, ...]:
    """Return both directions call by call, with the MOS that each call's own round trip gives."""
    qualities = []
    for call, upward, downward in zip(fates.calls, up, down, strict=bool(up)):
        trips_ns = known_delays_ns(call.round_trip)
        rtt_ms = float(trips_ns.mean()) / NS_PER_MS if len(trips_ns) else None
        directions = [_rated(counts, rtt_ms, codec, interval_ms) for counts in (upward, downward)]
        qualities.append(CallQuality(call=call.call, up=directions[0], down=directions[1], rtt_avg_ms=rtt_ms))
    return tuple(qualities)


def _counts(journey: Journey, late: BoolColumn, jitter_ns: FloatColumn) -> CallCounts:
    lost = journey.fate == Fate.LOST
    losses, discards, expected = int(np.count_nonzero(lost)), int(np.count_nonzero(late)), journey.expected
    known = journey.fate <= Fate.LOST
    proven = int(np.count_nonzero(known))
    runs = run_lengths((lost | late)[known]) if losses or discards else ()
    arrived = bool(len(journey.arrival))
    return CallCounts(
        CallDirection(
            loss_percent=percent(losses, expected) if proven else None,
            jitter_ms=float(jitter_ns.mean()) / NS_PER_MS if len(jitter_ns) else None,
            discard_percent=percent(discards, expected) if arrived else None,
        ),
        burst_ratio(int(np.sum(runs)), len(runs), proven) if proven else None,
    )


def _rated(counts: CallCounts, rtt_ms: float | None, codec: Codec | None, interval_ms: float) -> CallDirection:
    if codec is None:
        return counts.numbers
    impairments = Impairments(
        loss_percent=counts.numbers.loss_percent,
        discard_percent=counts.numbers.discard_percent,
        burst_r=counts.burst_r,
        rtt_avg_ms=rtt_ms,
    )
    return replace(counts.numbers, mos=mos_of(impairments, codec, interval_ms))
