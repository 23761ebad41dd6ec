"""The fuzzer finds what it looks for, and finds nothing in ten thousand datagrams; ten million are a nightly target's (`make fuzz`)."""

import random

from mutate import fuzz, main, mutated, targets

from nra.wire.errors import MalformedMessage

FEW = 10_000


def test_nothing_but_values_and_malformed_comes_out() -> None:
    """Every decoder, the reflector and every responder are fed, and most of what they are fed is refused somewhere."""
    feeds = targets()
    tally = fuzz(FEW, 1, feeds)
    assert tally.faults == {}
    assert set(tally.fed) == set(feeds)
    assert sum(tally.refused.values()) > FEW // 10


def test_a_fault_is_found() -> None:
    """A decoder that trips over one octet among valid ones, and one that answers with more than it got."""

    def trips(octets: bytes) -> None:
        if len(octets) > 3 and octets[3] == 0x80:
            raise IndexError
        raise MalformedMessage("none")

    tally = fuzz(FEW, 2, {"stamp sender": trips})
    assert set(tally.faults) == {("stamp sender", "IndexError")}
    assert tally.faults["stamp sender", "IndexError"][3] == 0x80


def test_the_same_seed_gives_the_same_datagrams() -> None:
    """A fault that was printed can be had again."""
    seeds = (bytes(20), bytes(range(40)))
    assert [mutated(random.Random(7), seeds[1], seeds) for _ in range(3)] == [mutated(random.Random(7), seeds[1], seeds)] * 3


def test_the_program() -> None:
    """It says how many of each were fed, and exits 0 where nothing was found."""
    assert main("400", "3") == 0
