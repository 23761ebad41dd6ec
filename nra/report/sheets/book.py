"""The workbook of a few runs put together: the sheets about all of them, then one about each."""

from collections.abc import Sequence

from openpyxl import Workbook

from nra.model.document import RunDocument
from nra.report.entry import Entry
from nra.report.sheets.firewall import FirewallBoard
from nra.report.sheets.fleet import Listing, findings, labels_of, runs, summary, thresholds, voip
from nra.report.sheets.single import add_run
from nra.report.sheets.table import table
from nra.report.view import TITLE, View, view

RUN_SHEETS = 20


def build(measured: Sequence[RunDocument | View]) -> Workbook:
    """Return the workbook of the runs, worst first."""
    entries = sorted((_entry(run) for run in measured), key=Entry.gravity)
    book = Workbook()
    book.remove(book.worksheets[0])
    name_book(book)
    for listing in (summary({}), voip(labels_of(entries))):
        _list(book, listing, entries)
    board = FirewallBoard()
    for entry in entries:
        board.add(entry)
    board.fill(book.create_sheet("Firewall"))
    for listing in (findings(), runs({})):
        _list(book, listing, entries)
    thresholds(book.create_sheet("Thresholds"), dict.fromkeys(entry.document.thresholds for entry in entries if entry.document))
    for index, entry in enumerate(entries[:RUN_SHEETS], start=1):
        if entry.document:
            add_run(book, index, entry.view, entry.document)
    return book


def name_book(book: Workbook) -> None:
    """Say what the file is and who made it."""
    book.properties.creator, book.properties.title = "nra", TITLE


def _list(book: Workbook, listing: Listing, entries: Sequence[Entry]) -> None:
    table(book.create_sheet(listing.title), listing.layout, [row for entry in entries for row in listing.rows(entry)])


def _entry(run: RunDocument | View) -> Entry:
    return Entry(run, None) if isinstance(run, View) else Entry(view(run), run)
