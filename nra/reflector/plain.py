"""The core's law for plain packets of sessions that are under way, where they lie: one by one without a decoder.

Most packets are such, and at the rate of a call or two the machine's caches are cold at each of them: what counts is how little
is touched. So what `Sessions.reflected` and `Guard.take` do is done here without calling them, and all that is needed is bound once, in
a tuple: there it lies side by side, where a closure's cells lie each in a place of its own. What is counted for every packet is added
up first. Whatever is not plain is left to the core. Whoever has a session was let in by the guard when it was opened.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

import numpy as np

from nra.reflector.core import DSCP_SHIFT, ERROR_ESTIMATE, Reflector
from nra.reflector.guard import BUCKET, BUCKET_BYTES
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
from nra.wire.timestamps import SECOND_NS, WORD, ntp_from_unix_ns

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


class Tally:
    """How many packets were answered that the reflector's counters do not tell of yet."""

    def __init__(self, reflector: Reflector) -> None:
        """Begin with none."""
        self._counters = reflector.counters
        self.answered = [0]

    def tell(self) -> None:
        """Let the reflector's counters tell of them."""
        answered = self.answered[0]
        if answered:
            self._counters["received"] += answered
            self._counters["answered"] += answered
            self.answered[0] = 0


def plainly(reflector: Reflector, frames: memoryview, buckets: Buckets, tally: Tally) -> Reflect:  # noqa: C901 - as it says
    """Return what reflects packets that lie in `frames`; what it writes and counts is what the core would have.

    It is longer than a screen: each function that it were cut into would be one more place in memory for every packet.
    """
    sessions, guard, counters = reflector.sessions, reflector.guard, reflector.counters
    of_packets = frames, REQUEST.unpack_from, REPLY.pack_into, REPLY_WITH_TLVS.pack_into
    of_sessions = sessions.rows.get, sessions.octets, ROW.unpack_from, ROW.pack_into, sessions.idle_ns
    of_tokens = guard.rate_per_s, guard.total_per_s, guard.octets, BUCKET.unpack_from, BUCKET.pack_into
    bound = (*of_packets, *of_sessions, *of_tokens, sessions.records.octets, RECORD.pack_into, tally.answered)

    def reflect(at: int, length: int, sender: bytes, received_ns: int, ttl: int, tos: int, now_ns: int) -> int:  # noqa: C901
        (
            octets,
            read,
            write,
            write_with_tlvs,
            known,
            rows,
            read_row,
            write_row,
            idle_ns,
            rate,
            total,
            tokens_of,
            read_bucket,
            write_bucket,
            records,
            write_record,
            answered,
        ) = bound
        if length < BASE:
            return NOT_PLAIN
        sequence, t1, estimate, ssid, zeros, first, dscp1, second, sender_tx, third = read(octets, at)
        has_tlvs = length >= PADDING_AT and first & WITHOUT_FLAGS == CLASS_OF_SERVICE and second & WITHOUT_FLAGS == DIRECT_MEASUREMENT
        behind, last = (length - PADDING_AT, third) if has_tlvs else (length - BASE, first)
        row = known(sender + ssid)
        if (behind and last & WITHOUT_FLAGS != PADDING | behind - HEADER.size) or zeros != ZEROS or estimate[0] & PTP_BIT or row is None:
            return NOT_PLAIN
        seen_ns, highest, count, number, page, bucket = read_row(rows, row * ROW_BYTES)
        if now_ns - seen_ns > idle_ns:
            return NOT_PLAIN
        if rate:
            if bucket == NOWHERE:
                bucket = buckets.find(row, sender, now_ns)
            then_ns, tokens = read_bucket(tokens_of, bucket * BUCKET_BYTES)
            if then_ns < now_ns:  # nobody pays for a clock that goes backwards
                passed_ns, then_ns = now_ns - then_ns, now_ns
                tokens += min(passed_ns, SECOND_NS) * rate / SECOND_NS
            if tokens > rate:
                tokens = rate
            granted = tokens >= 1
            write_bucket(tokens_of, bucket * BUCKET_BYTES, then_ns, tokens - granted)
            if not granted:
                sessions.received[row] = count + 1
                counters["received"] += 1
                reflector.refuse("rate_limited", str(ip_address(sender[AFTER_PORT])))
                return UNANSWERED
        if total and not guard.take_of_all(1, now_ns):
            sessions.received[row] = count + 1
            counters["received"] += 1
            reflector.refuse("total_limited", str(ip_address(sender[AFTER_PORT])))
            return UNANSWERED
        offset = number % PAGE
        if not offset or page == NOWHERE:
            sessions.last_seen_ns[row] = now_ns  # before the longest silent one has to give its pages
            page = sessions.place(row, number) - offset
        write_record(records, (page + offset) * RECORD_BYTES, received_ns, sequence, tos)
        highest = sequence if sequence > highest else highest  # noqa: FURB136 - a call of a function more
        count, number, before = count + 1, number + 1, number & WORD
        write_row(rows, row * ROW_BYTES, now_ns, highest, count, number, page, bucket)
        answered[0] += 1
        t2 = ntp_from_unix_ns(received_ns)
        if not has_tlvs:
            write(octets, at, before, ERROR_ESTIMATE, ssid, t2, sequence, t1, estimate, ttl)
            octets[at + BASE] = 0  # flags of the padding, if there is any
            return tos >> DSCP_SHIFT
        asked: int = dscp1 >> DSCP_SHIFT
        marks, received, sent = asked << DSCP1_SHIFT | tos << TOS_SHIFT, count & WORD, number & WORD
        write_with_tlvs(
            octets,
            at,
            before,
            ERROR_ESTIMATE,
            ssid,
            t2,
            sequence,
            t1,
            estimate,
            ttl,
            CLASS_OF_SERVICE,
            marks,
            DIRECT_MEASUREMENT,
            sender_tx,
            received,
            sent,
            0,
        )
        return asked

    return reflect
