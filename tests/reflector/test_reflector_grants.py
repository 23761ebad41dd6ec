"""SSIDs and keys that are handed out for a while: nobody else's, no more than there are, and gone when they should be."""

import pickle
from functools import partial

import pytest

from nra.reflector.core import Reflector
from nra.reflector.grants import MOST_OF_HOLDER, NONE_LEFT, ROOM, ROOMS_OF_HOLDER, SSIDS, TOO_MANY, Grants, Handed, let_in, shut_out
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys

ONE, OTHER = Holder(bytes(32)), Holder(bytes(range(32)), 7)
ONE_MORE = Holder(bytes(range(1, 33)))
UNTIL_NS = 1000


def test_each_stream_has_its_own() -> None:
    """No two share an SSID or a key, and nobody is given what stands in the key file."""
    grants, keys = Grants(), Keys([ONE, OTHER])
    handed = [grants.hand_out(10, UNTIL_NS, ONE, keys) for _ in range(20)]
    ssids = [ssid for each in handed if isinstance(each, Handed) for ssid in each.ssids]
    assert len(set(ssids)) == len(ssids) == 200
    assert 0 not in ssids
    assert 7 not in ssids
    assert max(ssids) <= SSIDS
    assert len({each.key for each in handed if isinstance(each, Handed)}) == 20


def test_all_that_a_holder_may_have() -> None:
    """Another holder's share is not touched by it."""
    grants, keys = Grants(), Keys([ONE, OTHER])
    for _ in range(MOST_OF_HOLDER // 1000):
        assert isinstance(grants.hand_out(1000, UNTIL_NS, ONE, keys), Handed)
    assert grants.hand_out(1, UNTIL_NS, ONE, keys) == TOO_MANY
    assert isinstance(grants.hand_out(1, UNTIL_NS, OTHER, keys), Handed)


@pytest.mark.parametrize("calls", [5, 100, 500])
def test_who_takes_all_that_he_may_leaves_the_others_theirs(calls: int) -> None:
    """However small the pieces: they lie together, and the largest stream of another finds its place."""
    grants, keys = Grants(), Keys([ONE, OTHER])
    while isinstance(handed := grants.hand_out(calls, UNTIL_NS, ONE, keys), Handed):
        assert OTHER.ssid not in handed.ssids
    assert handed == TOO_MANY
    assert len({ssid // ROOM for ssid in grants._of_ssid}) <= ROOMS_OF_HOLDER
    for _ in range(MOST_OF_HOLDER // 1000):
        assert isinstance(grants.hand_out(1000, UNTIL_NS, OTHER, keys), Handed)


def test_who_gives_back_all_but_a_few_scatters_nothing() -> None:
    """Opened and closed over and over, with one kept of each: they stay in the rooms that a holder may have."""
    grants, keys = Grants(), Keys([ONE, OTHER])
    for calls in (900, 800, 700, 600, 500) * 8:
        kept, given = grants.hand_out(1, UNTIL_NS, ONE, keys), grants.hand_out(calls, UNTIL_NS, ONE, keys)
        assert isinstance(kept, Handed)
        if isinstance(given, Handed):
            grants.take_back(given)
    assert len({ssid // ROOM for ssid in grants._of_ssid}) <= ROOMS_OF_HOLDER
    assert isinstance(grants.hand_out(1000, UNTIL_NS, OTHER, keys), Handed)


def test_nobody_is_put_into_another_s_room() -> None:
    """Where all rooms are somebody's, nothing is left; one that is empty again is anybody's."""
    grants, keys = Grants(), Keys()
    holders = [Holder(bytes((number,)) * 32) for number in range(SSIDS // ROOM + 1)]
    handed = [grants.hand_out(1, UNTIL_NS, holder, keys) for holder in holders]
    assert len({each.first // ROOM for each in handed if isinstance(each, Handed)}) == len(holders)
    assert grants.hand_out(1, UNTIL_NS, ONE_MORE, keys) == NONE_LEFT
    assert isinstance(handed[5], Handed)
    grants.take_back(handed[5])
    assert isinstance(grants.hand_out(1, UNTIL_NS, ONE_MORE, keys), Handed)


def test_what_is_found_by_any_of_its_ssids() -> None:
    """By its holder alone."""
    grants = Grants()
    handed = grants.hand_out(3, UNTIL_NS, ONE, Keys())
    assert isinstance(handed, Handed)
    assert [grants.of(ssid, ONE) for ssid in handed.ssids] == [handed] * 3
    assert grants.of(handed.first, OTHER) is None


def test_they_are_taken_back() -> None:
    """By time, one by one, and when the key that vouched for them is gone."""
    grants = Grants()
    handed = grants.hand_out(3, UNTIL_NS, ONE, Keys())
    assert isinstance(handed, Handed)
    grants.take_back(handed)
    assert len(grants) == 0
    grants.hand_out(3, UNTIL_NS, ONE, Keys())
    grants.expire(UNTIL_NS - 1)
    assert len(grants) == 3
    grants.expire(UNTIL_NS)
    assert len(grants) == 0
    grants.hand_out(3, UNTIL_NS, ONE, Keys())
    grants.hand_out(2, UNTIL_NS, OTHER, Keys())
    grants.renew([OTHER])
    assert len(grants) == 2


def test_an_engine_takes_all_or_nothing() -> None:
    """An SSID that is somebody's there already takes back those before it; errands can be sent to another process."""
    grants = Grants()
    handed = grants.hand_out(3, UNTIL_NS, ONE, Keys())
    assert isinstance(handed, Handed)
    reflector = Reflector(keys=Keys([ONE]))
    assert reflector.keys is not None
    errand = pickle.loads(pickle.dumps(partial(let_in, handed=handed)))  # noqa: S301 - our own
    assert errand(reflector)
    assert all(handed.key in reflector.keys.of(ssid) for ssid in handed.ssids)
    assert pickle.loads(pickle.dumps(partial(shut_out, handed=handed)))(reflector)  # noqa: S301 - our own
    assert not any(handed.key in reflector.keys.of(ssid) for ssid in handed.ssids)
    reflector.keys.grant(handed.ssids[-1], bytes(32), UNTIL_NS, OTHER)
    assert not let_in(reflector, handed)
    assert [reflector.keys.knows(ssid) for ssid in handed.ssids[:-1]] == [False, False]
    assert not let_in(Reflector(), handed)
