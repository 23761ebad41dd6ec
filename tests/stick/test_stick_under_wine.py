"""A stick for Windows, run: a genuine Windows Python under wine, started by nra.cmd as its user does.

wine is no Windows: its timers and its network are this machine's, so nothing is said here about numbers.
"""

import json
import os
import select
import shutil
import subprocess
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fetch_fixtures import WINDOWS_PYTHON, WINDOWS_WHEELS
from whole_stick import MOST_BYTES, MOST_FILES, ODD_FOLDER, made

from nra.report.text import parse
from nra.stick import manifest
from nra.stick.laying_out import Laid
from nra.stick.runtime import read_runtime

# What a busy machine takes for a Windows, a stick, a Python under wine and whatever is asked of it: the deadlines end what hangs, no more
pytestmark = [pytest.mark.wine, pytest.mark.timeout(1200)]
QUICK = ("--duration", "2", "--quiet")
DEADLINE_S = 300

HELD = """
import sys
from pathlib import Path
from nra.archive.files import CannotWrite, overwrite, write_bytes
folder, pauses = Path(sys.argv[1]), []
path = folder / "nra.toml"
path.write_bytes(b"old")
with path.open("rb"):
    try:
        overwrite(path, lambda file: file.write(b"new"), pauses.append)
    except CannotWrite:
        print(len(pauses), path.read_text())
overwrite(path, lambda file: file.write(b"new\\n"))
for number in b"12":
    write_bytes(folder, "run", "txt", bytes([number, 10]))
"""


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Yield the environment of a Windows of the tests' own, its server running."""
    if shutil.which("wine") is None:
        pytest.skip("wine is not installed")
    prefix = tmp_path_factory.mktemp("wine") / "prefix"
    # wbemprox: Python's platform module asks WMI, which wine answers with a crash
    settings = {"WINEPREFIX": str(prefix), "WINEARCH": "win64", "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=;mshtml=;wbemprox="}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NRA_")} | settings
    quiet = {"env": environment, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if subprocess.run(["wineboot", "--init"], check=False, timeout=DEADLINE_S, **quiet).returncode:  # type: ignore[call-overload]
        pytest.skip("wine makes no Windows here")
    subprocess.run(["wine", "winecfg", "/v", "win10"], check=False, timeout=DEADLINE_S, **quiet)  # type: ignore[call-overload]
    try:
        yield environment
    finally:
        subprocess.run(["wineserver", "--kill"], check=False, timeout=DEADLINE_S, **quiet)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def windows_stick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Laid]:
    """A stick with a genuine Windows Python."""
    if not WINDOWS_PYTHON.is_file():
        pytest.skip(f"{WINDOWS_PYTHON} is not there (tests/stick/fetch_fixtures.py fetches it)")
    return made(tmp_path_factory.mktemp("windows") / ODD_FOLDER, "win_amd64", read_runtime(WINDOWS_PYTHON), WINDOWS_WHEELS)


def nra(wine: Mapping[str, str], stick: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Start nra.cmd in the stick's folder; standard input and output are pipes, because wine 8 takes no files for them."""
    command = ["wine", "cmd", "/c", "nra.cmd", *words]
    return subprocess.run(
        command, cwd=stick, env=wine, input="", capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=DEADLINE_S
    )


def conversation(wine: Mapping[str, str], stick: Path, *turns: tuple[str, str]) -> tuple[int, str]:
    """Start nra.cmd at a terminal, type each turn's second part once its first is on the screen; return exit code and all that was said."""
    import tty  # not on Windows, where this file is read too

    here, there = os.openpty()
    tty.setraw(there)  # before wine does it, Enter would arrive as another key
    with subprocess.Popen(
        ["setsid", "--ctty", "--wait", "wine", "cmd", "/c", "nra.cmd"], cwd=stick, env=dict(wine), stdin=there, stdout=there, stderr=there
    ) as process:
        os.close(there)
        said, seen, left, until = "", 0, list(turns), time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            if select.select([here], [], [], 1)[0]:
                try:
                    said += os.read(here, 65536).decode("utf-8", "replace")
                except OSError:  # the other end has gone
                    break
            if left and left[0][0] in said[seen:]:
                seen = len(said)
                os.write(here, left.pop(0)[1].encode())
        else:
            process.kill()
    os.close(here)
    return process.returncode, said


def test_it_starts_from_an_odd_folder(wine: Mapping[str, str], windows_stick: tuple[Path, Laid]) -> None:
    """A blank, an ampersand and an accent in the path; the exit code comes through."""
    done = nra(wine, windows_stick[0], "--version")
    assert (done.returncode, done.stdout.split()) == (0, ["nra", "0.1.0"]), done.stderr
    assert nra(wine, windows_stick[0], "run", "--nonsense").returncode == 2


def test_a_double_click_measures_and_writes_beside_itself(wine: Mapping[str, str], windows_stick: tuple[Path, Laid]) -> None:
    """With the answers remembered, nra.cmd without words is a run: reports in results/, read back, made with what lies on the stick."""
    stick, laid = windows_stick
    (stick / "nra.toml").write_text('[run]\nregion = "local"\norg = "Müster & Söhne"\nduration = 2\n', "utf-8")
    before = set((stick / "results").glob("*.json"))
    done = nra(wine, stick)
    assert done.returncode in (0, 1, 3), done.stderr
    assert "options from" in done.stderr
    (path,) = set((stick / "results").glob("*.json")) - before
    document = json.loads(path.read_text("utf-8"))
    run = document["run"]
    assert (run["host"]["os"], run["host"]["python"], run["org"]["name"]) == ("Windows", "3.13.2", "Müster & Söhne")
    assert run["stick"] == manifest.identity(stick)
    assert f"numpy {laid.packages['numpy']}" in run["packages"]
    assert document["voice"]["sent"] > 0
    assert parse(path.with_suffix(".txt").read_bytes()).overall == document["verdict"]
    assert path.with_suffix(".xlsx").read_bytes().startswith(b"PK")
    assert manifest.verify(stick).none


def test_a_double_click_without_answers_asks_nobody_who_is_not_there(wine: Mapping[str, str], windows_stick: tuple[Path, Laid]) -> None:
    """Without a console one line and exit code 2, and the window's `pause` waits for nobody."""
    (windows_stick[0] / "nra.toml").unlink(missing_ok=True)
    done = nra(wine, windows_stick[0])
    assert done.returncode == 2
    assert "nra: error: --region is missing" in done.stderr


@pytest.mark.skipif(shutil.which("setsid") is None or not hasattr(os, "openpty"), reason="a terminal of one's own is POSIX's")
def test_a_double_click_asks_once_and_the_window_stays_open(wine: Mapping[str, str], windows_stick: tuple[Path, Laid]) -> None:
    """At a terminal: a key, two questions, a measurement, a key to close; the next time one key, here to end it."""
    stick = windows_stick[0]
    (stick / "nra.toml").write_text("[run]\nduration = 2\n")
    before = set((stick / "results").iterdir())
    code, said = conversation(wine, stick, ("q ends", "x"), ("AWS region", "local\r"), ("Organization", "Muster\r"), ("Press any key", "x"))
    assert code in (0, 1, 3), said
    assert tomllib.loads((stick / "nra.toml").read_text("utf-8")) == {"run": {"region": "local", "org": "Muster", "duration": 2}}
    assert len(set((stick / "results").iterdir()) - before) == 3
    code, said = conversation(wine, stick, ("q ends", "q"), ("Press any key", "x"))
    assert (code, "Region local, organization Muster" in said) == (130, True)


def test_a_file_that_somebody_holds_open(wine: Mapping[str, str], windows_stick: tuple[Path, Laid], tmp_path: Path) -> None:
    """Windows refuses to replace it: tried again, then one line, the old content stays and no temporary file; no line end is changed."""
    python = windows_stick[0] / "rt/win_amd64/python.exe"
    command = ["wine", str(python), "-X", "utf8", "-B", "-c", HELD, f"Z:{tmp_path}"]
    done = subprocess.run(command, env=wine, input="", capture_output=True, encoding="utf-8", check=False, timeout=DEADLINE_S)
    assert done.stdout.split() == ["19", "old"], done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"nra.toml": b"new\n", "run.txt": b"1\n", "run-2.txt": b"2\n"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to mount the stick read-only")
def test_a_stick_with_its_write_protection_on(wine: Mapping[str, str], windows_stick: tuple[Path, Laid], tmp_path: Path) -> None:
    """Reports go to the user's own folder of that Windows, and the program says so."""
    place = tmp_path / "E"
    place.mkdir()
    if subprocess.run(["mount", "--bind", str(windows_stick[0]), str(place)], capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(place)], check=True)
        done = nra(wine, place, "run", "--region", "local", "--org", "x", *QUICK)
    finally:
        subprocess.run(["umount", str(place)], check=True)
    assert done.returncode in (0, 1, 3), done.stderr
    assert "the results go to C:\\users\\" in done.stderr
    assert len(list((Path(wine["WINEPREFIX"]) / "drive_c/users").glob("*/nra-results/*.json"))) == 1


def test_it_is_small(windows_stick: tuple[Path, Laid]) -> None:
    """At most 900 files and 160 MB, with the core packages."""
    _, laid = windows_stick
    assert laid.files <= MOST_FILES
    assert laid.size_bytes <= MOST_BYTES
