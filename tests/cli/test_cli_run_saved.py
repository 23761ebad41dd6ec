"""What `nra run` writes, from documents made beforehand: reports, and the firewall request whenever it is due."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from nra.archive.naming import FIREWALL_REQUEST, LONGEST_NAME, stem
from nra.cli.run import tell
from nra.cli.saving import save
from nra.model.document import RunDocument
from nra.report.firewall_request import firewall_request
from nra.run.measure import Measured
from nra.testing.canned import canned_run

REQUEST = [f"{FIREWALL_REQUEST}.txt", f"{FIREWALL_REQUEST}.csv"]


def saved(document: RunDocument, folder: Path, *formats: str) -> tuple[list[str], str | None]:
    """Return what each file is called after the run's common name, in the order written, and why the rest was not."""
    paths, failure = save(Measured(document=document, stream=None), folder, formats, keep_packets=False)
    assert sorted(paths) == sorted(folder.iterdir() if folder.is_dir() else [])
    return [path.name.removeprefix(stem(document)) for path in paths], None if failure is None else str(failure)


@pytest.mark.parametrize("formats", [("txt", "json"), ("json",)])
@pytest.mark.parametrize("kind", ["bad", "blocked", "no-network", "round-trip"])
def test_a_firewall_request_follows_the_reports_whatever_the_format(tmp_path: Path, kind: str, formats: tuple[str, ...]) -> None:
    """It is no report to choose, but what an administrator forwards: written whenever something required is not open."""
    document = canned_run(kind)
    names, failure = saved(document, tmp_path, *formats)
    assert (names[-2:], len(names), failure) == (REQUEST, len(formats) + 2, None)
    request = firewall_request(document)
    assert request is not None
    assert (tmp_path / f"{stem(document)}{REQUEST[0]}").read_bytes() == request.text
    assert (tmp_path / f"{stem(document)}{REQUEST[1]}").read_bytes() == request.table


def test_junit_is_a_format_like_the_others(tmp_path: Path) -> None:
    """Beside the run document, under the run's own name."""
    assert saved(canned_run("good"), tmp_path, "json", "junit") == ([".json", ".junit.xml"], None)


@pytest.mark.parametrize("kind", ["good", "close", "firewall-only", "interrupted"])
def test_no_firewall_request_where_nothing_is_to_be_asked(tmp_path: Path, kind: str) -> None:
    """Everything required is open, or no port was asked: the reports alone."""
    assert saved(canned_run(kind), tmp_path, "txt", "json") == ([".json", ".txt"], None)


def test_the_longest_names_fit(tmp_path: Path) -> None:
    """At most 120 characters, also when the same run is written twice (contract 4)."""
    document = canned_run("blocked", org="x" * 99, shortname="x" * 99, host="y" * 99, site="z" * 99)
    for _ in range(2):
        save(Measured(document=document, stream=None), tmp_path, ("json",), keep_packets=False)
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == 6
    assert max(map(len, names)) <= LONGEST_NAME


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    """The reason comes back to whoever prints it; nothing is raised."""
    (tmp_path / "file").write_text("")
    names, failure = saved(canned_run("blocked"), tmp_path / "file", "json")
    assert names == []
    assert str(tmp_path / "file") in str(failure)


def test_a_disk_that_fills_up_keeps_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document and the letter are whole, the table is absent, and the caller is told why."""
    synced: list[int] = []

    def sync(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 5:  # each file is synced, then its folder
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", sync)
    names, failure = saved(canned_run("blocked"), tmp_path, "json")
    assert names == [".json", REQUEST[0]]
    assert failure == f"cannot write into {tmp_path}: No space left on device"


def test_its_paths_are_printed_like_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One path per line after the summary."""
    document = canned_run("blocked")
    options: dict[str, Any] = {"quiet": False, "as_json": False}
    paths, _ = save(Measured(document=document, stream=None), tmp_path, ("json",), keep_packets=False)
    tell(document, paths, **options)
    assert capsys.readouterr().out.splitlines()[-3:] == [str(tmp_path / f"{stem(document)}{end}") for end in (".json", *REQUEST)]
