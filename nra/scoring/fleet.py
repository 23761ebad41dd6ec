"""What is kept of many runs: for each a few numbers, in columns, so that a hundred thousand of them are no burden."""

import ipaddress
import re
from array import array
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nra.model.criteria import Operator
from nra.model.fleet import Measure, MeasureKind, Refusal, RunRow, Station
from nra.model.verdict import Overall, Verdict

WORST_FIRST: Final = (Overall.FAIL, Overall.INCONCLUSIVE, Overall.WARN, Overall.PASS)
REQUIRED_PORTS: Final = "Required ports"
BREACHED, KEPT, NOT_JUDGED = 1, 0, -1
JUDGED: Final = {Verdict.FAIL: BREACHED, Verdict.WARN: KEPT, Verdict.PASS: KEPT}
NO_HOUR: Final = -1
SUBNET_BITS: Final = {4: 24, 6: 64}
REDACTED: Final = re.compile("(addr-[0-9a-f]{8})-[0-9a-f]{8}")  # what stands for an address in a document without names, its network first
MORE_IS_BETTER: Final = (Operator.AT_LEAST, Operator.GREATER)

Codes = NDArray[np.int8]
Indexes = NDArray[np.int64]


class MeasureColumn:
    """One measure of every run: NaN and NOT_JUDGED where a run does not have it."""

    def __init__(self, kind: MeasureKind) -> None:
        """Take what the numbers have in common."""
        self.kind = kind
        self.values, self.breached = array("d"), array("b")

    def put(self, run: int, value: float | None, verdict: Verdict) -> None:
        """Set the run's number; runs between were without."""
        self.fill(run)
        self.values.append(float("nan") if value is None else value)
        self.breached.append(JUDGED.get(verdict, NOT_JUDGED))

    def fill(self, runs: int) -> None:
        """Make the column so long."""
        missing = runs - len(self.values)
        self.values.extend([float("nan")] * missing)
        self.breached.extend([NOT_JUDGED] * missing)


class FleetColumns:
    """The runs in the order of reading."""

    def __init__(self) -> None:
        """Begin without a run."""
        self.stations: list[Station] = []
        self.station, self.overall, self.failed, self.hour = array("q"), array("b"), array("i"), array("b")
        self.started: list[str] = []
        self.ids: list[bytes] = []
        self.blocked: list[tuple[str, ...]] = []
        self.refusals: Counter[Refusal] = Counter()
        self.measures: dict[str, MeasureColumn] = {}
        self.ports = MeasureColumn(MeasureKind(label=REQUIRED_PORTS, unit="", expectation="", more_is_better=False))
        self._places: dict[tuple[str, str, str], int] = {}
        self._blocked: dict[tuple[str, ...], tuple[str, ...]] = {}

    def __len__(self) -> int:
        """Return how many runs there are."""
        return len(self.station)

    def add(self, row: RunRow) -> None:
        """Keep the numbers of one more run."""
        run = len(self)
        self.station.append(self._place(row.station, subnet_of(row.address)))
        self.overall.append(WORST_FIRST.index(row.overall))
        self.failed.append(row.failed)
        self.hour.append(hour_of(row.started_at))
        self.started.append(row.started_at)
        self.ids.append(row.id.encode())
        self.blocked.append(self._blocked.setdefault(row.blocked, row.blocked))  # few kinds, each kept once
        if row.refusal:
            self.refusals[row.refusal] += 1
        for measure in row.measures:
            if measure.label not in self.measures:
                self.measures[measure.label] = MeasureColumn(kind_of(measure))
            column = self.measures[measure.label]
            if len(column.values) <= run:  # a label that stands twice counts once
                column.put(run, measure.value, measure.verdict)
        self.ports.put(run, None, row.firewall)

    def breached(self) -> dict[str, Codes]:
        """Return for each measure, and for the required ports, whether each run was in breach."""
        columns = {**self.measures, REQUIRED_PORTS: self.ports}
        for column in columns.values():
            column.fill(len(self))
        return {label: np.frombuffer(column.breached, dtype=np.int8) for label, column in columns.items()}

    def worst_first(self) -> tuple[int, ...]:
        """Return the runs by verdict, then by how much failed, then by workstation and time."""
        names = [(station.name, station.organization, station.site) for station in self.stations]
        return tuple(
            sorted(
                range(len(self)),
                key=lambda run: (self.overall[run], -self.failed[run], names[self.station[run]], self.started[run], self.ids[run]),
            )
        )

    def _place(self, station: Station, subnet: str) -> int:
        """Return the workstation's number; its first known subnet is the one that counts."""
        key = (station.organization, station.site, station.name)
        index = self._places.setdefault(key, len(self.stations))
        if index == len(self.stations):
            self.stations.append(station)
        if subnet and not self.stations[index].subnet:
            self.stations[index] = replace(self.stations[index], subnet=subnet)
        return index


def kind_of(measure: Measure) -> MeasureKind:
    """Return what the measure's numbers have in common; the operator says which end is the worst."""
    more = measure.expectation.startswith(MORE_IS_BETTER)
    return MeasureKind(label=measure.label, unit=measure.unit, expectation=measure.expectation, more_is_better=more)


@lru_cache(maxsize=4096)
def subnet_of(address: str | None) -> str:
    """Return the network of 256 (IPv4) or of a /64 (IPv6) in which the address lies, empty for none: masks are not recorded."""
    token = REDACTED.fullmatch(address or "")
    if token:
        return token[1]
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, SUBNET_BITS[found.version]), strict=False))


def hour_of(started_at: str) -> int:
    """Return the hour of the day in UTC, NO_HOUR where the text is no time with a zone."""
    try:
        moment = datetime.fromisoformat(started_at)
        return moment.astimezone(UTC).hour if moment.tzinfo else NO_HOUR
    except (ValueError, OverflowError):
        return NO_HOUR
