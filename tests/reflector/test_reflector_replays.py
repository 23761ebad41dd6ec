"""Authenticated packets that come again."""

from hypothesis import given
from hypothesis import strategies as st

from nra.reflector.replays import SEAL, WINDOW, Seals, Window, is_later
from nra.wire.stamp import SenderPacket, encode_sender
from nra.wire.timestamps import WORD

KEY = bytes(range(32))


def packet(sequence: int, timestamp: int | None = None) -> SenderPacket:
    """Return a sender's packet, sent when its number says."""
    return SenderPacket(sequence & WORD, 1_000_000 + sequence if timestamp is None else timestamp, 1, 7)


def taken(window: Window, *packets: SenderPacket) -> list[bool]:
    """Offer packets one after the other and return which were new."""
    new = []
    for each in packets:
        new.append(not window.refuses(each))
        if new[-1]:
            window.note(each)
    return new


def test_late_and_new_passes_and_again_does_not() -> None:
    """Reordering is the network's; a copy is not answered, whether of the newest packet or of a late one (RFC 4303 3.4.3)."""
    window = Window()
    assert taken(window, *map(packet, (0, 1, 5, 3, 2, 4))) == [True] * 6
    assert taken(window, *map(packet, range(6))) == [False] * 6


def test_what_is_older_than_the_window_is_not_known_and_not_answered() -> None:
    """The oldest number in it is."""
    window = Window()
    window.note(packet(WINDOW))
    assert taken(window, packet(1), packet(0)) == [True, False]
    assert taken(window, packet(10 * WINDOW), packet(9 * WINDOW + 1), packet(9 * WINDOW)) == [True, True, False]


def test_numbers_wrap() -> None:
    """At 2^32 the next number is 0, and those before it are late, not new (RFC 1982)."""
    window = Window()
    numbers = range((1 << 32) - 3, (1 << 32) + 3)
    assert taken(window, *map(packet, numbers)) == [True] * 6
    assert taken(window, *map(packet, numbers)) == [False] * 6


def test_a_sender_that_starts_anew_is_new_and_its_earlier_packets_are_not() -> None:
    """It counts from 0 again, later: also where 0 was lost before, and never by a packet of the time before."""
    for first in (0, 1):
        before = Window()
        taken(before, *map(packet, range(first, 50)))
        again = packet(0, 2_000_000)
        assert before.begins_anew(again)
        assert not before.begins_anew(packet(0))
        after = Window(before.newest)
        assert taken(after, again, packet(1, 2_000_001), packet(0, 2_000_000)) == [True, True, False]
        assert not any(taken(after, *map(packet, range(50))))


def test_a_sender_without_a_clock_is_served_too() -> None:
    """Whose T1 stands still is known by its numbers alone."""
    window = Window()
    assert taken(window, *(packet(number, 5) for number in (0, 1, 3, 2, 3))) == [True, True, True, True, False]


@given(st.lists(st.integers(0, 2 * WINDOW), max_size=200))
def test_no_packet_is_answered_twice(numbers: list[int]) -> None:
    """Whatever the order in which copies come; and within the window the first copy always is."""
    window, answered, highest = Window(), set[int](), -1
    for number in numbers:
        (new,) = taken(window, packet(number))
        assert not (new and number in answered)
        if number > highest - WINDOW:
            assert new == (number not in answered)
        if new:
            answered.add(number)
            highest = max(highest, number)


def test_seals_are_remembered_in_two_generations() -> None:
    """At least so many; never more than twice."""
    seals = Seals(10)
    made = [encode_sender(packet(number), KEY) for number in range(100)]
    for number, payload in enumerate(made):
        assert payload not in seals
        seals.note(payload)
        assert all(each in seals for each in made[max(0, number - 9) : number + 1])
        assert sum(each in seals for each in made) <= 20
    assert len({payload[SEAL] for payload in made}) == 100


def test_later_is_later_over_the_end_of_an_era() -> None:
    """NTP's seconds wrap in 2036."""
    assert is_later(5, 4)
    assert is_later(4, (1 << 64) - 4)
    assert not is_later((1 << 64) - 4, 4)
    assert not is_later(5, 5)
