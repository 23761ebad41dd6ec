"""SSIDs and keys that are handed out for a while: nobody else's, no more than there are, and gone when they should be."""

import pickle
from functools import partial

from nra.reflector.core import Reflector
from nra.reflector.grants import MOST_OF_HOLDER, SSIDS, Grants, let_in, shut_out
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys

ONE, OTHER = Holder(bytes(32)), Holder(bytes(range(32)), 7)
UNTIL_NS = 1000


def test_each_stream_has_its_own() -> None:
    """No two share an SSID or a key, and nobody is given what stands in the key file."""
    grants, keys = Grants(), Keys([ONE, OTHER])
    handed = [grants.hand_out(10, UNTIL_NS, ONE, keys) for _ in range(20)]
    ssids = [ssid for each in handed if each is not None for ssid in each.ssids]
    assert len(set(ssids)) == len(ssids) == 200
    assert 0 not in ssids
    assert 7 not in ssids
    assert max(ssids) <= SSIDS
    assert len({each.key for each in handed if each is not None}) == 20


def test_all_that_a_holder_may_have() -> None:
    """Another holder's share is not touched by it."""
    grants, keys = Grants(), Keys([ONE, OTHER])
    for _ in range(MOST_OF_HOLDER // 1000):
        assert grants.hand_out(1000, UNTIL_NS, ONE, keys) is not None
    assert grants.hand_out(1, UNTIL_NS, ONE, keys) is None
    assert grants.hand_out(1, UNTIL_NS, OTHER, keys) is not None


def test_what_is_found_by_any_of_its_ssids() -> None:
    """By its holder alone."""
    grants = Grants()
    handed = grants.hand_out(3, UNTIL_NS, ONE, Keys())
    assert handed is not None
    assert [grants.of(ssid, ONE) for ssid in handed.ssids] == [handed] * 3
    assert grants.of(handed.first, OTHER) is None


def test_they_are_taken_back() -> None:
    """By time, one by one, and when the key that vouched for them is gone."""
    grants = Grants()
    handed = grants.hand_out(3, UNTIL_NS, ONE, Keys())
    assert handed is not None
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
    assert handed is not None
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
