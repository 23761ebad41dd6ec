"""examples/summary.sql computes the sheet Summary that `nra compile` writes."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from nra.archive.document import encode
from nra.cli import cli
from nra.testing.canned import KINDS, canned_run

ROOT = Path(__file__).resolve().parents[2]
QUERY = (ROOT / "examples" / "summary.sql").read_text("utf-8")
RUNS = 10_000
PER_DAY = 400  # files of the data set hold a day of an organization


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return a folder with runs of several organizations, sites, workstations and days, each kind among them."""
    folder = tmp_path / "results"
    folder.mkdir()
    patterns = [encode(canned_run(kind, org="@ORG@", shortname="@SHORT@", host="@HOST@", site="@SITE@")) for kind in KINDS]
    ids = [canned_run(kind, org="@ORG@", shortname="@SHORT@", host="@HOST@", site="@SITE@").run.id for kind in KINDS]
    for number in range(RUNS):
        kind = number * 7 % 13 % len(KINDS)
        text = patterns[kind].decode().replace(ids[kind], f"{number:032x}").replace("@ORG@", f"Org {number % 3}")
        text = text.replace("@SHORT@", f"org{number % 3}").replace("@HOST@", f"PC-{number % 97:02}").replace("@SITE@", f"Site {number % 5}")
        day = f"2026-11-{number // PER_DAY + 1:02}T{number % 24:02}:{number % 60:02}:11Z"
        (folder / f"{number}.json").write_text(text.replace("2026-11-22T14:03:11Z", day), encoding="utf-8")
    return folder


def compiled(runs: Path, output: str) -> None:
    """Run `nra compile`."""
    done = CliRunner().invoke(cli, ["compile", str(runs), "-o", output])
    assert done.exit_code == 0, done.output


def summary_of(workbook: Path) -> Iterator[tuple[Any, ...]]:
    """Yield heading and rows of the sheet Summary."""
    rows = load_workbook(BytesIO(workbook.read_bytes()), read_only=True)["Summary"].iter_rows(values_only=True)
    for row in rows:
        if row[0] == "Overall":
            yield row
            yield from rows


@pytest.mark.timeout(900)
def test_duckdb_computes_the_same_summary(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row, every value, in the same order: data set and workbook cannot tell different stories."""
    monkeypatch.chdir(tmp_path)
    compiled(runs, "runs/")
    compiled(runs, "site.xlsx")
    assert len(list(Path("runs").glob("org=org*/day=2026-11-*/part-*.parquet"))) == 3 * RUNS // PER_DAY
    with duckdb.connect() as database:
        answer = database.execute(QUERY)
        headings = tuple(column[0] for column in answer.description or ())
        found = answer.fetchall()
    head, *rows = summary_of(Path("site.xlsx"))
    assert headings == head
    assert len(rows) == RUNS
    words = {"NOT MEASURED", "SKIPPED"}  # the workbook says in words why there is no number
    assert found == [tuple(None if value in words and index in (9, 10) else value for index, value in enumerate(row)) for row in rows]
