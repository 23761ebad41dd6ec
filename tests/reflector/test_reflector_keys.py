"""Whose packets a reflector takes, and for how long."""

from nra.reflector.key_file import Holder
from nra.reflector.keys import MOST_GRANTS, Keys
from nra.wire.control_token import control_token

ANYBODY, HAMBURG, KIEL = Holder(bytes(32)), Holder(bytes(range(32)), 7, "Hamburg"), Holder(bytes(range(1, 33)), 8, "Kiel")
FRESH = b"\x55" * 32


def test_an_ssid_has_its_key_and_that_of_all() -> None:
    """Its own comes first; an SSID that nobody has is good with the key for all, or with none."""
    keys = Keys((ANYBODY, HAMBURG))
    assert (keys.of(7), keys.of(8)) == ((HAMBURG.key, ANYBODY.key), (ANYBODY.key,))
    assert (Keys((HAMBURG,)).of(8), keys.knows(7), keys.knows(8)) == ((), True, False)


def test_a_grant_ends() -> None:
    """By its time, or when it is withdrawn; neither touches the key file's."""
    keys = Keys((HAMBURG,))
    assert keys.grant(100, FRESH, 50, HAMBURG)
    assert keys.grant(101, FRESH, 60, HAMBURG)
    assert (keys.of(100), keys.knows(100)) == ((FRESH,), True)
    keys.expire(50)
    assert (keys.of(100), keys.of(101)) == ((), (FRESH,))
    keys.withdraw(101)
    keys.withdraw(7)
    keys.expire(10**20)
    assert (keys.of(101), keys.of(7)) == ((), (HAMBURG.key,))


def test_what_is_somebodys_is_not_granted() -> None:
    """An SSID of the key file, one that is granted already, and more than there may be."""
    keys = Keys((HAMBURG,))
    assert not keys.grant(7, FRESH, 50, HAMBURG)
    assert keys.of(7) == (HAMBURG.key,)
    assert all(keys.grant(ssid, FRESH, 50, HAMBURG) for ssid in range(100, 100 + MOST_GRANTS))
    assert not keys.grant(100, FRESH, 50, HAMBURG)
    assert not keys.grant(99, FRESH, 50, HAMBURG)
    keys.expire(50)
    assert keys.grant(99, FRESH, 90, HAMBURG)


def test_a_token_names_its_holder() -> None:
    """And no other: neither a key itself, nor a part of a token, nor nothing."""
    keys = Keys((ANYBODY, HAMBURG))
    assert keys.holder_of(control_token(HAMBURG.key)) is HAMBURG
    assert [keys.holder_of(token) for token in (control_token(KIEL.key), HAMBURG.key, control_token(HAMBURG.key)[:-1], b"")] == [None] * 4


def test_grants_outlive_a_reload_unless_their_holder_is_revoked() -> None:
    """Revoked means that the key is gone; a holder with a new note, or another SSID, is the same."""
    keys = Keys((HAMBURG, KIEL))
    keys.grant(100, FRESH, 50, HAMBURG)
    keys.grant(101, FRESH, 50, KIEL)
    keys.grant(102, FRESH, 50, KIEL)
    after = keys.renewed((Holder(KIEL.key, 102, "moved"),))
    assert [after.of(ssid) for ssid in (7, 8, 100, 101, 102)] == [(), (), (), (FRESH,), (KIEL.key,)]
    assert keys.of(100) == (FRESH,)
    nobody = after.renewed(())
    assert (nobody.only, nobody.of(101)) == (True, ())
