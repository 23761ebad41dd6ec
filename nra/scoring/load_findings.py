"""What stands out of a run under load: a limit that only the load breaks, or a queue that holds it for too long (bufferbloat)."""

from collections.abc import Iterator, Sequence
from typing import Final

from nra.model.criteria import Criterion, Thresholds
from nra.model.document import Finding, Metric
from nra.model.load import Burden
from nra.model.under_load import Load, LoadPhase, VoiceBeside
from nra.model.verdict import Verdict
from nra.scoring.capacity import used_up
from nra.scoring.criteria import judge, limit_text
from nra.scoring.jitter_buffer import NOMINAL_MS
from nra.scoring.wording import BLOATED, BURDENS, UNDER_LOAD

BLOATED_MS: Final = NOMINAL_MS  # what the de-jitter buffer holds: a queue that fills by more than that makes packets too late


def load_findings(load: Load | None, metrics: Sequence[Metric], thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return a finding for each phase in which a limit broke that held without load, else one for the longest queue.

    The phase with load both ways says nothing new where one with load one way broke a limit already.
    """
    phases = load.phases if load is not None else ()
    held = {metric.key for metric in metrics if metric.verdict in (Verdict.PASS, Verdict.WARN)}
    one_way = [found for phase in phases if phase.burden is not Burden.BOTH for found in _broken(phase, held, thresholds)]
    found = one_way or [found for phase in phases for found in _broken(phase, held, thresholds)]
    return tuple(found or _bloated(phases))


def _broken(phase: LoadPhase, held: set[str], thresholds: Thresholds) -> Iterator[Finding]:
    """Yield the finding of the row furthest beyond its limit, if any is that was inside it without load."""
    if phase.loaded is None:
        return
    rows = [(criterion, _value(criterion.key, phase.loaded)) for criterion in thresholds.limits if criterion.key in held]
    failed = [(criterion, value) for criterion, value in rows if value is not None and judge(value, criterion) is Verdict.FAIL]
    if not failed:
        return
    criterion, value = max(failed, key=lambda row: used_up(row[1], row[0]))
    where = criterion.key.partition("_")[0] if criterion.key.startswith(("up_", "down_")) else "round trip"
    yield Finding(
        where=where,
        severity="warn",
        text=UNDER_LOAD.text.format(burden=BURDENS[phase.burden]),
        evidence="; ".join(filter(None, (_row(criterion, value), _rise(phase)))),
        advice=f"{UNDER_LOAD.who}: {UNDER_LOAD.advice}",
    )


def _bloated(phases: Sequence[LoadPhase]) -> Iterator[Finding]:
    longest = max(phases, key=_rise_ms, default=None)
    if longest is not None and _rise_ms(longest) >= BLOATED_MS:
        yield Finding(
            where="round trip",
            severity="info",
            text=BLOATED.text.format(burden=BURDENS[longest.burden]),
            evidence=_rise(longest),
            advice=f"{BLOATED.who}: {BLOATED.advice}",
        )


def _rise_ms(phase: LoadPhase) -> float:
    return 0.0 if phase.change is None or phase.change.rtt_avg_ms is None else phase.change.rtt_avg_ms


def _rise(phase: LoadPhase) -> str:
    rise_ms = None if phase.change is None else phase.change.rtt_avg_ms
    return "" if rise_ms is None else f"round trip {rise_ms:+.1f} ms with the load"


def _row(criterion: Criterion, value: float) -> str:
    unit = "" if criterion.unit == "MOS" else f" {criterion.unit}"
    return f"{criterion.label} {value:.{1 if criterion.unit == 'ms' else 2}f}{unit} under load, expected {limit_text(criterion)}"


def _value(key: str, loaded: VoiceBeside) -> float | None:
    """Return the number under load that a row of the profile limits, None of a row that is not looked at (order)."""
    way, _, name = key.partition("_")
    if key == "round_trip_avg_ms":
        return loaded.rtt_avg_ms
    side = {"up": loaded.up, "down": loaded.down}.get(way)
    value: float | None = getattr(side, name, None)
    return value
