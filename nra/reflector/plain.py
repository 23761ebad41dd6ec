"""The core's law for plain packets of sessions that are under way, where they lie: one by one without a decoder.

Most packets are such, and at the rate of a call or two the machine's caches are cold at each of them: what counts is how little
is touched. So all that is needed is bound once, and what `Sessions.reflected` and `Guard.take` do is done here without calling them.
Whatever is not plain is left to the core. Whoever has a session was let in by the guard when it was opened.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

import numpy as np

from nra.reflector.core import DSCP_SHIFT, ERROR_ESTIMATE, Reflector
from nra.reflector.guard import BUCKET
from nra.reflector.records import PAGE, RECORD, RECORD_BYTES
from nra.reflector.sessions import NOWHERE, ROW, ROW_BYTES
from nra.wire.stamp_plain import (
    BASE,
    CLASS_OF_SERVICE,
    DIRECT_MEASUREMENT,
    DSCP1_SHIFT,
    PADDING,
    PADDING_AT,
    PTP_BIT,
    REPLY,
    REPLY_WITH_TLVS,
    REQUEST,
    TOS_SHIFT,
    WITHOUT_FLAGS,
    ZEROS,
)
from nra.wire.stamp_tlv import HEADER
from nra.wire.timestamps import WORD, ntp_from_unix_ns

NOT_PLAIN: Final = -1
UNANSWERED: Final = -2
AFTER_PORT: Final = slice(2, None)

Reflect = Callable[[int, int, bytes, int, int, int, int], int]
"""From where a packet lies, its length, its sender (port and address as on the wire), T2, TTL, TOS and the time now to its reply's DSCP.

The packet has become its reply then, but for T3. NOT_PLAIN is one that was neither touched nor counted, UNANSWERED one that came too fast.
"""


class Buckets:
    """Which bucket of the guard a session's packets are taken from."""

    def __init__(self, reflector: Reflector) -> None:
        """Know none yet."""
        self._bucket, self._guard = reflector.sessions.bucket, reflector.guard
        self._forgotten = 0

    def find(self, row: int, sender: bytes, now_ns: int) -> int:
        """Return a session's bucket, and remember it."""
        self._bucket[row] = bucket = self._guard.bucket(str(ip_address(sender[AFTER_PORT])), now_ns)
        self.heed_the_guard()
        return bucket

    def heed_the_guard(self) -> None:
        """Look all buckets up again when the guard has forgotten one: to be called after it was asked for a source."""
        if self._forgotten != self._guard.forgotten:
            self._forgotten = self._guard.forgotten
            np.asarray(self._bucket)[:] = NOWHERE


def plainly(reflector: Reflector, frames: memoryview, buckets: Buckets) -> Reflect:
    """Return what reflects packets that lie in `frames`; what it writes and counts is what the core would have."""
    sessions, counters, known = reflector.sessions, reflector.counters, reflector.sessions.rows.get
    read_row, write_row, rows, last_seen_ns = ROW.unpack_from, ROW.pack_into, sessions.octets, sessions.last_seen_ns
    place_of, write_record, records = sessions.place, RECORD.pack_into, sessions.records.octets
    read, write, write_with_tlvs = REQUEST.unpack_from, REPLY.pack_into, REPLY_WITH_TLVS.pack_into
    idle_ns, has_limit, take, find = sessions.idle_ns, reflector.guard.rate_per_s > 0, reflector.guard.take, buckets.find

    def reflect(at: int, length: int, sender: bytes, received_ns: int, ttl: int, tos: int, now_ns: int) -> int:
        if length < BASE:
            return NOT_PLAIN
        sequence, t1, estimate, ssid, zeros, first, dscp1, second, sender_tx, third = read(frames, at)
        has_tlvs = length >= PADDING_AT and first & WITHOUT_FLAGS == CLASS_OF_SERVICE and second & WITHOUT_FLAGS == DIRECT_MEASUREMENT
        behind, last = (length - PADDING_AT, third) if has_tlvs else (length - BASE, first)
        row = known(sender + ssid)
        if (behind and last & WITHOUT_FLAGS != PADDING | behind - HEADER.size) or zeros != ZEROS or estimate[0] & PTP_BIT or row is None:
            return NOT_PLAIN
        seen_ns, highest, count, number, page, bucket = read_row(rows, row * ROW_BYTES)
        if now_ns - seen_ns > idle_ns:
            return NOT_PLAIN
        counters["received"] += 1
        bucket = find(row, sender, now_ns) if has_limit and bucket == NOWHERE else bucket
        if has_limit and not take(bucket, now_ns):
            sessions.received[row] = count + 1
            counters["rate_limited"] += 1
            return UNANSWERED
        counters["answered"] += 1
        offset = number % PAGE
        if not offset or page == NOWHERE:
            last_seen_ns[row] = now_ns  # the longest silent one may have to give its pages for it
            page = place_of(row, number) - offset
        write_record(records, (page + offset) * RECORD_BYTES, received_ns, sequence, tos)
        highest = sequence if sequence > highest else highest  # noqa: FURB136
        write_row(rows, row * ROW_BYTES, now_ns, highest, count + 1, number + 1, page, bucket)
        reply = number & WORD, ERROR_ESTIMATE, ssid, ntp_from_unix_ns(received_ns), sequence, t1, estimate, ttl
        if not has_tlvs:
            write(frames, at, *reply)
            frames[at + BASE] = 0  # flags of the padding, if there is any
            return tos >> DSCP_SHIFT
        asked: int = dscp1 >> DSCP_SHIFT
        marks, counts = asked << DSCP1_SHIFT | tos << TOS_SHIFT, (sender_tx, (count + 1) & WORD, (number + 1) & WORD)
        write_with_tlvs(frames, at, *reply, CLASS_OF_SERVICE, marks, DIRECT_MEASUREMENT, *counts, 0)
        return asked

    return reflect
