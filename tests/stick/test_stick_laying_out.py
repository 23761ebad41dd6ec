"""A whole stick out of stand-ins: what lies where, and what happens to what lay there before."""

import errno
import os
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from stick_parts import MINOR, elf, embeddable, standalone, tarred, wheel, zipped

from nra.stick import manifest
from nra.stick.errors import CannotLayOut
from nra.stick.laying_out import Laid, Order, lay_out
from nra.stick.runtime import Runtime, read_runtime

PYTHON = f"{MINOR}.{sys.version_info[2]}"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels: one of Python alone, one with native code; nra needs these two."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "pure", {"pure/__init__.py": b"x = 1\n", "pure/tests/test_x.py": b"", "pure/py.typed": b""})
    wheel(folder, "fast", {"fast/__init__.py": b"", "fast/core.pyd": b"MZ", "fast/include/core.h": b""})
    monkeypatch.setattr("nra.stick.laying_out.requirements", lambda _extras: ["pure", "fast"])
    return folder


@pytest.fixture
def as_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile nothing, where it does not matter: that takes seconds."""
    monkeypatch.setattr("nra.stick.laying_out.interpreter", lambda _minor, _own: None)


def runtime(folder: Path, data: bytes) -> Runtime:
    """Return the Python in this archive."""
    path = folder / "runtime"
    path.write_bytes(data)
    return read_runtime(path)


def made(folder: Path, wheels: Path, *runtimes: Runtime) -> Sequence[Laid]:
    """Lay out a stick without saying much."""
    return lay_out(Order(folder=folder, runtimes={each.target: each for each in runtimes}, wheelhouse=wheels), lambda _line: None)


def names(folder: Path) -> set[str]:
    """Return the files below a folder that are not nra's own modules."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {path for path in paths if "/nra/" not in path}


def test_a_stick_for_windows(tmp_path: Path, wheels: Path) -> None:
    """Runtime, search path, archive of pure packages, native ones unpacked, everything compiled, launcher, page, manifest."""
    stick = tmp_path / "stick"
    (laid,) = made(stick, wheels, runtime(tmp_path, zipped(embeddable(version=PYTHON))))
    digits = MINOR.replace(".", "")
    assert names(stick) == {
        "nra.cmd", "README.txt", "MANIFEST.sha256",
        *(f"rt/win_amd64/{name}" for name in ("python.exe", f"python{digits}.dll", f"python{digits}.zip", f"python{digits}._pth")),
        "rt/win_amd64/LICENSE.txt", "rt/win_amd64/VERSIONS.txt",
        "site/win_amd64/pure.zip", "site/win_amd64/fast/__init__.pyc", "site/win_amd64/fast/core.pyd",
    }  # fmt: skip
    with zipfile.ZipFile(stick / "site/win_amd64/pure.zip") as archive:
        carried = set(archive.namelist())
    own = {name for name in carried if name.startswith("nra/")}
    assert carried - own == {"pure/__init__.pyc"} | {
        f"{name}-1.0.dist-info/{file}" for name in ("pure", "fast") for file in ("METADATA", "licenses/LICENSE")
    }
    assert {"nra/cli/on_stick.pyc", "nra/catalogue/data/regions.toml"} <= own
    assert not any(path.endswith(".py") or path.startswith("nra/testing") for path in own)
    assert (laid.target, laid.python, laid.compiled, laid.packages["pure"]) == ("win_amd64", PYTHON, True, "1.0")
    assert laid.files == len(names(stick)) - 3
    assert (stick / "results").is_dir()
    assert manifest.verify(stick).none
    versions = (stick / "rt/win_amd64/VERSIONS.txt").read_text("utf-8")
    assert "SHA-256" in versions
    assert "pure 1.0" in versions


@pytest.mark.usefixtures("as_sources")
def test_texts_are_read_where_they_are_carried(tmp_path: Path, wheels: Path) -> None:
    """CRLF for Windows, LF for shells, and no letter that an old code page would change."""
    made(
        tmp_path / "stick",
        wheels,
        runtime(tmp_path, zipped(embeddable(version=PYTHON))),
        runtime(tmp_path, tarred(standalone(elf(), PYTHON))),
    )
    for name, line_end in (("nra.cmd", b"\r\n"), ("README.txt", b"\r\n"), ("nra.sh", b"\n")):
        content = (tmp_path / "stick" / name).read_bytes()
        assert content.isascii()
        assert content.count(b"\n") == content.count(line_end) > 10
        assert content.count(b"\r") == (content.count(b"\n") if line_end == b"\r\n" else 0)


@pytest.mark.usefixtures("as_sources")
def test_without_a_python_of_that_version_the_sources_stay(tmp_path: Path, wheels: Path) -> None:
    """Slower, but whole; it is said."""
    (laid,) = made(tmp_path / "stick", wheels, runtime(tmp_path, zipped(embeddable(version=PYTHON))))
    assert not laid.compiled
    with zipfile.ZipFile(tmp_path / "stick/site/win_amd64/pure.zip") as archive:
        assert "nra/cli/on_stick.py" in archive.namelist()


@pytest.mark.usefixtures("as_sources")
def test_targets_are_added_and_replaced_and_the_rest_stays(tmp_path: Path, wheels: Path) -> None:
    """Results, nra.toml and foreign files stay; what a target no longer has goes; the manifest is of all."""
    stick = tmp_path / "stick"
    made(stick, wheels, runtime(tmp_path, zipped(embeddable(version=PYTHON))))
    for name in ("results/NRA_x.json", "nra.toml", "holiday.jpg", "site/win_amd64/left_over.py"):
        (stick / name).write_text("mine")
    made(stick, wheels, runtime(tmp_path, tarred(standalone(elf(), PYTHON))))
    assert {"nra.cmd", "nra.sh", "nra.toml", "holiday.jpg", "results/NRA_x.json", "site/win_amd64/left_over.py"} <= names(stick)
    made(stick, wheels, runtime(tmp_path, zipped(embeddable(version=PYTHON))))
    assert "site/win_amd64/left_over.py" not in names(stick)
    assert {"nra.toml", "holiday.jpg", "rt/linux_x86_64/bin/python3", "rt/linux_x86_64/bin/python3._pth"} <= names(stick)
    assert manifest.verify(stick).none


@pytest.mark.usefixtures("as_sources")
def test_a_torn_stick_shows(tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest goes first and comes last: pulled in between, the stick has none."""
    stick = tmp_path / "stick"
    python = runtime(tmp_path, zipped(embeddable(version=PYTHON)))
    made(stick, wheels, python)

    def pulled(_folder: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("nra.stick.laying_out._launchers", pulled)
    with pytest.raises(CannotLayOut, match="Input/output error"):
        made(stick, wheels, python)
    with pytest.raises(CannotLayOut, match="not finished"):
        manifest.verify(stick)


@pytest.mark.usefixtures("as_sources")
def test_a_folder_that_takes_nothing_is_one_line(tmp_path: Path, wheels: Path) -> None:
    """A file where the stick should be."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(CannotLayOut, match=r"taken.*: Not a directory"):
        made(tmp_path / "taken" / "stick", wheels, runtime(tmp_path, zipped(embeddable(version=PYTHON))))


@pytest.mark.usefixtures("as_sources")
def test_a_stick_that_is_full_is_one_line(tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file that did not fit, and why."""
    copyfile = shutil.copyfile

    def full(source: Path, goal: Path, **options: bool) -> None:
        if Path(goal).is_relative_to(tmp_path / "stick"):
            raise OSError(errno.ENOSPC, "No space left on device", str(goal))
        copyfile(source, goal, **options)

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(CannotLayOut, match=r"^\S*stick/rt/win_amd64/\S+: No space left on device$"):
        made(tmp_path / "stick", wheels, runtime(tmp_path, zipped(embeddable(version=PYTHON))))


@pytest.mark.usefixtures("as_sources")
def test_a_stick_that_knows_no_modes(tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some drivers of FAT refuse to set permissions and times: neither is needed."""

    def refuse(path: object, *_: object, **__: object) -> None:
        if str(path).startswith(str(tmp_path / "stick")):
            raise OSError(errno.ENOSYS, "Function not implemented")

    python = runtime(tmp_path, tarred(standalone(elf(), PYTHON)))
    for name in ("chmod", "utime"):
        monkeypatch.setattr(os, name, refuse)
    made(tmp_path / "stick", wheels, python)
    assert manifest.verify(tmp_path / "stick").none


@pytest.mark.usefixtures("as_sources")
def test_a_name_that_no_stick_takes_is_refused(tmp_path: Path, wheels: Path) -> None:
    """Before anything is copied."""
    wheel(wheels, "fast", {"fast/core.pyd": b"MZ", "fast/README": b"", "fast/Readme": b""})
    with pytest.raises(CannotLayOut, match="site/win_amd64/fast/README: no name for FAT32"):
        made(tmp_path / "stick", wheels, runtime(tmp_path, zipped(embeddable(version=PYTHON))))
    assert not (tmp_path / "stick").exists()


def test_what_is_missing_is_said_before_anything_is_done(tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, no folder: neither wheels nor uv are looked for half-way."""
    chosen = {"win_amd64": runtime(tmp_path, zipped(embeddable(version=PYTHON)))}
    said: list[str] = []
    with pytest.raises(CannotLayOut, match=r"--wheelhouse .*nowhere: no such folder"):
        lay_out(Order(folder=tmp_path / "stick", runtimes=chosen, wheelhouse=tmp_path / "nowhere"), said.append)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(CannotLayOut, match="uv is missing"):
        lay_out(Order(folder=tmp_path / "stick", runtimes=chosen, wheelhouse=wheels), said.append)
    assert (said, (tmp_path / "stick").exists()) == ([], False)
