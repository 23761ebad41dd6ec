"""Which files of a folder can hold a run: run documents first, text reports after them, so that the document of a run is the one read."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from nra.archive.files import TEMPORARY_SUFFIX
from nra.archive.naming import FIREWALL_REQUEST, SERIES
from nra.model.fleet import Problem

KINDS: Final = (".json", ".txt")
FOREIGN_COPY: Final = "._"  # macOS leaves such a companion beside each file on FAT and on shares


def candidates(places: Iterable[Path]) -> tuple[list[str], list[Problem]]:
    """Return the files named and those below the folders named, each once, run documents before text reports, by name.

    In folders only `.json` and `.txt` count; half-written files, macOS companions, our own requests and summaries do not.
    A file that was named by itself always counts. What does not exist stays in the list: reading it will say so. A folder
    that cannot be listed is a problem.
    """
    problems: list[Problem] = []
    found = dict.fromkeys(path for place in places for path in (_below(place, problems) if place.is_dir() else [str(place)]))
    return sorted(found, key=_kind_first), problems


def is_document(path: str) -> bool:
    """Tell by its name whether the file is a run document and no text report."""
    return not path.lower().endswith(KINDS[1])


def _below(folder: Path, problems: list[Problem]) -> Iterator[str]:
    def refused(error: OSError) -> None:
        problems.append(Problem(file=str(error.filename), what=f"this folder cannot be listed: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=refused):
        folders.sort()
        yield from (os.path.join(parent, name) for name in sorted(names) if _counts(name))  # noqa: PTH118 - a Path per file costs


def _counts(name: str) -> bool:
    stem, kind = os.path.splitext(name)  # noqa: PTH122
    if kind.lower() not in KINDS or name.startswith(FOREIGN_COPY) or name.endswith(TEMPORARY_SUFFIX):
        return False
    return FIREWALL_REQUEST not in stem and not stem.endswith(SERIES)


def _kind_first(path: str) -> tuple[bool, str]:
    return not is_document(path), path
