"""Run document <-> bytes (contract 4.1): pretty JSON in UTF-8, read back strictly into the types of `nra.model`.

Keys that this version does not know are passed over, so that a later version may add some without a new schema.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from nra.model.document import SCHEMA, RunDocument

RUN_ID: Final = re.compile(r"[0-9a-f]{32}")
OBEYED: Final = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # by a terminal, or a line end to some; stands in strings only
PERCENT: Final = 100
MOST_COUNT: Final = 1 << 63
MOST_BYTES: Final = 64 << 20
MOST_ROWS: Final = 1000  # ports and findings: a run has some dozens
MOST_WINDOWS: Final = 100_000  # seconds: more than the longest run has
SCHEMA_FAMILY: Final = "nra-run/"


class UnreadableDocument(Exception):  # noqa: N818 - a foreign file is a result, not an accident
    """These bytes are no run document; the message is one line and names the field (JSON path) where there is one."""


class _Head(msgspec.Struct):
    schema: str


def encode(document: RunDocument) -> bytes:
    """Return the document as pretty JSON in UTF-8; ValueError for NaN and infinity, which JSON does not know."""
    return pretty(document)


def pretty(value: object) -> bytes:
    """Return a value of the model's types as pretty JSON in UTF-8; ValueError for NaN and infinity."""
    text = json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False, allow_nan=False)
    text = OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return f"{text}\n".encode("utf-8", "replace")  # a name typed on a broken terminal may hold half a character


def decode(data: bytes) -> RunDocument:
    """Return the document that `data` holds; raises UnreadableDocument, and nothing else, for anything else."""
    try:
        schema = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Head).schema
        _check_schema(schema)
        document = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=RunDocument)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableDocument(f"not a run document of nra: {error}") from None
    if not RUN_ID.fullmatch(document.run.id):
        raise UnreadableDocument("Expected 32 hexadecimal digits - at `$.run.id`")
    if not all(-MOST_COUNT < number < MOST_COUNT for number in _integers(msgspec.to_builtins(document))):
        raise UnreadableDocument("Expected counts of a usual size")
    windows = document.voice.windows if document.voice else ()
    for rows, most, what in (
        (document.firewall or (), MOST_ROWS, "firewall"),
        (document.findings, MOST_ROWS, "findings"),
        (windows, MOST_WINDOWS, "voice.windows"),
    ):
        if len(rows) > most:
            raise UnreadableDocument(f"Expected at most {most:,} - at `$.{what}`")
    for path, what in _impossible(msgspec.to_builtins(document.voice), "$.voice"):
        raise UnreadableDocument(f"Expected {what} - at `{path}`")
    for field in ("started_at", "ended_at"):
        if moment(getattr(document.run, field)) is None:
            raise UnreadableDocument(f"Expected a time in ISO 8601 with its zone - at `$.run.{field}`")
    return document


def _integers(value: object) -> Iterator[int]:
    """Yield every integer in it: JSON has no largest one, everything that is made of them has."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _integers(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _integers(each)


def _impossible(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield where in the voice half there is what no stream can come to, and what is possible there."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name.endswith("_percent") and isinstance(each, int | float) and not 0 <= each <= PERCENT:
                yield f"{path}.{name}", "0 to 100 percent"
            yield from _impossible(each, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from _impossible(each, f"{path}[{place}]")
    elif isinstance(value, int) and value < 0:
        yield path, "a count, not less than 0"


def read(path: Path) -> RunDocument:
    """Return the document in a file; raises UnreadableDocument, which names the file."""
    try:
        return decode(read_bytes(path))
    except UnreadableDocument as error:
        raise UnreadableDocument(f"{path}: {error}") from None


def read_bytes(path: Path) -> bytes:
    """Return what is in a file of a run; raises UnreadableDocument for what is no file, is too large or cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise UnreadableDocument("not a file, or larger than any run document" if path.exists() else "No such file or directory")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableDocument(error.strerror or str(error)) from None


def moment(text: str) -> datetime | None:
    """Return the moment that an ISO 8601 time with a zone means, in UTC, or None when it means none."""
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _check_schema(schema: str) -> None:
    if schema == SCHEMA:
        return
    if schema.startswith(SCHEMA_FAMILY):
        raise UnreadableDocument(
            f"written as {schema[:40]!r}, probably by a newer version of nra; this one reads {SCHEMA!r} - at `$.schema`"
        )
    raise UnreadableDocument(f"not a run document of nra: it calls itself {schema[:40]!r} - at `$.schema`")
