"""Columns that are read both ways: a cell at a time as Python numbers, and many rows at once by numpy, in the same memory."""

from typing import Final, cast

import numpy as np

SILENT: Final = np.iinfo(np.int64).max
"""The time of a row that nobody uses: later than all others, so that the longest unused row is never it."""


def column(kind: type[np.generic], rows: int, initial: int = 0) -> "memoryview[int]":
    """Return a column; `numpy.asarray` of it shares its memory, of which nothing is taken before it is written."""
    cells = np.zeros(rows, kind)
    if initial:
        cells[:] = initial
    return cells.data


def fractions(rows: int) -> "memoryview[float]":
    """Return a column of fractions."""
    return cast("memoryview[float]", np.zeros(rows, np.float64).data)
