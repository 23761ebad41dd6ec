"""Which counts are believed, and which records are asked for, in as few questions as hold them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.probes.parts.reflector_numbers import most_numbers
from nra.probes.parts.reflector_record import MOST_OF_SPAN, Wanted, packed, possible
from nra.wire.control import MOST_RECORDS, MOST_SPANS, Counted, Span

MOST = most_numbers(100)
counts = st.lists(st.integers(1, MOST_OF_SPAN), max_size=300)


@given(counts)
def test_every_span_is_asked_for_once_in_order(sizes: list[int]) -> None:
    """No question holds more spans or records than one may; none is lost, none is asked for twice."""
    wanted = [Wanted(0, number, Span(1, number, size)) for number, size in enumerate(sizes)]
    questions = list(packed(wanted))
    assert [each for question in questions for each in question] == wanted
    assert all(0 < len(question) <= MOST_SPANS for question in questions)
    assert all(sum(each.span.count for each in question) <= MOST_RECORDS for question in questions)


def test_few_questions_are_enough() -> None:
    """What fits together goes together."""
    wanted = [Wanted(0, number, Span(1, number, MOST_OF_SPAN)) for number in range(2 * MOST_SPANS)]
    assert len(list(packed(wanted))) == 2
    assert list(packed([])) == []


@pytest.mark.parametrize(
    ("received", "transmitted", "copies", "is_possible"),
    [
        (100, 100, [], True),
        (None, None, None, True),
        (300, 100, [5] * 200, True),
        (MOST, MOST, [], True),
        (MOST + 1, 100, [], False),
        (100, MOST + 1, [], False),
        (100, (1 << 63) - 1, [], False),
        ((1 << 63) - 1, 100, [], False),
        (100, 100, [5] * (MOST + 1), False),
    ],
)
def test_counts_are_believed_as_far_as_they_can_be_true(
    received: int | None, transmitted: int | None, copies: list[int] | None, *, is_possible: bool
) -> None:
    """Of a hundred packets the network may have made copies, but not without end; where numbers begin is nothing that was counted."""
    for base in (0, 5000):
        counts = Counted(
            received=[None if received is None else received + base],
            transmitted=[None if transmitted is None else transmitted + base],
            copies=[copies],
        )
        assert possible(counts, 0, 100, base) is is_possible
    assert not possible(Counted(received=[7], transmitted=[7], copies=[None]), 0, 100, 5000)
