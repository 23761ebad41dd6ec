"""Who may load the path, how much and for how long: one at a time, and an allowance for the hour."""

from typing import Any

import pytest

from nra.reflector.key_file import Holder
from nra.reflector.loads import GRACE_NS, HOUR_NS, Caps, Loads
from nra.reflector.turns import KEPT_NS
from nra.wire.control import Load, Loading, Refused, Unloaded

S = 1_000_000_000
MB = 1_000_000
ANNA, BERT = Holder(b"a" * 32), Holder(b"b" * 32)
CAPS = Caps(seconds=20, megabytes=100, megabytes_of_holder=250, megabytes_in_all=400)


class FakeFlow:
    """A load that moved all that it was granted, unless it is told otherwise."""

    def __init__(self, pour: int, swallow: int) -> None:
        """Nothing moved yet."""
        self.octets, self.is_capped, self.is_over = [pour, swallow], False, False
        self.unused_bytes = 0

    def end(self) -> None:
        """Be over."""
        self.is_over = True


class FakeVisit:
    """A connection that can be loaded."""

    def __init__(self) -> None:
        """Not loaded yet."""
        self.flow: Any = None
        self.idle = 0

    def idle_ns(self) -> int:
        """Return what the test says."""
        return self.idle

    def load(self, now_ns: int, until_ns: int, *, pour: int, swallow: int) -> Any:
        """Begin."""
        self.flow = FakeFlow(pour, swallow)
        return self.flow


def begin(loads: Loads, holder: Holder = ANNA, up: int = 10 * MB, down: int = 0, now_ns: int = 0) -> tuple[Any, Any]:
    """Begin a load on a connection of its own; return the answer and the connection."""
    visit: Any = FakeVisit()
    return loads.begin(visit, holder, Load(up=up, down=down, seconds=9), now_ns), visit


def finished(loads: Loads, holder: Holder, megabytes: int, now_ns: int = 0) -> Any:
    """Begin and end a load; return the answer to its beginning."""
    answer, visit = begin(loads, holder, megabytes * MB, now_ns=now_ns)
    loads.end(visit, now_ns + 1)
    return answer


def test_what_is_asked_for_is_granted() -> None:
    """Both ways, for as long as asked."""
    answer, visit = begin(Loads(CAPS), up=10 * MB, down=20 * MB)
    assert answer == Loading(up=10 * MB, down=20 * MB, seconds=9)
    assert visit.flow.octets == [20 * MB, 10 * MB]  # it pours what goes down


def test_one_at_a_time() -> None:
    """Whoever comes second is told that it is busy, and may come again when the first is over."""
    loads = Loads(CAPS)
    _, first = begin(loads)
    refused, _ = begin(loads, BERT)
    assert isinstance(refused, Refused)
    assert refused.why.startswith("busy")
    loads.end(first, S)
    assert isinstance(begin(loads, BERT, now_ns=S + KEPT_NS - 1)[0], Refused)  # the first may have more loads in its turn
    assert isinstance(begin(loads, BERT, now_ns=S + KEPT_NS)[0], Loading)


def test_a_load_that_nobody_ends_makes_room_by_itself() -> None:
    """Some seconds after its time, its turn's next load some more, and sooner when its connection is gone."""
    loads = Loads(CAPS)
    _, first = begin(loads)
    later_ns = 9 * S + GRACE_NS
    assert isinstance(begin(loads, now_ns=later_ns - 1)[0], Refused)
    answer, second = begin(loads, now_ns=later_ns)
    assert isinstance(answer, Loading)
    assert first.flow.is_over
    loads.gone(second, later_ns)
    assert isinstance(begin(loads, BERT, now_ns=later_ns + KEPT_NS)[0], Loading)


def test_more_than_a_load_may_move_is_cut_in_proportion() -> None:
    """Both ways keep their shares, and the time has its own cap."""
    visit: Any = FakeVisit()
    answer = Loads(CAPS).begin(visit, ANNA, Load(up=100 * MB, down=300 * MB, seconds=60), 0)
    assert answer == Loading(up=25 * MB, down=75 * MB, seconds=20)


def test_a_key_has_an_allowance_for_the_hour() -> None:
    """When it is used up it is refused, on whatever connection; an hour later it is there again."""
    loads = Loads(CAPS)
    assert [finished(loads, ANNA, 100).up // MB for _ in range(3)] == [100, 100, 50]
    refused = finished(loads, ANNA, 1)
    assert isinstance(refused, Refused)
    assert "hour" in refused.why
    assert isinstance(finished(loads, ANNA, 1, HOUR_NS), Loading)


def test_all_keys_together_have_one_too() -> None:
    """What the reflector moves costs its owner money."""
    loads = Loads(CAPS)
    granted = [finished(loads, holder, 100, 2 * at * KEPT_NS) for at, holder in enumerate((ANNA, ANNA, BERT, BERT, BERT), 1)]
    assert [answer.up // MB for answer in granted[:4]] == [100] * 4
    assert isinstance(granted[4], Refused)


def test_what_was_not_moved_is_given_back() -> None:
    """A slow line does not use up what it was granted."""
    loads = Loads(CAPS)
    for _ in range(10):
        _, visit = begin(loads, up=100 * MB)
        visit.flow.unused_bytes = 90 * MB
        loads.end(visit, 1)
    assert finished(loads, ANNA, 100).up == 100 * MB


def test_how_busy_it_was_is_told() -> None:
    """The share of the load's time in which the server did not wait."""
    loads = Loads(CAPS)
    _, visit = begin(loads, now_ns=S)
    visit.idle = 2 * S
    visit.flow.is_capped = True
    answer = loads.end(visit, 9 * S)
    assert isinstance(answer, Unloaded)
    assert (answer.busy, answer.capped, answer.octets) == (0.75, True, [0, 10 * MB])


def test_nothing_is_granted_to_who_asks_for_nothing() -> None:
    """And nothing is told where nothing ran."""
    loads = Loads(CAPS)
    assert isinstance(begin(loads, up=0)[0], Refused)
    unknown: Any = FakeVisit()
    assert isinstance(loads.end(unknown, 0), Refused)


@pytest.mark.parametrize("name", ["seconds", "megabytes", "megabytes_of_holder", "megabytes_in_all"])
def test_every_cap_is_there(name: str) -> None:
    """Nothing is unbounded by default."""
    assert getattr(Caps(), name) > 0


def test_who_occupies_the_place_with_next_to_nothing_leaves_it_to_others() -> None:
    """A load of one octet, ended, and again at once: another who tries again in half a minute, as he is told, has his three."""
    loads, his = Loads(CAPS), 0
    for second in range(0, 600, 2):
        answer, visit = begin(loads, ANNA, up=1, now_ns=second * S)
        if second % 30 == 0:
            for phase in range(3):  # up, down and both ways: nobody comes between
                granted, other = begin(loads, BERT, now_ns=second * S + phase)
                his += isinstance(granted, Loading)
                loads.end(other, second * S + phase)
        if isinstance(answer, Loading):
            loads.end(visit, (second + 1) * S)
    assert his >= 3 * 4
    assert his % 3 == 0


def test_what_was_borne_is_counted() -> None:
    """Loads, those refused, and the octets that came up in them."""
    loads = Loads(CAPS)
    _, first = begin(loads)
    begin(loads, BERT)
    loads.end(first, S)
    assert loads.counters == {"loads": 1, "loads_refused": 1, "load_octets": 10 * MB}
