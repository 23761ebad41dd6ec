"""From TOML to the frozen types of nra.model: what does not fit is said with file, entry and field, on one line."""

import math
import re
import tomllib
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

# msgspec's words: "Expected `int`, got `str` - at `$.stun[0].port`", "Object missing required field `port` - at `$.stun[0]`"
_COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>.*)`")


class CatalogueError(Exception):
    """Data of the catalogue, or a name looked up in it, that cannot be used; the message is one line for the user."""


class Misfit(CatalogueError):  # noqa: N818 - the name says what is wrong
    """An entry that does not fit: `what` is said without file and entry, `field` is the path of the field, empty for the whole."""

    def __init__(self, where: str, what: str, field: str) -> None:
        """Word the message: where, then what."""
        super().__init__(where + what)
        self.what, self.field = what, field


def read_toml(file: str, data: bytes) -> dict[str, Any]:
    """Return the tables of a TOML file; raises CatalogueError naming the file and the line."""
    try:
        return tomllib.loads(data.decode("utf-8-sig"))  # editors on Windows put a byte order mark first
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{file}: not UTF-8 text (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{file}: {error}") from error
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits, thousands of brackets
        raise CatalogueError(f"{file}: cannot be read: {type(error).__name__}") from error


def decode(file: str, entry: str, given: object, kind: type[T]) -> T:
    """Return the entry as a `kind`; raises CatalogueError for a field that is missing, unknown, of another type or not finite."""
    where = f"{file}: {entry}: " if entry else f"{file}: "
    try:
        value = msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        what, path = _worded(str(error))
        raise Misfit(where, what, path) from error
    for what, path in _faults(given, msgspec.to_builtins(value), ""):
        raise Misfit(where, what, path)
    return value


def table(file: str, name: str, given: object) -> dict[str, Any]:
    """Return the value if it is a TOML table; raises CatalogueError naming it if not."""
    if given is None:
        raise CatalogueError(f"{file}: {name}: missing")
    if not isinstance(given, dict):
        raise CatalogueError(f"{file}: {name}: expected a table, got {type(given).__name__}")
    return given


def _worded(complaint: str) -> tuple[str, str]:
    """Return msgspec's complaint in the form `field "stun[0].port": expected int, got str`, and the field's path."""
    found = _COMPLAINT.fullmatch(complaint)
    what, path = (found["what"], found["path"] or "") if found else (complaint, "")
    missing = _MISSING.fullmatch(what)
    if missing:
        path, what = _joined(path, missing["field"]), "missing"
    what = (what[:1].lower() + what[1:]).replace("`", "")
    return (f'field "{path}": {what}' if path else what), path


def _faults(given: object, used: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield what msgspec lets pass in dataclasses, with its path: fields that nobody reads, and numbers that are none."""
    if isinstance(given, dict) and isinstance(used, dict):
        for key, value in given.items():
            here = _joined(path, key)
            yield from _faults(value, used[key], here) if key in used else [(f'field "{here}": unknown', here)]
    elif isinstance(given, (list, tuple)) and isinstance(used, (list, tuple)):
        for index, (value, read) in enumerate(zip(given, used, strict=True)):
            yield from _faults(value, read, f"{path}[{index}]")
    elif isinstance(given, float) and not math.isfinite(given):
        yield f'field "{path}": not a finite number', path


def _joined(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field
