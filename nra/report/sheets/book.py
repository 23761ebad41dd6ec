"""The workbook put together: the sheets about all runs, then one about each."""

from collections.abc import Sequence

from openpyxl import Workbook

from nra.model.document import RunDocument
from nra.report.sheets.fleet import SHEETS, Entry
from nra.report.sheets.single import add_run
from nra.report.view import View, view

RUN_SHEETS = 20


def build(runs: Sequence[RunDocument | View]) -> Workbook:
    """Return the workbook of the runs, worst first."""
    entries = sorted((_entry(run) for run in runs), key=Entry.gravity)
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator, book.properties.title = "nra", "Network readiness assessment"
    for title, fill in SHEETS:
        fill(book.create_sheet(title), entries)
    for index, entry in enumerate(entries[:RUN_SHEETS], start=1):
        if entry.document:
            add_run(book, index, entry.view, entry.document)
    return book


def _entry(run: RunDocument | View) -> Entry:
    return Entry(run, None) if isinstance(run, View) else Entry(view(run), run)
