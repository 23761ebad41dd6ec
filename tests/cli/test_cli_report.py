"""`nra report`: reports again from a run document."""

from io import BytesIO
from pathlib import Path

import junitparser
import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from nra.archive.document import encode
from nra.archive.naming import stem
from nra.cli import cli
from nra.report import PRINTERS
from nra.report.text import parse, render
from nra.report.view import view
from nra.testing.canned import canned_run

RUN = canned_run("bad")


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    """Return a run document on disk, under a name that is not its own."""
    path = tmp_path / "some name.json"
    path.write_bytes(encode(RUN))
    return path


def nra_report(*arguments: object) -> Result:
    """Run `nra report`."""
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


def test_renders_text_and_workbook_beside_the_document(run_file: Path) -> None:
    """Without options both reports stand beside the document, under the run's own name, the firewall request too; paths are printed."""
    done = nra_report(run_file)
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    endings = (".txt", ".xlsx", "_firewall-request.txt", "_firewall-request.csv")
    assert paths == [run_file.parent / f"{stem(RUN)}{ending}" for ending in endings]
    assert paths[0].read_bytes() == render(RUN)
    assert parse(paths[0].read_bytes()) == view(RUN)
    assert load_workbook(BytesIO(paths[1].read_bytes())).sheetnames[0] == "Summary"


def test_never_overwrites(run_file: Path, tmp_path: Path) -> None:
    """A report that is there stays, and the new one is called -2."""
    for _ in range(2):
        done = nra_report(run_file, "--format", "txt", "--out", tmp_path / "out")
    assert done.stdout.splitlines()[0] == f"{tmp_path / 'out' / stem(RUN)}-2.txt"
    assert {f"{stem(RUN)}-2.txt", f"{stem(RUN)}.txt"} <= {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"hello", "not a run document of nra"),
        (b"{}", "schema"),
        (b'{"schema": "nra-run/9"}', "probably by a newer version of nra"),
        (encode(RUN).replace(b'"sent": 1500', b'"sent": "x"'), "$.voice.sent"),
        (None, "No such file or directory"),
    ],
)
def test_unreadable_input_is_one_line(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    """A missing, foreign, future or damaged document: one line that names the file, exit code 2, nothing written."""
    path = tmp_path / "run.json"
    if content is not None:
        path.write_bytes(content)
    done = nra_report(path)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert complaint in done.stderr
    assert "run.json" in done.stderr
    assert list(tmp_path.iterdir()) == ([path] if content is not None else [])


def test_folder_that_takes_no_file(run_file: Path) -> None:
    """An `--out` that cannot be written to is named, exit code 2."""
    done = nra_report(run_file, "--out", run_file)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: cannot write into {run_file}: ")


def test_junit_is_written_when_asked_for(run_file: Path) -> None:
    """Not among what is rendered without options; its name says what it is, and the verdicts are those of the run."""
    done = nra_report(run_file, "--format", "junit")
    path = run_file.parent / f"{stem(RUN)}.junit.xml"
    assert done.stdout.splitlines()[0] == str(path)
    assert sum(suite.failures for suite in junitparser.JUnitXml.fromfile(str(path))) == 3


def test_formats_that_are_not_offered() -> None:
    """A format that nobody prints is a usage error that lists those there are."""
    done = nra_report("run.json", "--format", "txt,docx")
    assert done.exit_code == 2
    assert "'docx' is none of txt, xlsx, html" in done.stderr


def test_renders_the_page(run_file: Path, tmp_path: Path) -> None:
    """The page is made on request, under the run's own name."""
    done = nra_report(run_file, "--format", "html", "--out", tmp_path / "out")
    path = Path(done.stdout.splitlines()[0])
    assert path == tmp_path / "out" / f"{stem(RUN)}.html"
    assert path.read_bytes().startswith(b'<!DOCTYPE html>\n<html lang="en">')


@pytest.mark.parametrize(
    ("options", "kinds"), [((), [".html"]), (("--format", "txt"), [".html", ".txt"]), (("--format", "html"), [".html"])]
)
def test_html_is_the_page_alone_or_beside_what_is_named(run_file: Path, tmp_path: Path, options: tuple[str, ...], kinds: list[str]) -> None:
    """Short for what is asked for most beside the standard reports."""
    assert nra_report(run_file, "--html", *options, "--out", tmp_path / "out").exit_code == 0
    names = [path.name for path in (tmp_path / "out").iterdir() if "firewall-request" not in path.name]
    assert sorted(Path(name).suffix for name in names) == kinds


@pytest.mark.parametrize("name", list(PRINTERS))
def test_every_format_can_be_written_without_names(run_file: Path, tmp_path: Path, name: str) -> None:
    """Nothing that a format is made of may look like a name to the last search."""
    done = nra_report(run_file, "--format", name, "--out", tmp_path / "out", "--redact", "--redact-key", tmp_path / "key")
    assert done.exit_code == 0, done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir() if RUN.run.org.name.encode() in path.read_bytes()] == []
