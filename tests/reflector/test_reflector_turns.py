"""Turns at loading the path: one holder's loads together, then whoever has waited."""

from nra.reflector.turns import FORGOTTEN_NS, KEPT_NS, TURN_NS, WAITING_NS, Turns

S = 1_000_000_000
ANNA, BERT, CARL = b"a", b"b", b"c"


def after_a_turn_of_anna_s() -> Turns:
    """Return turns of which the first is over."""
    turns = Turns()
    turns.begin(ANNA, 0, 9 * S)
    turns.ended(9 * S)
    return turns


def test_it_is_anybody_s_where_nobody_was() -> None:
    """Also again and again, where nobody else has asked."""
    turns = after_a_turn_of_anna_s()
    assert not Turns().is_others(ANNA, 0)
    assert not turns.is_others(ANNA, TURN_NS + S)


def test_a_turn_s_loads_have_nobody_between() -> None:
    """Its place is kept from one to the next, though another has asked; not for ever."""
    turns = after_a_turn_of_anna_s()
    turns.refused(BERT, 10 * S)
    assert turns.is_others(BERT, 9 * S + KEPT_NS - 1)
    assert not turns.is_others(ANNA, 11 * S)
    assert not turns.is_others(BERT, 9 * S + KEPT_NS)
    turns.begin(ANNA, 11 * S, TURN_NS + 20 * S)
    assert turns.is_others(BERT, TURN_NS - 1)
    assert not turns.is_others(BERT, TURN_NS)  # but for the load that runs


def test_after_a_turn_those_who_wait_go_first() -> None:
    """As long as they are waited for; who has begun waits no more."""
    turns = after_a_turn_of_anna_s()
    turns.refused(BERT, 50 * S)
    assert turns.is_others(ANNA, TURN_NS)
    assert not turns.is_others(ANNA, 50 * S + WAITING_NS)
    turns.begin(BERT, TURN_NS, TURN_NS + S)
    turns.ended(TURN_NS + S)
    assert not turns.is_others(ANNA, TURN_NS + S + KEPT_NS)


def test_who_has_had_none_for_longest_goes_first() -> None:
    """Two who ask after one another cannot keep a third away."""
    turns = after_a_turn_of_anna_s()
    turns.begin(BERT, TURN_NS, TURN_NS + S)
    turns.ended(TURN_NS + S)
    now_ns = 2 * TURN_NS
    turns.refused(ANNA, now_ns)
    assert turns.is_others(BERT, now_ns)
    turns.refused(CARL, now_ns)
    assert turns.is_others(ANNA, now_ns)
    assert not turns.is_others(CARL, now_ns)


def test_nothing_is_kept_for_ever() -> None:
    """Neither who waited nor who had a turn."""
    turns = after_a_turn_of_anna_s()
    turns.refused(BERT, 0)
    turns.expire(FORGOTTEN_NS)
    assert (turns._had, turns._waiting) == ({}, {})
