"""The load generator against a real control channel on loopback: which way, how much, and what it says where there is none."""

from collections.abc import Iterator
from typing import Any

import pytest
from load_world import Served, generated, served

from nra.model.load import Burden
from nra.net.load_generator import BOASTFUL, GENEROUS, Line
from nra.net.quic_visit import Visit
from nra.reflector.key_file import Holder
from nra.reflector.loads import Loads
from nra.wire.control import Closed, Load, Loading, Refused, Unloaded

ENOUGH = 100_000  # octets: more than acknowledgements come to


@pytest.fixture(name="channel")
def serving() -> Iterator[Served]:
    """A control channel."""
    with served() as channel:
        yield channel


@pytest.mark.parametrize(("burden", "ways"), [(Burden.UP, (True, False)), (Burden.DOWN, (False, True)), (Burden.BOTH, (True, True))])
def test_octets_go_where_they_are_ordered_to(channel: Served, burden: Burden, ways: tuple[bool, bool]) -> None:
    """Each way is counted where it arrives; the last line is the whole truth, those before it are on the way there."""

    def has_moved(lines: list[Line]) -> bool:
        """Tell whether enough has come wherever anything is to come, however long this machine takes for that."""
        came = (channel.came_up() > ENOUGH, sum(lines[-1].counts.down) > ENOUGH)
        return all(has_come or not is_ordered for has_come, is_ordered in zip(came, ways, strict=True))

    *lines, last = generated(channel.order(burden, seconds=20), has_moved)
    assert last.is_over
    assert (sum(last.counts.up) > ENOUGH, sum(last.counts.down) > ENOUGH) == ways
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

    def second(_lines: list[Line]) -> bool:
        if not said:
            said.extend(generated(channel.order(Burden.UP)))
        return True

    first = generated(channel.order(Burden.DOWN), second)
    assert first[-1].counts.failure is None
    assert "busy" in (said[-1].counts.failure or "")


@pytest.mark.parametrize("burden", Burden)
def test_a_reflector_that_grants_more_moves_no_more(channel: Served, monkeypatch: pytest.MonkeyPatch, burden: Burden) -> None:
    """What was asked for is the most each way, and that more was offered is said."""
    begin = Loads.begin

    def generous(loads: Loads, visit: Visit, holder: Holder, asked: Load, now_ns: int) -> Loading | Refused:
        return begin(loads, visit, holder, Load(up=asked.up * 80, down=asked.down * 80, seconds=asked.seconds + 5), now_ns)

    monkeypatch.setattr(Loads, "begin", generous)
    last = generated(channel.order(burden, octets=300_000))[-1]
    assert (last.counts.failure or "").startswith(GENEROUS)
    assert 0 < sum(last.counts.up) + sum(last.counts.down) < 800_000


def test_counts_that_cannot_be_true_are_not_believed(channel: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more can have arrived than was sent: what went up is not known then, what came down was counted here."""
    boast = Unloaded(octets=[(1 << 63) - 1] * 20, busy=0.1, capped=False)
    monkeypatch.setattr(Loads, "end", lambda _loads, _visit, _now_ns: boast)
    last = generated(channel.order(Burden.BOTH, octets=300_000))[-1]
    assert (last.counts.up, last.counts.busy_there) == ((), None)
    assert BOASTFUL in (last.counts.failure or "")
    assert sum(last.counts.down) > 0


@pytest.mark.parametrize(("question", "words"), [("begin", "Closed to Load"), ("end", "Closed to Unload")])
def test_an_answer_of_another_kind_is_told(channel: Served, monkeypatch: pytest.MonkeyPatch, question: str, words: str) -> None:
    """The generator ends as it should and says what was wrong."""
    monkeypatch.setattr(Loads, question, lambda *_: Closed())
    last = generated(channel.order(Burden.UP, octets=300_000))[-1]
    assert last.is_over
    assert f"the reflector answered wrongly: {words}" in (last.counts.failure or "")
    assert last.counts.up == ()
