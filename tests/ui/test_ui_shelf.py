"""The runs that can be shown: found in the folder whatever else lies there, and brought along for a while."""

from dataclasses import replace
from pathlib import Path

import pytest

from nra.archive.document import UnreadableDocument, encode
from nra.model.document import RunDocument
from nra.testing.canned import canned_run
from nra.ui.shelf import BROUGHT, MOST_BROUGHT, Shelf


def numbered(number: int, kind: str = "good") -> RunDocument:
    """Return a run of its own id, an hour later for each number."""
    document = canned_run(kind)
    return replace(document, run=replace(document.run, id=f"{number:032x}", started_at=f"2026-11-22T{number:02}:00:00Z"))


def test_the_folder_is_listed_newest_first(tmp_path: Path) -> None:
    """Runs below it too, a copy once; what is no run document is named instead of hiding the rest."""
    (tmp_path / "seat 2").mkdir()
    for number, name in ((1, "a.json"), (3, "seat 2/b.json"), (2, "c.json"), (2, "copy of c.json")):
        (tmp_path / name).write_bytes(encode(numbered(number)))
    (tmp_path / "broken.json").write_bytes(b"{")
    (tmp_path / "notes.txt").write_bytes(b"x")
    listing = Shelf(tmp_path).listing()
    assert [entry.key for entry in listing.entries] == [f"{number:032x}" for number in (3, 2, 1)]
    assert len(listing.problems) == 1
    assert "broken.json" in listing.problems[0]


def test_a_changed_folder_is_seen(tmp_path: Path) -> None:
    """A file that comes, changes or goes is what is shown next; no folder at all is an empty list."""
    shelf = Shelf(tmp_path / "results")
    assert shelf.listing().entries == ()
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.json").write_bytes(encode(numbered(1)))
    assert shelf.find(f"{1:032x}") == numbered(1)
    (tmp_path / "results" / "a.json").write_bytes(encode(numbered(2, "bad")))
    assert shelf.find(f"{1:032x}") is None
    assert [entry.verdict for entry in shelf.listing().entries] == ["FAIL"]
    (tmp_path / "results" / "a.json").unlink()
    assert shelf.find(f"{2:032x}") is None


def test_what_is_brought_along_is_kept_for_a_while(tmp_path: Path) -> None:
    """It is found by what it is, even under the id of another run, and the oldest goes when there are many."""
    shelf = Shelf(tmp_path)
    (tmp_path / "a.json").write_bytes(encode(numbered(0)))
    first = shelf.bring(encode(numbered(0, "bad")))
    assert first.startswith(BROUGHT)
    assert (shelf.find(first), shelf.find(f"{0:032x}")) == (numbered(0, "bad"), numbered(0))
    for number in range(1, MOST_BROUGHT + 1):
        shelf.bring(encode(numbered(number)))
    assert shelf.find(first) is None
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_large_ones_push_out_the_oldest_sooner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by their bytes as well; the newest one is always there."""
    data = [encode(numbered(number)) for number in range(3)]
    monkeypatch.setattr("nra.ui.shelf.MOST_KEPT_BYTES", 2 * len(data[0]) + 1)
    shelf = Shelf(tmp_path)
    keys = [shelf.bring(each) for each in data]
    assert [shelf.find(key) is not None for key in keys] == [False, True, True]


@pytest.mark.parametrize("data", [b"", b"<html>", b'{"schema": "nra-run/2"}', b'{"schema": "nra-run/1"}', b"\0" * 1000])
def test_what_is_no_run_document_is_refused(data: bytes, tmp_path: Path) -> None:
    """It is checked as strictly as a file on a command line."""
    with pytest.raises(UnreadableDocument):
        Shelf(tmp_path).bring(data)
    assert Shelf(tmp_path).listing().entries == ()


def test_a_filter_narrows_by_all_its_parts(tmp_path: Path) -> None:
    """Words are looked for in organization, site, seat and workstation, in any case of letters."""
    entry = Shelf(tmp_path)
    entry.bring(encode(canned_run("good")))
    (found,) = entry.listing().entries
    assert found.matches("ACME munich", "eu-central-1", "PASS")
    assert found.matches("", "", "")
    assert not found.matches("acme berlin", "", "")
    assert not found.matches("", "eu-west-1", "")
    assert not found.matches("", "", "FAIL")
