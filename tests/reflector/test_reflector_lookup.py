"""Finding the sessions of a batch: always what the sessions themselves say, however they came and went."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nra.reflector.lookup import STRANGER, Lookup
from nra.reflector.session_key import session_key
from nra.reflector.sessions import KEY_BYTES, Sessions

NOW = 1_767_600_000_000_000_000
ADDRESSES = ("192.0.2.1", "192.0.2.2", "2001:db8::1", "::", "0.0.0.0")


def found(lookup: Lookup, keys: list[bytes]) -> list[int]:
    """Return the rows of these keys."""
    padded = np.zeros((len(keys), KEY_BYTES), np.uint8)
    for row, key in zip(padded, keys, strict=True):
        row[: len(key)] = np.frombuffer(key, np.uint8)
        row[KEY_BYTES - 1] = len(key)
    return list(map(int, lookup.rows_of(padded)))


@given(st.integers(0, 2**32), st.sampled_from([1, 3, 30]))
def test_it_says_what_the_sessions_say(seed: int, max_sessions: int) -> None:
    """Sessions open, move, expire and are evicted between one look and the next."""
    chance = random.Random(seed)
    sessions, now_ns = Sessions(max_sessions=max_sessions), NOW
    lookup = Lookup(sessions)
    keys = [session_key(ssid, address, port) for ssid in (0, 1, 2) for address in ADDRESSES for port in (1, 2)]
    for number in range(60):
        now_ns += chance.choice([0, 1, 50_000_000_000])
        session = sessions.of(chance.choice(keys), number * 3, now_ns)
        sessions.transmitted[session.row] += 26  # settled: a NAT may move it
        if chance.random() < 0.1:
            sessions.expire(now_ns)
        wanted = [chance.choice(keys) for _ in range(20)]
        assert found(lookup, wanted) == [sessions.rows.get(key, STRANGER) for key in wanted]


def test_addresses_of_both_families_are_never_mistaken() -> None:
    """An IPv6 address that begins like a whole IPv4 key is another session."""
    sessions = Sessions()
    short = session_key(0x0506, "1.2.3.4", 9)
    long = session_key(0, "102:304:506::", 9)
    assert long.startswith(short)
    row = sessions.of(short, 0, NOW).row
    assert found(Lookup(sessions), [long, short]) == [STRANGER, row]


def test_many_sessions_are_all_found() -> None:
    """Also those that share a place with another."""
    sessions = Sessions()
    keys = [session_key(number % 7 + 1, f"10.0.{number // 250}.{number % 250}", 5000 + number) for number in range(8000)]
    rows = [sessions.of(key, 0, NOW).row for key in keys]
    lookup = Lookup(sessions)
    for _ in range(2):
        assert found(lookup, keys) == rows
