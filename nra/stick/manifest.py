"""MANIFEST.sha256: every file of a stick with its SHA-256, readable by `sha256sum -c`, and what has changed since it was written.

Left out: results, the answers remembered in nra.toml, and what systems drop onto every stick that they see.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nra.stick.errors import CannotLayOut

NAME: Final = "MANIFEST.sha256"
LEFT_OUT: Final = {"results", "nra.toml", NAME}
SYSTEM_S_OWN: Final = re.compile(
    r"System Volume Information|\$RECYCLE\.BIN|\.Trash.*|\.fseventsd|\.Spotlight-V100|\.DS_Store|\._.*|lost\+found", re.IGNORECASE
)
LINE: Final = re.compile(r"([0-9a-f]{64})  (.+)")
MOST_BYTES: Final = 8 << 20
NO_FILE: Final = "not a file"  # in the place of a SHA-256, which it never equals


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """The files that are not as the manifest says, by their paths from the stick's root."""

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def none(self) -> bool:
        """Tell whether the stick is as it was laid out."""
        return not (self.changed or self.missing or self.added)


def files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file that the manifest names or should name: its path from the root, and the file."""
    for entry in sorted(root.iterdir()):
        if entry.name not in LEFT_OUT:
            yield from _below(entry, entry.name)


def _below(entry: Path, name: str) -> Iterator[tuple[str, Path]]:
    if SYSTEM_S_OWN.fullmatch(entry.name):
        return
    if entry.is_symlink() or not entry.is_dir():
        yield name, entry
        return
    for below in sorted(entry.iterdir()):
        yield from _below(below, f"{name}/{below.name}")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_plain(path: Path) -> bool:
    """Tell whether it is a file that can be read to its end: no link out of the stick, no pipe, no device."""
    return path.is_file() and not path.is_symlink()


def digests(root: Path) -> dict[str, str]:
    """Return the SHA-256 of every file by its path; raises CannotLayOut for a folder that cannot be read."""
    try:
        return {name: digest(path) if _is_plain(path) else NO_FILE for name, path in files(root)}
    except OSError as error:
        raise CannotLayOut(f"{error.filename or root}: {error.strerror or error}") from error


def text(found: Mapping[str, str]) -> bytes:
    """Return the manifest as it is written."""
    return "".join(f"{found[name]}  {name}\n" for name in sorted(found)).encode("utf-8")


def read(root: Path) -> dict[str, str]:
    """Return what the manifest in the root says; raises CannotLayOut when there is none or it is none."""
    path = root / NAME
    try:
        if path.exists() and not _is_plain(path):
            raise CannotLayOut(f"{path}: not a file")
        if path.stat().st_size > MOST_BYTES:
            raise CannotLayOut(f"{path}: larger than any manifest")
        lines = path.read_bytes().decode("utf-8").splitlines()
    except OSError as error:
        raise CannotLayOut(f"{path}: {error.strerror or error}: this is no stick of nra, or its making was not finished") from error
    except UnicodeDecodeError as error:
        raise CannotLayOut(f"{path}: not a manifest") from error
    rows = [LINE.fullmatch(line) for line in lines]
    if not rows or None in rows:
        raise CannotLayOut(f"{path}:{rows.index(None) + 1 if rows else 1}: expected a SHA-256, two blanks and a path")
    return {row[2]: row[1] for row in rows if row}


def identity(root: Path) -> str | None:
    """Return the SHA-256 of the manifest, which stands for every file of the stick; None for a folder that is none."""
    try:
        return digest(root / NAME) if _is_plain(root / NAME) else None
    except OSError:
        return None


def compare(said: Mapping[str, str], found: Mapping[str, str]) -> Differences:
    """Return how what is there differs from what the manifest says."""
    return Differences(
        changed=tuple(sorted(name for name in said.keys() & found.keys() if said[name] != found[name])),
        missing=tuple(sorted(said.keys() - found.keys())),
        added=tuple(sorted(found.keys() - said.keys())),
    )


def verify(root: Path) -> Differences:
    """Read the whole stick and return what is not as its manifest says; raises CannotLayOut when it has no manifest."""
    return compare(read(root), digests(root))
