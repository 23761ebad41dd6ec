"""Hours at which runs fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.scoring.scope_time import DAY, bad_hours


def by_hour(counts: dict[int, int]) -> list[int]:
    """Return the counts as a list by hour of the day."""
    return [counts.get(hour, 0) for hour in range(DAY)]


def test_a_clear_afternoon() -> None:
    """All runs from 13 on fail, none before: the stretch is the afternoon, and it is proven."""
    found = bad_hours(by_hour(dict.fromkeys(range(8, 18), 5)), by_hour(dict.fromkeys(range(13, 18), 5)))
    assert found is not None
    assert (found.first, found.last, found.proven) == (13, 17, True)
    assert (found.contrast.inside_failing, found.contrast.inside, found.contrast.outside_failing, found.contrast.outside) == (25, 25, 0, 25)


def test_a_few_runs_hint_and_do_not_prove() -> None:
    """One run an hour of one workstation fits a stretch too easily: so many stretches were tried."""
    found = bad_hours(by_hour(dict.fromkeys(range(9, 16), 1)), by_hour(dict.fromkeys(range(13, 16), 1)))
    assert found is not None
    assert not found.proven


@pytest.mark.parametrize(
    ("judged", "breached"),
    [
        (dict.fromkeys(range(8, 18), 5), {}),
        (dict.fromkeys(range(8, 18), 5), dict.fromkeys(range(8, 18), 5)),
        (dict.fromkeys(range(8, 18), 5), dict.fromkeys(range(8, 18), 2)),
        ({9: 10, 15: 10}, {15: 10}),
        (dict.fromkeys(range(8, 18, 3), 1), {8: 1}),
        (dict.fromkeys(range(DAY), 5), dict.fromkeys(range(1, DAY), 5)),
    ],
)
def test_no_stretch(judged: dict[int, int], breached: dict[int, int]) -> None:
    """Nothing fails, everything does, it fails all day, there are two hours only, too few runs, or one good hour: no word about hours."""
    assert bad_hours(by_hour(judged), by_hour(breached)) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=DAY, max_size=DAY))
def test_the_counts_always_add_up(pairs: list[tuple[int, int]]) -> None:
    """Inside and outside are all runs, whatever the day looks like."""
    judged, breached = [max(pair) for pair in pairs], [min(pair) for pair in pairs]
    found = bad_hours(judged, breached)
    if found is not None:
        assert found.contrast.inside + found.contrast.outside == sum(judged)
        assert found.contrast.inside_failing + found.contrast.outside_failing == sum(breached)
