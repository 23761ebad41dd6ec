"""A reflector's numbers, continued from 0 whatever the reflector does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.probes.parts.reflector_numbers import HEAD_START, MOST_COPIES, ReflectorNumbers, unwrap

SENT = 1_000_000


def placed(numbers: ReflectorNumbers, *pairs: tuple[int, int]) -> list[int | None]:
    """Return where each (number, sequence) is placed, by their order alone."""
    return [numbers.place(number % 2**32, sequence, SENT, 0) for number, sequence in pairs]


@given(st.integers(0, 2**40), st.integers(-(2**31), 2**31 - 1))
def test_unwrap_is_nearest(near: int, distance: int) -> None:
    """A 32-bit number stands for the nearest of those it can mean (RFC 1982)."""
    assert unwrap((near + distance) % 2**32, near) == near + distance


def test_numbers_from_zero_stay_as_they_are() -> None:
    """The rule (RFC 8762 4.3): losses on the way up leave numbers behind sequences, copies let them run ahead."""
    assert placed(ReflectorNumbers(), (0, 0), (1, 3), (2, 4), (5, 5), (3, 4)) == [0, 1, 2, 5, 3]


def test_the_first_reply_heard_need_not_be_the_first() -> None:
    """Early replies that were lost keep their numbers: those are what tells that they were sent."""
    assert placed(ReflectorNumbers(), (40, 40), (41, 41)) == [40, 41]


@pytest.mark.parametrize("base", [HEAD_START, 5_000_000, 2**31 - 1, 2**31, 2**32 - 3])
def test_a_reflector_that_counts_on(base: int) -> None:
    """Numbers far ahead of the first probe's begin elsewhere: they are taken back to that, and may wrap."""
    numbers = ReflectorNumbers()
    assert placed(numbers, (base, 0), (base + 1, 1), (base + 10, 12)) == [0, 1, 10]
    assert numbers.on_wire(10) == (base + 10) % 2**32


def test_a_reflector_that_begins_anew() -> None:
    """A restart: numbers go on where they were; those from before can no longer be asked for."""
    numbers = ReflectorNumbers()
    assert placed(numbers, (99, 100), (100, 101), (0, 150), (1, 151), (3, 153)) == [99, 100, 101, 102, 104]
    assert numbers.restarts == 1
    assert (numbers.on_wire(101), numbers.on_wire(104), numbers.on_wire(100)) == (0, 3, None)


def test_a_reflector_that_begins_anew_soon() -> None:
    """A smaller number that was given later, to a newer probe: no copy, and nothing was overtaken."""
    numbers = ReflectorNumbers()
    assert [numbers.place(*each) for each in ((29, 29, 100, 29), (30, 30, 100, 30), (0, 31, 100, 31), (1, 32, 100, 32))] == [29, 30, 31, 32]
    assert numbers.restarts == 1


def test_a_number_that_was_given_earlier_is_no_restart() -> None:
    """Overtaken there and back: the newer probe came first, and its reply last."""
    numbers = ReflectorNumbers()
    assert [numbers.place(*each) for each in ((10, 10, 100, 10), (12, 11, 100, 13), (11, 12, 100, 12))] == [10, 12, 11]
    assert numbers.restarts == 0


def test_a_late_reply_is_no_restart() -> None:
    """A number from long ago that answers a probe from long ago was held up on the way."""
    numbers = ReflectorNumbers()
    assert placed(numbers, (200, 200), (3, 3), (201, 201)) == [200, 3, 201]
    assert numbers.restarts == 0


def test_numbers_that_no_count_can_have_reached() -> None:
    """They are refused and change nothing, so that nothing of their size is ever remembered."""
    numbers = ReflectorNumbers()
    assert numbers.place(5, 5, 10, 0) == 5
    assert numbers.place(MOST_COPIES * 10 + HEAD_START + 1, 6, 10, 0) is None
    assert numbers.place(2**31 - 1, 6, 10, 0) is None
    assert numbers.place(2**32 - 1, 6, 10, 0) is None
    assert numbers.place(6, 6, 10, 0) == 6


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 99)), max_size=60))
def test_whatever_comes_is_placed_within_bounds(pairs: list[tuple[int, int]]) -> None:
    """No sequence of numbers gets out of the bounds, and what was placed can be asked for or is known to be gone."""
    numbers = ReflectorNumbers()
    for number, sequence in pairs:
        place = numbers.place(number, sequence, 100, sequence)
        assert place is None or 0 <= place <= MOST_COPIES * 100 + HEAD_START
        if place is not None:
            assert numbers.on_wire(place) in (number, None)
