"""The load generator against a real control channel on loopback: which way, how much, and what it says where there is none."""

from collections.abc import Iterator
from typing import Any

import pytest
from load_world import Served, generated, served

from nra.model.load import Burden
from nra.net.load_generator import Line


@pytest.fixture(name="channel")
def serving() -> Iterator[Served]:
    """A control channel."""
    with served() as channel:
        yield channel


def has_run(line: Line) -> bool:
    """Tell whether it has run for a second."""
    return line.counts.seconds > 1


@pytest.mark.parametrize(("burden", "ways"), [(Burden.UP, (True, False)), (Burden.DOWN, (False, True)), (Burden.BOTH, (True, True))])
def test_octets_go_where_they_are_ordered_to(channel: Served, burden: Burden, ways: tuple[bool, bool]) -> None:
    """Each way is counted where it arrives; the last line is the whole truth, those before it are on the way there."""
    *lines, last = generated(channel.order(burden), has_run)
    assert last.is_over
    assert (sum(last.counts.up) > 100_000, sum(last.counts.down) > 100_000) == ways
    assert (last.counts.failure, last.counts.capped) == (None, False)
    assert last.counts.busy_here is not None
    assert last.counts.busy_there is not None
    assert not any(line.is_over for line in lines)
    assert lines[0].is_loading


def test_its_octets_are_the_most(channel: Served) -> None:
    """The load ends by itself, and says that its cap was why."""
    for burden in Burden:
        last = generated(channel.order(burden, octets=300_000))[-1]
        assert (last.counts.capped, last.counts.failure) == (True, None)
        assert max(sum(last.counts.up), sum(last.counts.down)) < 400_000


def test_its_time_is_the_most(channel: Served) -> None:
    """A second, if that is what was ordered."""
    last = generated(channel.order(Burden.UP, seconds=1))[-1]
    assert (last.counts.failure, last.counts.capped) == (None, False)
    assert last.counts.seconds >= 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pin": "0" * 64}, "key 0000000000000000 expected, shown was"),
        ({"token": "0" * 64}, "the reflector does not know this key"),
        ({"port": 9}, "Connection refused"),
    ],
)
def test_where_there_is_no_load_it_says_why(channel: Served, changes: dict[str, Any], words: str) -> None:
    """Another key than the pinned one, a token that is nobody's, nobody there: one line, and nothing was loaded."""
    (line,) = generated(channel.order(Burden.UP, **changes))
    assert (line.is_loading, line.is_over) == (False, True)
    assert line.counts.failure is not None
    assert words in line.counts.failure
    assert (line.counts.up, line.counts.down) == ((), ())


def test_a_reflector_that_is_busy_says_so(channel: Served) -> None:
    """One load at a time."""
    said: list[Line] = []

    def second(line: Line) -> bool:
        if not said:
            said.extend(generated(channel.order(Burden.UP)))
        return True

    first = generated(channel.order(Burden.DOWN), second)
    assert first[-1].counts.failure is None
    assert "busy" in (said[-1].counts.failure or "")
