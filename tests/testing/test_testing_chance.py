"""Chance keeps its laws: shapes have their quantiles, neighbours are as alike as asked for, bad spells last as long as they should."""

from itertools import groupby
from random import Random
from statistics import correlation, mean, median

import pytest

from nra.testing.chance import QUANTILES, BurstLoss, Bursts, Jitter, JitterShape

DRAWS = 20_000


def drawn(shape: JitterShape, alike: float = 0.0, seed: int = 5) -> list[float]:
    """Return so many draws."""
    jitter = Jitter(shape, alike, Random(seed))
    return [jitter.draw() for _ in range(DRAWS)]


@pytest.mark.parametrize("alike", [0.0, 0.9])
@pytest.mark.parametrize(
    ("shape", "expected_mean", "expected_median"),
    [
        (JitterShape.UNIFORM, 0.5, 0.5),
        (JitterShape.NORMAL, 3.0, 3.0),
        (JitterShape.EXPONENTIAL, 1.0, 0.6931),  # ln 2
        (JitterShape.PARETO, 2 / 3, 0.3195),  # 1 / (2.5 - 1), 2 ** (1 / 2.5) - 1
    ],
)
def test_shapes_have_their_mean_and_median(shape: JitterShape, expected_mean: float, expected_median: float, alike: float) -> None:
    """The law is that of its name, and correlation leaves it alone."""
    values = drawn(shape, alike)
    assert mean(values) == pytest.approx(expected_mean, rel=0.1)
    assert median(values) == pytest.approx(expected_median, rel=0.1)
    assert min(values) >= 0


@pytest.mark.parametrize("shape", JitterShape)
def test_the_ends_of_a_shape_are_numbers(shape: JitterShape) -> None:
    """A share of 0 takes no time or the least; the largest share below 1 is still finite."""
    assert 0 <= QUANTILES[shape](0.0) < QUANTILES[shape](1 - 2**-53) < 1e8


@pytest.mark.parametrize("alike", [0.0, 0.5, 0.95])
def test_neighbours_are_as_alike_as_asked_for(alike: float) -> None:
    """Of the normal shape the correlation is that of the autoregression itself."""
    values = drawn(JitterShape.NORMAL, alike)
    assert correlation(values, values[1:] + values[:1]) == pytest.approx(alike, abs=0.03)


def test_uncorrelated_jitter_takes_one_number_of_the_generator() -> None:
    """A seed goes on deciding what it decided before there were shapes."""
    mine, theirs = Random(3), Random(3)
    jitter = Jitter(JitterShape.UNIFORM, 0.0, mine)
    assert [jitter.draw() for _ in range(5)] == [theirs.random() for _ in range(5)]


def test_bad_spells_last_and_come_as_often_as_they_should() -> None:
    """Loss is to_bad / (to_bad + to_good), a run 1 / to_good packets on average (the chain's stationary law)."""
    chain = BurstLoss(Bursts(to_bad=0.02, to_good=0.25), Random(8))
    lost = [chain.takes() for _ in range(5 * DRAWS)]
    assert mean(lost) == pytest.approx(0.02 / 0.27, rel=0.1)
    assert mean(len(list(run)) for taken, run in groupby(lost) if taken) == pytest.approx(4, rel=0.1)


def test_both_states_lose_their_share() -> None:
    """Elliott's model loses some in the good state and not all in the bad one."""
    always_bad = BurstLoss(Bursts(to_bad=1, to_good=0, loss_bad=0.3), Random(1))
    always_good = BurstLoss(Bursts(to_bad=0, to_good=1, loss_good=0.1), Random(1))
    assert mean(always_bad.takes() for _ in range(DRAWS)) == pytest.approx(0.3, abs=0.02)
    assert mean(always_good.takes() for _ in range(DRAWS)) == pytest.approx(0.1, abs=0.02)
