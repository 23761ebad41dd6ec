"""Files that are whole or absent, whatever ends the program (contract 4)."""

import errno
import os
import random
import re
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO
from unittest.mock import patch

import pytest

from nra.archive import files
from nra.archive.files import RENAME_TRIES, CannotWrite, overwrite, results_folder, writable, write, write_bytes, write_folder

CHUNK, CHUNKS = b"0123456789abcdef" * 1024, 16
POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="kills and limits of POSIX")

WRITER = """
import sys
from pathlib import Path
from nra.archive.files import write
def fill(file):
    for _ in range(16):
        file.write(b"0123456789abcdef" * 1024)
        file.flush()
        print("chunk", flush=True)
for number in range(1000):
    write(Path(sys.argv[1]), f"run{number % 3}", "bin", fill)
"""

DIES = """
import os, sys
from pathlib import Path
import nra.archive.files as files
step, when = sys.argv[2:]
real = getattr(os, step)
if step == "rename":  # the way on FAT
    def refuse(*_):
        raise PermissionError(1, "no hard links here")
    os.link = refuse
def dying(*arguments, **options):
    if when == "after":
        real(*arguments, **options)
    os._exit(9)
setattr(os, step, dying)
files.write_bytes(Path(sys.argv[1]), "run", "bin", b"0123456789abcdef" * 1024)
"""

FULL = """
import resource, sys
from pathlib import Path
from nra.archive.files import CannotWrite, write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_bytes(Path(sys.argv[1]), "run", "bin", b"x" * 100_000)
except CannotWrite as error:
    print(error)
"""

READ_ONLY = """
import os, sys
from pathlib import Path
from nra.archive.files import CannotWrite, writable, write_bytes
if os.geteuid() == 0:
    os.setuid(65534)
folder = Path(sys.argv[1])
print(writable(folder))
try:
    write_bytes(folder, "run", "bin", b"x")
except CannotWrite as error:
    print(error)
"""


def python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in an interpreter of its own."""
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False, timeout=60)


def refused(*_: object) -> None:
    """Refuse, as FAT and exFAT refuse a hard link."""
    raise PermissionError(errno.EPERM, "no hard links here")


def finished(folder: Path) -> list[Path]:
    """Return the files under final names."""
    return [path for path in folder.iterdir() if not path.name.endswith(".part")]


def test_writes_what_it_is_given(tmp_path: Path) -> None:
    """The file stands under its name, in a folder made for it, and nothing else is left there."""
    path = write_bytes(tmp_path / "new" / "folder", "run", "txt", b"hello")
    assert path == tmp_path / "new" / "folder" / "run.txt"
    assert path.read_bytes() == b"hello"
    assert list(path.parent.iterdir()) == [path]


def test_never_overwrites(tmp_path: Path) -> None:
    """A name that is taken gets -2, -3; the files before keep their content."""
    paths = [write_bytes(tmp_path, "run", "txt", bytes([number])) for number in range(3)]
    assert [path.name for path in paths] == ["run.txt", "run-2.txt", "run-3.txt"]
    assert [path.read_bytes() for path in paths] == [b"\0", b"\1", b"\2"]


def test_never_overwrites_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On FAT and exFAT (hard links give EPERM there) the name is looked at before the rename."""
    monkeypatch.setattr(os, "link", refused)
    paths = [write_bytes(tmp_path, "run", "txt", bytes([number])) for number in range(2)]
    assert [path.name for path in paths] == ["run.txt", "run-2.txt"]
    assert [path.read_bytes() for path in paths] == [b"\0", b"\1"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize("hard_links", [True, False])
def test_many_writers_of_one_name_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool) -> None:
    """Writers at the same time each get a name of their own, also where a rename would take an existing one (FAT)."""
    if not hard_links:
        monkeypatch.setattr(os, "link", refused)
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda number: write_bytes(tmp_path, "run", "txt", str(number).encode()), range(40)))
    assert len(set(paths)) == 40
    assert sorted(int(path.read_bytes()) for path in paths) == list(range(40))


def test_waits_for_a_virus_scanner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename that Windows refuses for a moment is tried again."""
    refusals = iter([PermissionError("held"), PermissionError("held"), None])
    give_name, pauses = files._give_name, list[float]()

    def held(temporary: Path, final: Path) -> None:
        if error := next(refusals):
            raise error
        give_name(temporary, final)

    monkeypatch.setattr(files, "_give_name", held)
    assert write(tmp_path, "run", "txt", lambda file: file.write(b"x"), pause=pauses.append).read_bytes() == b"x"
    assert len(pauses) == 2


def test_gives_up_on_a_rename_that_stays_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After RENAME_TRIES the folder is named, and no temporary file is left."""
    pauses = list[float]()

    def held(*_: object) -> None:
        raise PermissionError(errno.EACCES, "held")

    monkeypatch.setattr(files, "_give_name", held)
    with pytest.raises(CannotWrite, match=r"cannot write into .*: held"):
        write(tmp_path, "run", "txt", lambda file: file.write(b"x"), pause=pauses.append)
    assert len(pauses) == RENAME_TRIES - 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("bug"), KeyboardInterrupt()])
def test_leaves_nothing_when_filling_fails(tmp_path: Path, error: BaseException) -> None:
    """A full disk in the middle, a bug or Ctrl-C leave neither a half file nor a temporary one."""

    def fill(file: BinaryIO) -> None:
        file.write(b"half")
        raise error

    with pytest.raises((CannotWrite, RuntimeError, KeyboardInterrupt)):
        write(tmp_path, "run", "txt", fill)
    assert list(tmp_path.iterdir()) == []


@POSIX_ONLY
def test_full_disk(tmp_path: Path) -> None:
    """A write that the system really refuses names the folder and the reason, and leaves nothing."""
    done = python(FULL, str(tmp_path))
    assert done.stdout == f"cannot write into {tmp_path}: {os.strerror(errno.EFBIG)}\n"
    assert list(tmp_path.iterdir()) == []


@POSIX_ONLY
def test_read_only_folder(tmp_path: Path) -> None:
    """A folder that may not be written to is named, with the system's reason."""
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    done = python(READ_ONLY, str(folder))
    assert done.stdout == f"False\ncannot write into {folder}: {os.strerror(errno.EACCES)}\n"
    assert done.stderr == ""


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """A file where the folder should be is told, not a traceback."""
    taken = tmp_path / "results"
    taken.write_text("")
    assert not writable(taken)
    with pytest.raises(CannotWrite, match="cannot write into"):
        write_bytes(taken, "run", "txt", b"")


@POSIX_ONLY
@pytest.mark.parametrize("seed", range(4))
def test_kill_at_random_points(tmp_path: Path, seed: int) -> None:
    """A writer killed anywhere leaves only whole files under final names."""
    chunks = random.Random(seed).randrange(CHUNKS, 12 * CHUNKS)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(chunks):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
    whole = finished(tmp_path)
    assert len(whole) >= chunks // CHUNKS - 1
    assert all(path.read_bytes() == CHUNK * CHUNKS for path in whole)


@POSIX_ONLY
def test_a_share_on_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No hard links, folders that cannot be synced, a rename that somebody else's lock delays: written all the same."""
    fsync, rename, refusals, pauses = os.fsync, os.rename, iter([True, True, False]), list[float]()

    def no_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    def slow(*names: str) -> None:
        if next(refusals):
            raise PermissionError(errno.EACCES, "held by the server")
        rename(*names)

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(os, "fsync", no_folders)
    monkeypatch.setattr(os, "rename", slow)
    path = write(tmp_path, "run", "txt", lambda file: file.write(b"x"), pause=pauses.append)
    assert (path.read_bytes(), len(pauses), list(tmp_path.iterdir())) == (b"x", 2, [path])


def test_a_claim_that_somebody_died_with_costs_its_number_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between claim and rename, a writer on FAT leaves the claim behind; the next one takes the next number."""
    monkeypatch.setattr(os, "link", refused)
    (tmp_path / ".run.txt.part").write_text("")
    assert write_bytes(tmp_path, "run", "txt", b"x").name == "run-2.txt"


def test_overwrite_gives_the_old_content_or_the_new(tmp_path: Path) -> None:
    """nra.toml is rewritten as a whole, and again while a virus scanner holds it; nothing else is left."""
    path, pauses = tmp_path / "nra.toml", list[float]()
    overwrite(path, lambda file: file.write(b"old"))
    rename, refusals = os.replace, iter([PermissionError("held"), None])

    def held(*names: str) -> None:
        if error := next(refusals):
            raise error
        rename(*names)

    with patch("os.replace", held):
        overwrite(path, lambda file: file.write(b"new"), pauses.append)
    assert (path.read_bytes(), len(pauses), list(tmp_path.iterdir())) == (b"new", 1, [path])
    with pytest.raises(CannotWrite, match="cannot write into"):
        overwrite(path / "nra.toml", lambda file: file.write(b""))


@POSIX_ONLY
@pytest.mark.parametrize(
    ("step", "when", "there"),
    [
        ("fsync", "before", False),
        ("link", "before", False),
        ("link", "after", True),
        ("unlink", "before", True),
        ("rename", "before", False),
        ("rename", "after", True),
    ],
)
def test_kill_at_every_step(tmp_path: Path, step: str, when: str, there: bool) -> None:
    """Dying before the final name is given leaves none, dying after leaves a whole file."""
    assert python(DIES, str(tmp_path), step, when).returncode == 9
    assert [path.read_bytes() for path in finished(tmp_path)] == [CHUNK] * there


def test_writable_leaves_no_trace(tmp_path: Path) -> None:
    """The probe that is really made is removed again."""
    assert writable(tmp_path / "results")
    assert list((tmp_path / "results").iterdir()) == []


def test_results_folder_is_out_if_given(tmp_path: Path) -> None:
    """`--out` wins over everything."""
    assert results_folder(tmp_path / "out", tmp_path / "program", tmp_path / "working") == (tmp_path / "out", None)


def test_results_folder_is_beside_the_program(tmp_path: Path) -> None:
    """Without `--out` results stand beside the program."""
    assert results_folder(None, tmp_path / "program", tmp_path / "working") == (tmp_path / "program" / "results", None)


def test_results_folder_falls_back_to_the_working_folder(tmp_path: Path) -> None:
    """Beside a program that cannot be written to, or without one, results go into the working folder."""
    locked = tmp_path / "program"
    locked.write_text("a file, so no folder can be made in it")
    folder, refusal = results_folder(None, locked, tmp_path / "working")
    assert folder == tmp_path / "working" / "results"
    assert str(refusal).startswith(f"cannot write into {locked / 'results'}: ")
    assert results_folder(None, None, tmp_path / "working") == (tmp_path / "working" / "results", None)


def test_results_folder_is_the_user_s_own_at_last(tmp_path: Path) -> None:
    """Started from a stick that cannot be written to, the stick is the working folder too; the first choice's refusal is told."""
    locked = tmp_path / "stick"
    locked.write_text("a file, so no folder can be made in it")
    folder, refusal = results_folder(None, locked, locked, tmp_path / "home")
    assert (folder, str(locked / "results") in str(refusal)) == (tmp_path / "home" / "nra-results", True)
    with pytest.raises(CannotWrite) as caught:
        results_folder(None, locked, locked, locked)
    assert caught.value.folder == locked / "results"


def test_results_folder_that_was_asked_for_is_never_replaced(tmp_path: Path) -> None:
    """An `--out` that cannot be written to is an error, not a reason to write elsewhere."""
    locked = tmp_path / "out"
    locked.write_text("")
    with pytest.raises(CannotWrite) as caught:
        results_folder(locked, tmp_path, tmp_path)
    assert caught.value.folder == locked
    assert str(locked) in str(caught.value)


def test_a_folder_with_nul_in_its_name_is_told(tmp_path: Path) -> None:
    """nra.toml can hold a NUL, which the system's calls refuse in their own way."""
    with pytest.raises(CannotWrite):
        results_folder(tmp_path / "a\0b", None, tmp_path)
    with pytest.raises(CannotWrite):
        write_bytes(tmp_path / "a\0b", "run", "txt", b"")


def test_overwrite_renews_a_file_that_was_named(tmp_path: Path) -> None:
    """The file under that name is the new one, alone in its folder, which is made if need be."""
    path = tmp_path / "new" / "site.xlsx"
    for data in (b"first", b"second"):
        assert overwrite(path, lambda file, data=data: file.write(data)) == path  # type: ignore[misc]
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_overwrite_leaves_the_old_file_where_the_new_one_fails(tmp_path: Path) -> None:
    """Whatever ends the writing, the old file is whole and nothing lies beside it."""
    path = tmp_path / "site.xlsx"
    path.write_bytes(b"old")

    def fails(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CannotWrite, match="No space left"):
        overwrite(path, fails)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_overwrite_waits_for_a_file_that_somebody_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Excel and virus scanners hold files: it is tried for a while, then said in one line."""
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(errno.EACCES, "held")))
    pauses: list[float] = []
    with pytest.raises(CannotWrite, match="held"):
        overwrite(tmp_path / "site.xlsx", lambda file: file.write(b"x"), pauses.append)
    assert len(pauses) == RENAME_TRIES - 1


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    """A data set appears with all of its files, in an empty folder too, and never among files that are there."""
    path = tmp_path / "runs"

    def fill(folder: Path) -> None:
        assert not path.exists() or not any(path.iterdir())
        (folder / "part").write_bytes(b"x")

    path.mkdir()
    assert write_folder(path, fill) == path
    assert [each.name for each in path.iterdir()] == ["part"]
    with pytest.raises(CannotWrite, match="it holds files already"):
        write_folder(path, fill)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_file_s_place_is_named(tmp_path: Path) -> None:
    """Whoever gave a folder where a file is meant must see which."""
    (tmp_path / "run.zip").mkdir()
    with pytest.raises(CannotWrite, match=re.escape(f"cannot write into {tmp_path / 'run.zip'}: ")):
        overwrite(tmp_path / "run.zip", lambda file: file.write(b"x"))
