"""The parts of a canned run that went on until a limit broke: three calls at once, and the streams of the search."""

from typing import Final

from nra.model.capacity import EndedBy, Outcome
from nra.model.document import Capacity, CapacityStep, Metric
from nra.model.verdict import Basis, Verdict
from nra.model.voice import CallDirection, CallQuality


def _call(call: int, up_ms: float, loss_percent: float, mos: float) -> CallQuality:
    up = CallDirection(loss_percent=0.0, jitter_ms=up_ms, discard_percent=0.0, mos=4.409406)
    down = CallDirection(loss_percent=loss_percent, jitter_ms=2.0957, discard_percent=0.0, mos=mos)
    return CallQuality(call=call, up=up, down=down, rtt_avg_ms=24.3118)


PER_CALL: Final = (_call(0, 1.8203, 0.0, 4.409406), _call(1, 1.8601, 0.4, 4.375511), _call(2, 1.8432, 0.066667, 4.404018))


def _row(key: str, label: str, value: float, unit: str, limit: str) -> Metric:
    basis = Basis.ROUND_TRIP if key.startswith("round_trip") else Basis.DIRECTION
    verdict = Verdict.FAIL if value >= float(limit.removeprefix("< ")) else Verdict.PASS
    return Metric(key=key, label=label, value=value, unit=unit, limit=limit, verdict=verdict, basis=basis)


def _step(calls: int, up_loss_percent: float, rtt_ms: float) -> CapacityStep:
    """Ten seconds of so many calls."""
    jitter_ms = round(1.6 + calls / 5, 4)
    lost = _row("up_loss_percent", "Up Packet Loss", up_loss_percent, "%", "< 1")
    return CapacityStep(
        calls=calls,
        outcome=Outcome.BREACHED if lost.verdict is Verdict.FAIL else Outcome.CARRIED,
        sent=500 * calls,
        not_sent=0,
        up=lost if up_loss_percent else _row("up_jitter_ms", "Up Jitter", jitter_ms, "ms", "< 30"),
        down=_row("down_jitter_ms", "Down Jitter", round(jitter_ms + 0.2, 4), "ms", "< 30"),
        round_trip=_row("round_trip_avg_ms", "Round Trip Average Time", rtt_ms, "ms", "< 150"),
    )


_STREAMS: Final = (
    (1, 0.0, 24.2), (2, 0.0, 24.4), (4, 0.0, 24.9), (8, 29.75, 214.6), (8, 29.8, 214.9),
    (6, 6.633333, 209.3), (6, 6.6, 209.1), (5, 0.0, 25.8), (5, 0.0, 25.7),
)  # fmt: skip
STEPS: Final = tuple(_step(*stream) for stream in _STREAMS)
CAPACITY: Final = Capacity(
    most_calls=20,
    carried=5,
    confirmed=True,
    stopped_at=6,
    ended_by=EndedBy.LIMIT,
    broke=STEPS[5].up,
    step_s=10.0,
    steps=STEPS,
)
