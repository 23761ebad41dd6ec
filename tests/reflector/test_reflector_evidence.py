"""What an engine tells of its sessions for a record: exact, equally long, also where records are gone or never were."""

import pytest

from nra.reflector.core import Reflector
from nra.reflector.evidence import Columns, Known, counted, known, newest, recorded, sessions_of, together
from nra.reflector.guard import Guard
from nra.reflector.records import PAGE
from nra.reflector.session_key import session_key
from nra.reflector.sessions import RECORDS_PER_SESSION
from nra.wire.control import Counted, Span

SSID, SOURCE, NOW_NS = 9, ("192.0.2.10", 5000), 1_700_000_000_000_000_000


def reflected(count: int, *, source: tuple[str, int] = SOURCE, at_ns: int = NOW_NS) -> Reflector:
    """Return a reflector that has answered so many packets of one session."""
    return more(Reflector(guard=Guard(rate_limit=0)), count, source, at_ns)


def more(reflector: Reflector, count: int, source: tuple[str, int], at_ns: int) -> Reflector:
    """Let it answer so many packets of a session."""
    for number in range(count):
        session = reflector.sessions.of(session_key(SSID, *source), number, at_ns + number)
        reflector.sessions.reflected(session.row, number, at_ns + number, number % 256, at_ns + number)
    return reflector


@pytest.mark.parametrize(("first", "count"), [(0, 0), (0, 3), (PAGE - 2, 5), (190, 64), (500, 10), (0, 200)])
def test_as_many_as_were_asked_for(first: int, count: int) -> None:
    """Each number's record, None where there is none yet; the same as the session itself would say."""
    reflector = reflected(200)
    (told,) = known(reflector, [Span(SSID, first, count)])
    assert told is not None
    assert (told.received, told.transmitted) == (200, 200)
    there = [number if number < 200 else None for number in range(first, first + count)]
    assert told.records.senders == there
    assert told.records.times_ns == [0 if number is None else NOW_NS + number for number in there]
    assert told.records.toses == [None if number is None else number % 256 for number in there]


def test_what_was_forgotten_is_none() -> None:
    """Past its share a session loses the older half of its records; the newest are still there."""
    reflector = reflected(RECORDS_PER_SESSION + 1)
    session = newest(reflector, SSID)
    assert session is not None
    assert session.dropped > 0
    (told,) = known(reflector, [Span(SSID, session.dropped - 2, 4)])
    assert told is not None
    assert told.records.senders == [None, None, session.dropped, session.dropped + 1]


def test_of_two_sessions_the_one_last_heard_of() -> None:
    """A NAT that moved a stream where nobody could follow leaves two."""
    reflector = more(reflected(5), 7, ("192.0.2.11", 6000), NOW_NS + 1000)
    (told,) = known(reflector, [Span(SSID, 0, 0)])
    assert told is not None
    assert told.transmitted == 7


def test_of_two_processes_the_one_that_heard_last() -> None:
    """And a process that did not answer, or knows nothing, does not matter."""
    spans = [Span(SSID, 0, 2), Span(SSID + 1, 0, 2)]
    early, late = known(reflected(5), spans), known(reflected(3, at_ns=NOW_NS + 1000), spans)
    found = together([early, None, late, known(Reflector(), spans)])
    assert counted(found) == Counted(received=[3, None], transmitted=[3, None], copies=[[], None])
    told = recorded(found, spans)
    assert (told.senders, told.toses) == ([0, 1, None, None], [0, 1, None, None])
    assert recorded([], []).senders == []


def test_sessions_are_counted() -> None:
    """For the facts that a reflector tells of itself."""
    assert sessions_of(reflected(3)) == 1
    assert isinstance(known(reflected(1), [Span(SSID, 0, 1)])[0], Known)
    assert Columns([], [], []) == ([], [], [])
