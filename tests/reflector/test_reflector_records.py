"""The pool of receive records: pages that are taken and given back, and the memory behind them."""

from nra.reflector.records import PAGE, TOS_UNKNOWN, Records


def test_pages_are_taken_until_there_are_no_more_and_again_when_they_are_given_back() -> None:
    """No page is given to two; the budget is the budget."""
    records = Records(4 * PAGE + 1)
    taken = [records.take() for _ in range(5)]
    assert taken == [0, PAGE, 2 * PAGE, 3 * PAGE, None]
    assert (records.used, records.free) == (4, 0)
    records.give_back([PAGE, 0])
    assert {records.take(), records.take(), records.take()} == {0, PAGE, None}


def test_a_place_keeps_what_was_written_there() -> None:
    """Also whether TOS was known."""
    records = Records(2 * PAGE)
    for number in range(2 * PAGE):
        records.senders[number], records.times_ns[number], records.toses[number] = (
            number,
            10**18 + number,
            TOS_UNKNOWN if number % 2 else 184,
        )
    found = [records.read(number) for number in range(2 * PAGE)]
    assert [record.sender_sequence for record in found] == list(range(2 * PAGE))
    assert [record.tos for record in found[:3]] == [184, None, 184]


def test_a_budget_below_a_page_is_one_page() -> None:
    """A reflector can always remember something."""
    assert Records(1).take() == 0
