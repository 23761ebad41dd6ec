"""Run documents from files and folders."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from nra.archive.document import MOST_BYTES, UnreadableDocument, encode
from nra.archive.runs import run_documents
from nra.testing.canned import canned_run

GOOD = canned_run("good")


def put(path: Path, data: bytes) -> Path:
    """Write a file, its folders too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_folder_is_read_with_all_below_it_in_order(tmp_path: Path) -> None:
    """Reports that lie beside the documents are not looked at."""
    first = put(tmp_path / "a.json", encode(GOOD))
    second = put(tmp_path / "b" / "c" / "d.json", encode(canned_run("bad")))
    put(tmp_path / "a.txt", b"a report")
    assert run_documents([tmp_path]) == ((first, GOOD), (second, canned_run("bad")))


@pytest.mark.parametrize("name", ["._a.json", ".a.json.1f.part", ".trash/a.json", "a.json.part"])
def test_shadows_and_halves_are_nobodys_documents(tmp_path: Path, name: str) -> None:
    """What macOS leaves on a stick, and what a killed program left, do not spoil the rest."""
    put(tmp_path / name, b"\0\0")
    path = put(tmp_path / "a.json", encode(GOOD))
    assert run_documents([tmp_path]) == ((path, GOOD),)


def test_a_copy_counts_once(tmp_path: Path) -> None:
    """Whoever names a folder and a file in it has not measured twice."""
    path = put(tmp_path / "a.json", encode(GOOD))
    put(tmp_path / "copy of a.json", encode(GOOD))
    assert run_documents([tmp_path, path]) == ((path, GOOD),)


def test_two_documents_of_one_id_are_refused(tmp_path: Path) -> None:
    """One of them was edited, and nobody can tell which."""
    put(tmp_path / "a.json", encode(GOOD))
    put(tmp_path / "b.json", encode(replace(GOOD, firewall=())))
    with pytest.raises(UnreadableDocument, match=r"b\.json: another document than .*a\.json, but with the same run id"):
        run_documents([tmp_path])


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema": "nra-run/9"}', encode(GOOD)[:-9], b'{"name": "a package"}', b"[" * 99_999])
def test_a_damaged_or_foreign_document_in_a_folder_ends_the_reading(tmp_path: Path, content: bytes) -> None:
    """A run that is left out in silence might be the one that failed."""
    put(tmp_path / "a.json", encode(GOOD))
    put(tmp_path / "b.json", content)
    with pytest.raises(UnreadableDocument, match=r"b\.json: "):
        run_documents([tmp_path])


def test_the_gates_own_answer_is_passed_over_in_a_folder(tmp_path: Path) -> None:
    """Named as a run it is an error all the same."""
    path, answer = put(tmp_path / "a.json", encode(GOOD)), put(tmp_path / "gate.json", b'{"schema": "nra-gate/1"}')
    assert run_documents([tmp_path]) == ((path, GOOD),)
    with pytest.raises(UnreadableDocument, match=r"gate\.json"):
        run_documents([answer])


def test_nothing_to_judge_is_an_error(tmp_path: Path) -> None:
    """An empty folder or a missing file passes no gate."""
    with pytest.raises(UnreadableDocument, match="no run documents in this folder"):
        run_documents([tmp_path])
    with pytest.raises(UnreadableDocument, match="No such file"):
        run_documents([tmp_path / "nosuch.json"])


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    """It is refused by its size: reading it would take the memory of the machine."""
    with (tmp_path / "big.json").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with patch.object(Path, "read_bytes", side_effect=AssertionError("read")), pytest.raises(UnreadableDocument, match="larger than any"):
        run_documents([tmp_path])
