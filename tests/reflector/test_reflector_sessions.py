"""What the reflector remembers: capped, expiring, and found again behind a NAT that moved it."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.reflector import sessions as room
from nra.reflector.records import PAGE
from nra.reflector.session import Session
from nra.reflector.session_key import session_key
from nra.reflector.sessions import IDLE_NS, NAMESAKES, REBINDING_REACH, SETTLED, Sessions

NOW = 1_767_600_000_000_000_000
SECOND = 1_000_000_000
OLD = session_key(7, "192.0.2.10", 50000)
NEW = session_key(7, "192.0.2.10", 61000)


def fed(sessions: Sessions, key: bytes, numbers: range, now_ns: int = NOW) -> Session:
    """Answer these numbers in a session."""
    for number in numbers:
        session = sessions.of(key, number, now_ns)
        sessions.reflected(session.row, number, now_ns, 184, now_ns)
    return session


def test_a_session_is_its_ssid_and_address() -> None:
    """Another SSID, address or port is another session (RFC 8972 3)."""
    sessions = Sessions()
    keys = [session_key(*words) for words in ((1, "192.0.2.1", 5), (2, "192.0.2.1", 5), (1, "192.0.2.2", 5), (1, "192.0.2.1", 6))]
    made = [sessions.of(key, 0, NOW) for key in keys]
    assert len({id(session) for session in made}) == len(sessions) == 4
    assert [sessions.of(key, 1, NOW) for key in keys] == made
    assert sessions.known(session_key(9, "192.0.2.1", 5)) is None


def test_the_longest_silent_session_makes_room() -> None:
    """At the cap the least recently used one goes, and is counted (contract 5: capped)."""
    sessions = Sessions(max_sessions=3)
    for port in (1, 2, 3):
        sessions.of(session_key(1, "192.0.2.1", port), 0, NOW)
    sessions.of(session_key(1, "192.0.2.1", 1), 1, NOW + 1)
    sessions.of(session_key(1, "192.0.2.1", 4), 0, NOW + 2)
    assert (len(sessions), sessions.evicted) == (3, 1)
    assert sessions.known(session_key(1, "192.0.2.1", 2)) is None
    assert sessions.known(session_key(1, "192.0.2.1", 1)) is not None


def test_a_source_that_has_too_many_sessions_loses_its_own() -> None:
    """The others keep theirs; of its own those in use stay, and with IPv6 a /64 is one source."""
    sessions = Sessions(of_one_source=20)
    busy, others = session_key(1, "192.0.2.1", 1), [session_key(1, "192.0.2.2", 1), session_key(1, "2001:db8::1", 1)]
    kept = [sessions.of(key, 0, NOW) for key in (busy, *others)]
    for port in range(2, 200):
        sessions.of(busy, port, NOW + port)
        sessions.of(session_key(port, "192.0.2.1", port), 0, NOW + port)
        sessions.of(session_key(port, f"2001:db8::{port:x}", port), 0, NOW + port)
    assert [sessions.known(key) for key in (busy, others[0])] == kept[:2]
    assert (len(sessions), sessions.evicted) == (1 + 20 + 20, 2 * 198 - 38)
    assert sessions.known(session_key(199, "192.0.2.1", 199)) is not None
    sessions.expire(NOW + 9 * IDLE_NS)
    assert len(sessions) == len(sessions._keys_of_source) == 0


def test_where_several_sessions_could_have_moved_none_is_followed() -> None:
    """Calls that share an SSID are told apart by their ports alone; short ones beside them do not count."""
    sessions = Sessions()
    one = fed(sessions, OLD, range(SETTLED + 1))
    for port in range(20):
        fed(sessions, session_key(7, "192.0.2.10", port), range(3))
    assert sessions.of(NEW, SETTLED + 1, NOW) is one
    fed(sessions, session_key(7, "192.0.2.10", 50002), range(SETTLED + 2))
    assert sessions.of(session_key(7, "192.0.2.10", 50003), SETTLED + 2, NOW).transmitted == 0
    assert sessions.rebound == 1


def test_a_silent_session_expires() -> None:
    """After two minutes of silence the same key is a new session, and sweeping drops it (RFC 4787 REQ-5)."""
    sessions = Sessions()
    first = sessions.of(OLD, 0, NOW)
    assert sessions.of(OLD, 1, NOW + IDLE_NS) is first
    assert sessions.of(OLD, 2, NOW + 2 * IDLE_NS + 1) is not first
    sessions.of(NEW, 0, NOW + 2 * IDLE_NS + SECOND)
    sessions.expire(NOW + 3 * IDLE_NS + 2)
    assert (len(sessions), sessions.known(OLD)) == (1, None)
    sessions.expire(NOW + 9 * IDLE_NS)
    assert len(sessions) == 0


@pytest.mark.parametrize("ahead", [1, 2, REBINDING_REACH])
def test_a_settled_session_is_followed_to_its_new_address(ahead: int) -> None:
    """The same SSID going on where it stopped is a NAT rebinding: numbers and records go on (contract 5)."""
    sessions = Sessions()
    session = fed(sessions, OLD, range(SETTLED + 1))
    assert sessions.of(NEW, SETTLED + ahead, NOW) is session
    assert (sessions.rebound, sessions.known(OLD), len(sessions)) == (1, None, 1)


def test_packets_under_way_when_a_nat_moved_the_session_still_belong_to_it() -> None:
    """A packet that was overtaken by the first one from the new address opens no session of its own, unless it is far off."""
    sessions = Sessions()
    session = fed(sessions, OLD, range(SETTLED + 1))
    assert sessions.of(NEW, SETTLED + 2, NOW) is session
    assert sessions.of(OLD, SETTLED + 1, NOW) is session
    assert sessions.of(NEW, SETTLED + 3, NOW) is session
    assert (sessions.rebound, len(sessions)) == (1, 1)
    assert sessions.of(OLD, SETTLED + 4 + REBINDING_REACH, NOW) is not session
    assert len(session.records(0, 100)) == SETTLED + 1


@pytest.mark.parametrize(
    ("numbers", "sequence", "key", "later_ns"),
    [
        (range(SETTLED), SETTLED, NEW, 0),
        (range(500, 501), 501, NEW, 0),
        (range(100), 99, NEW, 0),
        (range(100), 0, NEW, 0),
        (range(100), 99 + REBINDING_REACH + 1, NEW, 0),
        (range(100), 100, session_key(8, "192.0.2.10", 61000), 0),
        (range(100), 100, session_key(7, "203.0.113.9", 61000), 0),
        (range(100), 100, NEW, IDLE_NS + 1),
    ],
    ids=[
        "not settled",
        "one packet with a high number",
        "repeated",
        "another that starts",
        "too far ahead",
        "another SSID",
        "another address",
        "long dead",
    ],
)
def test_what_is_no_rebinding(numbers: range, sequence: int, key: bytes, later_ns: int) -> None:
    """A namesake keeps its own session: two senders may have drawn the same 16 bits."""
    sessions = Sessions()
    session = fed(sessions, OLD, numbers)
    assert sessions.of(key, sequence, NOW + later_ns) is not session
    assert sessions.rebound == 0


def test_ssid_0_is_never_followed() -> None:
    """Senders without an SSID all have the same: it names nobody (RFC 8972 3)."""
    sessions = Sessions()
    fed(sessions, session_key(0, "192.0.2.1", 5), range(100))
    sessions.of(session_key(0, "192.0.2.1", 6), 100, NOW)
    assert (sessions.rebound, len(sessions)) == (0, 2)


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Count the function calls of a block, which no other program's work on this machine can change."""
    cost = [0]

    def count(_frame: object, event: str, _argument: object) -> None:
        cost[0] += event in ("call", "c_call")

    gc.disable()  # others hang calls of their own on a collection
    sys.setprofile(count)
    try:
        yield cost
    finally:
        sys.setprofile(None)
        gc.enable()


def test_forged_namesakes_cost_no_time() -> None:
    """However many ports claim one SSID, only the newest few are looked at for a rebinding, and but a few for whom to drop."""
    sessions = Sessions(of_one_source=3000)
    costs = []
    for port in range(5000):
        with counted_calls() as cost:
            sessions.of(session_key(7, "198.51.100.1", port), 0, NOW)
        costs.append(cost[0])
    assert max(costs[2000:3000]) <= max(costs[NAMESAKES : NAMESAKES + 1000])
    assert max(costs[-1000:]) <= max(costs[3000:4000]) < 100
    session = fed(sessions, OLD, range(100))
    assert sessions.of(NEW, 100, NOW) is session
    assert NAMESAKES < 100


def test_records_are_numbered_like_the_replies() -> None:
    """The record of reply n is the n-th, page after page; beyond the newest there is none."""
    sessions = Sessions()
    session = sessions.of(OLD, 0, NOW)
    for number in range(PAGE + 8):
        sessions.reflected(session.row, number * 2, NOW + number, None if number == 4 else 184, NOW)
    found = session.records(1, 6)
    assert [record and (record.sender_sequence, record.tos) for record in found] == [
        (2, 184),
        (4, 184),
        (6, 184),
        (8, None),
        (10, 184),
        (12, 184),
    ]
    assert [record and record.sender_sequence for record in session.records(PAGE - 1, 3)] == [2 * PAGE - 2, 2 * PAGE, 2 * PAGE + 2]
    assert len(session.records(PAGE + 6, 100)) == 2
    assert session.records(PAGE + 8, 5) == []


def test_one_session_s_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its share the older half of a session's record is forgotten; what is left keeps its numbers."""
    monkeypatch.setattr(room, "RECORDS_PER_SESSION", 4 * PAGE)
    sessions = Sessions()
    session = fed(sessions, OLD, range(50 * PAGE + 1))
    found = session.records(0, 50 * PAGE + 1)
    assert [number for number, record in enumerate(found) if record and record.sender_sequence == number] == [
        number for number, record in enumerate(found) if record is not None
    ]
    assert found[: session.dropped] == [None] * session.dropped
    assert session.dropped == 48 * PAGE
    assert sessions.records.used == len(session.pages) == 3


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 90), st.booleans()), max_size=30))
def test_all_sessions_memory_is_bounded_and_counted_right(steps: list[tuple[int, int, bool]]) -> None:
    """Whoever comes, moves or goes: the budget holds, the book of it is right, and every record that is left is the right one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "RECORDS_IN_ALL", 6 * PAGE)
        patch.setattr(room, "RECORDS_PER_SESSION", 3 * PAGE)
        sessions = Sessions(max_sessions=4)
        counts: dict[int, int] = {}
        for ssid, packets, moves in steps:
            port = 1000 + ssid + (500 if moves else 0)
            start = counts.get(ssid, 0)
            counts[ssid] = start + packets
            session = fed(sessions, session_key(ssid, "192.0.2.1", port), range(start, start + packets))
            living = [sessions.of_row(row) for row in sessions.rows.values()]
            taken = [page for one in living for page in one.pages]
            assert len(set(taken)) == len(taken) == sessions.records.used <= 6
            assert sorted(key for keys in sessions._keys_of_ssid.values() for key in keys) == sorted(sessions.rows)
            assert {one.key: one.row for one in living} == sessions.rows
            newest = session.records(session.transmitted - 1, 1)[0]
            assert newest is not None
            assert newest.sender_sequence == start + packets - 1


def test_memory_that_was_shed_is_told_as_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest silent sessions lose their record first, not the one that is being measured; what follows is remembered again."""
    monkeypatch.setattr(room, "RECORDS_IN_ALL", 4 * PAGE)
    sessions = Sessions()
    idle = fed(sessions, OLD, range(2 * PAGE + 5))
    busy = fed(sessions, session_key(8, "192.0.2.11", 5), range(2 * PAGE), NOW + 1)
    assert (len(idle.pages), idle.dropped) == (0, 2 * PAGE + 5)
    assert idle.records(0, 2) == [None, None]
    assert [record and record.sender_sequence for record in busy.records(0, 1000)] == list(range(2 * PAGE))
    again = fed(sessions, OLD, range(900, 903), NOW + 2)
    assert [record and record.sender_sequence for record in again.records(2 * PAGE + 4, 100)] == [None, 900, 901, 902]
