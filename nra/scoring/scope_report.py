"""All that is said about scope: a statement for each place and each stretch of hours, and the counts behind them as a table."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from nra.model.fleet import Group, Scope, Statement, Station, Tally
from nra.scoring.fleet import BREACHED, NO_HOUR, NOT_JUDGED, REQUIRED_PORTS, Codes, Indexes
from nra.scoring.scope import FAILING_SHARE, LEAST_MEMBERS, Key, Place, grouped, label, locate
from nra.scoring.scope_time import DAY, LEAST_HOURS, Hours, bad_hours
from nra.scoring.scope_wording import nobody_statement, place_statement, time_statement, unknown_statement

ORDER: Final = (
    Scope.EVERYONE, Scope.SITE, Scope.SUBNET, Scope.SCATTERED, Scope.TIME, Scope.WORKSTATION, Scope.NOBODY, Scope.UNKNOWN,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RunColumns:
    """The runs as columns of equal length: workstation (a place in `stations`), hour of the day, and whether each measure failed.

    `blocked` has the required ports that failed in each run, or nothing where nobody knows them.
    """

    stations: Sequence[Station]
    station: Indexes
    hour: Codes
    breached: Mapping[str, Codes]
    blocked: Sequence[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """One measure: judged and breached runs by workstation, and which workstations fail."""

    judged: Indexes
    breached: Indexes
    measured: frozenset[int]
    failing: frozenset[int]


def statements(runs: RunColumns) -> tuple[Statement, ...]:
    """Return what is said, the widest scope first; measures that fail at the same place share a sentence."""
    counted = {measure: _counted(runs, codes) for measure, codes in runs.breached.items()}
    places = [(measure, place) for measure, each in counted.items() for place in locate(runs.stations, each.measured, each.failing)]
    said = [*_places(runs, places, counted), *_times(runs, places, counted), *_unknown(runs, counted)]
    if not places and any(each.measured for each in counted.values()):
        any_breach = np.logical_or.reduce([codes == BREACHED for codes in runs.breached.values()])
        voice = any(each.measured for measure, each in counted.items() if measure != REQUIRED_PORTS)
        said.append(nobody_statement(len(runs.stations), len(runs.station), int(any_breach.sum()), voice=voice))
    return tuple(sorted(said, key=lambda each: _rank(each, said)))


def _rank(statement: Statement, said: Sequence[Statement]) -> int:
    """Return where the statement stands: the widest scope first, but proven hours before a place that stands for all of them."""
    wide = statement.scope is Scope.TIME and statement.proven and not any(each.scope in (Scope.SITE, Scope.SUBNET) for each in said)
    return -1 if wide else ORDER.index(statement.scope)


def groups(runs: RunColumns) -> tuple[Group, ...]:
    """Return the table behind the statements: everyone, each site, each subnet of several workstations, each hour of the day."""
    counted = [_counted(runs, codes) for codes in runs.breached.values()]
    everyone = frozenset(range(len(runs.stations)))
    of_station = np.bincount(runs.station, minlength=len(runs.stations))

    def row(scope: Scope, key: Key | None, members: AbstractSet[int]) -> Group:
        tallies = tuple(Tally(failing=len(each.failing & members), measured=len(each.measured & members)) for each in counted)
        name = label(runs.stations, key).removesuffix(f" ({key[0]})") if key else ""
        total = int(of_station[sorted(members)].sum())
        return Group(scope=scope, name=name, organization=key[0] if key else "", stations=len(members), runs=total, tallies=tallies)

    sites = [row(Scope.SITE, key, members) for key, members in grouped(runs.stations, everyone, Scope.SITE).items()]
    subnets = [
        row(Scope.SUBNET, key, members)
        for key, members in grouped(runs.stations, everyone, Scope.SUBNET).items()
        if len(members) >= LEAST_MEMBERS
    ]
    return (row(Scope.EVERYONE, None, everyone), *_worst_first(sites), *_worst_first(subnets), *_hours(runs))


def _counted(runs: RunColumns, codes: Codes) -> _Counted:
    size = len(runs.stations)
    judged = np.bincount(runs.station[codes != NOT_JUDGED], minlength=size)
    breached = np.bincount(runs.station[codes == BREACHED], minlength=size)
    failing = (breached > 0) & (breached >= FAILING_SHARE * judged)
    return _Counted(
        judged=judged,
        breached=breached,
        measured=frozenset(np.flatnonzero(judged).tolist()),
        failing=frozenset(np.flatnonzero(failing).tolist()),
    )


def _places(all_runs: RunColumns, places: Sequence[tuple[str, Place]], counted: Mapping[str, _Counted]) -> Iterator[Statement]:
    for place in dict.fromkeys(place for _, place in places):
        measures = tuple(measure for measure, other in places if other == place)
        members = sorted(place.members)
        runs = [(int(counted[each].breached[members].sum()), int(counted[each].judged[members].sum())) for each in measures]
        yield place_statement(place, measures, runs, _blocked(all_runs, place.members))


def _blocked(runs: RunColumns, members: AbstractSet[int]) -> tuple[str, ...]:
    """Return the required ports that failed at these workstations, the most frequent first."""
    here = (ports for station, ports in zip(runs.station.tolist(), runs.blocked, strict=False) if ports and station in members)
    return tuple(port for port, _ in Counter(chain.from_iterable(here)).most_common())


def _times(runs: RunColumns, places: Sequence[tuple[str, Place]], counted: Mapping[str, _Counted]) -> Iterator[Statement]:
    found: dict[tuple[Place, Hours], list[str]] = {}
    for measure, place in places:
        members = place.members if place.scope is Scope.SCATTERED else place.members & counted[measure].failing
        hours = _hours_of(runs, runs.breached[measure], members)
        if hours is not None:
            found.setdefault((place, hours), []).append(measure)
    return (time_statement(place, tuple(measures), hours) for (place, hours), measures in found.items())


def _hours_of(runs: RunColumns, codes: Codes, members: AbstractSet[int]) -> Hours | None:
    chosen = np.zeros(len(runs.stations), dtype=bool)
    chosen[sorted(members)] = True
    here = chosen[runs.station] & (runs.hour != NO_HOUR)
    judged = np.bincount(runs.hour[here & (codes != NOT_JUDGED)], minlength=DAY)
    breached = np.bincount(runs.hour[here & (codes == BREACHED)], minlength=DAY)
    return bad_hours(judged.tolist(), breached.tolist())


def _unknown(runs: RunColumns, counted: Mapping[str, _Counted]) -> Iterator[Statement]:
    missing: dict[tuple[int, ...], list[str]] = {}
    everyone = frozenset(range(len(runs.stations)))
    for measure, each in counted.items():
        if each.measured != everyone:
            missing.setdefault(tuple(sorted(everyone - each.measured)), []).append(measure)
    for stations, measures in missing.items():
        yield unknown_statement(tuple(measures), [runs.stations[index].name for index in stations], len(everyone))


def _hours(runs: RunColumns) -> Iterator[Group]:
    used = sorted(set(runs.hour.tolist()) - {NO_HOUR})
    for hour in used if len(used) >= LEAST_HOURS else ():
        here = runs.hour == hour
        tallies = tuple(
            Tally(failing=int((codes[here] == BREACHED).sum()), measured=int((codes[here] != NOT_JUDGED).sum()))
            for codes in runs.breached.values()
        )
        name, stations = f"{hour:02}:00 to {hour:02}:59 UTC", len(np.unique(runs.station[here]))
        yield Group(scope=Scope.TIME, name=name, organization="", stations=stations, runs=int(here.sum()), tallies=tallies)


def _worst_first(rows: Sequence[Group]) -> list[Group]:
    return sorted(rows, key=lambda row: -max((tally.failing / tally.measured for tally in row.tallies if tally.measured), default=0.0))
