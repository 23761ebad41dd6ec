"""The workbook of many runs: the same sheets as for one, streamed, and Workstations, Sites, Charts and Problems beside them.

What would not fit into Excel's rows goes into further workbooks of the same layout.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO, Final, Protocol

from openpyxl import Workbook

from nra.model.criteria import Thresholds
from nra.model.fleet import FleetSummary, Problem, StationSpread
from nra.report.entry import WORST_FIRST, Entry
from nra.report.sheets.book import name_book
from nra.report.sheets.firewall import FirewallBoard
from nra.report.sheets.fleet import Listing, findings, runs, summary, thresholds, voip
from nra.report.sheets.fleet_charts import add_fleet_charts
from nra.report.sheets.places import fill_problems, fill_sites, fill_workstations, statement_line
from nra.report.sheets.stream import StreamSheet, add_stream_sheet, discard, save, stream_book
from nra.report.sheets.style import Content
from nra.report.sheets.table import LONGEST_ROWS, SAMPLE, Table, at_its_widest

SHEETS: Final = ("Summary", "VOIP", "Firewall", "Findings", "Runs", "Thresholds", "Workstations", "Sites", "Charts", "Problems")
STATEMENTS_ABOVE: Final = 4
ROOM_FOR_HEADS: Final = 10


class Runs(Protocol):
    """The runs by number, wherever they are kept."""

    def __getitem__(self, index: int) -> Entry:
        """Return the run with that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Many runs: each by its number in the order of reading, what they say together, and what gave no run."""

    entries: Runs
    summary: FleetSummary
    findings: Sequence[int]
    profiles: Sequence[Thresholds]
    problems: Sequence[Problem]


def workbooks(fleet: Fleet, longest: int = LONGEST_ROWS) -> Iterator[Callable[[BinaryIO], None]]:
    """Yield what writes each workbook: one, or as many as keep every sheet within `longest` rows; the worst runs in the first."""
    room = longest - ROOM_FOR_HEADS
    stations = sorted(fleet.summary.stations, key=_gravity)
    chunks = list(_chunks(fleet, room))
    parts = max(len(chunks), -(-len(stations) // room), -(-len(fleet.problems) // room), 1)
    for part in range(parts):
        here = slice(part * room, (part + 1) * room)
        chosen = chunks[part] if part < len(chunks) else ()
        named = f" (workbook {part + 1} of {parts})" if parts > 1 else ""
        part_fleet = replace(
            fleet, problems=fleet.problems[here], summary=replace(fleet.summary, order=chosen, headline=fleet.summary.headline + named)
        )
        yield partial(_write, part_fleet, stations[here])


def _chunks(fleet: Fleet, room: int) -> Iterator[tuple[int, ...]]:
    """Yield the runs, worst first, in pieces of which no sheet has too many rows."""
    order = fleet.summary.order
    start, rows = 0, 0
    for place, count in enumerate(fleet.findings[run] for run in order):
        rows += count
        if place - start == room or (rows > room and place > start):
            yield order[start:place]
            start, rows = place, count
    if order:
        yield order[start:]


def _write(fleet: Fleet, stations: Sequence[StationSpread], file: BinaryIO) -> None:
    book = stream_book()
    name_book(book)
    try:
        _fill(book, fleet, stations)
        save(book, file)
    except BaseException:
        discard(book)
        raise


def _fill(book: Workbook, fleet: Fleet, stations: Sequence[StationSpread]) -> None:
    board = FirewallBoard()
    sheets = {title: add_stream_sheet(book, title) for title in SHEETS}
    _stream(fleet, _listings(fleet), sheets, board)
    board.fill(sheets["Firewall"])
    thresholds(sheets["Thresholds"], fleet.profiles)
    fill_workstations(sheets["Workstations"], fleet.summary, stations)
    fill_sites(sheets["Sites"], fleet.summary)
    add_fleet_charts(sheets["Charts"], sheets["Workstations"], fleet.summary.measures, len(stations))
    fill_problems(sheets["Problems"], fleet.problems)
    for part in range(1, board.parts()):
        board.fill(add_stream_sheet(book, f"Firewall {part + 1}"), part)


def _listings(fleet: Fleet) -> tuple[Listing, ...]:
    spreads = {_key(spread): spread for spread in fleet.summary.stations}

    def beside(entry: Entry) -> StationSpread:
        fact = entry.view.fact
        return spreads[fact("Organization"), fact("Site"), fact("Workstation")]

    preface = (fleet.summary.headline, *map(statement_line, fleet.summary.statements[:STATEMENTS_ABOVE]))
    repeated: Mapping[str, Callable[[Entry], Content]] = {
        "Runs of this workstation": lambda entry: beside(entry).runs,
        "of them FAIL": lambda entry: beside(entry).failed_runs,
        "of them INCONCLUSIVE": lambda entry: beside(entry).inconclusive_runs,
    }
    labels = [measure.label for measure in fleet.summary.measures]
    return summary(repeated, preface), voip(labels), findings(), runs({"File": lambda entry: entry.file})


def _stream(fleet: Fleet, listings: Sequence[Listing], sheets: Mapping[str, StreamSheet], board: FirewallBoard) -> None:
    """Fill the sheets that list runs side by side, so that each run is read once."""
    order = fleet.summary.order
    first = [fleet.entries[run] for run in order[:SAMPLE]]
    tables = []
    for listing in listings:
        sample = [row for entry in first for row in listing.rows(entry)]
        tables.append(Table(sheets[listing.title], listing.layout, [*sample, *map(at_its_widest, sample[:1])]))
    for run in order:
        entry = fleet.entries[run]
        board.add(entry)
        for listing, filled in zip(listings, tables, strict=True):
            for row in listing.rows(entry):
                filled.add(row)
    for filled in tables:
        filled.finish()


def _gravity(spread: StationSpread) -> tuple[int, float, tuple[str, str, str]]:
    return WORST_FIRST.index(spread.overall), -spread.failed_runs / max(1, spread.judged_runs), _key(spread)


def _key(spread: StationSpread) -> tuple[str, str, str]:
    return spread.station.organization, spread.station.site, spread.station.name
