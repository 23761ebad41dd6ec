"""What one stream of the search for a breach came to: carried, or else whose fault it was, and the row nearest to its limit each way."""

from collections.abc import Sequence
from math import inf
from typing import Final

from nra.model.capacity import Outcome
from nra.model.criteria import Criterion, Operator, Thresholds
from nra.model.document import CapacityStep, Metric
from nra.model.failure import Failure, FailureKind
from nra.model.verdict import Verdict
from nra.model.voice import Voice

BEST: Final = {"%": 100.0, "MOS": 4.41}
"""The best value of a row that must be at least so much (MOS: of G.711 without any impairment); of all others it is 0."""
GRAVITY: Final = (Verdict.PASS, Verdict.WARN, Verdict.FAIL)
UPPER: Final = (Operator.LESS, Operator.AT_MOST)


def judged_step(calls: int, voice: Voice, rows: Sequence[Metric], thresholds: Thresholds, refused: int = 0) -> CapacityStep:
    """Return what a stream came to; `refused` is how many packets the reflector says it would not answer."""
    outcome, note = _outcome(voice, rows, refused)
    return CapacityStep(
        calls=calls,
        outcome=outcome,
        sent=voice.sent,
        not_sent=voice.not_sent,
        up=gravest_row([row for row in rows if row.key.startswith("up_")], thresholds),
        down=gravest_row([row for row in rows if row.key.startswith("down_")], thresholds),
        round_trip=gravest_row([row for row in rows if row.key.startswith("round_trip_")], thresholds),
        note=note,
    )


def failed_step(calls: int, failure: Failure | None) -> CapacityStep:
    """Return a stream that could not be measured at all: what this workstation could not do is its own limit."""
    local = failure is not None and failure.kind is FailureKind.LOCAL
    note = None if failure is None else failure.detail
    return CapacityStep(calls=calls, outcome=Outcome.WORKSTATION if local else Outcome.UNDECIDED, note=note)


def breaking_row(steps: Sequence[CapacityStep], thresholds: Thresholds) -> Metric | None:
    """Return the row that broke its limit in the first of the streams in which one did: of several that furthest beyond it."""
    gravest = (gravest_row([row for row in (step.up, step.down, step.round_trip) if row is not None], thresholds) for step in steps)
    return next((row for row in gravest if row is not None and row.verdict is Verdict.FAIL), None)


def gravest_row(rows: Sequence[Metric], thresholds: Thresholds) -> Metric | None:
    """Return the row with the worst verdict, of several the one that used up most of its limit; None where none has a value."""
    criteria = {criterion.key: criterion for criterion in thresholds.limits}
    measured = [row for row in rows if row.value is not None and row.verdict in GRAVITY]
    return max(measured, key=lambda row: (GRAVITY.index(row.verdict), used_up(row.value, criteria[row.key])), default=None)


def used_up(value: float | None, criterion: Criterion) -> float:
    """Return which share of its limit a value uses up: 0 at the best that it could be, 1 at the limit, more beyond it."""
    if value is None:
        return 0.0
    best = 0.0 if criterion.operator in UPPER else BEST.get(criterion.unit, 0.0)
    span = criterion.limit - best
    return (value - best) / span if span else inf if value != best else 0.0


def _outcome(voice: Voice, rows: Sequence[Metric], refused: int) -> tuple[Outcome, str | None]:
    verdicts = {row.verdict for row in rows}
    missing = next((row for row in rows if row.verdict is Verdict.NOT_MEASURED), None)
    if not voice.instrument.steady:
        return Outcome.WORKSTATION, voice.instrument.note
    if verdicts <= {Verdict.PASS, Verdict.WARN}:
        return Outcome.CARRIED, None
    if refused:
        return Outcome.REFLECTOR, f"the reflector received {refused} packets that it did not answer (its rate limit)"
    if voice.silent_since_s is not None:
        return Outcome.UNDECIDED, f"no answer from {voice.silent_since_s:.1f} s on"
    if Verdict.FAIL in verdicts:
        return Outcome.BREACHED, None
    return Outcome.UNDECIDED, None if missing is None else f"{missing.label} not measured: {missing.note}"
