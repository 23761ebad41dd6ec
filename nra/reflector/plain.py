"""The core's law for plain packets of sessions that are under way, where they lie: one by one without a decoder.

Most packets are such, and at the rate of a call or two the machine's caches are cold at each of them: what counts is how little
is touched. Whatever is not plain is left to the core. Whoever has a session was let in by the guard when it was opened.
"""

from ipaddress import ip_address
from typing import Final

import numpy as np

from nra.reflector.core import DSCP_SHIFT, ERROR_ESTIMATE, Reflector
from nra.reflector.sessions import NOWHERE
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


class PlainPackets:
    """What it writes and counts is what the core would have."""

    def __init__(self, reflector: Reflector, frames: memoryview) -> None:
        """Work on packets that lie in `frames`."""
        self._reflector = reflector
        self._sessions = reflector.sessions
        self._guard = reflector.guard
        self._frames = frames
        self._has_limit = reflector.guard.rate_per_s > 0
        self._forgotten = 0

    def reflect(self, at: int, length: int, sender: bytes, received_ns: int, ttl: int, tos: int, now_ns: int) -> int:
        """Make the packet at that offset its reply, but for T3; return the DSCP to send it with, or UNANSWERED, or NOT_PLAIN.

        `sender` are port and address as on the wire. A packet that is not plain is untouched and uncounted.
        """
        if length < BASE:
            return NOT_PLAIN
        sequence, t1, estimate, ssid, zeros, first, dscp1, second, sender_tx, third = REQUEST.unpack_from(self._frames, at)
        has_tlvs = length >= PADDING_AT and first & WITHOUT_FLAGS == CLASS_OF_SERVICE and second & WITHOUT_FLAGS == DIRECT_MEASUREMENT
        behind, last = (length - PADDING_AT, third) if has_tlvs else (length - BASE, first)
        is_filled = not behind or last & WITHOUT_FLAGS == PADDING | behind - HEADER.size
        sessions = self._sessions
        row = sessions.rows.get(sender + ssid)
        if (
            not is_filled
            or zeros != ZEROS
            or estimate[0] & PTP_BIT
            or row is None
            or now_ns - sessions.last_seen_ns[row] > sessions.idle_ns
        ):
            return NOT_PLAIN
        counters = self._reflector.counters
        counters["received"] += 1
        if self._has_limit and not self._guard.take(self._bucket(row, sender, now_ns), now_ns):
            counters["rate_limited"] += 1
            sessions.received[row] += 1
            return UNANSWERED
        counters["answered"] += 1
        number = sessions.reflected(row, sequence, received_ns, tos, now_ns)
        reply = number, ERROR_ESTIMATE, ssid, ntp_from_unix_ns(received_ns), sequence, t1, estimate, ttl
        if not has_tlvs:
            REPLY.pack_into(self._frames, at, *reply)
            self._frames[at + BASE] = 0  # flags of the padding, if there is any
            return tos >> DSCP_SHIFT
        asked: int = dscp1 >> DSCP_SHIFT
        marks = asked << DSCP1_SHIFT | tos << TOS_SHIFT
        counts = sender_tx, sessions.received[row] & WORD, sessions.transmitted[row] & WORD
        REPLY_WITH_TLVS.pack_into(self._frames, at, *reply, CLASS_OF_SERVICE, marks, DIRECT_MEASUREMENT, *counts, 0)
        return asked

    def _bucket(self, row: int, sender: bytes, now_ns: int) -> int:
        bucket = self._sessions.bucket[row]
        if bucket == NOWHERE:
            bucket = self._sessions.bucket[row] = self._guard.bucket(str(ip_address(sender[AFTER_PORT])), now_ns)
            self.heed_the_guard()
        return bucket

    def heed_the_guard(self) -> None:
        """Look all buckets up again when the guard has forgotten one: to be called after it was asked for a source."""
        if self._forgotten != self._guard.forgotten:
            self._forgotten = self._guard.forgotten
            np.asarray(self._sessions.bucket)[:] = NOWHERE
