"""The workbook of many runs (contract 4.3): the sheets of one run, and Workstations, Sites, Charts and Problems."""

import errno
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from fleets import entries, fleet, from_text, office
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet._writer import ALL_TEMP_FILES
from openpyxl.worksheet.worksheet import Worksheet

from nra.model.fleet import Problem
from nra.report.excel import workbook
from nra.report.sheets import firewall
from nra.report.sheets.fleet_book import ROOM_FOR_HEADS, Fleet, workbooks
from nra.report.sheets.style import FILLS, heading_lines
from nra.testing.canned import KINDS, canned_run

SHEETS = ["Summary", "VOIP", "Firewall", "Findings", "Runs", "Thresholds", "Workstations", "Sites", "Charts", "Problems"]
ALONE = "look at this workstation's own firewall, its policy and its VLAN, or ask the firewall team"
YORK_S = "Required ports (443 TCP, 3478 UDP and 16384-65535 UDP)"
PORTS = "Required ports (3478 UDP)"
NEITHER = "counted as neither good nor bad: measure again there; the notes say what was missing"
PROBLEM = Problem(file="=torn.json", what="Input data was truncated")
HOSTILE = ("=cmd()|'/c calc'!A1", "@SUM(A1)", "+1-1", "#N/A", "</t></is><f>1</f>", "a\tb\r\nc\x00\x1b\udc80", "🎧" * 40, "")


def saved(runs: Fleet, longest: int | None = None) -> list[bytes]:
    """Return the workbooks as bytes."""
    made = []
    for write in workbooks(runs) if longest is None else workbooks(runs, longest):
        file = BytesIO()
        write(file)
        made.append(file.getvalue())
    return made


def opened(data: bytes) -> Workbook:
    """Return the workbook as openpyxl reads it back."""
    return load_workbook(BytesIO(data))


def rows(sheet: Worksheet, first: str) -> list[list[object]]:
    """Return headings and rows of the table whose first heading is that one."""
    values: list[list[object]] = [list(row) for row in sheet.iter_rows(values_only=True)]
    return values[[row[0] for row in values].index(first) :]


def column(sheet: Worksheet, heading: str, first: str) -> list[object]:
    """Return what stands under a heading."""
    head, *body = rows(sheet, first)
    return [row[head.index(heading)] for row in body]


@pytest.fixture(scope="module")
def data() -> bytes:
    """Return the workbook of an office."""
    (data,) = saved(fleet(entries(office()), [PROBLEM]))
    return data


@pytest.fixture(scope="module")
def book(data: bytes) -> Workbook:
    """Return the workbook of an office, read back."""
    return opened(data)


def test_has_the_contract_s_sheets(book: Workbook) -> None:
    """The six of one run first, then those that only many runs have."""
    assert book.sheetnames == SHEETS


def test_lists_the_same_as_for_single_runs(book: Workbook) -> None:
    """The same columns, rows and looks as in the workbook that `nra run` writes: one code fills both."""
    single = opened(workbook(office()))
    for name in ("VOIP", "Findings", "Thresholds", "Firewall"):
        one, many = list(single[name].iter_rows()), list(book[name].iter_rows())
        assert [[cell.value for cell in row] for row in one] == [[cell.value for cell in row] for row in many], name
        looks = [
            [[(cell.number_format, cell.fill.start_color.rgb, cell.font.b, cell.alignment.horizontal) for cell in row] for row in sheet]
            for sheet in (one, many)
        ]
        assert looks[0] == looks[1], name
    assert rows(single["Summary"], "Overall")[0] == rows(book["Summary"], "Overall")[0][:-3]


def test_summary_says_first_how_far_the_trouble_reaches(book: Workbook) -> None:
    """Above the table: what there is, and the widest troubles, in words with numbers."""
    lines = [row[0].value for row in book["Summary"].iter_rows(max_row=5)]
    assert lines == [
        "24 runs of 8 workstations at 2 sites, 2026-11-22T08:03:11Z to 2026-11-22T16:03:11Z: 15 FAIL, 9 PASS",
        "FAIL: 4 of 4 workstations at Leeds fail Down Jitter and Down Packet Loss; 0 of 3 elsewhere: look at the line of Leeds",
        f"FAIL: 4 of 4 workstations at Leeds fail {PORTS}; 1 of 4 elsewhere (too few to prove it): look at the firewall of Leeds",
        f"FAIL: York-4 at York fails {YORK_S} in 3 of 3 runs; 0 of 3 other workstations at York fail: {ALONE}",
        f"NOT MEASURED: Up Jitter, Down Jitter, Up Packet Loss and 8 more: nothing known at 1 of 8 workstations (York-4), {NEITHER}",
    ]


def test_summary_is_worst_first_frozen_and_filtered(book: Workbook) -> None:
    """One row per run; the header stays in sight below the lines above it; repeated runs are counted."""
    sheet = book["Summary"]
    assert column(sheet, "Overall", "Overall") == ["FAIL"] * 15 + ["PASS"] * 9
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("C7", "A6:P30", "$6:$6")
    assert set(column(sheet, "Runs of this workstation", "Overall")) == {3}
    assert column(sheet, "of them FAIL", "Overall") == [3] * 15 + [0] * 9
    assert set(column(sheet, "of them INCONCLUSIVE", "Overall")) == {0}


def test_only_what_fails_is_said_in_red(book: Workbook) -> None:
    """The lines above the table: FAIL bold in its colour, what was not measured in its own, as on every other sheet."""
    fail, unknown = (book["Summary"][place].font for place in ("A2", "A5"))
    assert (fail.bold, fail.color.rgb[-6:]) == (True, FILLS["FAIL"][1])
    assert (unknown.bold, unknown.color.rgb[-6:]) == (False, FILLS["NOT MEASURED"][1])


def test_workstations_show_the_spread(book: Workbook) -> None:
    """Runs, median, worst, limit and share in breach, worst workstation first, numbers as numbers, shares coloured by a rule."""
    sheet = book["Workstations"]
    head, first, *_ = rows(sheet, "Overall")
    row = dict(zip(head, first, strict=True))
    assert (row["Workstation"], row["Site"], row["Subnet"], row["Runs"], row["FAIL (% of runs with a verdict)"]) == (
        "Leeds-1",
        "Leeds",
        "10.1.0.0/24",
        3,
        100,
    )
    assert (row["Down Jitter\nmedian (ms)"], row["Down Jitter\nworst (ms)"], row["Down Jitter\nlimit (ms)"]) == (33.4175, 33.4175, 30)
    assert (row["Down Jitter\nin breach (%)"], row["Up Jitter\nin breach (%)"]) == (100, 0)
    assert len(sheet.conditional_formatting) == 12
    york = next(row for row in rows(sheet, "Overall") if row[1] == "York-4")
    assert york[head.index("Up Jitter\nmedian (ms)")] is None
    assert york[head.index("Up Jitter\nin breach (%)")] == "NOT MEASURED"


def test_sites_count_workstations(book: Workbook) -> None:
    """Everyone, each site, each subnet, each hour; each cell says verdict and counts."""
    head, *body = rows(book["Sites"], "Scope")
    found = {(row[0], row[1]): dict(zip(head, row, strict=True)) for row in body}
    assert found["site", "Leeds"]["Down Jitter"] == "FAIL: 4 of 4"
    assert found["site", "York"]["Down Jitter"] == "PASS: 0 of 3"
    assert found["everyone", None]["Required ports"] == "FAIL: 5 of 8"
    assert found["time of day", "08:00 to 08:59 UTC"]["Counted"] == "runs"
    assert found["subnet", "10.1.1.0/24 at York"]["Workstations"] == 4


def test_firewall_has_a_column_for_each_workstation(book: Workbook) -> None:
    """Ports as rows, workstations as columns: the worst that the runs saw."""
    head, *body = rows(book["Firewall"], "Port")
    assert (
        head[5:]
        == [f"{name}\n{name[:-2]}, 3 runs" for name in (*(f"Leeds-{n}" for n in range(1, 5)), *(f"York-{n}" for n in (4, 1, 2, 3)))][:0]
        or len(head) == 13
    )
    stun = next(row for row in body if row[:2] == ["3478", "UDP"])
    assert set(stun[5:]) == {"FAIL: no_answer", "PASS: open"}


def test_a_port_that_failed_in_some_runs_says_in_how_many() -> None:
    """The gravest answer counts, and how often it was seen."""
    kept = entries(
        [canned_run(kind, host="PC", started_at=f"2026-11-22T{hour:02}:00:00Z") for hour, kind in enumerate(("good", "bad", "good"))]
    )
    (data,) = saved(fleet(kept))
    stun = next(row for row in rows(opened(data)["Firewall"], "Port") if row[:2] == ["3478", "UDP"])
    assert stun[5:] == ["FAIL: no_answer (1 of 3 runs)"]


def test_more_workstations_than_columns_go_on_in_a_further_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Excel has 16,384 columns: the others stand in Firewall 2, 3 and so on, after all other sheets."""
    monkeypatch.setattr(firewall, "COLUMNS_AT_MOST", 3)
    (data,) = saved(fleet(entries(office())))
    book = opened(data)
    assert book.sheetnames == [*SHEETS, "Firewall 2", "Firewall 3"]
    assert [book[name].max_column for name in ("Firewall", "Firewall 2", "Firewall 3")] == [8, 8, 7]
    assert book["Firewall 3"]["A2"].value == book["Firewall"]["A2"].value


def test_a_long_name_of_a_workstation_is_not_clipped() -> None:
    """The heading's row is as high as its lines: name, site and number of runs."""
    runs = [canned_run("good", host="ACCOUNTING-WORKSTATION-0417", site=site) for site in ("Leeds and its surroundings", "York")]
    (data,) = saved(fleet(entries(runs)))
    sheet = opened(data)["Firewall"]
    height, wide = sheet.row_dimensions[1].height, sheet.column_dimensions["F"].width
    assert len(str(sheet["F1"].value)) > wide
    assert height >= 15 * heading_lines(str(sheet["F1"].value), int(wide)) > 30


def test_what_a_path_carries_is_not_lost() -> None:
    """Who searched for the breach finds the number of calls beside the verdict; who did not has an empty cell."""
    (data,) = saved(fleet(entries([canned_run("until-breach", host="A"), canned_run("good", host="B")])))
    assert column(opened(data)["Summary"], "Calls at once", "Overall") == ["5", None]


def test_problems_and_files_are_named(book: Workbook) -> None:
    """Which file gave no run and why; and for each run its file."""
    assert rows(book["Problems"], "File")[1:] == [["=torn.json", "Input data was truncated"]]
    assert all(str(file).endswith(".json") for file in column(book["Runs"], "File", "Overall"))


def test_a_chart_for_each_measure(data: bytes) -> None:
    """Median and worst as bars, the limit as a line, over the workstations; both axes shown."""
    with ZipFile(BytesIO(data)) as archive:
        charts = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 11
    for chart in charts:
        assert ("<barChart>" in chart, "<lineChart>" in chart, chart.count("<ser>"), chart.count('<delete val="0"')) == (True, True, 3, 2)
        assert set(re.findall(r"'?Workstations'?!\$[A-Z]+\$(\d+):\$[A-Z]+\$(\d+)", chart)) == {("2", "9")}
    assert "Up Jitter (expected &lt; 30 ms)" in "".join(charts)


@pytest.mark.parametrize("name", HOSTILE)
def test_typed_text_is_never_a_formula(name: str) -> None:
    """Whatever people type stays text in every sheet, and no markup of the file (contract 4.3; docs/traps.md, trap 11)."""
    document = canned_run("bad", org=name, host=name, site=name, seat=name)
    document = replace(document, findings=tuple(replace(each, text=name, evidence=name) for each in document.findings))
    kept = [*entries([document]), from_text(canned_run("good", host=name))]
    (data,) = saved(fleet(kept, [Problem(file=name, what=name)]))
    for sheet in opened(data).worksheets:
        for row in sheet.iter_rows():
            assert {cell.data_type for cell in row} <= {"s", "n", "inlineStr"}, sheet.title
    with ZipFile(BytesIO(data)) as archive:
        for member in archive.namelist():
            if member.startswith("xl/worksheets/"):
                assert not re.search(rb"<f[ >/]", archive.read(member)), member


def test_risky_text_keeps_its_prefix_mark() -> None:
    """A cell that begins like a formula stays text also when somebody edits it (quotePrefix)."""
    (data,) = saved(fleet(entries([canned_run("good", host="=1+1")])))
    cell = next(cell for row in opened(data)["Summary"].iter_rows() for cell in row if cell.value == "=1+1")
    assert cell.quotePrefix


def filled_and_worded(sheet: Worksheet) -> Iterator[tuple[str, str]]:
    """Yield the fill that a verdict's word promises and the one that its cell has."""
    for row in sheet.iter_rows():
        for cell in row:
            said = cell.value if isinstance(cell.value, str) else str(cell.number_format)
            word = next((word for word in FILLS if re.search(rf"(^|\s|\"){word}($|: \S+|\")", said)), None)
            if cell.fill.fill_type and cell.fill.start_color.rgb[-6:] in {fill for fill, _ in FILLS.values()}:
                assert word is not None, cell
                yield FILLS[word][0], cell.fill.start_color.rgb[-6:]


@pytest.mark.parametrize("name", ["Summary", "VOIP", "Firewall", "Workstations", "Sites"])
def test_verdicts_are_filled_and_worded(book: Workbook, name: str) -> None:
    """Every coloured cell carries its verdict's word (contract 2: always the word)."""
    found = list(filled_and_worded(book[name]))
    assert len(found) > 5
    assert [pair for pair in found if pair[0] != pair[1]] == []


def test_text_reports_stand_beside_documents() -> None:
    """Where only the text report is left, its rows fill the same sheets."""
    runs = [canned_run(kind, host=f"PC-{kind}") for kind in KINDS]
    (data,) = saved(fleet([*entries(runs[:4]), *map(from_text, runs[4:])]))
    assert len(column(opened(data)["VOIP"], "Down Jitter", "Overall")) == len(KINDS)
    said = column(opened(data)["Findings"], "What was found", "Severity")
    assert said.count("Only the text report of this run is left: what it found stands there in sentences") == len(KINDS) - 4


@pytest.mark.parametrize(("longest", "parts"), [(ROOM_FOR_HEADS + 24, 3), (ROOM_FOR_HEADS + 7, 16)])
def test_more_than_a_sheet_holds_goes_into_further_workbooks(longest: int, parts: int) -> None:
    """No sheet is longer than allowed, nothing is lost, the worst comes first, and each workbook says which one it is."""
    kept = entries(office())
    books = [opened(data) for data in saved(fleet(kept, [PROBLEM] * 3), longest)]
    assert (
        max(
            sheet.max_row for book in books for sheet in book.worksheets if sheet.title not in ("Sites", "Thresholds", "Firewall", "Charts")
        )
        <= longest
    )
    runs = [run for book in books for run in column(book["Runs"], "Run id", "Overall")]
    assert sorted(map(str, runs)) == sorted(entry.view.fact("Run id") for entry in kept)
    findings = [row for book in books for row in column(book["Findings"], "Evidence", "Severity")]
    assert len(findings) == sum(len(entry.document.findings) for entry in kept if entry.document)
    assert len({str(name) for book in books for name in column(book["Workstations"], "Workstation", "Overall")}) == 8
    assert f"(workbook 2 of {len(books)})" in str(books[1]["Summary"]["A1"].value)
    assert len(books) == parts


def test_numbers_beyond_the_sample_are_not_cut_off() -> None:
    """Columns are wide enough for a number that no run of the sample had: it could show as ### otherwise."""
    many = [canned_run("good", host=f"PC-{number:03}") for number in range(2)]
    (data,) = saved(fleet(entries(many)))
    sheet = opened(data)["VOIP"]
    assert sheet.column_dimensions["E"].width >= len("99999.9 ms  FAIL")


def test_runs_without_documents_or_places() -> None:
    """A single text report without a site gives every sheet all the same."""
    (data,) = saved(fleet([from_text(canned_run("blocked", site=None))]))
    assert opened(data).sheetnames == SHEETS


def test_entries_forget_what_no_sheet_shows() -> None:
    """What is kept of a run is small: no seconds, no rows twice."""
    (kept,) = entries([canned_run("bad")])
    assert kept.document is not None
    assert kept.document.voice is not None
    assert (kept.document.voice.windows, kept.document.firewall, kept.document.metrics) == ((), None, ())
    assert len(kept.view.firewall) == 9


def test_nothing_lies_about_where_writing_fails() -> None:
    """A full disk, or Ctrl-C: the temporary files are gone at once."""

    class Full(BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    (write,) = workbooks(fleet(entries(office()[:2])))
    with pytest.raises(OSError, match="No space"):
        write(Full())
    assert [path for path in ALL_TEMP_FILES if Path(path).exists()] == []


def test_text_is_cut_where_excel_cuts_it() -> None:
    """A cell holds 32,767 characters; more would make the file a damaged one."""
    run = canned_run("bad")
    run = replace(run, findings=(replace(run.findings[0], text="x" * 40_000),))
    (data,) = saved(fleet(entries([run])))
    assert column(opened(data)["Findings"], "What was found", "Severity") == ["x" * 32_767]


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_it(data: bytes, tmp_path: Path) -> None:
    """LibreOffice opens every sheet, with the numbers' words."""
    (tmp_path / "site.xlsx").write_bytes(data)
    command = ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--convert-to"]
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
    subprocess.run([*command, every_sheet, "--outdir", tmp_path, tmp_path / "site.xlsx"], check=True, capture_output=True, timeout=100)
    shown = {path.stem.removeprefix("site-"): path.read_text(encoding="utf-8") for path in tmp_path.glob("*.csv")}
    assert set(shown) == set(SHEETS)
    assert "33.4 ms  FAIL" in shown["VOIP"]
    assert not any(word in text for text in shown.values() for word in ("#NAME", "#VALUE", "Err:", "###"))
