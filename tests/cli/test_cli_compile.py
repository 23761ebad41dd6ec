"""`nra compile`: many runs into one workbook, table or data set."""

import csv
import errno
import re
import sys
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from nra.archive.document import encode
from nra.archive.naming import stem
from nra.cli import cli
from nra.cli.compile import WRITERS
from nra.model.document import RunDocument
from nra.report.firewall_request import firewall_request
from nra.report.text import render
from nra.testing.canned import canned_run

RUNS = [canned_run(kind, host=f"PC-{number}") for number, kind in enumerate(("good", "bad", "close", "blocked"))]


def nra_compile(*arguments: object) -> Result:
    """Run `nra compile`."""
    return CliRunner().invoke(cli, ["compile", *map(str, arguments)])


def put(folder: Path, run: RunDocument, *kinds: str) -> None:
    """Write a run's files as `nra run` does."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in kinds:
        (folder / f"{stem(run)}.{kind}").write_bytes(encode(run) if kind == "json" else render(run))


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def sheet_of(path: Path, name: str) -> list[tuple[object, ...]]:
    """Return the rows of a sheet."""
    return list(load_workbook(BytesIO(path.read_bytes()))[name].iter_rows(values_only=True))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return a folder as people carry it home: runs with all their files in folders, one of which only the text report is left."""
    folder = tmp_path / "results"
    for run in RUNS[:3]:
        put(folder / (run.run.site or "") / run.run.host.name, run, "json", "txt")
    put(folder, RUNS[3], "txt")
    request = firewall_request(RUNS[1])
    assert request is not None
    (folder / f"{stem(RUNS[1])}_firewall-request.txt").write_bytes(request.text)
    (folder / "._companion.json").write_bytes(b"\x00\x05\x16\x07")
    (folder / f".{stem(RUNS[0])}.json.0123.part").write_bytes(encode(RUNS[0])[:100])
    return folder


def test_a_folder_becomes_a_workbook(results: Path, tmp_path: Path) -> None:
    """Each run once, whichever of its files are left; the path is printed, the scope said; nothing is a problem."""
    done = nra_compile(results, "-o", tmp_path / "site.xlsx")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'site.xlsx'}\n")
    assert done.stderr.splitlines()[0].startswith("4 runs of 4 workstations at 1 site, ")
    head, *body = (row for row in sheet_of(tmp_path / "site.xlsx", "Summary") if row[1] is not None)
    assert [row[head.index("Workstation")] for row in body] == ["PC-3", "PC-1", "PC-2", "PC-0"]
    assert sheet_of(tmp_path / "site.xlsx", "Problems") == [("File", "What is the matter")]


def test_files_that_give_no_run_are_listed_and_stop_nothing(results: Path, tmp_path: Path) -> None:
    """Torn, foreign, of a later version, damaged, a copy of a run: each a line in Problems."""
    bad = {
        "torn.json": encode(RUNS[0])[:3000],
        "future.json": b'{"schema": "nra-run/9"}',
        "foreign.json": b'{"name": "package"}',
        "empty.json": b"",
        "damaged.json": encode(RUNS[0]).replace(b'"sent": 1500', b'"sent": "x"'),
        "notes.txt": b"call the ISP",
        "binary.txt": b"\xff\xfe\x00",
        "copy.json": encode(RUNS[1]),
        "copy.txt": render(RUNS[2]),
        "zz.edited.json": encode(replace(RUNS[1], firewall=())),
    }
    for name, data in bad.items():
        (results / name).write_bytes(data)
    done = nra_compile(results, "-o", tmp_path / "site.xlsx")
    listed = {Path(str(file)).name: str(what) for file, what, *_ in sheet_of(tmp_path / "site.xlsx", "Problems")[1:]}
    assert done.exit_code == 0
    copies = {name for name, what in listed.items() if what.startswith("the same run as ")}
    assert len(copies) == 2
    assert set(listed) - copies == set(bad) - {"copy.json", "copy.txt"}
    assert re.fullmatch(r"another document than .*\.json, but with the same run id: left out", listed["zz.edited.json"])
    assert "newer version" in listed["future.json"]
    assert done.stderr.splitlines()[-1] == "10 files gave no run of their own: see the sheet Problems"


def test_without_a_workbook_the_problems_are_said(results: Path, tmp_path: Path) -> None:
    """A table has no sheet for them, so standard error names them."""
    (results / "torn.json").write_bytes(b"{")
    done = nra_compile(results, "-o", tmp_path / "runs.csv")
    assert f"{results / 'torn.json'}: not a run document of nra" in done.stderr


@pytest.mark.parametrize("files", [{}, {"notes.md": b"x"}, {"a.json": b"{"}, {"a.json": b"{", "b.txt": b"x"}])
def test_nothing_readable_is_one_line(tmp_path: Path, files: dict[str, bytes]) -> None:
    """One line that names the folder and the first reason, exit code 2, nothing written."""
    folder = tmp_path / "runs"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    done = nra_compile(folder, "-o", tmp_path / "site.xlsx")
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert str(folder) in done.stderr
    assert not (tmp_path / "site.xlsx").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A wrong path is one line."""
    done = nra_compile(tmp_path / "gone", "-o", tmp_path / "site.xlsx")
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert "No such file or directory" in done.stderr


def test_single_files_and_folders_together(results: Path, tmp_path: Path) -> None:
    """Files can be named, a run that is named twice counts once and is no problem."""
    extra = canned_run("good", host="PC-9")
    put(tmp_path, extra, "json")
    done = nra_compile(results, tmp_path / f"{stem(extra)}.json", results / "Munich", "-o", tmp_path / "runs.csv")
    assert sorted(row["workstation"] for row in rows_of(tmp_path / "runs.csv")) == ["PC-0", "PC-1", "PC-2", "PC-3", "PC-9"]
    assert "gave no run" not in done.stderr


def test_the_document_is_preferred_to_its_text_report(results: Path, tmp_path: Path) -> None:
    """Full precision where the document is left, the printed numbers where only the text report is."""
    nra_compile(results, "-o", tmp_path / "runs.csv")
    rows = {row["workstation"]: row for row in rows_of(tmp_path / "runs.csv")}
    assert rows["PC-1"]["down_jitter_ms"] == "33.4175"
    assert rows["PC-1"]["file"].endswith(".json")
    assert rows["PC-3"]["file"].endswith(".txt")


def test_runs_over_a_day_are_kept_and_the_hours_are_told(tmp_path: Path) -> None:
    """`nra run` again and again at one workstation: every run a row, and what happens in the afternoon is said."""
    for hour in range(6, 18):
        for number in range(2):
            run = canned_run("bad" if hour >= 13 else "good", host=f"PC-{number}", started_at=f"2026-11-22T{hour:02}:00:00Z")
            put(tmp_path / "day", run, "json")
    done = nra_compile(tmp_path / "day", "-o", tmp_path / "runs.csv")
    assert len(rows_of(tmp_path / "runs.csv")) == 24
    assert "fail in 10 of 10 runs begun from 13:00 to 17:59 UTC, in 0 of 14 at other times" in done.stderr


def test_parquet_file_and_data_set(results: Path, tmp_path: Path) -> None:
    """One file, or a folder of partitions where the name ends in a slash; a data set is never mixed with another."""
    assert nra_compile(results, "-o", tmp_path / "runs.parquet").exit_code == 0
    assert nra_compile(results, "-o", f"{tmp_path}/runs/").exit_code == 0
    assert (tmp_path / "runs.parquet").read_bytes().startswith(b"PAR1")
    assert [path.relative_to(tmp_path / "runs").as_posix() for path in (tmp_path / "runs").rglob("*.parquet")] == [
        "org=acmevoicegmbh/day=2026-11-22/part-0.parquet"
    ]
    again = nra_compile(results, "-o", f"{tmp_path}/runs/")
    assert (again.exit_code, "it holds files already" in again.stderr) == (2, True)


def test_parquet_without_pyarrow_says_what_is_missing(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyarrow is large and optional: one line, exit code 2."""
    monkeypatch.setitem(sys.modules, "nra.report.parquet", None)
    done = nra_compile(results, "-o", tmp_path / "runs.parquet")
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert "pip install pyarrow" in done.stderr


def test_the_output_is_renewed(results: Path, tmp_path: Path) -> None:
    """A file that was named is replaced: whoever compiles each week reads this week's file."""
    (tmp_path / "site.xlsx").write_bytes(b"last week")
    assert nra_compile(results, "-o", tmp_path / "site.xlsx").exit_code == 0
    assert (tmp_path / "site.xlsx").read_bytes().startswith(b"PK")


def test_more_rows_than_excel_holds(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several workbooks, each printed, and it is said."""
    from nra.report.sheets import fleet_book

    monkeypatch.setattr(fleet_book, "workbooks", partial(fleet_book.workbooks, longest=13))
    done = nra_compile(results, "-o", tmp_path / "site.xlsx")
    assert [Path(line).name for line in done.stdout.splitlines()][:2] == ["site-1.xlsx", "site-2.xlsx"]
    assert "more rows than a sheet of Excel holds" in done.stderr
    assert not (tmp_path / "site.xlsx").exists()


def test_a_folder_that_takes_no_file(results: Path) -> None:
    """An output that cannot be written is named, exit code 2."""
    done = nra_compile(results, "-o", results / f"{stem(RUNS[3])}.txt" / "site.xlsx")
    assert (done.exit_code, "cannot write into" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["runs"], "Missing option '--out'"),
        (["-o", "site.xlsx"], "Missing argument"),
        (["runs", "-o", "site.ods"], "ends in none of .xlsx, .csv, .parquet and /"),
        (["runs", "--template"], "--template reads no files"),
        (["--template", "-o", "x.csv"], "--template reads no files"),
    ],
)
def test_usage(words: list[str], complaint: str) -> None:
    """What is missing or wrong is said in words."""
    done = nra_compile(*words)
    assert (done.exit_code, complaint in done.stderr) == (2, True), done.stderr


def test_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workbook for pasting, under its own name unless another is given."""
    monkeypatch.chdir(tmp_path)
    assert nra_compile("--template").stdout == "nra-template.xlsx\n"
    assert nra_compile("--template", "-o", "mine.xlsx").stdout == "mine.xlsx\n"
    assert (tmp_path / "mine.xlsx").read_bytes()[:2] == b"PK"


def test_every_ending_has_a_writer() -> None:
    """What the help offers is there."""
    assert set(WRITERS) == {".xlsx", ".csv", ".parquet", "/"}


def test_a_file_that_cannot_be_read_is_a_problem(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad sector costs one run."""
    real = Path.read_bytes

    def refuses(path: Path) -> bytes:
        if path.name == f"{stem(RUNS[0])}.json":
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", refuses)
    done = nra_compile(results, "-o", tmp_path / "runs.csv")
    assert "Input/output error" in done.stderr
    assert {row["workstation"] for row in rows_of(tmp_path / "runs.csv")} == {"PC-0", "PC-1", "PC-2", "PC-3"}  # its text report is left


@pytest.mark.parametrize("output", ["site.xlsx", "runs/"])
def test_the_output_can_stand_in_nra_toml(results: Path, tmp_path: Path, output: str) -> None:
    """It lies beside nra.toml then, and a slash at its end still means a data set."""
    (tmp_path / "nra.toml").write_text(f'[compile]\nout = "{output}"\n')
    done = CliRunner().invoke(cli, ["--config", str(tmp_path / "nra.toml"), "compile", str(results)])
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / output}\n"), done.stderr
