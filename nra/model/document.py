"""The run document (`nra-run/1`, docs/run-document.md): everything a run found out, in the words of the contract.

What was not measured is None, never 0. Milliseconds, percent (0..100) and bytes are in the names.
"""

from dataclasses import dataclass
from typing import Final, Literal

from nra.model.capacity import EndedBy, Outcome
from nra.model.criteria import Thresholds
from nra.model.observation import PortState
from nra.model.region import Side
from nra.model.under_load import Load
from nra.model.verdict import Basis, Overall, Verdict
from nra.model.voice import Voice

SCHEMA: Final = "nra-run/1"
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """The organization as typed, and its short name as used in file names."""

    name: str
    shortname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The workstation that measured."""

    name: str
    os: str
    os_version: str | None = None
    machine: str | None = None
    python: str | None = None
    local_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """One method that `auto` considered: taken or not, and why."""

    method: str
    taken: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options as given, after configuration and defaults."""

    method: str
    duration_s: float
    interval_ms: float
    codec: str
    calls: int
    dscp: int
    services: tuple[str, ...]
    only: Literal["voice", "firewall"] | None
    reflector: str | None
    authenticated: bool
    thresholds: str
    calls_until_breach: int | None = None
    pin: str | None = None
    load_megabytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What the run really did: the method with the reason it was taken, and where options came from."""

    method: str | None
    why: str
    ladder: tuple[LadderStep, ...]
    config: str | None
    elapsed_s: float | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Who measured, when, where, how and with what; times are ISO 8601 in UTC.

    `packages` are the foreign packages with their versions, `stick` the SHA-256 of the manifest of the stick that it was started from.
    """

    id: str
    tool_version: str
    started_at: str
    ended_at: str
    org: Org
    site: str | None
    seat: str | None
    case: str | None
    host: Host
    region: str
    asked: Asked
    used: Used
    packages: tuple[str, ...] = ()
    stick: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallCheck:
    """One row of the Firewall column; `port` is text because it may be a range.

    `at` says whose host was asked, `allow_to` what a rule must let through, `source` who says so; `refused_by` is the host itself or
    something on the way, None where that is not known; `partly` says that some ports of a range that is not open answered, `stopped` that
    the user ended the run while the port was being asked: then nothing is known of it, and nobody is to blame.
    """

    port: str
    protocol: str
    service: str
    purpose: str
    destination: str
    address: str | None
    required: bool
    state: PortState
    verdict: Verdict
    evidence: str
    connect_ms: float | None
    at: Side = Side.SERVICE
    allow_to: str = ""
    source: str = ""
    refused_by: Literal["workstation", "host", "way"] | None = None
    partly: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One row of the VOIP column, in the contract's order; `limit` in words such as "< 30"."""

    key: str
    label: str
    value: float | None
    unit: str
    limit: str
    verdict: Verdict
    basis: Basis | None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that stands out: where it lies, what was seen, what to do; severity info, warn or fail."""

    where: str
    severity: Literal["info", "warn", "fail"]
    text: str
    evidence: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityStep:
    """One stream of so many calls: what it came to, and each way the row that used up most of its limit."""

    calls: int
    outcome: Outcome
    sent: int | None = None
    not_sent: int | None = None
    up: Metric | None = None
    down: Metric | None = None
    round_trip: Metric | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How many calls the path carries at once (`--calls-until-breach`).

    `carried` is the largest number that was carried, twice if `confirmed`; `stopped_at` the smallest that twice was not; `broke` the row
    that broke its limit there.
    """

    most_calls: int
    carried: int | None
    confirmed: bool
    stopped_at: int | None
    ended_by: EndedBy
    broke: Metric | None
    step_s: float
    steps: tuple[CapacityStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocument:
    """All of one run.

    `voice` and `firewall` are None when they were skipped or could not be measured at all, `capacity` and `load` when nobody asked
    for them.
    """

    schema: str
    verdict: Overall
    run: Run
    voice: Voice | None
    firewall: tuple[FirewallCheck, ...] | None
    metrics: tuple[Metric, ...]
    findings: tuple[Finding, ...]
    thresholds: Thresholds
    capacity: Capacity | None = None
    load: Load | None = None
