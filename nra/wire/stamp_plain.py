"""Plain STAMP requests, as our own sender and most others make them, read and answered in place without a decoder.

Unauthenticated base packet, then nothing, or Extra Padding alone, or these TLVs (RFC 8972 4.1, 4.4, 4.5):

44 Class of Service, 4 octets          52 Direct Measurement, 12 octets          68 Extra Padding to the end, or nothing
48 DSCP1 (6 bits), DSCP2 (6), ECN (2)  56 sender's count 60 received 64 sent     72 padding, which comes back as it was

A TLV is known by type and length; flags of requests mean nothing, in replies they are 0 for what is understood.
"""

from struct import Struct
from typing import Final

from nra.wire.stamp import UNAUTHENTICATED
from nra.wire.stamp_tlv import HEADER, TlvType

BASE: Final = UNAUTHENTICATED.size
PADDING: Final = TlvType.EXTRA_PADDING << 16
CLASS_OF_SERVICE: Final = TlvType.CLASS_OF_SERVICE << 16 | 4
DIRECT_MEASUREMENT: Final = TlvType.DIRECT_MEASUREMENT << 16 | 12
WITHOUT_FLAGS: Final = 0x00FF_FFFF  # of a TLV's header
MEASUREMENT_AT: Final = BASE + HEADER.size + 4
PADDING_AT: Final = MEASUREMENT_AT + HEADER.size + 12
PTP_OCTET: Final = 12  # in it PTP_BIT says that T1 is a PTP stamp (RFC 8186), which may be malformed
PTP_BIT: Final = 0x40
ZEROS_AT: Final = UNAUTHENTICATED.ssid + 2

REQUEST: Final = Struct(">I8s2s2s28sIB3xII8xI")
"""Sequence Number, T1, Error Estimate, SSID, zeros; header, DSCP1 in its upper bits; header, sender's count; header of the padding."""
ZEROS: Final = bytes(28)
REPLY: Final = Struct(">I8xH2sQI8s2s2xB3x")
"""All but T3: number, Error Estimate, SSID, T2; the sender's number, T1 and Error Estimate; TTL."""
REPLY_WITH_TLVS: Final = Struct(REPLY.format + "IIIIIIB")
"""And header, marking; header, counts of sender, received and sent; flags of the padding."""
DSCP1_SHIFT: Final = 26
TOS_SHIFT: Final = 18  # DSCP2 and ECN stand together as in the TOS octet
