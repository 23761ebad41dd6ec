"""The sheets that only many runs have: Workstations (spreads), Sites (scope), Problems (files that gave no run)."""

import re
from collections.abc import Sequence
from typing import Final

from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.utils import get_column_letter

from nra.model.fleet import FleetSummary, Group, MeasureKind, Problem, Scope, Statement, StationSpread, Tally
from nra.model.verdict import Verdict
from nra.report.cells import SPOKEN_UNITS
from nra.report.sheets.stream import StreamSheet
from nra.report.sheets.style import FILLS, Content, Judged, Measured
from nra.report.sheets.table import Layout, table

FAILING: Final = "FAIL (% of runs with a verdict)"
WHO: Final = ("Overall", "Workstation", "Site", "Organization", "Subnet")
WORKSTATION: Final = (*WHO, "First", "Last", "Runs", "Runs that FAIL", "Runs INCONCLUSIVE", FAILING)
SHARE_COLUMN: Final = WORKSTATION.index(FAILING) + 1
EACH_MEASURE: Final = 4  # columns: median, worst, limit, share in breach
PLACES: Final = ("Scope", "Name", "Organization", "Workstations", "Runs", "Counted")
NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
SCOPES: Final = {
    Scope.EVERYONE: "everyone",
    Scope.SITE: "site",
    Scope.SUBNET: "subnet",
    Scope.TIME: "time of day",
}


def fill_workstations(sheet: StreamSheet, fleet: FleetSummary, spreads: Sequence[StationSpread]) -> None:
    """Write each workstation over its runs: median, worst and share in breach of each measure, coloured by share."""
    headings = [*WORKSTATION, *(heading for measure in fleet.measures for heading in _headings(measure))]
    rows = [_workstation(spread, fleet.measures) for spread in spreads]
    table(sheet, Layout(headings=headings, frozen_columns=2, pages_wide=4), rows)
    shares = range(len(WORKSTATION) + EACH_MEASURE, len(headings) + 1, EACH_MEASURE)
    for column in (SHARE_COLUMN, *shares) if rows else ():
        letter = get_column_letter(column)
        rule = ColorScaleRule(  # type: ignore[no-untyped-call]
            start_type="num", start_value=0, start_color="FFFFFF", end_type="num", end_value=100, end_color=FILLS[Verdict.FAIL][0]
        )
        sheet.conditional_formatting.add(f"{letter}2:{letter}{len(rows) + 1}", rule)


def fill_sites(sheet: StreamSheet, fleet: FleetSummary) -> None:
    """Write the statements about scope, and below them the counts on which they rest."""
    rows = [_place(group) for group in fleet.groups]
    preface = (fleet.headline, *map(statement_line, fleet.statements))
    table(sheet, Layout(headings=[*PLACES, *fleet.scoped], frozen_columns=2, pages_wide=1, preface=preface), rows)


def fill_problems(sheet: StreamSheet, problems: Sequence[Problem]) -> None:
    """Write which files gave no run, and why."""
    rows: list[Sequence[Content]] = [(problem.file, problem.what) for problem in problems]
    table(sheet, Layout(headings=["File", "What is the matter"], frozen_columns=1), rows)


def statement_line(statement: Statement) -> Content:
    """Return the statement as one line in its verdict's colour, with what to do."""
    return Judged(f"{statement.verdict}: {statement.text}: {statement.advice}", statement.verdict)


def limit_of(measure: MeasureKind) -> float | None:
    """Return the limit as a number, None where the expectation names none."""
    found = NUMBER.search(measure.expectation)
    return float(found[0]) if found else None


def _headings(measure: MeasureKind) -> tuple[str, ...]:
    unit = f" ({measure.unit})" if measure.unit in SPOKEN_UNITS else ""
    return tuple(f"{measure.label}\n{what}" for what in (f"median{unit}", f"worst{unit}", f"limit{unit}", "in breach (%)"))


def _workstation(spread: StationSpread, measures: Sequence[MeasureKind]) -> list[Content]:
    station = spread.station
    numbers: list[Content] = []
    for measure, each in zip(measures, spread.spreads, strict=True):
        spread_of = (each.median, each.worst, limit_of(measure))
        numbers += [*(Measured(value, measure.unit) for value in spread_of), _share(each.breach_percent)]
    failed = 100 * spread.failed_runs / spread.judged_runs if spread.judged_runs else None
    who: list[Content] = [spread.overall, station.name, station.site, station.organization, station.subnet]
    return [*who, spread.first, spread.last, spread.runs, spread.failed_runs, spread.inconclusive_runs, _share(failed), *numbers]


def _share(percent: float | None) -> Content:
    """Return the share in breach, the word where no run was judged."""
    return Measured(percent, "%", Verdict.NOT_MEASURED if percent is None else None)


def _place(group: Group) -> list[Content]:
    counted = "runs" if group.scope is Scope.TIME else "workstations"
    who: list[Content] = [SCOPES[group.scope], group.name, group.organization, group.stations, group.runs, counted]
    return [*who, *map(_tally, group.tallies)]


def _tally(tally: Tally) -> Content:
    if not tally.measured:
        return Judged(str(Verdict.NOT_MEASURED), Verdict.NOT_MEASURED)
    verdict = Verdict.FAIL if tally.failing else Verdict.PASS
    return Judged(f"{verdict}: {tally.failing} of {tally.measured}", verdict)
