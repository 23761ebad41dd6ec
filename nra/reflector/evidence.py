"""What an engine is asked for a sender over the control channel: how it received some sessions, and how many it has."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple

import numpy as np

from nra.reflector.core import Reflector
from nra.reflector.records import PAGE, TOS_UNKNOWN
from nra.reflector.session import Session
from nra.wire.control import MOST_COPIES, Counted, Recorded, Span


class Columns(NamedTuple):
    """Records as columns: the sender's numbers (None: no such record), T2 in Unix nanoseconds, TOS octets (None: not readable)."""

    senders: list[int | None]
    times_ns: list[int]
    toses: list[int | None]


def without(count: int) -> Columns:
    """Return so many records that are not there."""
    return Columns([None] * count, [0] * count, [None] * count)


class Known(NamedTuple):
    """What one process knows of one SSID: when it last heard of it, its counts, and the records that were asked for."""

    last_seen_ns: int
    received: int
    transmitted: int
    copies: list[int] | None
    records: Columns


Find = Callable[[Reflector, int], Session | None]
"""From a reflector and an SSID to the session that is meant."""


def newest(reflector: Reflector, ssid: int) -> Session | None:
    """Return the session of an SSID, of several the one that was last heard of, None where there is none."""
    sessions = reflector.sessions.of_ssid(ssid)
    return max(sessions, key=lambda each: reflector.sessions.last_seen_ns[each.row], default=None)


def known(reflector: Reflector, spans: Iterable[Span], find: Find = newest) -> list[Known | None]:
    """Return what is known of each span's session, None where that is nothing. An errand."""
    return [None if (session := find(reflector, span.ssid)) is None else _known(reflector, session, span) for span in spans]


def _known(reflector: Reflector, session: Session, span: Span) -> Known:
    last_seen_ns = int(reflector.sessions.last_seen_ns[session.row])
    copies = None if session.copies is None else session.copies.tolist()
    return Known(last_seen_ns, session.received, session.transmitted, copies, _records(reflector, session, span))


def _records(reflector: Reflector, session: Session, span: Span) -> Columns:
    """Return as many records as were asked for; an engine does this between two batches, so all of them at once."""
    end = span.first + span.count
    there = range(max(span.first, session.dropped), min(end, session.transmitted))
    if not there:
        return without(span.count)
    kept, numbers = reflector.sessions.records, np.asarray(there) - session.first
    places = np.asarray(session.pages, dtype=np.int64)[numbers // PAGE] + numbers % PAGE
    before, after = without(there.start - span.first), without(end - there.stop)
    toses = [None if tos == TOS_UNKNOWN else tos for tos in np.asarray(kept.toses)[places].tolist()]
    return Columns(
        [*before.senders, *np.asarray(kept.senders)[places].tolist(), *after.senders],
        [*before.times_ns, *np.asarray(kept.times_ns)[places].tolist(), *after.times_ns],
        [*before.toses, *toses, *after.toses],
    )


def together(answers: "Iterable[list[Known | None] | None]") -> list[Known | None]:
    """Return of each span what the process knows that heard of it last."""
    told = [answer for answer in answers if answer is not None]
    return [
        max((each for each in of_span if each is not None), key=lambda each: each.last_seen_ns, default=None)
        for of_span in zip(*told, strict=True)
    ]


def counted(spans: "Iterable[Known | None]") -> Counted:
    """Return the counts of each; copies as long as there is room for them."""
    room = MOST_COPIES
    each = [(None, None, None) if span is None else (span.received, span.transmitted, span.copies) for span in spans]
    copies: list[list[int] | None] = []
    for _, _, numbers in each:
        copies.append(numbers if numbers is None or len(numbers) <= room else None)
        room -= len(copies[-1] or ())
    return Counted(received=[received for received, _, _ in each], transmitted=[transmitted for _, transmitted, _ in each], copies=copies)


def recorded(spans: "Iterable[Known | None]", asked: Iterable[Span]) -> Recorded:
    """Return the records of each, as many as were asked for."""
    columns = [without(wanted.count) if span is None else span.records for span, wanted in zip(spans, asked, strict=True)]
    senders, times_ns, toses = ([*chain.from_iterable(column)] for column in zip(*columns, strict=True)) if columns else ([], [], [])
    return Recorded(senders=senders, times_ns=times_ns, toses=toses)


def sessions_of(reflector: Reflector) -> int:
    """Return how many sessions there are. An errand."""
    return len(reflector.sessions)
