"""The distinct values of a column: packets are numbered from 0 and nearly all there, so a table tells sooner than sorting."""

from typing import Final

import numpy as np

from nra.model.sample import Int64Column

MOST_CELLS: Final = 4  # of the table for each row: numbers that lie further apart are sorted


def first_rows(values: Int64Column) -> tuple[Int64Column, Int64Column]:
    """Return the distinct values, ascending, and the first row of each (what `numpy.unique` returns)."""
    count, cells = len(values), int(values.max(initial=-1)) + 1
    if int(values.min(initial=0)) < 0 or cells > MOST_CELLS * count:
        distinct, rows = np.unique(values, return_index=True)
        return distinct, rows
    first = np.full(cells, count, dtype=np.int64)
    first[values] = np.arange(count)
    distinct = np.flatnonzero(first < count)
    if len(distinct) < count:  # some value is there twice, and which of its rows was written last is not promised
        first[:] = count
        np.minimum.at(first, values, np.arange(count))
    return distinct, first if len(distinct) == cells else first[distinct]
