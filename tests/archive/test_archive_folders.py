"""Which files of a folder can hold a run."""

import os
import sys
from pathlib import Path

import pytest

from nra.archive.folders import candidates, is_document

NAMES = (
    "b.json", "a.json", "a.txt", "deep/er/c.JSON", "a.xlsx", "._a.json", ".a.json.1234.part", "a.packets.csv.gz", "a_firewall-request.txt",
    "a_firewall-request-2.txt", "a_series.txt", "notes.md", "x.json.part",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with files of many kinds."""
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def shown(folder: Path, *places: Path) -> list[str]:
    """Return the candidates, relative to the folder."""
    return [Path(path).relative_to(folder).as_posix() for path in candidates(places or [folder])[0]]


def test_documents_come_before_text_reports(folder: Path) -> None:
    """Below a folder only .json and .txt count, in a fixed order; what is half-written or somebody else's does not."""
    assert shown(folder) == ["a.json", "b.json", "deep/er/c.JSON", "a.txt"]


def test_each_file_once(folder: Path) -> None:
    """A file that is named and lies in a folder that is named is read once."""
    assert shown(folder, folder / "a.json", folder, folder / "deep") == ["a.json", "b.json", "deep/er/c.JSON", "a.txt"]


def test_a_file_that_is_named_counts_whatever_it_is_called(folder: Path) -> None:
    """Who names a file means it; one that is not there is named in the answer too, so that reading it says so."""
    assert shown(folder, folder / "notes.md", folder / "gone.json") == ["gone.json", "notes.md"]
    assert is_document("notes.md")
    assert not is_document("A.TXT")


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="needs POSIX and another user than root")
def test_a_folder_that_cannot_be_listed_is_a_problem(folder: Path) -> None:
    """It stops nothing and is named."""
    (folder / "deep").chmod(0)
    found, (problem,) = candidates([folder])
    (folder / "deep").chmod(0o755)
    assert len(found) == 3
    assert problem.file == str(folder / "deep")
