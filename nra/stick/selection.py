"""Which files of installed packages go onto a stick, and where: pure packages into one archive, packages with native code unpacked.

Every file costs a cluster (up to 128 KiB on exFAT) and an open over USB; an archive costs one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

NATIVE: Final = re.compile(r"\.(pyd|dll|so|dylib)$|\.so\.[\d.]+$")
NEEDS_A_PATH: Final = {"certifi"}  # OpenSSL reads the roots from a file
UNUSED: Final = re.compile(
    r"(^|/)(__pycache__|tests?|include|_pyinstaller)/"
    r"|\.(pyc|pyi|pyx|pxd|h|hpp|hh|c|cpp|a|lib|f90|typed|rst|in|build|ini)$"
    r"|^(bin|Scripts|pycparser|numpy/f2py|numpy/distutils|numpy/_core/lib|nra/testing)/"
    r"|^_distutils_hack|^\.lock$"
)
OF_DIST_INFO: Final = re.compile(r"\.dist-info/(METADATA|entry_points\.txt|(.*/)?(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*)$", re.IGNORECASE)
LONGEST_PATH: Final = 150  # with a drive and a folder or two before it, far below Windows' 260
ILLEGAL: Final = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ](/|$)|(^|/)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.[^/]*)?(/|$)', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where files of packages go, as paths inside the folder of packages."""

    zipped: tuple[str, ...]
    unpacked: tuple[str, ...]


def kept(path: str) -> bool:
    """Tell whether a file of an installed package is needed where the program only runs; licences always are."""
    if ".dist-info/" in path:
        return OF_DIST_INFO.search(path) is not None
    return UNUSED.search(path) is None


def place(paths: Iterable[str]) -> Placement:
    """Return what goes into the archive and what stays a file: whole packages, so that none is torn."""
    every = sorted(paths)
    native = {_top(path) for path in every if NATIVE.search(path)} | NEEDS_A_PATH
    return Placement(
        zipped=tuple(path for path in every if _top(path) not in native), unpacked=tuple(path for path in every if _top(path) in native)
    )


def _top(path: str) -> str:
    return PurePosixPath(path).parts[0]


def misfits(paths: Iterable[str]) -> list[str]:
    """Return the paths that FAT32, exFAT or Windows would not take as they are: illegal, too long, or alike but for their case."""
    alike = defaultdict[str, list[str]](list)
    for path in paths:
        alike[path.lower()].append(path)
    return sorted(
        path for same in alike.values() for path in same if len(same) > 1 or ILLEGAL.search(path) is not None or len(path) > LONGEST_PATH
    )
