"""A look at a stream that still runs: round trip, its jitter, and loss, of the first call alone.

It is taken by the sending thread between two packets, so its work is bounded, however many calls there are.
"""

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from nra.model.pulse import Pulse

if TYPE_CHECKING:
    from nra.probes.parts.stream_record import StreamRecord

MOST_ARRIVALS: Final = 64
MS: Final = 1_000_000
SECOND_NS: Final = 1000 * MS
GAIN: Final = 16  # RFC 3550, 6.4.1


class Glimpse:
    """Takes a pulse of a record that grows."""

    def __init__(self, record: "StreamRecord", start_ns: int) -> None:
        """Nothing seen yet."""
        self._record, self._start_ns = record, start_ns
        self._seen = 0
        self._rtt_ns: int | None = None
        self._jitter_ns: float | None = None

    def pulse(self, now_ns: int) -> Pulse:
        """Return what came since the last look, and what of the second before the last one never came."""
        arrivals = self._record.arrivals
        times = self._record.round_trips_ns(0, max(self._seen, arrivals - MOST_ARRIVALS), arrivals)
        self._seen = arrivals
        for rtt_ns in times:
            self._take(rtt_ns)
        return Pulse(
            at_s=(now_ns - self._start_ns) / 1e9,
            rtt_ms=sum(times) / len(times) / MS if times else None,
            jitter_ms=None if self._jitter_ns is None or not times else self._jitter_ns / MS,
            loss_percent=self._loss_percent(now_ns),
        )

    def _take(self, rtt_ns: int) -> None:
        if self._rtt_ns is not None:
            before = self._jitter_ns or 0.0
            self._jitter_ns = before + (abs(rtt_ns - self._rtt_ns) - before) / GAIN
        self._rtt_ns = rtt_ns

    def _loss_percent(self, now_ns: int) -> float | None:
        sent, answered = self._record.t1_ns[0], self._record.answered[0]
        first, end = (bisect_left(sent, now_ns - seconds * SECOND_NS) for seconds in (2, 1))
        return answered.count(0, first, end) / (end - first) * 100 if end > first else None
