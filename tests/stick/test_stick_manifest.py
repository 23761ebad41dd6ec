"""MANIFEST.sha256: what is on a stick, and what is no longer as it was."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from nra.stick import manifest
from nra.stick.errors import CannotLayOut
from nra.stick.manifest import compare, digests, identity, read, text, verify


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A small stick with its manifest, used since."""
    root = tmp_path / "stick"
    for name, content in {"nra.cmd": "@echo off", "rt/win_amd64/python.exe": "MZ", "site/win_amd64/pure.zip": "PK"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    (root / manifest.NAME).write_bytes(text(digests(root)))
    for name in ("results/NRA_x.json", "nra.toml", "._nra.cmd", "System Volume Information/x", ".Trash-1000/y", "rt/._win_amd64"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("grown")
    return root


def test_a_stick_in_use_is_as_it_was_laid_out(stick: Path) -> None:
    """Results, remembered answers and what systems leave on every stick are no change."""
    assert verify(stick).none
    assert list(read(stick)) == ["nra.cmd", "rt/win_amd64/python.exe", "site/win_amd64/pure.zip"]


def test_changed_missing_and_added_are_told_apart(stick: Path) -> None:
    """Each file by its path from the root."""
    (stick / "nra.cmd").write_text("@echo on")
    (stick / "rt/win_amd64/python.exe").unlink()
    (stick / "site/win_amd64/sitecustomize.py").write_text("")
    (stick / "autorun.inf").write_text("")
    seen = verify(stick)
    assert not seen.none
    assert seen.changed == ("nra.cmd",)
    assert seen.missing == ("rt/win_amd64/python.exe",)
    assert seen.added == ("autorun.inf", "site/win_amd64/sitecustomize.py")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_sha256sum_reads_it(stick: Path) -> None:
    """Whoever does not trust this program asks another one."""
    command = ["sha256sum", "--check", "--strict", manifest.NAME]
    assert subprocess.run(command, cwd=stick, capture_output=True, check=False).returncode == 0
    (stick / "nra.cmd").write_text("@echo on")
    assert subprocess.run(command, cwd=stick, capture_output=True, check=False).returncode == 1


def test_its_own_hash_stands_for_all(stick: Path, tmp_path: Path) -> None:
    """What run documents carry; a folder that is no stick has none."""
    assert identity(stick) == hashlib.sha256((stick / manifest.NAME).read_bytes()).hexdigest()
    assert identity(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"", 1), (b"\n", 1), (b"0" * 64 + b"  a\nnonsense\n", 2), (b"\xff\xfe", None), (b"0" * 63 + b"  a\n", 1)],
)
def test_what_is_no_manifest_is_told(tmp_path: Path, content: bytes, line: int | None) -> None:
    """One line that names the file, and the line in it."""
    (tmp_path / manifest.NAME).write_bytes(content)
    with pytest.raises(CannotLayOut, match=f"MANIFEST.sha256:{line}: expected" if line else "not a manifest"):
        verify(tmp_path)


def test_no_manifest_at_all(tmp_path: Path) -> None:
    """A folder that was never a stick, or one that was torn while it was made."""
    with pytest.raises(CannotLayOut, match="no stick of nra, or its making was not finished"):
        verify(tmp_path)


def test_compare_is_about_names_and_digests_alone() -> None:
    """Nothing differs from itself."""
    assert compare({"a": "1"}, {"a": "1"}).none
    assert compare({"a": "1"}, {"b": "1"}).missing == ("a",)


@pytest.mark.skipif(os.name == "nt", reason="pipes and links are POSIX's")
def test_what_is_no_file_is_never_opened(stick: Path) -> None:
    """A pipe would hang, a link leads off the stick: named, not read."""
    os.mkfifo(stick / "pipe")
    (stick / "endless").symlink_to("/dev/zero")
    (stick / "nra.cmd").unlink()
    (stick / "nra.cmd").symlink_to("/dev/zero")
    seen = verify(stick)
    assert (seen.changed, seen.added) == (("nra.cmd",), ("endless", "pipe"))
    (stick / "MANIFEST.sha256").unlink()
    os.mkfifo(stick / "MANIFEST.sha256")
    assert identity(stick) is None
    with pytest.raises(CannotLayOut, match="not a file"):
        verify(stick)
