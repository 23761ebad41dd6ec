"""Files that are whole or absent: a temporary name, flush, fsync, then the final name, which is never taken from another file.

Works on FAT32, exFAT, NTFS and ext4. `os.access` is not asked, because it is wrong on several of them: a folder is
writable when a file could be made in it.
"""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

RENAME_TRIES: Final = 20
RENAME_PAUSE_S: Final = 0.1  # virus scanners and indexers hold a fresh file for a moment (Windows)
TEMPORARY_SUFFIX: Final = ".part"
RESULTS: Final = "results"
AT_HOME: Final = "nra-results"


class CannotWrite(Exception):  # noqa: N818 - says what is the case, as its message does
    """A folder takes no file; the message is one line that names the folder and the system's reason."""

    def __init__(self, folder: Path, error: OSError) -> None:
        """Say which folder and why."""
        super().__init__(f"cannot write into {folder}: {error.strerror or error}")
        self.folder = folder


def writable(folder: Path) -> bool:
    """Tell whether a file can be made in the folder, by making and removing one; the folder is made if need be."""
    return _refusal(folder) is None


def refuse_unwritable(path: Path) -> None:
    """Raise CannotWrite unless the file could be written; its folder is not made for that, the nearest one that is there is tried."""
    folder = path.parent
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    error = OSError(errno.EISDIR, os.strerror(errno.EISDIR)) if os.path.isdir(path) else _refusal(folder)  # noqa: PTH112 - as below
    if error is not None:
        raise CannotWrite(path if os.path.isdir(path) else path.parent, error)  # noqa: PTH112


def results_folder(out: Path | None, beside: Path | None, working: Path, home: Path | None = None) -> tuple[Path, CannotWrite | None]:
    """Return where results go, and what kept them from the first choice (None where it was taken).

    `out` if given, else `results` beside the program, in the working folder, or `nra-results` in the user's own folder. `beside` is
    the program's folder, None where it has none of its own (installed among others), `home` the user's. Raises CannotWrite for the
    place that was asked for, or for the first choice when none takes a file.
    """
    candidates = [out] if out else [folder / RESULTS for folder in (beside, working) if folder]
    if home and not out:
        candidates.append(home / AT_HOME)
    refused: list[CannotWrite] = []
    for folder in candidates:
        refusal = _refusal(folder)
        if refusal is None:
            return folder, refused[0] if refused else None
        refused.append(CannotWrite(folder, refusal))
    raise refused[0]


def write_bytes(folder: Path, stem: str, extension: str, data: bytes) -> Path:
    """Write `<stem>.<extension>` and return its path; see `write`."""
    return write(folder, stem, extension, lambda file: file.write(data))


def write(folder: Path, stem: str, extension: str, fill: Callable[[BinaryIO], object], pause: Callable[[float], None] = time.sleep) -> Path:
    """Let `fill` write `<stem>.<extension>` and return its path; a name that is taken becomes `<stem>-2`, `-3` and so on.

    Under the final name the file is whole or absent, whatever ends the program. Raises CannotWrite.
    """
    names = (folder / name for name in _names(stem, extension))
    return _whole(folder, f"{stem}.{extension}", fill, lambda temporary: _publish(temporary, names, pause))


def overwrite(path: Path, fill: Callable[[BinaryIO], object], pause: Callable[[float], None] = time.sleep) -> Path:
    """Let `fill` write the file that was named, in place of one that is there, and return its path: whole, or the old one still.

    For files that somebody named by path and means to renew; what a run names by itself goes through `write`. Raises CannotWrite.
    """
    return _whole(path.parent, path.name, fill, lambda temporary: _replace(temporary, path, pause))


def write_folder(path: Path, fill: Callable[[Path], object], pause: Callable[[float], None] = time.sleep) -> Path:
    """Let `fill` put files into a new folder and return its path: whole or absent too. Raises CannotWrite, also where it holds files."""
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
    try:
        if path.exists() and any(path.iterdir()):
            raise FileExistsError(errno.EEXIST, "it holds files already, and files of two data sets must not mix")
        _make(temporary)
        try:
            fill(temporary)
            if path.exists():
                path.rmdir()
            _replace(temporary, path, pause)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise CannotWrite(path, error) from error
    return path


def _whole(folder: Path, name: str, fill: Callable[[BinaryIO], object], publish: Callable[[Path], Path]) -> Path:
    """Let `fill` write a temporary file, have it on the disk, then let `publish` give it its name."""
    temporary = folder / f".{name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
    try:
        _make(folder)
        try:
            _fill(temporary, fill)
            final = publish(temporary)
        finally:
            _discard(temporary)
        _sync_folder(folder)
    except OSError as error:
        taken = folder / name
        raise CannotWrite(taken if os.path.isdir(taken) else folder, error) from error  # noqa: PTH112 - this one never raises
    return final


def _discard(path: Path) -> None:
    """Remove a file that nobody wants; what fails on a stick that was pulled must not hide why."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _names(stem: str, extension: str) -> Iterator[str]:
    yield f"{stem}.{extension}"
    yield from (f"{stem}-{number}.{extension}" for number in count(2))


def _fill(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    with _create(path) as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())  # of the descriptor that wrote: Windows refuses it on one that only reads


def _create(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o644)
    return os.fdopen(descriptor, "wb")


def _publish(temporary: Path, finals: Iterator[Path], pause: Callable[[float], None]) -> Path:
    for final in finals:
        try:
            _patiently(partial(_give_name, temporary, final), pause)
        except FileExistsError:
            continue
        return final
    raise AssertionError("there is always a next number")


def _replace(temporary: Path, final: Path, pause: Callable[[float], None]) -> Path:
    _patiently(partial(temporary.replace, final), pause)
    return final


def _patiently(act: Callable[[], object], pause: Callable[[float], None]) -> None:
    """Do it, and again while somebody holds the file (Windows says PermissionError then); raises what the last try raised."""
    for _ in range(RENAME_TRIES - 1):
        try:
            act()
        except PermissionError:
            pause(RENAME_PAUSE_S)
        else:
            return
    act()


def _give_name(temporary: Path, final: Path) -> None:
    """Rename without taking a name that exists: only Windows' rename refuses by itself, elsewhere a hard link does."""
    if os.name == "nt":
        temporary.rename(final)
        return
    try:
        os.link(temporary, final)
    except FileExistsError:
        raise
    except OSError:  # FAT, exFAT and some shares have no hard links
        _give_name_alone(temporary, final)


def _give_name_alone(temporary: Path, final: Path) -> None:
    """Look, then rename; between the two nobody else may do the same, so the name is claimed by a file that only one can make."""
    claim = final.with_name(f".{final.name}{TEMPORARY_SUFFIX}")
    _create(claim).close()  # FileExistsError: another has claimed it, or died so; the next number is free
    try:
        if os.path.lexists(final):
            raise FileExistsError(final)
        temporary.rename(final)
    finally:
        _discard(claim)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where a folder can be synced (not on Windows, not on every share)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def _refusal(folder: Path) -> OSError | None:
    probe = folder / f".nra-{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
    try:
        _make(folder)
        _create(probe).close()
        probe.unlink()
    except OSError as error:
        return error
    return None


def _make(folder: Path) -> None:
    """Make the folder if need be; raises OSError, also for a NUL in the name."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from error
