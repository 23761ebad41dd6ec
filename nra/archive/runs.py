"""Run documents from files and folders, as people name them on a command line.

A folder is read with all below it; `._*` (macOS' shadows on foreign disks), `*.part` and other hidden files are nobody's documents. What
is named `*.json` must be a run document: one that is not ends the reading, because a run that is left out in silence might be the one
that failed. Other documents of nra (a gate's own answer) are passed over.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from nra.archive.document import MOST_BYTES, SCHEMA_FAMILY, UnreadableDocument, read
from nra.model.document import RunDocument

OF_NRA: Final = "nra-"


class _Head(msgspec.Struct):
    schema: str


def run_documents(places: Iterable[Path]) -> tuple[tuple[Path, RunDocument], ...]:
    """Return the run documents of these files and folders with their paths, each run once; raises UnreadableDocument.

    A copy of a run counts once; a different document that bears the same run id is an error, and so is a folder without any.
    """
    found: dict[str, tuple[Path, RunDocument]] = {}
    for place in places:
        empty = True
        for path in files(place):
            keep(found, path, read(path))
            empty = False
        if empty:
            raise UnreadableDocument(f"{place}: no run documents in this folder")
    return tuple(found.values())


def keep(found: dict[str, tuple[Path, RunDocument]], path: Path, document: RunDocument) -> None:
    """Keep a document with its path under its run id, a copy once; raises UnreadableDocument for another one that bears the same id."""
    earlier = found.setdefault(document.run.id, (path, document))
    if earlier[1] != document:
        raise UnreadableDocument(f"{path}: {another_than(earlier[0])}")


def another_than(earlier: Path | str) -> str:
    """Return what is wrong with a document that bears the run id of an earlier one and is no copy of it."""
    return f"another document than {earlier}, but with the same run id"


def files(place: Path) -> Iterator[Path]:
    """Yield the file, or in a folder and below it every file that should be a run document, sorted by name."""
    if not place.is_dir():
        yield place
        return
    for path in sorted(place.rglob("*.json")):
        hidden = any(part.startswith(".") for part in path.relative_to(place).parts)
        if not hidden and path.is_file() and not _is_another_of_ours(path):
            yield path


def _is_another_of_ours(path: Path) -> bool:
    try:
        if path.stat().st_size > MOST_BYTES:
            return False
        schema = msgspec.json.decode(path.read_bytes(), type=_Head).schema
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False  # whoever reads it as a run document says what is wrong
    return schema.startswith(OF_NRA) and not schema.startswith(SCHEMA_FAMILY)
