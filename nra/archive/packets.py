"""The per-packet record (`--keep-packets`, contract 4.1): gzipped CSV, one line per probe and arrival, empty = absent.

What the reflector saw of a probe's TOS has no column there; it is absent in a sample that was read back.
"""

import gzip
import zlib
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from nra.archive.document import UnreadableDocument
from nra.archive.files import write
from nra.model.sample import ABSENT, StreamSample

EXTENSION: Final = "packets.csv.gz"
COLUMNS: Final = ("call", "sequence", "t1_ns", "t2_ns", "t3_ns", "t4_ns", "reflector_sequence", "ttl", "tos")
ROWS_AT_ONCE: Final = 8192


def write_packets(folder: Path, stem: str, sample: StreamSample) -> Path:
    """Write the sample as `<stem>.packets.csv.gz` and return its path; raises CannotWrite."""
    return write(folder, stem, EXTENSION, lambda file: dump(sample, file))


def dump(sample: StreamSample, file: BinaryIO) -> None:
    """Write the sample to an open file, some thousand rows at a time; the same sample gives the same bytes."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(",".join(COLUMNS).encode() + b"\n")
        for lines in _lines(sample):
            packed.write(lines)


def read_packets(path: Path) -> StreamSample:
    """Return the sample in a per-packet record; raises UnreadableDocument, which names file and line."""
    try:
        with gzip.open(path, "rt", encoding="ascii", newline="\n") as lines:
            return _sample(lines)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise UnreadableDocument(f"{path}: not a whole packet record: {error}") from None


def _lines(sample: StreamSample) -> Iterator[bytes]:
    columns = [getattr(sample, name) for name in COLUMNS]
    for start in range(0, len(sample.call), ROWS_AT_ONCE):
        rows = zip(*(values[start : start + ROWS_AT_ONCE].tolist() for values in columns), strict=True)
        yield "".join(",".join("" if cell == ABSENT else str(cell) for cell in row) + "\n" for row in rows).encode()


def _sample(lines: Iterable[str]) -> StreamSample:
    numbered = enumerate(lines, start=1)
    header = next(numbered, (1, ""))[1].rstrip("\n")
    if header != ",".join(COLUMNS):
        raise ValueError(f"line 1: expected the columns {','.join(COLUMNS)}")
    cells = array("q")
    for number, line in numbered:
        cells.extend(_row(number, line))
    table = np.array(cells, dtype=np.int64).reshape(-1, len(COLUMNS))
    values = {name: table[:, index].copy() for index, name in enumerate(COLUMNS)}
    return StreamSample(**values, tos_up=np.full(len(table), ABSENT, dtype=np.int64))


def _row(number: int, line: str) -> "array[int]":
    cells = line.rstrip("\n").split(",")
    if len(cells) != len(COLUMNS) or not line.endswith("\n"):
        raise ValueError(f"line {number}: expected {len(COLUMNS)} cells")
    try:
        return array("q", [int(cell) if cell else ABSENT for cell in cells])
    except (ValueError, OverflowError):
        raise ValueError(f"line {number}: expected whole numbers of 64 bits") from None
