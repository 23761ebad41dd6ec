"""Lay out a stick: everything is made in a folder of this machine, then copied; the manifest is written last, so a torn stick shows."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import nra
from nra.stick import manifest
from nra.stick.compiling import compile_in_place, interpreter
from nra.stick.errors import CannotLayOut
from nra.stick.host_runtime import host_runtime
from nra.stick.packages import install, installer, requirements, versions
from nra.stick.runtime import Runtime
from nra.stick.search_path import PURE, search_path, stdlib_archive
from nra.stick.selection import kept, misfits, place
from nra.stick.targets import TARGETS, System, Target

LAUNCHERS: Final = {System.WINDOWS: ("nra.cmd",), System.LINUX: ("nra.sh",), System.MACOS: ("nra.sh", "nra.command")}
VERSIONS: Final = "VERSIONS.txt"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the same files give the same archive
EXECUTABLE: Final = 0o755


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be laid out: runtimes by target, None where the running Python is to be taken."""

    folder: Path
    runtimes: Mapping[str, Runtime | None]
    extras: tuple[str, ...] = ()
    wheelhouse: Path | None = None
    constraints: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """What one target became: its files are those that it alone needs, `compiled` whether its modules are."""

    target: str
    python: str
    packages: Mapping[str, str]
    files: int
    size_bytes: int
    compiled: bool


def lay_out(order: Order, say: Callable[[str], None]) -> list[Laid]:
    """Make the stick or add to it, and return what each target became; raises CannotLayOut with one line."""
    installer()  # what is missing is said before anything is done
    if order.wheelhouse is not None and not order.wheelhouse.is_dir():
        raise CannotLayOut(f"--wheelhouse {order.wheelhouse}: no such folder")
    try:
        with tempfile.TemporaryDirectory(prefix="nra-stick-") as made:
            stage = Path(made)
            laid = [_target(stage, TARGETS[name], runtime or host_runtime(name), order, say) for name, runtime in order.runtimes.items()]
            say(f"copying to {order.folder}")
            _copy(stage, order.folder)
        _launchers(order.folder)
        found = manifest.digests(order.folder)
        (order.folder / manifest.NAME).write_bytes(manifest.text(found))
        if hasattr(os, "sync"):
            os.sync()
    except OSError as error:
        raise CannotLayOut(f"{error.filename2 or error.filename or order.folder}: {error.strerror or error}") from error
    return laid


def _target(stage: Path, target: Target, runtime: Runtime, order: Order, say: Callable[[str], None]) -> Laid:
    say(f"{target.name}: Python {runtime.python} from {runtime.origin}")
    with tempfile.TemporaryDirectory(prefix="nra-stick-") as work:
        modules, installed = Path(work) / "modules", Path(work) / "installed"
        modules.mkdir()
        own = _runtime(stage / target.runtime, target, runtime, modules)
        say(f"{target.name}: packages")
        packages = _packages(installed, target, runtime.minor, order)
        compiler = interpreter(runtime.minor, own)
        if compiler is not None:
            say(f"{target.name}: compiling")
            compile_in_place(compiler, installed)
            compile_in_place(compiler, modules)
        if runtime.modules:
            _archive(stage / target.runtime / stdlib_archive(runtime.python), modules, _names(modules))
        _place(installed, stage / target.packages)
    _write(stage / target.runtime, {VERSIONS: _versions(runtime, packages)})
    files, size = _checked(stage, target)
    return Laid(target=target.name, python=runtime.python, packages=packages, files=files, size_bytes=size, compiled=compiler is not None)


def _runtime(folder: Path, target: Target, runtime: Runtime, modules: Path) -> Path:
    """Write the runtime so that it could run, its library still as sources, and return its Python."""
    _write(folder, runtime.files)
    _write(modules, runtime.modules)
    if runtime.modules:
        _archive(folder / stdlib_archive(runtime.python), modules, _names(modules))
    name, content = search_path(target, runtime.python)
    _write(folder, {name: content})
    own = folder / target.python
    own.chmod(EXECUTABLE)
    return own


def _packages(installed: Path, target: Target, minor: str, order: Order) -> dict[str, str]:
    """Put nra and what it needs into the folder, thinned out, and return the versions."""
    install(installed, target, minor, requirements(order.extras), order.wheelhouse, order.constraints)
    packages = {"nra": nra.__version__} | versions(installed)
    shutil.copytree(Path(nra.__file__).parent, installed / "nra")
    for name in _names(installed):
        if not kept(name):
            (installed / name).unlink()
    return packages


def _checked(stage: Path, target: Target) -> tuple[int, int]:
    """Return how many files the target has and their octets; raises CannotLayOut for a name that some file system would not take."""
    mine = [path for top in (target.runtime, target.packages) for path in (stage / top).rglob("*") if path.is_file()]
    wrong = misfits(path.relative_to(stage).as_posix() for path in mine)
    if wrong:
        raise CannotLayOut(f"--target {target.name}: {wrong[0]}: no name for FAT32, exFAT and Windows")
    return len(mine), sum(path.stat().st_size for path in mine)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _place(installed: Path, site: Path) -> None:
    placement = place(_names(installed))
    site.mkdir(parents=True)
    _archive(site / PURE, installed, placement.zipped)
    for name in placement.unpacked:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(installed / name, site / name)


def _archive(path: Path, folder: Path, names: Iterable[str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (folder / name).read_bytes())


def _versions(runtime: Runtime, packages: Mapping[str, str]) -> bytes:
    lines = (f"Python {runtime.python} ({runtime.origin})", *(f"{name} {version}" for name, version in sorted(packages.items())))
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def _copy(stage: Path, folder: Path) -> None:
    """Put every target's folders in the place of those that are there; what else lies on the stick stays."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / manifest.NAME).unlink(missing_ok=True)
    for kind in ("rt", "site"):
        for source in sorted((stage / kind).iterdir()):
            goal = folder / kind / source.name
            if goal.exists():
                shutil.rmtree(goal)
            _copy_tree(source, goal)
    for name in TARGETS:
        python = folder / TARGETS[name].runtime / TARGETS[name].python
        if python.exists():
            _make_executable(python)
    (folder / "results").mkdir(exist_ok=True)


def _copy_tree(source: Path, goal: Path) -> None:
    """Copy contents alone: modes and times are what some drivers of FAT refuse to set."""
    goal.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        place = goal / path.relative_to(source)
        if path.is_dir():
            place.mkdir()
        else:
            shutil.copyfile(path, place)


def _make_executable(path: Path) -> None:
    with suppress(OSError):  # FAT and exFAT have no such permission
        path.chmod(EXECUTABLE)


def _launchers(folder: Path) -> None:
    """Write the launchers of all targets that lie on the stick, and the page for whoever carries it."""
    systems = {TARGETS[path.name].system for path in (folder / "rt").iterdir() if path.name in TARGETS}
    for name in sorted({"README.txt", *(name for system in systems for name in LAUNCHERS[system])}):
        text = resources.files("nra.stick").joinpath("data", name).read_text("utf-8")
        line_end = "\n" if name in ("nra.sh", "nra.command") else "\r\n"
        (folder / name).write_bytes(text.replace("\n", line_end).encode("ascii"))
        if line_end == "\n":
            _make_executable(folder / name)
