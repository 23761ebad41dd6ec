"""docs/run-document.md says everything about the run document, and nothing that is not so."""

import re
import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from nra.model.document import RunDocument

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "run-document.md"
TOP: Final = "The document"
WORDS: Final = {str: "text", date: "text", int: "integer", float: "float", bool: "true/false"}
HEADING: Final = re.compile(r"^## (.*)$", re.MULTILINE)
ROW: Final = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def without_none(kind: Any) -> tuple[Any, bool]:
    """Return the type without its None, and whether it had one."""
    if get_origin(kind) not in (types.UnionType, Union):
        return kind, False
    left = [each for each in get_args(kind) if each is not type(None)]
    assert len(left) == 1, kind
    return left[0], True


def word(kind: Any) -> str:
    """Return the page's word for a type."""
    if get_origin(kind) is tuple:
        return "list"
    if get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return "word"
    return "object" if is_dataclass(kind) else WORDS[kind]


def sections(kind: Any, path: str) -> Iterator[tuple[str, tuple[tuple[str, str, bool], ...]]]:
    """Yield the JSON path of every object in the document, and its fields: name, type, whether it may be null."""
    hints = get_type_hints(kind)
    bare = {field.name: without_none(hints[field.name]) for field in fields(kind)}
    yield path, tuple((name, word(each), nullable) for name, (each, nullable) in bare.items())
    for name, (each, _) in bare.items():
        inner, mark = (get_args(each)[0], "[]") if get_origin(each) is tuple else (each, "")
        if is_dataclass(inner):
            yield from sections(inner, f"{path}.{name}{mark}".lstrip("."))


def documented(page: Path, top: str) -> dict[str, tuple[tuple[str, str, bool], ...]]:
    """Return the same as a page tells it, which has the whole under the heading `top`."""
    _, *parts = HEADING.split(page.read_text("utf-8"))
    found = {}
    for heading, body in zip(parts[::2], parts[1::2], strict=True):
        rows = tuple((name, kind, null != "never") for name, kind, _, null in ROW.findall(body))
        for path in [""] if heading == top else re.findall(r"`([^`]+)`", heading):
            found[path] = rows
    return found


def test_every_field_is_documented_with_its_type_and_its_null() -> None:
    """The page has a section per object and a row per field, in the document's order; a field that may be null says when."""
    assert documented(PAGE, TOP) == dict(sections(RunDocument, ""))
