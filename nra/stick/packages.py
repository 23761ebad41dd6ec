"""The packages that nra needs, fetched by uv as wheels for another system than this one; nothing is built, nothing of them is run.

uv and not pip, because pip asks this machine, not the target, whether a package is needed there.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Final

from nra.stick.errors import CannotLayOut
from nra.stick.targets import Target

DEADLINE_S: Final = 900.0
OF_EXTRA: Final = re.compile(r"""\s*(?:;|\band)\s*extra\s*==\s*['"]([\w-]+)['"]\s*$""")
DIST_INFO: Final = re.compile(r"(.+)-([^-]+)\.dist-info")


def requirements(extras: Iterable[str]) -> list[str]:
    """Return what nra needs with these extras, as its own metadata says; raises CannotLayOut where it has none."""
    try:
        lines = metadata.requires("nra") or []
    except metadata.PackageNotFoundError:
        raise CannotLayOut("nra is not installed here as a package, so nobody knows what it needs (pip install .)") from None
    return needed(lines, extras)


def needed(lines: Iterable[str], extras: Iterable[str]) -> list[str]:
    """Return the requirements without any extra's and those of these extras, with the extra's own condition taken off."""
    wanted, found = set(extras), list[str]()
    for line in lines:
        extra = OF_EXTRA.search(line)
        if extra is None:
            found.append(line)
        elif extra[1] in wanted:
            found.append(line[: extra.start()])
    return list(dict.fromkeys(found))


def installer() -> str:
    """Return where uv is; raises CannotLayOut where it is not."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise CannotLayOut("uv is missing: install nra with its extra stick (pip install 'nra[stick]')")
    return uv


def install(folder: Path, target: Target, minor: str, needs: Iterable[str], wheelhouse: Path | None, constraints: Path | None) -> None:
    """Unpack wheels for the target into the folder, from the index or from a folder of wheels alone; raises CannotLayOut."""
    command = [
        installer(),
        "pip",
        "install",
        "--quiet",
        "--target",
        str(folder),
        "--python-platform",
        target.platform,
        "--python-version",
        minor,
    ]
    command += ["--only-binary", ":all:", "--link-mode", "copy", "--python", sys.executable]
    command += ["--offline", "--no-index", "--find-links", str(wheelhouse)] if wheelhouse else []
    command += ["--constraints", str(constraints)] if constraints else []
    try:
        done = subprocess.run([*command, *needs], capture_output=True, text=True, check=False, timeout=DEADLINE_S, env=_environment())  # noqa: S603
    except subprocess.TimeoutExpired:
        raise CannotLayOut(f"--target {target.name}: uv did not finish within {DEADLINE_S:.0f} s") from None
    if done.returncode:
        raise CannotLayOut(f"--target {target.name}: {_last_words(done.stderr)}")


def _environment() -> dict[str, str]:
    return {**os.environ, "NO_COLOR": "1"}


def _last_words(complaint: str) -> str:
    """Return what uv says on one line, without its drawing."""
    return " ".join(re.sub("[^\x20-\x7e]", " ", complaint).split()).removeprefix("x ")[:400] or "uv found no wheels"


def versions(folder: Path) -> dict[str, str]:
    """Return the packages in a folder and their versions."""
    found = (DIST_INFO.fullmatch(path.name) for path in sorted(folder.glob("*.dist-info")))
    return {match[1]: match[2] for match in found if match}
