"""MOS, its inverse and its words."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.scoring.mos import (
    CATEGORIES,
    category_of_mos,
    category_of_r,
    clamp_mos,
    good_or_better_percent,
    mos_of_r,
    poor_or_worse_percent,
    r_of_mos,
)


@pytest.mark.parametrize(
    ("r", "mos"), [(-5, 1.0), (0, 1.0), (50, 2.575), (60, 3.1), (70, 3.597), (80, 4.024), (90, 4.339), (100, 4.5), (129, 4.5)]
)
def test_mos_of_r(r: float, mos: float) -> None:
    """The curve of G.107 Annex B, table B.1."""
    assert mos_of_r(r) == pytest.approx(mos, abs=1e-9)


def test_the_cubic_dips_below_one_and_is_clamped() -> None:
    """Strictly the curve falls to 0.98884 at R = 3.22; shown is 1."""
    assert mos_of_r(3.22) == pytest.approx(0.98884, abs=5e-6)
    assert clamp_mos(mos_of_r(3.22)) == 1.0
    assert mos_of_r(6.5153) == pytest.approx(1.0, abs=1e-6)


@given(st.floats(6.52, 100))
def test_r_of_mos_is_the_inverse(r: float) -> None:
    """G.107 Appendix I inverts Annex B from R = 6.5 to 100."""
    assert r_of_mos(mos_of_r(r)) == pytest.approx(r, abs=1e-4)


@pytest.mark.parametrize("mos", [0.99, 4.51, -1.0])
def test_a_mos_that_cannot_be_has_no_r(mos: float) -> None:
    """Outside 1..4.5 there is nothing to invert."""
    with pytest.raises(ValueError, match="MOS"):
        r_of_mos(mos)


def test_every_mos_has_exactly_one_word() -> None:
    """Trap 1: in steps of 0.001 from 1.0 to 4.5 each MOS belongs to one G.109 category, and the words come in order."""
    limits = [*(least for _, least, _ in CATEGORIES), float("-inf")]
    words = [word for _, _, word in CATEGORIES]
    for thousandths in range(1000, 4501):
        mos = thousandths / 1000
        fitting = [word for word, (upper, lower) in zip(words, pairwise([float("inf"), *limits[:-1]]), strict=True) if lower <= mos < upper]
        assert fitting == [category_of_mos(mos)]


@pytest.mark.parametrize(
    ("r", "mos", "word"),
    [
        (90, 4.34, "very satisfied"),
        (80, 4.03, "satisfied"),
        (70, 3.60, "some users dissatisfied"),
        (60, 3.10, "many users dissatisfied"),
        (50, 2.58, "nearly all users dissatisfied"),
    ],
)
def test_categories(r: float, mos: float, word: str) -> None:
    """G.109: the limit itself belongs to the better category, what is below it does not."""
    assert category_of_r(r) == category_of_mos(mos) == word
    assert category_of_r(r - 0.001) != word
    assert category_of_mos(mos - 0.001) != word


def test_no_call_is_without_a_category() -> None:
    """R below 50, even below 0, is not recommended."""
    assert {category_of_r(r) for r in (49.9, 0.0, -30.0)} == {category_of_mos(1.0)} == {"not recommended"}


def test_good_and_poor_shares() -> None:
    """%GoB and %PoW are normal distributions around R 60 and 45 with 16 points of spread (G.107 Annex B)."""
    assert (good_or_better_percent(60), poor_or_worse_percent(45)) == pytest.approx((50, 50))
    assert good_or_better_percent(76) == pytest.approx(84.134, abs=1e-3)
    assert poor_or_worse_percent(61) == pytest.approx(15.866, abs=1e-3)
