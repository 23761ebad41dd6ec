"""A run as plain rows of text: what every printer prints, so that no two of them can disagree."""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from nra.model.criteria import Criterion, Operator
from nra.model.document import FirewallCheck, Metric, Run, RunDocument
from nra.model.region import Side
from nra.model.verdict import Basis, Overall, Verdict
from nra.model.voice import Voice
from nra.report.calls import TriedRow, tried_rows
from nra.report.cells import clean, number, quantity
from nra.report.firewall_rules import service_first
from nra.report.load import LoadRow, load_rows
from nra.report.sentences import METHODS, advice, meaning, summary, unit_after

TITLE: Final = "Network readiness assessment"
HOLDS: Final[dict[Operator, Callable[[float, float], bool]]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
}
GRAVITY: Final = (Verdict.FAIL, Verdict.NOT_MEASURED, Verdict.WARN, Verdict.PASS, Verdict.INFO)
ROUND_TRIP_NOTE: Final = "round trip"
AT_REFLECTOR: Final = ", at the reflector"
DIRECTION_WORDS: Final = ("Up ", "Down ", "Upstream ", "Downstream ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of a name and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoipRow:
    """One row of the VOIP table; `value` keeps full precision where it is known, `result` is what is printed of it."""

    measurement: str
    result: str
    unit: str
    expectation: str
    verdict: Verdict
    note: str
    value: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRow:
    """One row of the Firewall table; `service` ends in words of its own where the port was asked at the user's reflector."""

    port: str
    protocol: str
    service: str
    destination: str
    required: bool
    state: str
    verdict: Verdict
    evidence: str
    connect_ms: float | None = field(default=None, compare=False)
    stopped: bool = field(default=False, compare=False)

    @property
    def result(self) -> str:
        """The state in words; one that a run which was interrupted did not come to know is no finding about the port."""
        return "interrupted" if self.stopped else self.state.replace("_", " ")

    @property
    def at(self) -> Side:
        """At whose host the port was asked."""
        return Side.REFLECTOR if self.service.endswith(AT_REFLECTOR) else Side.SERVICE

    @property
    def service_alone(self) -> str:
        """The service, for a table that stands under the words for its side."""
        return self.service.removesuffix(AT_REFLECTOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that is printed of one run; facts always the same and in the same order, ports at the service before those at the reflector.

    `tried` are the streams of the search for a breach, `loaded` what was measured under load; none where nobody asked for it.
    """

    title: str
    overall: Overall
    facts: tuple[Fact, ...]
    voip: tuple[VoipRow, ...]
    firewall: tuple[PortRow, ...]
    meaning: tuple[str, ...]
    advice: tuple[str, ...]
    tried: tuple[TriedRow, ...] = ()
    loaded: tuple[LoadRow, ...] = ()

    def ports(self, at: Side) -> tuple[PortRow, ...]:
        """Return the rows of the Firewall table on that side."""
        return tuple(row for row in self.firewall if row.at is at)

    def fact(self, name: str) -> str:
        """Return the value of the fact with that name, empty if there is none."""
        for fact in self.facts:
            if fact.name == name:
                return fact.value
        return ""


def view(document: RunDocument) -> View:
    """Return the run as rows of text, washed and rounded."""
    return replace(outline(document), meaning=meaning(document), advice=advice(document))


def outline(document: RunDocument) -> View:
    """Return the view with the first sentence alone of what it means and without advice: all that a line among many runs shows."""
    run = document.run
    criteria = {criterion.key: criterion for criterion in document.thresholds.limits}
    return View(
        title=clean(f"{TITLE}: {document.verdict} - {run.org.name}, {run.host.name}, {run.region}"),
        overall=document.verdict,
        facts=tuple(Fact(name=name, value=clean(value)) for name, value in _facts(document)),
        voip=tuple(_voip_row(metric, criteria.get(metric.key)) for metric in document.metrics),
        firewall=tuple(_port_row(check) for check in service_first(document.firewall or ())),
        meaning=(clean(summary(document)),),
        advice=(),
        tried=tried_rows(document.capacity),
        loaded=load_rows(document.load),
    )


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that decides over several: FAIL, NOT MEASURED, WARN, PASS, INFO; SKIPPED if none of these is there."""
    found = set(verdicts)
    return next((verdict for verdict in GRAVITY if verdict in found), Verdict.SKIPPED)


def voip_verdict(shown: View) -> Verdict:
    """Return what the VOIP half came to."""
    return gravest(row.verdict for row in shown.voip)


def firewall_verdict(shown: View) -> Verdict:
    """Return what the Firewall half came to; an optional port can only be PASS or INFO."""
    return gravest(row.verdict for row in shown.firewall)


def _facts(document: RunDocument) -> tuple[tuple[str, str | None], ...]:
    run, voice = document.run, document.voice
    return (
        ("Organization", run.org.name),
        ("Site", run.site),
        ("Seat", run.seat),
        ("Case", run.case),
        ("Workstation", run.host.name),
        ("Region", run.region),
        ("Measured by", _measured_by(run.used.method, voice)),
        ("Server", _server(voice)),
        ("Started", run.started_at),
        ("Duration", _duration(document)),
        ("Tool version", _versions(run)),
        ("Run id", run.id),
        ("Thresholds", document.thresholds.name),
        ("Overall", document.verdict),
    )


def _versions(run: Run) -> str:
    """Return the program's version, and in brackets Python, packages, and the stick by the first digits of its manifest's SHA-256."""
    parts = (f"Python {run.host.python}" if run.host.python else "", *run.packages, f"stick {run.stick[:16]}" if run.stick else "")
    made_with = ", ".join(filter(None, parts))
    return f"{run.tool_version} ({made_with})" if made_with else run.tool_version


def _measured_by(method: str | None, voice: Voice | None) -> str:
    if voice is None or method is None:
        return ""
    reach = "each direction by itself" if voice.basis is Basis.DIRECTION else "round trip only"
    return f"{method} ({METHODS.get(method, method)}; {reach})"


def _server(voice: Voice | None) -> str:
    if voice is None:
        return ""
    host = f"[{voice.target.host}]" if ":" in voice.target.host else voice.target.host
    address = f" ({voice.target.address})" if voice.target.address not in ("", voice.target.host) else ""
    return f"{host}:{voice.target.port}{address}"


def _duration(document: RunDocument) -> str:
    run = document.run
    if run.used.elapsed_s is not None:
        return quantity(run.used.elapsed_s, "s")
    try:
        elapsed = datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)
    except (TypeError, ValueError):
        return ""
    return quantity(elapsed.total_seconds(), "s")


def _voip_row(metric: Metric, criterion: Criterion | None) -> VoipRow:
    bounds = metric.basis is Basis.ROUND_TRIP and metric.value is not None and metric.label.startswith(DIRECTION_WORDS)
    notes = (ROUND_TRIP_NOTE if bounds else "", metric.note, _before_rounding(metric, criterion))
    return VoipRow(
        measurement=clean(metric.label),
        result=number(metric.value, metric.unit),
        unit=clean(metric.unit),
        expectation=clean(metric.limit + unit_after(metric.unit)),
        verdict=metric.verdict,
        note=clean("; ".join(filter(None, notes))),
        value=metric.value,
    )


def _before_rounding(metric: Metric, criterion: Criterion | None) -> str:
    """Return the unrounded value where rounding would seem to contradict the verdict: 29.96 prints as 30.0, but is < 30."""
    if metric.value is None or criterion is None:
        return ""
    holds, limits = HOLDS[criterion.operator], (criterion.limit, criterion.warn)
    shown = float(number(metric.value, metric.unit))
    contradicts = any(limit is not None and holds(shown, limit) != holds(metric.value, limit) for limit in limits)
    return f"{metric.value!r} before rounding" if contradicts else ""


def _port_row(check: FirewallCheck) -> PortRow:
    return PortRow(
        port=clean(check.port),
        protocol=clean(check.protocol),
        service=clean(check.service) + (AT_REFLECTOR if check.at is Side.REFLECTOR else ""),
        destination=clean(check.destination),
        required=check.required,
        state=check.state,
        verdict=check.verdict,
        evidence=clean(check.evidence),
        connect_ms=check.connect_ms,
        stopped=check.stopped,
    )
