"""Which records are asked for, in as few questions as hold them."""

from hypothesis import given
from hypothesis import strategies as st

from nra.probes.parts.reflector_record import MOST_OF_SPAN, Wanted, packed
from nra.wire.control import MOST_RECORDS, MOST_SPANS, Span

counts = st.lists(st.integers(1, MOST_OF_SPAN), max_size=300)


@given(counts)
def test_every_span_is_asked_for_once_in_order(sizes: list[int]) -> None:
    """No question holds more spans or records than one may; none is lost, none is asked for twice."""
    wanted = [Wanted(0, number, Span(1, number, size)) for number, size in enumerate(sizes)]
    questions = packed(wanted)
    assert [each for question in questions for each in question] == wanted
    assert all(0 < len(question) <= MOST_SPANS for question in questions)
    assert all(sum(each.span.count for each in question) <= MOST_RECORDS for question in questions)


def test_few_questions_are_enough() -> None:
    """What fits together goes together."""
    wanted = [Wanted(0, number, Span(1, number, MOST_OF_SPAN)) for number in range(2 * MOST_SPANS)]
    assert len(packed(wanted)) == 2
    assert packed([]) == []
