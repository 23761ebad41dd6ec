"""Plain STAMP replies, as reflectors answer the packets of our streams: read in one step, because there are ten thousand a second.

Unauthenticated base packet with NTP stamps, then these TLVs, understood and in this order (RFC 8972 4.1, 4.4, 4.5):

44 Class of Service, 4 octets          52 Direct Measurement, 12 octets          68 Extra Padding to the end
48 DSCP1 (6 bits), DSCP2 (6), ECN (2)  56 sender's count 60 received 64 sent     72 padding

Whatever is otherwise in any bit that means something is left to the decoder (stamp.py, stamp_tlv.py).
"""

from struct import Struct
from typing import Final, NamedTuple

from nra.wire.stamp import UNAUTHENTICATED
from nra.wire.stamp_plain import CLASS_OF_SERVICE, DIRECT_MEASUREMENT, PADDING, TOS_SHIFT
from nra.wire.stamp_tlv import HEADER, UNRECOGNIZED
from nra.wire.timestamps import PTP_FORMAT

LAYOUT: Final = Struct(">IQHHQIQHxxBxxxIIIIIII")
UNRECOGNIZED_SHIFT: Final = 24
COUNT_AT: Final = UNAUTHENTICATED.size + HEADER.size + 4 + HEADER.size
"""Where the sender's count stands, in the request too."""
PADDING_AT: Final = LAYOUT.size


class PlainReply(NamedTuple):
    """What such a reply says: both numbers, T3 and T2 in NTP format, the TOS octet up, and the counters."""

    sequence: int
    timestamp: int
    ssid: int
    receive_timestamp: int
    sender_sequence: int
    tos: int
    sender_tx: int
    reflector_tx: int


def read_plain(data: bytes) -> PlainReply | None:
    """Return what a plain reply says, None for whatever is not one."""
    if len(data) < LAYOUT.size:
        return None
    (
        sequence, timestamp, estimate, ssid, receive_timestamp, sender_sequence, _, sender_estimate, _,
        service, bits, measurement, sender_tx, _, reflector_tx, padding,
    ) = LAYOUT.unpack_from(data)  # fmt: skip
    if service != CLASS_OF_SERVICE or measurement != DIRECT_MEASUREMENT or (estimate | sender_estimate) & PTP_FORMAT:
        return None
    if padding & ~(UNRECOGNIZED << UNRECOGNIZED_SHIFT) != PADDING | len(data) - LAYOUT.size:
        return None
    return PlainReply(sequence, timestamp, ssid, receive_timestamp, sender_sequence, bits >> TOS_SHIFT & 0xFF, sender_tx, reflector_tx)
