"""The pool of receive records: pages that are taken and given back, in memory that grows as it is needed."""

from nra.reflector.records import PAGE, PAGES_AT_FIRST, TOS_UNKNOWN, Records


def test_pages_are_taken_until_there_are_no_more_and_again_when_they_are_given_back() -> None:
    """No page is given to two; the budget is the budget."""
    records = Records(4 * PAGE + 1)
    taken = [records.take() for _ in range(5)]
    assert taken == [0, PAGE, 2 * PAGE, 3 * PAGE, None]
    assert (records.used, records.free) == (4, 0)
    records.give_back([PAGE, 0])
    assert {records.take(), records.take(), records.take()} == {0, PAGE, None}


def test_what_was_written_survives_growth() -> None:
    """Memory is doubled when the first pages are full; what stands there stays."""
    records = Records((PAGES_AT_FIRST * 3) * PAGE)
    places = [records.take() for _ in range(PAGES_AT_FIRST * 3)]
    assert None not in places
    records = Records((PAGES_AT_FIRST * 3) * PAGE)
    for number in range(PAGES_AT_FIRST * 3):
        place = records.take()
        assert place is not None
        records.senders[place], records.times_ns[place], records.toses[place] = number, 10**18 + number, TOS_UNKNOWN if number % 2 else 184
    found = [records.read(number * PAGE) for number in range(PAGES_AT_FIRST * 3)]
    assert [record.sender_sequence for record in found] == list(range(PAGES_AT_FIRST * 3))
    assert {record.tos for record in found} == {None, 184}


def test_a_budget_below_a_page_is_one_page() -> None:
    """A reflector can always remember something."""
    assert Records(1).take() == 0
