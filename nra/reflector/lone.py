"""One datagram after the other, each answered before the next is asked for: what a reflector does that has a call or two.

Whoever waits for a packet finds the processor's caches cold, so that all that is needed is bound once and lies on one desk.
"""

from collections.abc import Callable
from typing import Final

from nra.net.batched_server import MSG_DONTWAIT, BatchedServerPort
from nra.net.clock import STEP_NS, SystemClock
from nra.net.desk import FRAME_AT, Desk
from nra.net.message_buffers import BEHIND_FLOW, PORT_ALONE
from nra.net.message_layout import IPV6
from nra.reflector.plain import NOT_PLAIN, Reflect
from nra.wire.stamp import TIMESTAMP, UNAUTHENTICATED
from nra.wire.timestamps import SECOND_NS, ntp_from_unix_ns

write_t3: Final = TIMESTAMP.pack_into
T3_AT: Final = FRAME_AT + UNAUTHENTICATED.timestamp

NOTHING: Final = 0
Answer = Callable[[], int]
"""Takes one datagram and answers it; returns when it was read, NOTHING where none came."""
Otherwise = Callable[[int, int], None]
"""Answers a datagram that is not plain, so long and read then."""


def answering(
    port: BatchedServerPort,
    desk: Desk,
    file: int,
    clock: SystemClock,
    reflect: Reflect,
    otherwise: Otherwise,
    unsendable: Callable[[], None],
) -> Answer:
    """Return what answers one datagram of a channel, whose file that is."""
    flags, is_ipv6, (count, anchor_ns) = 0 if port.waits_in_take else MSG_DONTWAIT, desk.layout is IPV6, clock.line()
    bound = (port.take, port.give, file, flags, desk.incoming, desk.outgoing, desk.octets, desk.told.unpack_from, count, anchor_ns)

    def answer() -> int:
        take, give, file, flags, incoming, outgoing, octets, read, count, anchor_ns = bound
        length = take(file, incoming, flags)
        read_ns = count() + anchor_ns
        if length < 0:  # what that says is nobody's request: nothing came, an ICMP error, a signal
            return NOTHING
        control_bytes, seconds, nanoseconds, local, ttl, tos, sender = read(octets)
        if control_bytes != desk.trusted_bytes:
            otherwise(length, read_ns)
            return read_ns
        wall_ns = seconds * SECOND_NS + nanoseconds
        received_ns = wall_ns + port.to_line_ns
        if not read_ns - STEP_NS < received_ns <= read_ns:  # no step that matters can be in so little
            received_ns = port.placed(wall_ns, read_ns)
        if is_ipv6:
            sender = sender[PORT_ALONE] + sender[BEHIND_FLOW]
        dscp = reflect(FRAME_AT, length, sender, received_ns, ttl, tos, read_ns)
        if dscp >= 0:
            if desk.addressed != (length, local, dscp):
                desk.address(length, local, dscp)
            write_t3(octets, T3_AT, ntp_from_unix_ns(count() + anchor_ns))
            if give(file, outgoing, MSG_DONTWAIT) < 0:
                unsendable()
        elif dscp == NOT_PLAIN:
            otherwise(length, read_ns)
        return read_ns

    return answer
