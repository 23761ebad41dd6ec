"""What an engine is asked for a sender over the control channel: how it received one session, and how busy it is."""

from typing import NamedTuple

from nra.reflector.core import Reflector
from nra.reflector.records import TOS_UNKNOWN
from nra.reflector.sessions import Session
from nra.wire.control import Recorded


class Received(NamedTuple):
    """What one process knows of a session, and when it last heard of it."""

    last_seen_ns: int
    told: Recorded


NOTHING = Recorded(received=None, transmitted=None, first=0, senders=[], times_ns=[], toses=[])


def received(reflector: Reflector, ssid: int, first: int, count: int) -> Received | None:
    """Return what is known of an SSID's session, of several the one that was last heard of; None where none is known. An errand."""
    sessions = reflector.sessions.of_ssid(ssid)
    if not sessions:
        return None
    newest = max(sessions, key=lambda each: reflector.sessions.last_seen_ns[each.row])
    return Received(reflector.sessions.last_seen_ns[newest.row], told(reflector, newest, first, count))


def told(reflector: Reflector, session: Session, first: int, count: int) -> Recorded:
    """Return a session's counts and its records from `first` on, as columns."""
    records = reflector.sessions.records
    numbers = range(first, min(first + count, session.transmitted))
    places = [session.place_of(number) for number in numbers]
    toses = [None if place is None or records.toses[place] == TOS_UNKNOWN else int(records.toses[place]) for place in places]
    return Recorded(
        received=session.received,
        transmitted=session.transmitted,
        first=first,
        senders=[None if place is None else int(records.senders[place]) for place in places],
        times_ns=[0 if place is None else int(records.times_ns[place]) for place in places],
        toses=toses,
    )


def best(answers: "list[Received | None]") -> Recorded:
    """Return what the process that heard last of the session knows; that nothing is known where none did."""
    known = [answer for answer in answers if answer is not None]
    return max(known, key=lambda each: each.last_seen_ns).told if known else NOTHING


def sessions_of(reflector: Reflector) -> int:
    """Return how many sessions there are. An errand."""
    return len(reflector.sessions)
