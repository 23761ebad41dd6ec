"""Modules become `.pyc` files that are never compared with a source: FAT keeps times to two seconds, so a dated one would be stale.

Only a Python of the same minor version can write them. Without one at hand the sources go onto the stick, and every start is slower.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from nra.stick.errors import CannotLayOut

DEADLINE_S: Final = 600.0
ASKED: Final = "import sys; print('%d.%d' % sys.version_info[:2])"


def interpreter(minor: str, own: Path | None) -> str | None:
    """Return a Python that can compile for this minor version: this one, the stick's own where it runs here, else one on the PATH."""
    candidates = (sys.executable, str(own) if own is not None else None, shutil.which(f"python{minor}"))
    return next((each for each in candidates if each is not None and _is(each, minor)), None)


def _is(python: str, minor: str) -> bool:
    try:
        told = subprocess.run([python, "-S", "-c", ASKED], capture_output=True, text=True, check=False, timeout=DEADLINE_S)  # noqa: S603
    except OSError:
        return False
    return told.stdout.strip() == minor


def compile_in_place(python: str, folder: Path) -> None:
    """Put a `.pyc` in the place of every module below the folder that compiles; one that does not stays a source."""
    command = (python, "-S", "-m", "compileall", "-q", "-b", "-f", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(folder))
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False, timeout=DEADLINE_S)  # noqa: S603
    compiled = [path for path in folder.rglob("*.py") if path.with_suffix(".pyc").exists()]
    if not compiled and any(folder.rglob("*.py")):
        raise CannotLayOut(f"{python} compiles nothing: {' '.join((done.stderr or done.stdout).split())[:200]}")
    for path in compiled:
        path.unlink()
