"""Columns that are read both ways: a cell at a time as Python numbers, and many rows at once by numpy, in the same memory.

Those of a table lie row by row, so that all that one packet needs of it is in one line of the processor's cache, and `struct` reads it
with one call.
"""

from typing import Any, Final, cast

import numpy as np

SILENT: Final = np.iinfo(np.int64).max
"""The time of a row that nobody uses: later than all others, so that the longest unused row is never it."""


def column(kind: type[np.generic], rows: int, initial: int = 0) -> "memoryview[int]":
    """Return a column; `numpy.asarray` of it shares its memory, of which nothing is taken before it is written."""
    cells = np.zeros(rows, kind)
    if initial:
        cells[:] = initial
    return cells.data


def table(rows: int, row_bytes: int, **kinds: type[np.generic]) -> "np.ndarray[Any, Any]":
    """Return rows of so many octets with these fields side by side at their beginning; none is taken before it is written."""
    sizes = [np.dtype(kind).itemsize for kind in kinds.values()]
    offsets = [sum(sizes[:number]) for number in range(len(sizes))]
    row = {"names": list(kinds), "formats": list(kinds.values()), "offsets": offsets, "itemsize": row_bytes}
    return np.zeros(rows, np.dtype(row))  # type: ignore[call-overload]


def numbers_of(rows: "np.ndarray[Any, Any]", name: str) -> "memoryview[int]":
    """Return a table's column of whole numbers."""
    return rows[name].data


def fractions_of(rows: "np.ndarray[Any, Any]", name: str) -> "memoryview[float]":
    """Return a table's column of fractions."""
    return cast("memoryview[float]", rows[name].data)


def octets_of(rows: "np.ndarray[Any, Any]") -> "memoryview[int]":
    """Return a table octet by octet."""
    return rows.view(np.uint8).data
