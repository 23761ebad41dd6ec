"""A run's own sheet: its sentences and rows, what the MOS cost, the de-jitter buffers, every second with charts, every port."""

import re
from collections.abc import Sequence
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from nra.model.document import RunDocument
from nra.model.region import Side
from nra.model.voice import Voice
from nra.report.load import HEADER as LOADED
from nra.report.load import TITLE as LOADED_TITLE
from nra.report.qualities import Figure, Table, buffers, calls, codecs, costs, worst
from nra.report.sheets.charts import CHART_ROWS, CHARTS, add_chart
from nra.report.sheets.style import (
    BODY,
    FONT,
    HEADER_HEIGHT_POINTS,
    NAVY,
    WRAPPED,
    Content,
    Measured,
    cell_at,
    heading,
    height,
    lines_in,
    numeric,
    page,
    paint,
    put,
    put_text,
)
from nra.report.view import PortRow, View

NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
LONGEST_TITLE: Final = 31  # of a sheet, in Excel
WIDTHS: Final = (25, 17, 18, 17, 18, 18, 3, 18, 15, 15, 15, 15, 15, 15)  # tables left, a gap, tables right
LEFT, RIGHT, EVIDENCE, LAST = 1, 8, 10, len(WIDTHS)
VOIP: Final = ("Measurement", "Result", "Expectation", "Verdict", "Note")
SECONDS: Final = ("Second", "Up loss (%)", "Up jitter (ms)", "Down loss (%)", "Down jitter (ms)", "Round trip (ms)")
TRIED: Final = ("Calls", "Outcome", "Up", "Down", "Round trip", "Note")
PORTS: Final = ("Service", "Port", "Required", "State", "Verdict", "Answer (ms)")
SIDES: Final = ((Side.SERVICE, "Firewall"), (Side.REFLECTOR, "Firewall, at the reflector"))


def add_run(book: Workbook, index: int, shown: View, document: RunDocument) -> None:
    """Add the run's sheet, named by its number and workstation."""
    workstation = re.sub(r"[^A-Za-z0-9]+", "-", shown.fact("Workstation"))
    sheet = book.create_sheet(f"Run {index} {workstation}"[:LONGEST_TITLE].rstrip(" -"))
    for column, wide in enumerate(WIDTHS, start=1):
        sheet.column_dimensions[cell_at(sheet, 1, column).column_letter].width = wide
    row = _head(sheet, shown)
    end = _table(sheet, row, LEFT, "VOIP", VOIP, _voip(shown), last=RIGHT - 2)
    if document.voice:
        row = _loaded(sheet, _tried(sheet, max(end, _qualities(sheet, row, document.voice)), shown), shown)
        end = _seconds(sheet, row, document.voice)
    for side, title in SIDES:
        end = _ports(sheet, end, title, shown.ports(side))
    page(sheet)


def _head(sheet: Worksheet, shown: View) -> int:
    """Write title, verdict and sentences; return the next free row."""
    put_text(cell_at(sheet, 1, LEFT), ", ".join(filter(None, map(shown.fact, ("Workstation", "Site", "Organization", "Region")))))
    cell_at(sheet, 1, LEFT).font = Font(name=FONT, size=18, bold=True, color=NAVY)
    sheet.row_dimensions[1].height = HEADER_HEIGHT_POINTS
    put_text(
        cell_at(sheet, 2, LEFT), ", ".join(filter(None, (*map(shown.fact, ("Started", "Measured by")), f"run {shown.fact('Run id')}")))
    )
    cell_at(sheet, 2, LEFT).font = BODY
    put_text(cell_at(sheet, 4, LEFT), shown.overall)
    paint(cell_at(sheet, 4, LEFT), shown.overall)
    cell_at(sheet, 4, LEFT).alignment = WRAPPED
    sentences = [*shown.meaning, "", *shown.advice]
    for row, sentence in enumerate(sentences, start=4):
        _sentence(sheet, row, sentence)
    return 4 + len(sentences) + 1


def _sentence(sheet: Worksheet, row: int, sentence: str) -> None:
    cell = cell_at(sheet, row, LEFT + 1)
    put_text(cell, sentence)
    cell.font, cell.alignment = BODY, WRAPPED
    _merge(sheet, row, LEFT + 1, LAST)


def _merge(sheet: Worksheet, row: int, first: int, last: int) -> None:
    """Merge the cells and make the row high enough for their text: merged rows do not grow by themselves."""
    sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)
    needed = height(lines_in(str(cell_at(sheet, row, first).value or ""), 0.9 * sum(WIDTHS[first - 1 : last])))
    sheet.row_dimensions[row].height = max(needed, sheet.row_dimensions[row].height or 0)


def _voip(shown: View) -> list[Sequence[Content]]:
    return [(row.measurement, Measured(row.value, row.unit, unit_shown=True), row.expectation, row.verdict, row.note) for row in shown.voip]


def _qualities(sheet: Worksheet, row: int, voice: Voice) -> int:
    """Write what became of the quality, on the right; return the next free row."""
    for found in (*buffers(voice), *worst(voice), *calls(voice), *costs(voice)):
        row = _quality(sheet, row, found)
    for found in codecs(voice):
        row = _quality(sheet, row, found, last=LAST)
    return row


def _quality(sheet: Worksheet, row: int, found: Table, last: int = 0) -> int:
    rows = [[Measured(cell.value, cell.unit) if isinstance(cell, Figure) else cell for cell in cells] for cells in found.rows]
    return _table(sheet, row, RIGHT, found.title, found.headings, rows, last=last)


def _tried(sheet: Worksheet, row: int, shown: View) -> int:
    """Write the streams of the search for a breach over the whole width, their texts merged; return the next free row."""
    if not shown.tried:
        return row
    put_text(cell_at(sheet, row, LEFT), "Calls until breach")
    cell_at(sheet, row, LEFT).font = Font(name=FONT, size=13, bold=True, color=NAVY)
    spans = ((1, 1), (2, 2), (3, 5), (6, 8), (9, 11), (12, LAST))
    for text, (first, last) in zip(TRIED, spans, strict=True):
        heading(cell_at(sheet, row + 1, first), text)
        _merge(sheet, row + 1, first, last)
    for line, tried in enumerate(shown.tried, start=row + 2):
        cells: tuple[Content, ...] = (tried.calls, tried.outcome, tried.up, tried.down, tried.round_trip, tried.note)
        for content, (first, last) in zip(cells, spans, strict=True):
            put(cell_at(sheet, line, first), content)
            if last > first:
                _merge(sheet, line, first, last)
    return row + len(shown.tried) + 3


def _loaded(sheet: Worksheet, row: int, shown: View) -> int:
    """Write what was measured under load over the whole width, the gap left out, its notes merged; return the next free row."""
    if not shown.loaded:
        return row
    put_text(cell_at(sheet, row, LEFT), LOADED_TITLE)
    cell_at(sheet, row, LEFT).font = Font(name=FONT, size=13, bold=True, color=NAVY)
    columns = [*range(LEFT, RIGHT - 1), *range(RIGHT, LAST)]
    for line, cells in enumerate((LOADED, *(each.cells for each in shown.loaded)), start=row + 1):
        for text, column in zip(cells, columns, strict=False):
            cell = cell_at(sheet, line, column)
            if line == row + 1:
                heading(cell, text)
            elif (printed := NUMBER.fullmatch(text)) is not None:
                put(cell, float(text))
                cell.number_format = "0" + re.sub("[0-9]", "0", printed[1] or "")  # as many decimals as the other reports have
            else:
                put(cell, text)
        _merge(sheet, line, columns[len(LOADED) - 1], LAST)
    sheet.row_dimensions[row + 1].height = height(2)
    return row + len(shown.loaded) + 3


def _seconds(sheet: Worksheet, row: int, voice: Voice) -> int:
    """Write the table of seconds with its charts; return the next free row."""
    if not voice.windows:
        return row
    seconds: list[Sequence[Content]] = [
        (
            int(window.start_s),
            Measured(window.up.loss_percent, "%"),
            Measured(window.up.jitter_ms, "ms"),
            Measured(window.down.loss_percent, "%"),
            Measured(window.down.jitter_ms, "ms"),
            Measured(window.rtt_avg_ms, "ms"),
        )
        for window in voice.windows
    ]
    sheet.row_breaks.append(Break(id=row - 1))  # table and charts start a printed page of their own
    end = _table(sheet, row, LEFT, "Each second", SECONDS, seconds)
    for number, chart in enumerate(CHARTS):
        add_chart(sheet, chart, header_row=row + 1, last_row=row + 1 + len(seconds), anchor=f"H{row + 1 + number * CHART_ROWS}")
    return max(end, row + len(CHARTS) * CHART_ROWS + 2)


def _ports(sheet: Worksheet, row: int, title: str, ports: Sequence[PortRow]) -> int:
    """Write the ports on one side, on the right who was asked and what was seen; return the next free row."""
    if not ports:
        return row
    rows: list[Sequence[Content]] = [
        (port.service_alone, f"{port.port} {port.protocol}", port.required, port.state, port.verdict, Measured(port.connect_ms, "ms"))
        for port in ports
    ]
    end = _table(sheet, row, LEFT, title, PORTS, rows)
    seen = [("Destination", "Evidence"), *((port.destination, port.evidence) for port in ports)]
    for line, (destination, evidence) in enumerate(seen, start=row + 1):
        for text, first, last in ((destination, RIGHT, EVIDENCE - 1), (evidence, EVIDENCE, LAST)):
            put(cell_at(sheet, line, first), text)
            _merge(sheet, line, first, last)
    for text, first in zip(seen[0], (RIGHT, EVIDENCE), strict=True):
        heading(cell_at(sheet, row + 1, first), text)
    return end


def _table(
    sheet: Worksheet, row: int, column: int, title: str, headings: Sequence[str], rows: Sequence[Sequence[Content]], last: int = 0
) -> int:
    """Write a small table under its title, the last cell of each row as wide as to column `last`; return the next free row."""
    if not rows:
        return row
    put_text(cell_at(sheet, row, column), title)
    cell_at(sheet, row, column).font = Font(name=FONT, size=13, bold=True, color=NAVY)
    for index, text in enumerate(headings):
        heading(cell_at(sheet, row + 1, column + index), text, over_numbers=numeric(rows[0][index]))
    for line, cells in enumerate(rows, start=row + 2):
        for index, content in enumerate(cells, start=column):
            put(cell_at(sheet, line, index), content)
    if last:
        for line in range(row + 1, row + len(rows) + 2):
            _merge(sheet, line, column + len(headings) - 1, last)
    return row + len(rows) + 3
