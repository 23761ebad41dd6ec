"""What a Session-Reflector makes of the TLVs of a request (RFC 8972 4): a reply's tail of the same length, octet for octet in place.

A type that is understood loses U and gets its answer; any other keeps its value with U set; a malformed one gets M and ends
the work, the rest is copied; a failed HMAC TLV puts I into every TLV and nothing else is done. Return Path, Destination Node
Address and Reflected Test Packet Control are never understood: they would let a sender aim replies at others. Of our own two types
one question a packet is answered, and one Location with a few sub-TLVs: each costs as much as a packet, and dozens have room in one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nra.model.responder import Announcement
from nra.wire import announcement, receive_record
from nra.wire.announcement import AnnouncementRequest
from nra.wire.errors import BadHmac, MalformedMessage
from nra.wire.receive_record import RecordRequest, RecordSource
from nra.wire.stamp_tlv import (
    INTEGRITY,
    MALFORMED,
    UNRECOGNIZED,
    Span,
    TlvType,
    find_hmac,
    parse_tlvs,
    seal_tlvs,
    verify_tlvs,
    walk_tlvs,
)
from nra.wire.stamp_values import ClassOfService, DirectMeasurement, Location, LocationType, TimestampInformation, answer_sub_tlv
from nra.wire.timestamps import WORD

MOST_SUB_TLVS: Final = 8  # of a Location; there are seven kinds of answers (RFC 8972 4.2.1)
ANY_DSCP: Final = frozenset(range(64))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionContext:
    """What the reflector knows of one packet beside its octets.

    `request_sequence` and `reply_sequence` are the base packets' Sequence Numbers, which the HMAC TLVs cover. Counters are
    the session's and include this packet and this reply. `honoured_dscp` are those with which a reply may be marked on request.
    None is "not known" and leaves the TLV that asks for it with U set; of `announcement` alone it is an answer: no responders here.
    """

    request_sequence: int
    reply_sequence: int
    source_address: str
    source_port: int
    destination_address: str | None
    destination_port: int
    received_tos: int | None = None
    honoured_dscp: frozenset[int] = frozenset()
    received_count: int | None = None
    transmitted_count: int | None = None
    timestamp_information: TimestampInformation | None = None
    records: RecordSource | None = None
    announcement: Announcement | None = None
    key: bytes | None = None
    authenticated: bool = False


Answer = Callable[[bytes, ReflectionContext], bytes | None]
"""From a request's value to the reply's, equally long; None refuses, MalformedMessage is answered with M."""


def reflect_tlvs(request_tail: bytes, context: ReflectionContext) -> bytes:
    """Return what follows the base packet in the reply; as long as the request's tail, whatever its octets."""
    if not _is_intact(request_tail, context):
        return _with_integrity_flags(request_tail)
    reply, answers = bytearray(request_tail), ANSWERS
    for span in walk_tlvs(request_tail):
        flags = reply[span.offset] = _answer(answers.get(span.type), reply, request_tail, span, context)
        if flags & MALFORMED:
            return bytes(reply)
        if span.type in DEAR and not flags:
            answers = {kind: answer for kind, answer in answers.items() if kind not in DEAR[span.type]}
    return bytes(reply) if context.key is None else seal_tlvs(bytes(reply), context.reply_sequence, context.key)


def agreed_dscp(reply_tail: bytes) -> int | None:
    """Return the DSCP that the reply itself promises to carry, None where it promises none (RFC 8972 4.4)."""
    for tlv in parse_tlvs(reply_tail):
        if tlv.type == TlvType.CLASS_OF_SERVICE:
            promised = ClassOfService.decode(tlv.value)
            return None if promised.rp else promised.dscp1
    return None


def _is_intact(tail: bytes, context: ReflectionContext) -> bool:
    """An HMAC TLV that nobody can verify, for want of a key, is as bad as one that fails (RFC 8972 4.8)."""
    try:
        if context.key is None:
            return find_hmac(tail) is None
        verify_tlvs(tail, context.request_sequence, context.key, mandatory=context.authenticated)
    except BadHmac:
        return False
    return True


def _with_integrity_flags(tail: bytes) -> bytes:
    reply = bytearray(tail)
    for span in walk_tlvs(tail):
        reply[span.offset] |= INTEGRITY
    return bytes(reply)


def _answer(answer: Answer | None, reply: bytearray, request: bytes, span: Span, context: ReflectionContext) -> int:
    """Write the reply's value over the request's and return the flags."""
    if span.end > len(request):
        return MALFORMED | (UNRECOGNIZED if answer is None else 0)
    if answer is None:
        return UNRECOGNIZED
    try:
        value = answer(request[span.value], context)
    except MalformedMessage:
        return MALFORMED
    if value is None:
        return UNRECOGNIZED
    reply[span.value] = value
    return 0


def _extra_padding(value: bytes, _: ReflectionContext) -> bytes:
    return value


def _hmac(value: bytes, _: ReflectionContext) -> bytes:
    """It was verified before anything else, and is made anew when all the rest is done."""
    return value


def _class_of_service(value: bytes, context: ReflectionContext) -> bytes | None:
    wanted = ClassOfService.decode(value)
    if context.received_tos is None:
        return None
    dscp, ecn = divmod(context.received_tos, 4)
    refused = wanted.dscp1 not in context.honoured_dscp
    return ClassOfService(dscp1=wanted.dscp1, dscp2=dscp, ecn=ecn, rp=int(refused)).encode()


def _direct_measurement(value: bytes, context: ReflectionContext) -> bytes | None:
    sender_tx = DirectMeasurement.decode(value).sender_tx
    if context.received_count is None or context.transmitted_count is None:
        return None
    received, transmitted = context.received_count & WORD, context.transmitted_count & WORD
    return DirectMeasurement(sender_tx=sender_tx, reflector_rx=received, reflector_tx=transmitted).encode()


def _timestamp_information(value: bytes, context: ReflectionContext) -> bytes | None:
    TimestampInformation.decode(value)
    if context.timestamp_information is None:
        return None
    known = context.timestamp_information.encode()
    return known + value[len(known) :]


def _location(value: bytes, context: ReflectionContext) -> bytes | None:
    wanted = Location.decode(value).sub_tlvs
    if len(wanted) > MOST_SUB_TLVS:
        return None
    addresses: dict[int, str | None] = {
        LocationType.DESTINATION_IP: context.destination_address,
        LocationType.SOURCE_IP: context.source_address,
    }
    return Location(
        destination_port=context.destination_port,
        source_port=context.source_port,
        sub_tlvs=tuple(answer_sub_tlv(sub, addresses) for sub in wanted),
    ).encode()


def _receive_record(value: bytes, context: ReflectionContext) -> bytes | None:
    if context.records is None or not receive_record.is_ours(value):
        return None
    return RecordRequest.decode(value).answer(context.records)


def _announcement(value: bytes, context: ReflectionContext) -> bytes | None:
    return AnnouncementRequest.decode(value).answer(context.announcement) if announcement.is_ours(value) else None


STANDARD_ANSWERS: Final[dict[int, Answer]] = {
    TlvType.EXTRA_PADDING: _extra_padding,
    TlvType.LOCATION: _location,
    TlvType.TIMESTAMP_INFORMATION: _timestamp_information,
    TlvType.CLASS_OF_SERVICE: _class_of_service,
    TlvType.DIRECT_MEASUREMENT: _direct_measurement,
    TlvType.HMAC: _hmac,
}
OWN_ANSWERS: Final[dict[int, Answer]] = {TlvType.RECEIVE_RECORD: _receive_record, TlvType.ANNOUNCEMENT: _announcement}
DEAR: Final = dict.fromkeys(OWN_ANSWERS, frozenset(OWN_ANSWERS)) | {TlvType.LOCATION: frozenset({TlvType.LOCATION})}
"""Types of which one a packet is answered, each with those that are not answered after it."""
ANSWERS: Final[dict[int, Answer]] = STANDARD_ANSWERS | OWN_ANSWERS
"""What is understood; every other type is copied with U set."""
