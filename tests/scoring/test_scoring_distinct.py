"""The distinct values of a column are those that numpy finds by sorting, wherever the first of each stands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.model.sample import ABSENT, column
from nra.scoring.distinct import first_rows

NUMBERS = st.integers(0, 30) | st.integers(0, 2**40) | st.just(ABSENT) | st.integers(-5, -1)


@given(st.lists(st.integers(0, 30)) | st.permutations(range(20)) | st.lists(NUMBERS))
def test_it_is_what_sorting_finds(numbers: list[int]) -> None:
    """Dense numbers in any order, repeated, far apart, negative or absent: values and first rows are numpy's."""
    values = column(numbers)
    distinct, rows = np.unique(values, return_index=True)
    found, first = first_rows(values)
    assert (found.tolist(), first.tolist()) == (distinct.tolist(), rows.tolist())


@pytest.mark.parametrize("numbers", [[], [7]])
def test_nothing_and_one(numbers: list[int]) -> None:
    """A column of nothing has no values; one value stands in row 0."""
    found, first = first_rows(column(numbers))
    assert (found.tolist(), first.tolist()) == (numbers, [0] * len(numbers))
