"""Run document <-> bytes (contract 4.1): pretty JSON in UTF-8, read back strictly into the types of `nra.model`.

Keys that this version does not know are passed over, so that a later version may add some without a new schema.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from nra.archive.plausible import implausible
from nra.model.document import SCHEMA, RunDocument

RUN_ID: Final = re.compile(r"[0-9a-f]{32}")
OBEYED: Final = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # by a terminal, or a line end to some; stands in strings only
MOST_BYTES: Final = 64 << 20
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
    wrong = implausible(document)
    if wrong is not None:
        raise UnreadableDocument(wrong)
    for field in ("started_at", "ended_at"):
        if moment(getattr(document.run, field)) is None:
            raise UnreadableDocument(f"Expected a time in ISO 8601 with its zone - at `$.run.{field}`")
    return document


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
