"""Many runs together: what is kept of each, and what they say about workstations, sites, subnets and the time of day."""

from dataclasses import dataclass
from enum import StrEnum

from nra.model.verdict import Overall, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A workstation; a name at two sites is two workstations, and `subnet` is empty where no address is known."""

    organization: str
    site: str
    name: str
    subnet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One judged number of a run under its label; `expectation` begins with the operator, as in "< 30 ms"."""

    label: str
    unit: str
    expectation: str
    value: float | None
    verdict: Verdict


class Refusal(StrEnum):
    """Why a run proves nothing of voice, whatever its rows say."""

    BUSY = "the workstation was too busy"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """What is kept of one run beside others: who, from which address, when, what it came to; `failed` counts rows and ports.

    `blocked` names the required ports that failed; with a `refusal` no measure is judged and none has a value.
    """

    id: str
    station: Station
    address: str | None
    started_at: str
    overall: Overall
    failed: int
    firewall: Verdict
    measures: tuple[Measure, ...]
    blocked: tuple[str, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A file that gave no run of its own, and why in one line."""

    file: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One measure over a workstation's runs: how many gave a number, median, worst, and the share of judged runs in breach."""

    runs: int
    median: float | None
    worst: float | None
    breach_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSpread:
    """A workstation over all of its runs, `overall` over those that came to a verdict; `spreads` in the order of the measures."""

    station: Station
    overall: Overall
    runs: int
    failed_runs: int
    inconclusive_runs: int
    first: str
    last: str
    spreads: tuple[Spread, ...]

    @property
    def judged_runs(self) -> int:
        """How many runs came to a verdict."""
        return self.runs - self.inconclusive_runs


class Scope(StrEnum):
    """How far a trouble reaches."""

    EVERYONE = "everyone"
    SITE = "site"
    SUBNET = "subnet"
    WORKSTATION = "workstation"
    SCATTERED = "scattered"
    TIME = "time of day"
    NOBODY = "nobody"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence about how far something reaches, with the numbers behind it, and what to look at; `proven` by enough runs."""

    scope: Scope
    where: str
    measures: tuple[str, ...]
    text: str
    advice: str
    proven: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of so many failed: workstations, or runs where it is about the time of day."""

    failing: int
    measured: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A row of the scope table: everyone, a site, a subnet or an hour of the day; a tally for each measure."""

    scope: Scope
    name: str
    organization: str
    stations: int
    runs: int
    tallies: tuple[Tally, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureKind:
    """What the numbers of one measure have in common: `more_is_better` tells which end is the worst."""

    label: str
    unit: str
    expectation: str
    more_is_better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSummary:
    """All that is said of many runs; `order` lists the runs worst first by their place in the order of reading."""

    headline: str
    statements: tuple[Statement, ...]
    groups: tuple[Group, ...]
    measures: tuple[MeasureKind, ...]
    scoped: tuple[str, ...]
    stations: tuple[StationSpread, ...]
    station_of: tuple[int, ...]
    order: tuple[int, ...]
