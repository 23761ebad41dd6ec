"""A TOML file that a user wrote: read with bounds, and every complaint about it with file and line."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nra.catalogue.decode import CatalogueError

MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class TomlFile:
    """One file as read."""

    path: Path
    text: str
    tables: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "TomlFile":
        """Return the file's content; raises CatalogueError if it is unreadable or not TOML."""
        try:
            if path.exists() and not path.is_file():
                raise CatalogueError(f"{path}: cannot be read: not a file")
            if path.exists() and path.stat().st_size > MOST_BYTES:
                raise CatalogueError(f"{path}: cannot be read: larger than {MOST_BYTES} bytes")
            text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")  # editors on Windows put a byte order mark first
            return cls(path, text, tomllib.loads(text))
        except OSError as error:
            raise CatalogueError(f"{path}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise CatalogueError(f"{path}: not UTF-8 text (byte {error.start})") from error
        except tomllib.TOMLDecodeError as error:
            where = re.search(r" \(at line (\d+), column \d+\)$", str(error))
            line = where[1] if where else text.count("\n") + 1
            raise CatalogueError(f"{path}:{line}: {str(error)[: where.start() if where else None]}") from error
        except (ValueError, RecursionError) as error:  # a NUL in the name, an integer of thousands of digits, thousands of brackets
            raise CatalogueError(f"{path}: cannot be read: {type(error).__name__}") from error

    def misfit(self, message: str, *keys: str | int) -> CatalogueError:
        """Return the complaint about what stands at these keys, with file and line."""
        return CatalogueError(f"{self.path}:{line_of(self.text, *keys)}: {message}")


def line_of(text: str, *keys: str | int) -> int:
    """Return the line (from 1) on which the statement begins that sets this key of the nested tables and lists, 1 if none does."""
    lines, start = text.split("\n"), 1
    for end in range(1, len(lines) + 1):
        try:
            found: Any = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a statement of several lines
        for key in keys:
            found = _inside(found, key)
        if found is not None:
            return start
        start = end + 1
    return 1


def _inside(value: object, key: str | int) -> object:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else None
