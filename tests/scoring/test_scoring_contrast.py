"""Fisher's exact test, one-sided."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.scoring.contrast import Contrast, chance


def contrast(inside_failing: int, inside: int, outside_failing: int, outside: int) -> Contrast:
    """Return the contrast."""
    return Contrast(inside_failing=inside_failing, inside=inside, outside_failing=outside_failing, outside=outside)


@given(st.integers(0, 5), st.integers(0, 5), st.data())
def test_equals_counting_every_way(inside: int, outside: int, data: st.DataObject) -> None:
    """Of all ways to choose who fails, the share in which at least so many of the failing lie inside."""
    inside_failing, outside_failing = data.draw(st.integers(0, inside)), data.draw(st.integers(0, outside))
    ways = list(combinations(range(inside + outside), inside_failing + outside_failing))
    at_least = sum(sum(member < inside for member in way) >= inside_failing for way in ways)
    assert chance(contrast(inside_failing, inside, outside_failing, outside)) == pytest.approx(at_least / len(ways))


def test_the_lady_tasting_tea() -> None:
    """Fisher's own example (The Design of Experiments, 1935): 4 of 4 cups right is 1 in 70, 3 of 4 is 17 in 70."""
    assert chance(contrast(4, 4, 0, 4)) == pytest.approx(1 / 70)
    assert chance(contrast(3, 4, 1, 4)) == pytest.approx(17 / 70)


def test_shares_and_errors() -> None:
    """What does not fit is who passes inside and who fails elsewhere; of nobody, no share."""
    found = contrast(3, 4, 1, 10)
    assert (found.inside_share, found.outside_share, found.errors) == (0.75, 0.1, 2)
    assert contrast(0, 0, 0, 0).inside_share == 0


def test_a_hundred_thousand_are_counted_at_once() -> None:
    """Large counts are scaled down: clear stays clear, and no difference stays none."""
    assert chance(contrast(30_000, 40_000, 5_000, 60_000)) < 1e-9
    assert chance(contrast(20_000, 40_000, 30_000, 60_000)) > 0.4
