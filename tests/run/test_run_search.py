"""The search for the largest number of calls: exact on every path that answers the same each time, bounded on every other."""

from collections.abc import Callable, Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.model.capacity import EndedBy, Outcome
from nra.run.search import Search, most_streams

Path = Callable[[int], Outcome]
NOT_CARRIED = (Outcome.BREACHED, Outcome.WORKSTATION, Outcome.REFLECTOR, Outcome.UNDECIDED)
OUTCOMES = st.sampled_from((Outcome.CARRIED, *NOT_CARRIED))


def searched(most: int, path: Path) -> tuple[Search, list[tuple[int, Outcome]]]:
    """Return a search that is over, and its streams."""
    search, streams = Search(most), list[tuple[int, Outcome]]()
    while (calls := search.next_calls()) is not None:
        assert 1 <= calls <= most
        streams.append((calls, path(calls)))
        search.took(*streams[-1])
    return search, streams


def carrying(carried: int, otherwise: Outcome = Outcome.BREACHED) -> Path:
    """Return a path that carries so many calls."""
    return lambda calls: Outcome.CARRIED if calls <= carried else otherwise


def every_path(most: int) -> Iterator[tuple[Outcome, ...]]:
    """Yield every path that answers the same each time, monotone or not, by number of calls."""
    yield from product((Outcome.CARRIED, Outcome.BREACHED), repeat=most)


@pytest.mark.parametrize("most", [*range(1, 34), 63, 64, 65, 100, 1000])
def test_finds_the_very_number_within_its_streams(most: int) -> None:
    """Whatever the path carries, from nothing to all that is tried: that number, confirmed, and the next one seen to break twice."""
    for carried in [*range(min(most, 200)), *range(200, most, 23), most]:
        search, streams = searched(most, carrying(carried))
        assert (search.carried, search.confirmed or carried == 0) == (carried, True)
        assert search.stopped_at == (None if carried == most else carried + 1)
        assert search.ended_by is (EndedBy.MOST if carried == most else EndedBy.LIMIT)
        assert len(streams) <= most_streams(most)
        assert [calls for calls, _ in streams].count(carried) == (2 if carried else 0)
        assert [calls for calls, _ in streams].count(carried + 1) == (0 if carried == most else 2)


@pytest.mark.parametrize("most", [1, 2, 5, 20, 33, 1000])
def test_what_is_left_is_never_understated(most: int) -> None:
    """What is said before each stream, of a path that answers the same each time, is not exceeded."""
    for carried in range(0, most + 1, max(1, most // 20)):
        search, path = Search(most), carrying(carried)
        said = []
        while (calls := search.next_calls()) is not None:
            said.append(search.most_left())
            search.took(calls, path(calls))
        assert search.most_left() == 0
        assert all(left >= len(said) - place for place, left in enumerate(said))


@pytest.mark.parametrize("most", range(1, 11))
def test_a_path_that_is_not_monotone_gives_a_true_answer(most: int) -> None:
    """Every path up to ten calls: the number found is carried, and one more is not, whatever lies elsewhere."""
    for path in every_path(most):
        search, _ = searched(most, lambda calls, path=path: path[calls - 1])  # type: ignore[misc]
        carried, stopped_at = search.carried, search.stopped_at
        assert carried == 0 or (path[carried - 1] is Outcome.CARRIED and search.confirmed)
        assert stopped_at is None or path[stopped_at - 1] is Outcome.BREACHED
        assert stopped_at == (None if carried == most else carried + 1)


@given(st.integers(1, 1000), st.lists(OUTCOMES, max_size=200))
def test_a_path_that_changes_its_mind_costs_no_more_streams(most: int, answers: list[Outcome]) -> None:
    """Whatever comes, the search ends, and what it calls confirmed or stopped was seen twice."""
    left = iter(answers)
    search, streams = searched(most, lambda _calls: next(left, Outcome.CARRIED))
    carried, stopped_at = search.carried, search.stopped_at
    assert len(streams) <= most_streams(most)
    assert not search.confirmed or streams.count((carried, Outcome.CARRIED)) >= 2
    assert stopped_at is None or (carried < stopped_at and any(streams.count((stopped_at, each)) >= 2 for each in NOT_CARRIED))
    assert carried == 0 or (carried, Outcome.CARRIED) in streams
    if search.ended_by is not EndedBy.STREAMS:
        assert search.confirmed or carried == 0
        assert stopped_at == (None if search.ended_by is EndedBy.MOST else carried + 1)


def test_one_breach_is_none() -> None:
    """A stream that breaks a limit once and is carried twice afterwards is carried: the breach was a moment's."""
    once = iter([Outcome.BREACHED])
    search, streams = searched(4, lambda calls: next(once, Outcome.CARRIED) if calls == 4 else Outcome.CARRIED)
    assert (search.carried, search.ended_by) == (4, EndedBy.MOST)
    assert [outcome for calls, outcome in streams if calls == 4] == [Outcome.BREACHED, Outcome.CARRIED, Outcome.CARRIED]


def test_a_number_that_was_carried_by_luck_is_given_up() -> None:
    """Carried once on the way and broken twice when it is tried again: the search goes on below it."""
    lucky = iter([Outcome.CARRIED])
    search, _ = searched(8, lambda calls: Outcome.CARRIED if calls <= 2 or (calls == 4 and next(lucky, None)) else Outcome.BREACHED)
    assert (search.carried, search.confirmed, search.stopped_at) == (2, True, 3)


@pytest.mark.parametrize("otherwise", NOT_CARRIED)
def test_says_whose_limit_it_was(otherwise: Outcome) -> None:
    """The reason is that of the smallest number that was not carried; the network's only where a limit broke."""
    search, _ = searched(20, carrying(6, otherwise))
    assert (search.carried, search.stopped_at) == (6, 7)
    assert search.ended_by == ("limit" if otherwise is Outcome.BREACHED else otherwise)


def test_one_that_is_cut_short_keeps_what_it_knows() -> None:
    """Before its end it is interrupted, with the largest number that was carried so far, not confirmed."""
    search = Search(20)
    for calls in (1, 2, 4):
        assert search.next_calls() == calls
        search.took(calls, Outcome.CARRIED)
    assert (search.carried, search.confirmed, search.stopped_at, search.ended_by) == (4, False, None, EndedBy.INTERRUPTED)
