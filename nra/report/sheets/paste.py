"""The sheets of the template: how to, a summary of formulas, and a sheet for each report that will be pasted."""

from typing import Final

from openpyxl import Workbook
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from nra.model.verdict import Overall, Verdict
from nra.report.cells import number
from nra.report.sheets.book import name_book
from nra.report.sheets.style import (
    BODY,
    FILLS,
    FONT,
    HEADER_HEIGHT_POINTS,
    LINE,
    NAVY,
    RIGHT,
    WRAPPED,
    cell_at,
    heading,
    page,
    put_text,
)
from nra.report.text import print_view
from nra.report.view import TITLE, Fact, PortRow, View, VoipRow

REPORTS: Final = 20
FACTS: Final = ("Overall", "Workstation", "Organization", "Site", "Seat", "Region", "Started")
MEASURES: Final = (  # label, unit, expectation
    ("Up Jitter", "ms", "< 30 ms"),
    ("Down Jitter", "ms", "< 30 ms"),
    ("Up Packet Loss", "%", "< 1 %"),
    ("Down Packet Loss", "%", "< 1 %"),
    ("Up Packet Discards", "%", "< 5 %"),
    ("Down Packet Discards", "%", "< 5 %"),
    ("Up Packet Order", "%", ">= 98 %"),
    ("Down Packet Order", "%", ">= 98 %"),
    ("Round Trip Average Time", "ms", "< 150 ms"),
    ("Upstream MOS Score", "MOS", ">= 3.6"),
    ("Downstream MOS Score", "MOS", ">= 3.6"),
)
HOW_TO: Final = (
    "Open a text report (NRA_....txt) in an editor, select all, copy.",
    "In the first free sheet Report 1, Report 2, ... click cell A1 and paste as text. Reports 1 and 2 are samples: paste over them.",
    "The sheet Summary fills itself, a row for each report. Filter it for FAIL.",
    "More than twenty reports, or their run documents (.json) at hand: nra compile FOLDER -o site.xlsx needs no pasting.",
)
FAILED, CLOSE = ("Down Jitter", "Down Packet Loss"), ("Up Jitter", "Downstream MOS Score")
GOOD: Final = (1.8, 2.1, 0.0, 0.0, 0.0, 0.0, 100.0, 100.0, 24.3, 4.41, 4.41)
BAD: Final = (22.0, 33.4, 0.2, 3.0, 0.0, 1.4, 100.0, 99.73, 61.7, 4.39, 3.91)
LAST_ROW: Final = 400  # of a pasted report
TEXT_FORMAT: Final = "@"
IS_REPORT: Final = f'ISNUMBER(SEARCH("{TITLE}:",REPORT$A$1))'  # not a series of runs, not a firewall request
NO_REPORT: Final = "not a run's report"


def build_template() -> Workbook:
    """Return the template: How to, Summary, and sheets for twenty reports of which two hold samples."""
    book = Workbook()
    book.remove(book.worksheets[0])
    name_book(book)
    _how_to(book.create_sheet("How to"))
    _summary(book.create_sheet("Summary"))
    for report in range(1, REPORTS + 1):
        _report(book.create_sheet(f"Report {report}"))
    for sheet, shown in zip(book.worksheets[2:], (_sample(failing=False), _sample(failing=True)), strict=False):
        _paste(sheet, shown)
    return book


def _how_to(sheet: Worksheet) -> None:
    sheet.column_dimensions["A"].width = 110
    put_text(cell_at(sheet, 1, 1), "Text reports of several workstations in one sheet, by pasting")
    cell_at(sheet, 1, 1).font = Font(name=FONT, size=16, bold=True, color=NAVY)
    sheet.row_dimensions[1].height = HEADER_HEIGHT_POINTS
    for row, step in enumerate(HOW_TO, start=2):
        cell = cell_at(sheet, row, 1)
        put_text(cell, f"{row - 1}. {step}")
        cell.font, cell.alignment = BODY, WRAPPED
        sheet.row_dimensions[row].height = HEADER_HEIGHT_POINTS
    page(sheet)


def _summary(sheet: Worksheet) -> None:
    """Write a row of formulas for each report; a report that is not there leaves its row empty."""
    measures = {f"{label}{f' ({unit})' if unit != 'MOS' else ''}": _number(label, unit) for label, unit, _ in MEASURES}
    columns = {**{fact: _fact(fact) for fact in FACTS}, **measures, **COUNTS}
    for index, (text, (_, digits)) in enumerate(columns.items(), start=1):
        heading(cell_at(sheet, 1, index), text, over_numbers=bool(digits))
        sheet.column_dimensions[get_column_letter(index)].width = 60 if text == "What this means" else 22 if index <= len(FACTS) else 16
        for report in range(1, REPORTS + 1):
            formula, digits = columns[text]
            otherwise = f'IF(REPORT$A$1="","","{NO_REPORT}")' if text == "Overall" else '""'
            cell = cell_at(sheet, report + 1, index)
            cell.value = f"=IF({IS_REPORT},{formula},{otherwise})".replace("REPORT", f"'Report {report}'!")
            cell.font, cell.border, cell.alignment, cell.number_format = BODY, LINE, RIGHT if digits else WRAPPED, digits or "General"
    for word in Overall:
        fill, ink = FILLS[word]
        look = {"fill": PatternFill("solid", start_color=fill, end_color=fill), "font": Font(bold=True, color=ink)}
        sheet.conditional_formatting.add(f"A2:A{REPORTS + 1}", FormulaRule(formula=[f'$A2="{word}"'], **look))  # type: ignore[no-untyped-call]
    sheet.row_dimensions[1].height = HEADER_HEIGHT_POINTS + 14
    sheet.freeze_panes, sheet.print_title_rows = "C2", "1:1"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{REPORTS + 1}"
    page(sheet, pages_wide=2)


def _lookup(label: str, column: str, below: int = 0) -> str:
    rows = f"$1:$*${LAST_ROW}"
    values, names = (f"REPORT${letter}{rows.replace('*', letter)}" for letter in (column, "A"))
    return f'INDEX({values},MATCH("{label}",{names},0){f"+{below}" if below else ""})'


def _fact(label: str) -> tuple[str, str]:
    return f'IFERROR({_lookup(label, "B")}&"","")', ""


def _number(label: str, unit: str) -> tuple[str, str]:
    """Return the formula of a number, and its format: the verdict's word where there is none, for an empty cell would count as 0."""
    value = _lookup(label, "B")
    read = f'IF({value}="",{_lookup(label, "E")},IF(ISNUMBER({value}),{value},_xlfn.NUMBERVALUE({value},".")))'
    return f'IFERROR({read},"")', "0.0" if unit == "ms" else "0.00"


def _count(column: str) -> tuple[str, str]:
    return f'COUNTIF(REPORT${column}$1:${column}${LAST_ROW},"{Verdict.FAIL}")', "0"


COUNTS: Final = {
    "Measurements that FAIL": _count("E"),
    "Ports that FAIL": _count("G"),
    "What this means": (f'IFERROR({_lookup("What this means", "A", below=1)}&"","")', ""),
}


def _report(sheet: Worksheet) -> None:
    for index, wide in enumerate((26, 34, 18, 30, 14, 14, 14, 60), start=1):
        column = sheet.column_dimensions[get_column_letter(index)]
        column.width, column.number_format = wide, TEXT_FORMAT
    page(sheet)


def _paste(sheet: Worksheet, shown: View) -> None:
    """Put a report into the sheet as pasting would."""
    for row, line in enumerate(print_view(shown).decode("utf-8-sig").split("\r\n"), start=1):
        for column, text in enumerate(line.split("\t"), start=1):
            cell = cell_at(sheet, row, column)
            put_text(cell, text)
            cell.number_format = TEXT_FORMAT


def _sample(*, failing: bool) -> View:
    """Return an invented report: what a good and a bad line look like."""
    overall = Overall.FAIL if failing else Overall.PASS
    name = f"PC-SAMPLE-{2 if failing else 1}"
    facts = {
        "Organization": "Sample organization",
        "Site": "Sample site",
        "Seat": "",
        "Case": "",
        "Workstation": name,
        "Region": "eu-central-1",
        "Measured by": "an invented sample, not a measurement",
        "Server": "",
        "Started": "2026-01-01T09:00:00Z",
        "Duration": "",
        "Tool version": "",
        "Run id": "",
        "Thresholds": "genesys-cloud",
        "Overall": overall,
    }
    rows = [
        VoipRow(
            measurement=label,
            result=number(value, unit),
            unit=unit,
            expectation=expected,
            verdict=_verdict(label, failing=failing),
            note="",
        )
        for (label, unit, expected), value in zip(MEASURES, BAD if failing else GOOD, strict=True)
    ]
    port = PortRow(
        port="443", protocol="TCP", service="HTTPS", destination="api.example.net", required=True, state="open",
        verdict=Verdict.PASS, evidence="an invented sample",
    )  # fmt: skip
    return View(
        title=f"{TITLE}: {overall} - Sample organization, {name}, eu-central-1",
        overall=overall,
        facts=tuple(Fact(name=fact, value=value) for fact, value in facts.items()),
        voip=tuple(rows),
        firewall=(port,),
        meaning=("An invented sample: paste a real report over it.",),
        advice=("Clear this sheet before the workbook goes to anybody.",),
    )


def _verdict(label: str, *, failing: bool) -> Verdict:
    if not failing:
        return Verdict.PASS
    return Verdict.FAIL if label in FAILED else Verdict.WARN if label in CLOSE else Verdict.PASS
