"""What the gate came to (`nra-gate/1`, docs/go-live.md): every row and port judged again, what the policy demands, what changed."""

from dataclasses import dataclass
from typing import Final, Self

from nra.model.document import FirewallCheck, Metric
from nra.model.observation import PortState
from nra.model.policy import Half, Waiver
from nra.model.region import Side
from nra.model.verdict import Overall, Verdict

GATE_SCHEMA: Final = "nra-gate/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row (`value`, `unit`) or port (`state`) of one run: what it came to, why, and what to do; one with a waiver does not count."""

    half: Half
    key: str  # up_jitter_ms, or 3478/UDP
    name: str
    verdict: Verdict
    limit: str  # in words such as "< 30"; of a port "open"
    required: bool = True
    value: float | None = None
    unit: str = ""
    state: PortState | None = None
    note: str = ""
    advice: str = ""
    waiver: Waiver | None = None

    @classmethod
    def of_metric(cls, metric: Metric, advice: str) -> Self:
        """Return the case of a row."""
        return cls(
            half="voice",
            key=metric.key,
            name=metric.label,
            verdict=metric.verdict,
            limit=metric.limit,
            value=metric.value,
            unit=metric.unit,
            note=metric.note or "",
            advice=advice,
        )

    @classmethod
    def of_check(cls, check: FirewallCheck, advice: str) -> Self:
        """Return the case of a port."""
        where = "at the reflector " if check.at is Side.REFLECTOR else "to "
        return cls(
            half="firewall",
            key=f"{check.port}/{check.protocol}".upper(),
            name=f"{check.port} {check.protocol} {check.service} {where}{check.destination}",
            verdict=check.verdict,
            limit="open" if check.required else "",
            required=check.required,
            state=check.state,
            note=check.evidence,
            advice=advice,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """One run judged again; with an unsteady instrument its voice rows prove nothing, interrupted it proves only what failed."""

    id: str
    file: str
    organization: str
    site: str | None
    workstation: str
    region: str
    started_at: str
    thresholds: str
    measured_against: str  # the thresholds that stand in the run document
    verdict: Overall
    cases: tuple[Case, ...]
    unsteady: bool = False
    interrupted: bool = False
    tolerated: bool = False  # it failed or has no verdict, but the policy allows that of so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One thing that the policy demands of all runs together, and whether it is met; INFO is worth knowing, no more."""

    name: str
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One row at one site before and after; `low` and `high` bound the difference of the medians, None where too few runs say anything."""

    site: str | None
    key: str
    label: str
    unit: str
    runs_before: int
    runs_after: int
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    regression: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row or port of a workstation that differs between two runs of it."""

    site: str | None
    workstation: str
    name: str
    before: str
    after: str
    verdict_before: Verdict | None
    verdict_after: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The gate's answer; `waivers_unused` matched nothing that needed one."""

    schema: str
    verdict: Overall
    policy: str
    judged_on: str
    runs: tuple[JudgedRun, ...]
    demands: tuple[Demand, ...]
    waivers_unused: tuple[Waiver, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    changes: tuple[Change, ...] = ()
