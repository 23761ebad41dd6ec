"""The workbook (contract 4.3)."""

import re
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from nra.model.document import RunDocument
from nra.report.excel import workbook
from nra.report.sheets.style import FILLS, width
from nra.report.text import parse, render
from nra.report.view import view
from nra.testing.canned import KINDS, canned_run

SHEETS = ["Summary", "VOIP", "Firewall", "Findings", "Runs", "Thresholds"]
HOSTILE = (
    "=cmd()|'/c calc'!A1",
    "CON",
    "x" * 300,
    "🎧" * 20,
    "",
    "+1-1",
    "@SUM(A1)",
    "#N/A",
    "{=1}",
    "\x00\x1b[31m\ufffe",
    "a\tb\r\nc",
    "\udc80",
)
ALL = tuple(canned_run(kind, host=f"PC-{number}") for number, kind in enumerate(KINDS))


def opened(*runs: RunDocument) -> Workbook:
    """Return the workbook of the runs as openpyxl reads it back."""
    return load_workbook(BytesIO(workbook(runs)))


def rows(sheet: Worksheet) -> list[list[object]]:
    """Return the values of a sheet."""
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def column(sheet: Worksheet, heading: str) -> list[object]:
    """Return what stands under a heading."""
    head, *body = rows(sheet)
    return [row[head.index(heading)] for row in body]


def second(sheet: Worksheet, number: int) -> list[object]:
    """Return the cells of one second in a run's own sheet."""
    table = [row[:6] for row in rows(sheet)]
    return table[[row[0] for row in table].index("Second") + 1 + number]


@pytest.fixture(scope="module")
def book() -> Workbook:
    """Return the workbook of one run of each kind."""
    return opened(*ALL)


def test_has_the_contract_s_sheets(book: Workbook) -> None:
    """The six sheets in order, then one for each run; the same six for one run and for many."""
    assert book.sheetnames[:6] == SHEETS
    assert len(book.sheetnames) == 6 + len(ALL)
    assert opened(ALL[0]).sheetnames == [*SHEETS, "Run 1 PC-0"]


def test_summary_is_worst_first(book: Workbook) -> None:
    """One row per run: FAIL, INCONCLUSIVE, WARN, PASS; among the failed those with more failed rows first."""
    assert column(book["Summary"], "Overall") == ["FAIL"] * 2 + ["INCONCLUSIVE"] * 3 + ["WARN", "PASS", "PASS", "PASS", "PASS"]
    assert column(book["Summary"], "Workstation")[:2] == ["PC-5", "PC-1"]


def test_summary_says_what_it_means(book: Workbook) -> None:
    """Both halves in words, MOS as a number, and the sentence."""
    head, _, second_worst, *_ = rows(book["Summary"])
    row = dict(zip(head, second_worst, strict=True))
    assert (row["VOIP"], row["Firewall"], row["Upstream MOS Score"]) == ("FAIL", "FAIL", 4.3944)
    assert str(row["What this means"]).startswith("Calls will not sound good here: 2 of 11 measurements failed")


@pytest.mark.parametrize("name", SHEETS)
def test_headers_are_frozen_and_filtered(book: Workbook, name: str) -> None:
    """The header row stays in sight and filters the rest."""
    sheet = book[name]
    assert sheet.freeze_panes is not None
    assert str(sheet.freeze_panes).endswith("2")
    assert sheet.auto_filter.ref == sheet.dimensions
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)


def test_voip_has_the_rows_as_columns(book: Workbook) -> None:
    """Eleven columns labelled exactly, one line per run, numbers at full precision."""
    head, *body = rows(book["VOIP"])
    assert head[-11:] == [row.measurement for row in view(ALL[0]).voip]
    assert len(body) == len(ALL)
    bad = next(row for row in body if row[1] == "PC-1")
    assert bad[-11:] == [metric.value for metric in ALL[1].metrics]


def test_voip_numbers_are_numbers_with_a_word(book: Workbook) -> None:
    """A number stays a number, rounded and worded by its format; what was not measured is the word, never 0."""
    sheet = book["VOIP"]
    formats = {sheet.cell(3, index).value: (sheet.cell(3, index).number_format, sheet.cell(3, index).data_type) for index in range(5, 16)}
    assert formats[33.4175] == ('0.0" ms  FAIL"', "n")
    assert formats[3.0] == ('0.00" %  FAIL"', "n")
    assert formats[3.9097] == ('0.00"  WARN"', "n")
    assert next(row for row in rows(sheet) if row[1] == "PC-5")[-11:] == ["NOT MEASURED"] * 11
    assert next(row for row in rows(sheet) if row[1] == "PC-4")[-11:] == ["SKIPPED"] * 11


@pytest.mark.parametrize("name", ["Summary", "VOIP", "Firewall", "Findings"])
def test_verdicts_are_filled_and_worded(book: Workbook, name: str) -> None:
    """Every coloured cell carries its verdict's word, and every verdict its colour (contract 2: always the word)."""
    found = set()
    for row in book[name].iter_rows(min_row=2):
        for cell in row:
            said = cell.value if isinstance(cell.value, str) else cell.number_format
            word = next((word for word in FILLS if re.search(rf"(^|\s|\"){word}($|:|\")", str(said))), None)
            filled = cell.fill.start_color.rgb[-6:] if cell.fill.fill_type else None
            if filled or (word and cell.value == word):
                assert word is not None, cell
                assert filled == FILLS[word][0], cell
                found.add(word)
    assert {"FAIL"} < found


def test_firewall_has_ports_as_rows_and_workstations_as_columns(book: Workbook) -> None:
    """Each port once, each run a column with verdict and state; a run that did not ask says so."""
    sheet = book["Firewall"]
    head, *body = rows(sheet)
    assert head[:5] == ["Port", "Protocol", "Service", "Required", "Destination"]
    assert [row[:5] for row in body] == [
        ["443", "TCP", "HTTPS", "yes", "api.mypurecloud.de"],
        ["443", "TCP", "HTTPS", "yes", "login.mypurecloud.de"],
        ["80", "TCP", "HTTP", "no", "apps.mypurecloud.de"],
        ["3478", "UDP", "STUN/TURN", "yes", "netdiag.euc1.pure.cloud"],
        ["3478", "TCP", "STUN/TURN", "no", "netdiag.euc1.pure.cloud"],
        ["19302", "UDP", "STUN (Google)", "no", "stun.l.google.com"],
        ["53", "UDP", "DNS", "no", "dns.google"],
        ["16384-65535", "UDP", "SRTP media", "yes", "media servers of the service"],
        ["3478", "UDP", "STUN/TURN, at the reflector", "yes", "reflector.example.net"],
        ["16384-65535", "UDP", "SRTP media, at the reflector", "yes", "reflector.example.net"],
    ]
    assert head[5] == "PC-5\n2026-11-22T14:03:11Z"
    assert [row[5] for row in body] == [
        "PASS: open", "FAIL: tls_intercepted", "INFO: dns_failed", "FAIL: no_answer", "INFO: no_answer", "INFO: no_answer",
        "INFO: refused", "not checked", "FAIL: no_answer", "FAIL: refused",
    ]  # fmt: skip
    assert {row[head.index("PC-3\n2026-11-22T14:03:11Z")] for row in body} == {"not checked"}


def test_an_optional_port_is_never_red(book: Workbook) -> None:
    """Closed or not, it is PASS or INFO, in word and colour, in the sheet of all and in each run's own (contract 4.4)."""
    painted = 0
    for sheet in (book["Firewall"], *book.worksheets[6:]):
        for row in sheet.iter_rows():
            words = [cell.value for cell in row]
            optional = words[:1] != ["Workstation"] and "no" in words[2:4]
            for cell in row if optional else ():
                if cell.fill.fill_type:
                    assert cell.fill.start_color.rgb[-6:] in (FILLS["PASS"][0], FILLS["INFO"][0]), (sheet.title, words)
                    painted += 1
    assert painted > 40


def test_a_run_s_sheet_keeps_service_and_reflector_apart(book: Workbook) -> None:
    """Two tables, the service's first, each with what was asked, who, and what was seen."""
    sheet = rows(book["Run 1 PC-5"])
    first, second_table = ([row[0] for row in sheet].index(title) for title in ("Firewall", "Firewall, at the reflector"))
    assert list(filter(None, sheet[first + 1])) == [
        "Service", "Port", "Required", "State", "Verdict", "Answer (ms)", "Destination", "Evidence",
    ]  # fmt: skip
    assert sheet[first + 2][:6] == ["HTTPS", "443 TCP", "yes", "open", "PASS", 11.73]
    assert sheet[second_table + 3][:6] == ["SRTP media", "16384-65535 UDP", "yes", "refused", "FAIL", None]
    assert sheet[second_table + 3][7] == "reflector.example.net"
    assert str(sheet[second_table + 3][9]).startswith("STAMP test packet: each of 3 sent: ICMP port unreachable")
    assert len(sheet) == second_table + 4
    assert "Firewall, at the reflector" not in {row[0] for row in rows(next(each for each in book if each.title.endswith("PC-2")))}


def test_findings_runs_and_thresholds(book: Workbook) -> None:
    """Each finding a row; each run a row with its id; each limit of a profile once, however many runs used it."""
    assert column(book["Findings"], "Severity") == ["FAIL"] * 4 + ["FAIL", "INFO", "WARN", "FAIL"] + ["WARN"] * 2
    assert column(book["Findings"], "Workstation")[:8] == ["PC-5"] * 4 + ["PC-1"] * 4
    assert set(column(book["Runs"], "Run id")) == {run.run.id for run in ALL}
    assert column(book["Thresholds"], "PASS or WARN if")[:3] == ["< 30", "< 30", "< 1"]
    assert len(column(book["Thresholds"], "Profile")) == 11


@pytest.mark.parametrize("name", HOSTILE)
def test_typed_text_is_never_a_formula(name: str) -> None:
    """Whatever people type stays text, in every sheet (contract 4.3; docs/traps.md, trap 11)."""
    document = canned_run("bad", org=name, host=name, site=name, seat=name)
    document = replace(
        document,
        findings=tuple(replace(each, text=name, evidence=name, advice=name, where=name) for each in document.findings),
        firewall=tuple(replace(each, destination=name, evidence=name, service=name) for each in document.firewall or ()),
        metrics=tuple(replace(each, note=name, unit=name) for each in document.metrics),
    )
    data = workbook([document])
    for sheet in load_workbook(BytesIO(data)).worksheets:
        for row in sheet.iter_rows():
            assert {cell.data_type for cell in row} <= {"s", "n"}, sheet.title
    with ZipFile(BytesIO(data)) as archive:
        for member in archive.namelist():
            if member.startswith("xl/worksheets/"):
                assert not re.search(rb"<f[ >/]", archive.read(member)), member


def test_risky_text_keeps_its_prefix_mark() -> None:
    """A cell that begins like a formula stays text also when somebody edits it (quotePrefix)."""
    document = canned_run("good", host="=1+1")
    sheet = opened(document)["Summary"]
    assert sheet["B2"].value == "=1+1"
    assert sheet["B2"].quotePrefix
    assert not sheet["C2"].quotePrefix


def test_run_sheets_have_the_seconds(book: Workbook) -> None:
    """The per-second windows stand as numbers; a second without a value is an empty cell."""
    sheet = book["Run 2 PC-1"]
    assert second(sheet, 12) == [12, 0.0, 20.3, 30.0, pytest.approx(35.4), pytest.approx(70.1)]
    trip = book["Run 3 PC-2"]
    assert second(trip, 0) == [0, None, None, None, None, 36.2]


def test_run_sheets_have_charts_with_axes() -> None:
    """Jitter, round trip and loss are drawn over all seconds; both axes are there and named, gaps are gaps."""
    with ZipFile(BytesIO(workbook([ALL[1]]))) as archive:
        charts = [archive.read(name).decode() for name in sorted(archive.namelist()) if name.startswith("xl/charts/chart")]
    assert [re.findall(r"<a:t>(.*?)</a:t>", chart)[0] for chart in charts] == ["Jitter", "Round trip", "Packet loss"]
    assert [len(re.findall("<ser>", chart)) for chart in charts] == [2, 1, 2]
    for chart in charts:
        assert chart.count('<delete val="0"') == 2
        assert 'dispBlanksAs val="gap"' in chart
        assert re.findall(r"<a:t>(.*?)</a:t>", chart)[1:] in (["second", "ms"], ["second", "%"])
        assert all(int(last) - int(first) == 29 for first, last in re.findall(r"\$[B-F]\$(\d+):\$[B-F]\$(\d+)</f>", chart))


def test_run_sheets_tell_what_the_quality_rests_on(book: Workbook) -> None:
    """MOS costs, buffers, MOS by codec and the worst 15 seconds stand on the run's sheet."""
    words = {cell.value for row in book["Run 2 PC-1"].iter_rows() for cell in row}
    assert {
        "Points of R that were lost",
        "discards",
        5.1103,
        "fixed 60 ms",
        88.1,
        "MOS by codec",
        3.4245,
        "Worst 15 seconds",
        3.21,
    } <= words


def test_only_the_first_twenty_runs_have_a_sheet() -> None:
    """Many runs: one row each, and sheets for the worst twenty only."""
    runs = [canned_run("good", host=f"PC-{number:02}") for number in range(21)] + [canned_run("bad", host="PC-bad")]
    book = opened(*runs)
    assert len(rows(book["Summary"])) == 23
    assert len(book.sheetnames) == 6 + 20
    assert book.sheetnames[6] == "Run 1 PC-bad"


def test_sheet_names_are_legal_and_different() -> None:
    """Hosts of one name, without a name or with a long one still have sheets of their own (31 characters at most)."""
    names = opened(*(canned_run("good", host=name) for name in ("a/b:c*[d]?\\", "a/b:c*[d]?\\", "", "x" * 300, "History"))).sheetnames[6:]
    assert len({name.lower() for name in names}) == 5
    assert all(re.fullmatch(r"Run \d[A-Za-z0-9 -]{0,26}", name) for name in names)


def test_takes_runs_that_were_read_from_text(book: Workbook) -> None:
    """A text report read back fills the same tables, with the numbers that were printed."""
    back = load_workbook(BytesIO(workbook([parse(render(run)) for run in ALL])))
    assert back.sheetnames == SHEETS
    assert column(back["Summary"], "Overall") == column(book["Summary"], "Overall")
    assert column(back["Summary"], "What this means") == column(book["Summary"], "What this means")
    assert rows(back["Firewall"]) == rows(book["Firewall"])
    assert column(back["VOIP"], "Down Jitter")[1] == 33.4


def test_no_runs_give_a_readable_workbook() -> None:
    """Nothing to show is six sheets of headers, not a crash."""
    assert [len(rows(sheet)) for sheet in opened().worksheets] == [1] * 6


@pytest.mark.parametrize("name", SHEETS)
def test_columns_are_wide_enough(book: Workbook, name: str) -> None:
    """No number can show as ###: what it shows fits its column."""
    for number, column_cells in enumerate(book[name].iter_cols(), start=1):
        wide = book[name].column_dimensions[get_column_letter(number)].width
        for cell in column_cells[1:]:
            if cell.data_type == "n" and cell.value is not None:
                decimals = cell.number_format.split('"')[0].partition(".")[2]
                suffix = cell.number_format.split('"')[1] if '"' in cell.number_format else ""
                assert width(f"{cell.value:.{len(decimals)}f}{suffix}") + 2 <= wide, cell


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_it(tmp_path: Path) -> None:
    """LibreOffice opens the workbook and shows the numbers with their words."""
    (tmp_path / "runs.xlsx").write_bytes(workbook(ALL))
    command = ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--convert-to"]
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
    subprocess.run([*command, every_sheet, "--outdir", tmp_path, tmp_path / "runs.xlsx"], check=True, capture_output=True, timeout=100)
    shown = (tmp_path / "runs-VOIP.csv").read_text(encoding="utf-8")
    assert "33.4 ms  FAIL" in shown
    assert "3.00 %  FAIL" in shown
    assert "NOT MEASURED" in shown
    assert not any(
        word in path.read_text(encoding="utf-8") for path in tmp_path.glob("*.csv") for word in ("#NAME", "#VALUE", "Err:", "###")
    )


def test_what_was_measured_under_load_stands_on_the_run_s_sheet() -> None:
    """A table over the whole width: numbers as numbers with the decimals of the other reports, what is no number as text."""
    sheet = load_workbook(BytesIO(workbook([canned_run("under-load")]))).worksheets[-1]
    grid = [list(row) for row in sheet.iter_rows()]
    top = next(number for number, row in enumerate(grid) if row[0].value == "Under load")
    head, first = grid[top + 1], grid[top + 2]
    assert [cell.value for cell in head[:6]] == ["Load", "Direction", "Megabytes", "Mbit/s", "Limited by", "Calls that fit"]
    assert [cell.value for cell in first[:6]] == ["up", "up", 8.6, 9.87, "network", 123]
    assert [first[number].number_format for number in (2, 3, 5)] == ["0.0", "0.00", "0"]
    assert [cell.value for cell in first[7:12]] == [4.6, 0.8, 61.6, -3.41, 189.3]
    assert grid[top + 6][3].value == "at least 9.31"
