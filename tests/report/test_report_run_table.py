"""One row per run: CSV and Parquet hold the same columns and values."""

import csv
import re
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path

import pyarrow.dataset
import pyarrow.parquet
import pytest
from fleets import entries, from_text, office

from nra.report.parquet import SCHEMA, parquet_data_set, parquet_file
from nra.report.run_table import COLUMNS, METRICS, csv_table
from nra.testing.canned import KINDS, canned_run
from nra.testing.canned_parts import LIMITS

ROOT = Path(__file__).resolve().parents[2]
ALL = entries([canned_run(kind, host=f"PC-{kind}") for kind in KINDS])


def read(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"), newline="")))


def table(kept: list) -> bytes:  # type: ignore[type-arg]
    """Return the runs as CSV."""
    file = BytesIO()
    csv_table(kept, file)
    return file.getvalue()


def test_csv_opens_right_everywhere() -> None:
    """UTF-8 with byte-order mark, CRLF, a dot in numbers at full precision, empty for what is absent."""
    data = table(ALL)
    assert data.startswith(b"\xef\xbb\xbfrun_id,overall,")
    assert data.count(b"\n") == data.count(b"\r\n") == len(ALL) + 1
    rows = {row["workstation"]: row for row in read(data)}
    assert (rows["PC-bad"]["down_jitter_ms"], rows["PC-bad"]["down_jitter_ms_verdict"]) == ("33.4175", "FAIL")
    assert (rows["PC-blocked"]["down_jitter_ms"], rows["PC-blocked"]["down_jitter_ms_verdict"]) == ("", "NOT MEASURED")
    assert (rows["PC-interrupted"]["interrupted"], rows["PC-good"]["interrupted"]) == ("yes", "no")
    assert rows["PC-good"]["started_utc"] == "2026-11-22T14:03:11Z"
    assert (rows["PC-bad"]["required_ports"], rows["PC-bad"]["required_ports_open"]) == ("5", "4")
    assert rows["PC-bad"]["required_ports_failed"] == "3478 UDP netdiag.euc1.pure.cloud"


@pytest.mark.parametrize("name", ["=cmd()", "+1", "@SUM(A1)", "-1-1", '"', "a;=b", "\t=x"])
def test_no_cell_is_a_formula(name: str) -> None:
    """Whatever people type: opened in a spreadsheet, cut at commas or at semicolons, it is text."""
    (row,) = read(table(entries([canned_run("bad", org=name, host=name, site=name, seat=name)])))
    assert not any(part.lstrip().startswith(("=", "+", "@", "-")) for cell in row.values() for part in cell.split(";"))


def test_the_columns_of_metrics_are_the_run_document_s_keys() -> None:
    """A label's column is called as the key in the document."""
    assert {limit.label: limit.key for limit in LIMITS} == METRICS


def test_columns_are_explained_in_their_order() -> None:
    """Whoever reads the table beside the file finds them one after the other."""
    page = (ROOT / "docs" / "compile.md").read_text("utf-8")
    table = page.partition("| Columns | What they hold |")[2].partition("## Scale")[0]
    named = [name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")]
    assert [name for name in named if name in COLUMNS] == [name for name in COLUMNS if not name.endswith("_verdict")]


def test_every_column_is_explained() -> None:
    """docs/compile.md names each column."""
    page = (ROOT / "docs" / "compile.md").read_text("utf-8")
    assert [name for name in COLUMNS if f"`{name}`" not in page and name.removesuffix("_verdict") not in METRICS.values()] == []


def test_parquet_holds_the_same_values(tmp_path: Path) -> None:
    """The same names in the same order, numbers as numbers, absent is null."""
    with (tmp_path / "runs.parquet").open("wb") as file:
        parquet_file(ALL, file)
    found = pyarrow.parquet.read_table(tmp_path / "runs.parquet")
    assert found.schema.names == list(COLUMNS) == SCHEMA.names
    for row, text in zip(found.to_pylist(), read(table(ALL)), strict=True):
        assert row["down_jitter_ms"] == (float(text["down_jitter_ms"]) if text["down_jitter_ms"] else None)
        assert row["started_utc"] == datetime(2026, 11, 22, 14, 3, 11)  # noqa: DTZ001 - without zone, in UTC by name
        assert (row["run_id"], row["site"], row["codec"] or "") == (text["run_id"], text["site"], text["codec"])


def test_a_data_set_is_partitioned_by_organization_and_day(tmp_path: Path) -> None:
    """org=.../day=.../part-*.parquet, and all runs come back."""
    runs = entries([*office(), canned_run("good", shortname="other", started_at="2026-11-23T09:00:00Z")])
    parquet_data_set(runs, tmp_path / "runs")
    folders = sorted(path.relative_to(tmp_path / "runs").parent.as_posix() for path in (tmp_path / "runs").rglob("part-*.parquet"))
    assert folders == ["org=acmevoicegmbh/day=2026-11-22", "org=other/day=2026-11-23"]
    found = pyarrow.dataset.dataset(tmp_path / "runs", partitioning="hive").to_table()
    assert sorted(found["run_id"].to_pylist()) == sorted(entry.view.fact("Run id") for entry in runs)


def test_what_a_text_report_does_not_have_is_absent() -> None:
    """Its numbers as printed, nothing invented for the rest; a time that was edited away leaves its cells empty."""
    (row,) = read(table([from_text(canned_run("bad", started_at="2026-11-22T14:03:11Z"))]))
    assert (row["down_jitter_ms"], row["codec"], row["local_address"], row["findings"]) == ("33.4", "", "", "")
    assert (row["day"], row["overall"], row["org"]) == ("2026-11-22", "FAIL", "acme")
