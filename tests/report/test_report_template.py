"""The template into which text reports are pasted by hand."""

import csv
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from nra.report.firewall_request import firewall_request
from nra.report.series import Entry
from nra.report.series import render as series_of
from nra.report.sheets.paste import IS_REPORT, MEASURES, NO_REPORT, REPORTS
from nra.report.template import template_workbook
from nra.report.text import parse, render
from nra.testing.canned import canned_run
from nra.testing.canned_parts import LIMITS


def opened() -> Workbook:
    """Return the template as openpyxl reads it."""
    return load_workbook(BytesIO(template_workbook()))


def test_has_instructions_a_summary_and_room_for_twenty_reports() -> None:
    """How to, Summary, Report 1 to 20; two hold samples that our own reader reads."""
    book = opened()
    assert book.sheetnames == ["How to", "Summary", *(f"Report {number}" for number in range(1, REPORTS + 1))]
    for sheet, overall in ((book["Report 1"], "PASS"), (book["Report 2"], "FAIL")):
        lines = ("\t".join(str(cell or "") for cell in row).rstrip("\t") for row in sheet.iter_rows(values_only=True))
        assert parse("\n".join(lines).encode()).overall == overall
    assert book["Report 3"].max_row == 1


def test_reports_are_pasted_as_text() -> None:
    """The columns are text beforehand: else Excel makes dates of numbers where the comma is the decimal mark."""
    assert {opened()["Report 3"].column_dimensions[letter].number_format for letter in "ABCDEFGH"} == {"@"}


def test_the_rows_are_the_contract_s() -> None:
    """Label, unit and expectation as in a report."""
    assert [(label, unit) for label, unit, _ in MEASURES] == [(limit.label, limit.unit) for limit in LIMITS]
    printed = [(row.measurement, row.unit, row.expectation) for row in parse(render(canned_run())).voip]
    assert list(MEASURES) == printed


def test_what_is_no_run_s_report_is_called_so() -> None:
    """A series or a firewall request begins with other words: every formula asks for the report's first."""
    row = [str(cell.value) for cell in opened()["Summary"][2]]
    asked = IS_REPORT.replace("REPORT", "'Report 1'!")
    assert all(formula.startswith(f"=IF({asked},") for formula in row)
    assert [NO_REPORT in formula for formula in row] == [True, *[False] * (len(row) - 1)]


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_formulas_pick_the_values_out_of_pasted_reports(tmp_path: Path) -> None:
    """Reports pasted into their sheets fill rows of the summary: numbers as numbers, what was not measured as its word, never 0."""
    book = opened()
    blocked_run = canned_run("blocked")
    request = firewall_request(blocked_run)
    assert request is not None
    series = series_of([Entry(at="2026-11-22T14:03:11Z", document=blocked_run, file="a.json")], 1, 0)
    reports = [render(canned_run(kind, host=f"PC-{kind}")) for kind in ("bad", "blocked")]
    for number, pasted in enumerate((*reports, series, request.text), start=3):
        for row, line in enumerate(pasted.decode("utf-8-sig").split("\r\n"), start=1):
            for column, text in enumerate(line.split("\t"), start=1):
                book[f"Report {number}"].cell(row, column).value = text
    book.save(tmp_path / "filled.xlsx")
    command = ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--convert-to"]
    summary_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"
    subprocess.run([*command, summary_sheet, "--outdir", tmp_path, tmp_path / "filled.xlsx"], check=True, capture_output=True, timeout=100)
    rows = list(csv.DictReader((tmp_path / "filled-Summary.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["Overall"], row["Workstation"]) for row in rows[:7]] == [
        ("PASS", "PC-SAMPLE-1"), ("FAIL", "PC-SAMPLE-2"), ("FAIL", "PC-bad"), ("FAIL", "PC-blocked"),
        (NO_REPORT, ""), (NO_REPORT, ""), ("", ""),
    ]  # fmt: skip
    bad, blocked, *others, empty = rows[2:7]
    assert [set(row.values()) for row in others] == [{NO_REPORT, ""}] * 2
    assert (bad["Down Jitter (ms)"], bad["Downstream MOS Score"], bad["Measurements that FAIL"]) == ("33.4", "3.91", "2")
    assert bad["What this means"].startswith("Calls will not sound good here")
    assert (blocked["Down Jitter (ms)"], blocked["Ports that FAIL"]) == ("NOT MEASURED", "4")
    assert set(empty.values()) == {""}
