"""Many runs -> what they say together: the order, the spreads, the scope, and a headline with the counts."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from nra.model.fleet import FleetSummary, RunRow
from nra.scoring.fleet import NO_HOUR, WORST_FIRST, FleetColumns
from nra.scoring.scope_report import RunColumns, groups, statements
from nra.scoring.scope_time import LEAST_HOURS
from nra.scoring.scope_wording import hours_statement, refused_statement
from nra.scoring.spread import spreads


def summarize(rows: Iterable[RunRow]) -> FleetSummary:
    """Return what the runs say together; each row is let go once its numbers are in the columns."""
    columns = FleetColumns()
    for row in rows:
        columns.add(row)
    runs = RunColumns(
        stations=columns.stations,
        station=np.frombuffer(columns.station, dtype=np.int64),
        hour=np.frombuffer(columns.hour, dtype=np.int8),
        breached=columns.breached(),
        blocked=columns.blocked,
    )
    said = (*refused_statement(columns.refusals, len(columns)), *statements(runs))
    hours = set(columns.hour) - {NO_HOUR}
    if len(columns) > 1 and len(hours) < LEAST_HOURS:
        said = (*said, hours_statement(min(columns.started), max(columns.started)))
    return FleetSummary(
        headline=headline(columns),
        statements=said,
        groups=groups(runs),
        measures=tuple(column.kind for column in columns.measures.values()),
        scoped=tuple(runs.breached),
        stations=spreads(columns),
        station_of=tuple(columns.station),
        order=columns.worst_first(),
    )


def headline(columns: FleetColumns) -> str:
    """Return how much there is and what it came to, in one line."""
    verdicts = Counter(columns.overall)
    sites = len({(station.organization, station.site) for station in columns.stations if station.site})
    counts = ", ".join(f"{verdicts[code]} {word}" for code, word in enumerate(WORST_FIRST) if verdicts[code])
    where = f" at {sites} site{'' if sites == 1 else 's'}" if sites else ""
    first, last = min(columns.started, default=""), max(columns.started, default="")
    when = first if first == last else f"{first} to {last}"
    return f"{_count(len(columns), 'run')} of {_count(len(columns.stations), 'workstation')}{where}, {when}: {counts}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
