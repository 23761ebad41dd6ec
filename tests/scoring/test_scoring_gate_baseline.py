"""Worse than before? Only where the spread of the runs supports it."""

from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from gate_world import PLAIN, with_jitter

from nra.model.document import RunDocument
from nra.model.judgement import Comparison
from nra.scoring.gate_baseline import LEAST_RUNS, compare, interval

QUIET: Final = [2.0, 2.4, 2.2, 2.6, 2.1, 2.5]
LOUD: Final = [9.0, 9.9, 9.3, 9.7, 9.1, 9.5]


def up_jitter(before: list[RunDocument], after: list[RunDocument]) -> Comparison:
    """Return the comparison of that row."""
    return next(each for each in compare(before, after, PLAIN) if each.key == "up_jitter_ms")


def test_a_clear_step_is_a_regression() -> None:
    """Medians, their difference and its bounds are told; the row that did not change is none."""
    found = up_jitter(with_jitter(QUIET), with_jitter(LOUD))
    assert found.regression
    assert (found.before, found.after, found.difference) == pytest.approx((2.3, 9.4, 7.1))
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 7.1 < found.high
    assert [each.key for each in compare(with_jitter(QUIET), with_jitter(LOUD), PLAIN) if each.regression] == ["up_jitter_ms"]


def test_better_is_no_regression() -> None:
    """The same step the other way."""
    assert not up_jitter(with_jitter(LOUD), with_jitter(QUIET)).regression


def test_a_step_within_the_spread_is_none() -> None:
    """The medians differ, but runs of either side reach into the other's."""
    found = up_jitter(with_jitter([2, 9, 3, 8, 4, 7]), with_jitter([3, 10, 4, 9, 5, 8]))
    assert found.difference == pytest.approx(1.0)
    assert not found.regression
    assert found.text.startswith("no regression: median 5.5 before, 6.5 ms after")


@pytest.mark.parametrize(("before", "after"), [(LEAST_RUNS - 1, 6), (6, LEAST_RUNS - 1), (1, 1), (0, 6)])
def test_too_few_runs_support_no_conclusion(before: int, after: int) -> None:
    """However far apart they lie; it is said plainly, and no bounds are given."""
    found = up_jitter(with_jitter(QUIET[:before]), with_jitter(LOUD[:after]))
    assert (found.regression, found.low, found.high) == (False, None, None)
    assert (
        found.text
        == f"{before} run{'' if before == 1 else 's'} before and {after} after support no conclusion: {LEAST_RUNS} each are needed"
    )


def test_a_difference_that_no_report_would_show_is_none() -> None:
    """A hundredth of a millisecond, however certain."""
    assert not up_jitter(with_jitter([2.0] * 6), with_jitter([2.04] * 6)).regression
    assert up_jitter(with_jitter([2.0] * 6), with_jitter([2.2] * 6)).regression


def test_sites_are_compared_with_themselves() -> None:
    """A slow site that was measured before says nothing about a fast one."""
    found = compare(with_jitter(QUIET, site="Bonn"), [*with_jitter(LOUD, site="bonn"), *with_jitter(LOUD, site=None)], PLAIN)
    told = {each.site: (each.runs_before, each.regression) for each in found if each.key == "up_jitter_ms"}
    assert told == {"bonn": (6, True), None: (0, False)}


def test_what_an_unsteady_workstation_measured_is_left_out() -> None:
    """Its numbers are its own."""
    shaky = []
    for document in with_jitter(LOUD):
        assert document.voice is not None
        instrument = replace(document.voice.instrument, steady=False)
        shaky.append(replace(document, voice=replace(document.voice, instrument=instrument)))
    assert up_jitter(with_jitter(QUIET), shaky).runs_after == 0


def test_the_same_runs_give_the_same_answer() -> None:
    """The resampling is seeded."""
    assert compare(with_jitter(QUIET), with_jitter(LOUD), PLAIN) == compare(with_jitter(QUIET), with_jitter(LOUD), PLAIN)


def test_many_runs_need_no_more_memory() -> None:
    """Thousands of runs are drawn in parts; the bounds are as narrow as so many runs allow."""
    low, high = interval(np.linspace(0, 1, 5000), np.linspace(1, 2, 5000), 0.95)
    assert 0.9 < low < 1 < high < 1.1


def test_the_interval_holds_what_it_should() -> None:
    """Of a hundred pairs of samples from one distribution, about as many intervals miss zero as the level says."""
    chance = np.random.Generator(np.random.PCG64(1))
    missed = 0
    for _ in range(100):
        low, high = interval(chance.exponential(1.0, 12), chance.exponential(1.0, 12), 0.95)
        missed += low > 0 or high < 0
    assert missed <= 10
