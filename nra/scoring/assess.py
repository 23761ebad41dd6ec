"""From numbers to rows and one word: which numbers can be judged at all, and what the whole run comes to."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

from nra.model.criteria import Criterion, Thresholds
from nra.model.document import FirewallCheck, Metric
from nra.model.verdict import Basis, Overall, Verdict
from nra.model.voice import Direction, Voice
from nra.scoring.criteria import judge, limit_text
from nra.scoring.statistics import percent
from nra.scoring.voice import DELAY_ONLY

ENOUGH_PACKETS: Final = 1000  # fewer: the row carries the note "small sample"
LEAST_PACKETS: Final = 100  # fewer: NOT MEASURED


@dataclass(frozen=True, slots=True)
class _Row:
    """Where a row's number stands in the document, and whether it rests on the packets received or on those expected."""

    part: str
    name: str
    counts_received: bool = False

    @property
    def key(self) -> str:
        """The key under which profiles limit it."""
        return f"{self.part}_{self.name}"


_ROWS: Final = (
    _Row("up", "jitter_ms", counts_received=True),
    _Row("down", "jitter_ms", counts_received=True),
    _Row("up", "loss_percent"),
    _Row("down", "loss_percent"),
    _Row("up", "discard_percent"),
    _Row("down", "discard_percent"),
    _Row("up", "order_percent", counts_received=True),
    _Row("down", "order_percent", counts_received=True),
    _Row("round_trip", "avg_ms"),
    _Row("up", "mos"),
    _Row("down", "mos"),
)


def voice_rows(voice: Voice | None, thresholds: Thresholds, *, skipped: bool = False, why_absent: str | None = None) -> tuple[Metric, ...]:
    """Return the eleven rows of the VOIP column in order; without a voice they are SKIPPED or NOT MEASURED, with the reason."""
    criteria = {criterion.key: criterion for criterion in thresholds.limits}
    if voice is None:
        verdict = Verdict.SKIPPED if skipped else Verdict.NOT_MEASURED
        return tuple(_metric(criteria[row.key], None, verdict, None, [why_absent]) for row in _ROWS)
    return tuple(_judged(row, voice, criteria) for row in _ROWS)


def overall(metrics: Sequence[Metric], checks: Sequence[FirewallCheck], *, unsteady: bool = False, interrupted: bool = False) -> Overall:
    """Return what the run comes to: FAIL before INCONCLUSIVE before WARN before PASS.

    An unsteady instrument proves nothing of voice, but a blocked port is blocked; half a run proves only what failed. What was skipped
    and optional ports do not count.
    """
    rows, ports = {metric.verdict for metric in metrics}, {check.verdict for check in checks if check.required}
    return come_to(rows, ports, unsteady=unsteady, interrupted=interrupted)


def come_to(rows: Set[Verdict], ports: Set[Verdict], *, unsteady: bool = False, interrupted: bool = False) -> Overall:
    """Return what the verdicts of the rows and of the required ports come to together."""
    verdicts = rows | ports
    if unsteady:
        return Overall.FAIL if Verdict.FAIL in ports else Overall.INCONCLUSIVE
    if Verdict.FAIL in verdicts:
        return Overall.FAIL
    if interrupted or Verdict.NOT_MEASURED in verdicts:
        return Overall.INCONCLUSIVE
    return Overall.WARN if Verdict.WARN in verdicts else Overall.PASS


def _judged(row: _Row, voice: Voice, criteria: dict[str, Criterion]) -> Metric:
    criterion, value = criteria[row.key], _value(row, voice)
    verdict = judge(value, criterion)
    basis = Basis.ROUND_TRIP if row.part == "round_trip" else voice.basis
    why_not = _why_not(row, voice, criteria, value, verdict)
    if why_not is not None:
        return _metric(criterion, None, Verdict.NOT_MEASURED, basis, [why_not, voice.note])
    return _metric(criterion, value, verdict, basis, [*_remarks(row, voice, verdict), voice.note])


def _metric(criterion: Criterion, value: float | None, verdict: Verdict, basis: Basis | None, notes: Sequence[str | None]) -> Metric:
    return Metric(
        key=criterion.key,
        label=criterion.label,
        value=value,
        unit=criterion.unit,
        limit=limit_text(criterion),
        verdict=verdict,
        basis=basis,
        note="; ".join(note for note in notes if note) or None,
    )


def _direction(row: _Row, voice: Voice) -> Direction | None:
    return {"up": voice.up, "down": voice.down}.get(row.part)


def _value(row: _Row, voice: Voice) -> float | None:
    value: float | None = getattr(_direction(row, voice) or voice.round_trip, row.name)
    return value


def _packets(row: _Row, voice: Voice) -> int:
    """Return how many packets a row's number rests on."""
    direction = _direction(row, voice)
    if direction is None:
        return voice.sent - (voice.round_trip.lost or 0)
    return (direction.received if row.counts_received else direction.expected) or 0


def _why_not(row: _Row, voice: Voice, criteria: dict[str, Criterion], value: float | None, verdict: Verdict) -> str | None:
    """Return why the row cannot be judged, or None: a limit that is broken for certain is broken, whatever else is unknown."""
    if value is None:
        return _why_absent(row, voice)
    if voice.method not in DELAY_ONLY and _packets(row, voice) < LEAST_PACKETS:
        return f"small sample: {_packets(row, voice)} packets, {LEAST_PACKETS} are needed"
    if verdict is Verdict.FAIL or row.name not in ("loss_percent", "mos"):
        return None
    if row.name == "mos" and voice.silent_since_s is not None:
        return "the peer fell silent"
    return _why_undecided(row, voice, criteria)


def _why_absent(row: _Row, voice: Voice) -> str | None:
    direction = _direction(row, voice)
    if direction is not None and direction.note and (direction.received is None or (row.name == "mos" and direction.received)):
        return direction.note
    return "too few packets arrived" if direction is not None and direction.received else "no packet is known to have arrived"


def _why_undecided(row: _Row, voice: Voice, criteria: dict[str, Criterion]) -> str | None:
    """Return the note of a loss that meets its limit or not, depending on where the probes of unknown fate were lost."""
    direction = _direction(row, voice)
    if (
        voice.basis is Basis.ROUND_TRIP
        or not voice.lost_unknown
        or direction is None
        or direction.lost is None
        or direction.received is None
    ):
        return None
    most = direction.lost + voice.lost_unknown
    if judge(percent(most, direction.received + most), criteria[f"{row.part}_loss_percent"]) is not Verdict.FAIL:
        return None
    return f"direction unknown: {voice.lost_unknown} packets"


def _remarks(row: _Row, voice: Voice, verdict: Verdict) -> list[str | None]:
    direction = _direction(row, voice)
    bounded = voice.basis is Basis.ROUND_TRIP and direction is not None
    remarks = (
        (bounded and row.name == "mos", "lower bound"),
        (bounded and verdict is Verdict.FAIL, "direction unknown"),
        (row.name == "mos", None if direction is None else direction.note),
        (_packets(row, voice) < ENOUGH_PACKETS, "small sample"),
    )
    return [text for holds, text in remarks if holds]
