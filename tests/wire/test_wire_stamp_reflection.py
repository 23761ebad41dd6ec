"""What a Session-Reflector makes of TLVs (RFC 8972 4): every flag, every type, and the length that never changes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stamp_vectors import GOLDEN

from nra.model.responder import Announcement
from nra.wire.announcement import AnnouncementReply, AnnouncementRequest
from nra.wire.errors import BadHmac
from nra.wire.receive_record import ReceiveRecord, RecordReply, RecordRequest
from nra.wire.stamp_reflection import ANY_DSCP, ReflectionContext, agreed_dscp, reflect_tlvs
from nra.wire.stamp_tlv import (
    CONFORMANCE,
    INTEGRITY,
    MALFORMED,
    MAX_TLVS,
    UNRECOGNIZED,
    Tlv,
    TlvType,
    encode_tlvs,
    hmac_tlv,
    parse_tlvs,
    seal_tlvs,
    split_tlvs,
    verify_tlvs,
)
from nra.wire.stamp_values import (
    ClassOfService,
    DirectMeasurement,
    ExtraPadding,
    Location,
    TimestampInformation,
    Value,
    request_tlv,
)

EF_ECT0 = 0xB8 | 2
OPENED = Announcement("0f" * 32, (("UDP", 53), ("TCP", 443), ("UDP", 20862), ("UDP", 65535)))
RECORDS = (ReceiveRecord(0, 1, 0xB8), ReceiveRecord(2, 3, 0), None)
PLAIN = ReflectionContext(
    request_sequence=7,
    reply_sequence=5,
    source_address="198.51.100.7",
    source_port=40_000,
    destination_address="192.0.2.1",
    destination_port=20_862,
    received_tos=EF_ECT0,
    honoured_dscp=ANY_DSCP,
    received_count=12,
    transmitted_count=11,
    timestamp_information=TimestampInformation(sync_in=1, method_in=2, sync_out=5, method_out=3),
    records=lambda first, count: RECORDS[first : first + count],
    announcement=OPENED,
)
KEYED = replace(PLAIN, key=GOLDEN.key, authenticated=True)
KNOWN_NOTHING = ReflectionContext(
    request_sequence=7,
    reply_sequence=5,
    source_address="198.51.100.7",
    source_port=40_000,
    destination_address=None,
    destination_port=20_862,
)
QUESTIONS: dict[str, Value] = {
    "cos": ClassOfService(dscp1=34),
    "dm": DirectMeasurement(sender_tx=1000),
    "ti": TimestampInformation(),
    "record": RecordRequest(1, 4),
    "announcement": AnnouncementRequest(3),
    "padding": ExtraPadding(9),
    "location": Location.request(),
}
ANSWERS: dict[str, Value] = {
    "cos": ClassOfService(dscp1=34, dscp2=46, ecn=2),
    "dm": DirectMeasurement(sender_tx=1000, reflector_rx=12, reflector_tx=11),
    "ti": TimestampInformation(sync_in=1, method_in=2, sync_out=5, method_out=3),
    "padding": ExtraPadding(9),
}
REFUSED = (
    TlvType.ACCESS_REPORT,
    TlvType.FOLLOW_UP_TELEMETRY,
    TlvType.DESTINATION_NODE_ADDRESS,
    TlvType.RETURN_PATH,
    TlvType.MICRO_SESSION_ID,
    TlvType.REFLECTED_TEST_PACKET_CONTROL,
)
COS, DM, LOCATION = (request_tlv(QUESTIONS[name]) for name in ("cos", "dm", "location"))
PADDING = request_tlv(ExtraPadding(8))
UNKNOWN = Tlv(UNRECOGNIZED, 200, b"as it came")


def sealed(*parts: Tlv) -> bytes:
    """Return a request's tail with its HMAC TLV made."""
    return seal_tlvs(encode_tlvs(parts), PLAIN.request_sequence, GOLDEN.key)


def reflected(context: ReflectionContext, *parts: Tlv) -> tuple[Tlv, ...]:
    """Return the reply's TLVs."""
    return split_tlvs(reflect_tlvs(encode_tlvs(parts), context))


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_understood_is_answered_without_u(name: str) -> None:
    """The reflector clears U and fills in what was asked (RFC 8972 4.1, 4.3 to 4.5)."""
    (reply,) = reflected(PLAIN, request_tlv(QUESTIONS[name]))
    assert reply == Tlv(0, QUESTIONS[name].TYPE, ANSWERS[name].encode())


def test_location_is_answered_with_what_the_reflector_saw() -> None:
    """Ports and addresses are those of the received packet, the length that of the request (RFC 8972 4.2.2)."""
    (reply,) = reflected(PLAIN, request_tlv(QUESTIONS["location"]))
    location = Location.decode(reply.value)
    assert (location.source_address, location.source_port) == ("198.51.100.7", 40_000)
    assert (location.destination_address, location.destination_port) == ("192.0.2.1", 20_862)
    assert (reply.flags, [sub.flags for sub in location.sub_tlvs]) == (0, [0, 0])


def test_receive_records_are_given_as_far_as_there_are() -> None:
    """The source is asked for what was wanted, and its answer fits the request."""
    (reply,) = reflected(PLAIN, request_tlv(QUESTIONS["record"]))
    assert reply.flags == 0
    assert RecordReply.decode(reply.value) == RecordReply(1, RECORDS[1:])


@pytest.mark.parametrize("context", [PLAIN, KEYED], ids=["plain", "keyed"])
def test_the_responders_are_announced_as_far_as_there_is_room(context: ReflectionContext) -> None:
    """U is gone, the list is cut to the question's room and says so; with a key the HMAC covers it (RFC 8972 4.8)."""
    asked = request_tlv(QUESTIONS["announcement"])
    tail = encode_tlvs([asked]) if context.key is None else sealed(asked, hmac_tlv())
    reply = reflect_tlvs(tail, context)
    if context.key is not None:
        verify_tlvs(reply, context.reply_sequence, context.key, mandatory=True)
    first = parse_tlvs(reply)[0]
    assert (first.flags, len(first.value)) == (0, len(asked.value))
    seen = AnnouncementReply.decode(first.value)
    assert seen == AnnouncementReply(Announcement(OPENED.pin, OPENED.ports[:3]), 4)
    assert seen.is_cut


def test_without_responders_the_announcement_is_that_there_are_none() -> None:
    """A reflector that knows the question answers it: U would mean that it does not."""
    (reply,) = reflected(KNOWN_NOTHING, request_tlv(QUESTIONS["announcement"]))
    assert (reply.flags, AnnouncementReply.decode(reply.value)) == (0, AnnouncementReply(None, 0))


def test_the_announcement_of_another_key_says_nothing() -> None:
    """An HMAC that fails leaves the question as it came, with I: the sender reads nothing (RFC 8972 4.8)."""
    asked = request_tlv(QUESTIONS["announcement"])
    reply = reflect_tlvs(sealed(asked, hmac_tlv()), replace(KEYED, key=b"another key"))
    assert split_tlvs(reply)[0] == Tlv(UNRECOGNIZED | INTEGRITY, asked.type, asked.value)
    assert parse_tlvs(reply) == ()


@pytest.mark.parametrize("kind", [*REFUSED, 0, 99, 240, 251, 255])
@pytest.mark.parametrize("flags", [0, UNRECOGNIZED, 0xFF])
def test_what_is_not_understood_is_copied_with_u(kind: int, flags: int) -> None:
    """Unknown types, and those that could aim replies at others, keep their value and get U alone (RFC 8972 4)."""
    assert reflected(PLAIN, Tlv(flags, kind, b"as it came")) == (Tlv(UNRECOGNIZED, kind, b"as it came"),)


@pytest.mark.parametrize("flags", [0, UNRECOGNIZED, MALFORMED, INTEGRITY, CONFORMANCE, 0x0F, 0xFF])
def test_flags_of_a_request_are_not_believed(flags: int) -> None:
    """A reflector sets U, M and I by its own judgement, whatever came (RFC 8972 4)."""
    assert reflected(PLAIN, Tlv(flags, COS.type, COS.value)) == (Tlv(0, COS.type, ANSWERS["cos"].encode()),)


@pytest.mark.parametrize("name", ["cos", "dm", "ti", "record"])
def test_what_the_reflector_does_not_know_stays_unanswered(name: str) -> None:
    """Absent is never zero: without TOS, counters, clock facts or records the TLV goes back with U."""
    request = request_tlv(QUESTIONS[name])
    assert reflected(KNOWN_NOTHING, request) == (request,)


@pytest.mark.parametrize("context", [replace(KNOWN_NOTHING, received_count=1), replace(KNOWN_NOTHING, transmitted_count=1)])
def test_one_counter_is_not_enough(context: ReflectionContext) -> None:
    """Direct Measurement is answered with both counters or not at all."""
    assert reflected(context, DM) == (DM,)


@pytest.mark.parametrize("kind", [TlvType.RECEIVE_RECORD, TlvType.ANNOUNCEMENT])
def test_another_experiment_under_our_type_is_copied_with_u(kind: TlvType) -> None:
    """Types 250 and 251 without our magic are not ours to call malformed (RFC 8972 5.1)."""
    other = Tlv(UNRECOGNIZED, kind, b"some other experiment")
    assert reflected(PLAIN, other) == (other,)


def test_an_unknown_destination_is_left_unanswered() -> None:
    """Where the socket does not tell its own address, only the source is reported."""
    (reply,) = reflected(KNOWN_NOTHING, request_tlv(Location.request()))
    location = Location.decode(reply.value)
    assert (location.source_address, location.destination_address) == ("198.51.100.7", None)
    assert [sub.flags for sub in location.sub_tlvs] == [UNRECOGNIZED, 0]


@pytest.mark.parametrize(
    "wrong",
    [
        Tlv(UNRECOGNIZED, TlvType.CLASS_OF_SERVICE, bytes(5)),
        Tlv(UNRECOGNIZED, TlvType.DIRECT_MEASUREMENT, bytes(11)),
        Tlv(UNRECOGNIZED, TlvType.TIMESTAMP_INFORMATION, bytes(3)),
        Tlv(UNRECOGNIZED, TlvType.LOCATION, bytes(3)),
        Tlv(UNRECOGNIZED, TlvType.LOCATION, bytes(4) + encode_tlvs([Tlv(UNRECOGNIZED, 7, bytes(4))])),
        Tlv(UNRECOGNIZED, TlvType.RECEIVE_RECORD, RecordRequest(0, 2).encode()[:-1]),
        Tlv(UNRECOGNIZED, TlvType.ANNOUNCEMENT, AnnouncementRequest(2).encode()[:-1]),
        Tlv(UNRECOGNIZED, TlvType.ANNOUNCEMENT, AnnouncementRequest(0).encode()[:-1]),
    ],
)
def test_a_wrong_length_gets_m_and_ends_the_work(wrong: Tlv) -> None:
    """Those before it are answered, it gets M, those behind it are copied as they came (RFC 8972 4)."""
    first, malformed, rest = reflected(PLAIN, COS, wrong, DM)
    assert first.value == ANSWERS["cos"].encode()
    assert malformed == Tlv(MALFORMED, wrong.type, wrong.value)
    assert rest == DM


@pytest.mark.parametrize(("kind", "flags"), [(TlvType.CLASS_OF_SERVICE, MALFORMED), (200, MALFORMED | UNRECOGNIZED)])
def test_a_length_beyond_the_packet_gets_m(kind: int, flags: int) -> None:
    """A TLV longer than the packet is malformed, known or not (RFC 8972 4)."""
    tail = encode_tlvs([DM]) + bytes((UNRECOGNIZED, kind, 0, 9)) + b"only8oct"
    reply = reflect_tlvs(tail, PLAIN)
    assert reply[:16] == encode_tlvs([Tlv(0, DM.type, ANSWERS["dm"].encode())])
    assert reply[16:] == bytes((flags, kind, 0, 9)) + b"only8oct"


@pytest.mark.parametrize("kind", ["record", "announcement"])
def test_of_our_own_types_the_first_question_is_answered_alone(kind: str) -> None:
    """However many have room in a packet, it costs one of them; what is standard goes on, and who only uses the number was none."""
    ours = [request_tlv(QUESTIONS[name]) for name in ("record", "announcement")]
    stranger, first = Tlv(UNRECOGNIZED, QUESTIONS[kind].TYPE, b"somebody else's"), request_tlv(QUESTIONS[kind])
    alone = reflected(PLAIN, first)[0]
    assert alone.flags == 0
    assert reflected(PLAIN, stranger, first, *ours, COS, *ours) == (stranger, alone, *ours, *reflected(PLAIN, COS), *ours)


def test_one_location_is_answered_with_a_few_sub_tlvs() -> None:
    """Each costs a packet, so that dozens of dozens in one would let a sender keep a core busy."""
    alone = reflected(PLAIN, LOCATION)[0]
    assert alone.flags == 0
    assert reflected(PLAIN, LOCATION, LOCATION, COS) == (alone, LOCATION, *reflected(PLAIN, COS))
    many = Tlv(UNRECOGNIZED, TlvType.LOCATION, Location(sub_tlvs=(Tlv(UNRECOGNIZED, 99, b""),) * 9).encode())
    assert reflected(PLAIN, many) == (many,)


@pytest.mark.parametrize("rest", [b"\x80", b"\x80\x04", b"\x80\x04\x00"])
def test_octets_too_few_for_a_header_are_copied(rest: bytes) -> None:
    """What is no TLV is padding: it comes back as it is (RFC 8762 4.3)."""
    assert reflect_tlvs(encode_tlvs([UNKNOWN]) + rest, PLAIN) == encode_tlvs([UNKNOWN]) + rest


def test_class_of_service_reports_a_refused_dscp() -> None:
    """RP is 1 when policy does not let the reply carry DSCP1 (RFC 8972 4.4)."""
    some = replace(PLAIN, honoured_dscp=frozenset({0, 46}))
    (refused,) = reflected(some, COS)
    (granted,) = reflected(some, request_tlv(ClassOfService(dscp1=46)))
    assert ClassOfService.decode(refused.value) == ClassOfService(dscp1=34, dscp2=46, ecn=2, rp=1)
    assert ClassOfService.decode(granted.value).rp == 0
    assert agreed_dscp(encode_tlvs([refused])) is None
    assert agreed_dscp(encode_tlvs([UNKNOWN, granted])) == 46


def test_no_dscp_is_agreed_without_an_answer() -> None:
    """A reply whose Class of Service TLV was not answered promises nothing."""
    for tail in (b"", encode_tlvs([COS]), encode_tlvs([DM]), reflect_tlvs(encode_tlvs([COS]), KNOWN_NOTHING)):
        assert agreed_dscp(tail) is None
    failed = reflect_tlvs(GOLDEN.tlvs, replace(KEYED, request_sequence=8))
    assert agreed_dscp(failed) is None


def test_counters_wrap_at_32_bits() -> None:
    """Counters are sent modulo 2^32 (RFC 8972 4.5)."""
    (reply,) = reflected(replace(PLAIN, received_count=2**32 + 3, transmitted_count=2**32), DM)
    assert DirectMeasurement.decode(reply.value) == DirectMeasurement(sender_tx=1000, reflector_rx=3, reflector_tx=0)


def test_longer_timestamp_information_keeps_its_rest() -> None:
    """Octets behind the four known ones come back as they were."""
    (reply,) = reflected(PLAIN, Tlv(UNRECOGNIZED, TlvType.TIMESTAMP_INFORMATION, bytes(4) + b"more"))
    assert reply == Tlv(0, TlvType.TIMESTAMP_INFORMATION, b"\1\2\5\3more")


def test_golden_tlvs_reflected_with_a_key() -> None:
    """Verified, answered and sealed again over the reply's own Sequence Number (RFC 8972 4.8)."""
    reply = reflect_tlvs(GOLDEN.tlvs, KEYED)
    verify_tlvs(reply, KEYED.reply_sequence, GOLDEN.key, mandatory=True)
    with pytest.raises(BadHmac):
        verify_tlvs(reply, KEYED.request_sequence, GOLDEN.key, mandatory=True)
    cos, dm, hmac, padding = parse_tlvs(reply)
    assert ClassOfService.decode(cos.value) == ClassOfService(dscp1=46, dscp2=46, ecn=2)
    assert DirectMeasurement.decode(dm.value) == DirectMeasurement(sender_tx=1000, reflector_rx=12, reflector_tx=11)
    assert (hmac.type, padding) == (TlvType.HMAC, Tlv(0, TlvType.EXTRA_PADDING, bytes(8)))


@pytest.mark.parametrize(
    ("tail", "context"),
    [
        (GOLDEN.tlvs, replace(KEYED, request_sequence=8)),
        (GOLDEN.tlvs, replace(KEYED, key=b"another key")),
        (GOLDEN.tlvs[:4] + b"\0" + GOLDEN.tlvs[5:], KEYED),
        (GOLDEN.tlvs, PLAIN),
        (encode_tlvs([COS, PADDING]), KEYED),
        (sealed(COS, hmac_tlv()) + encode_tlvs([DM]), KEYED),
        (encode_tlvs([COS, Tlv(UNRECOGNIZED, TlvType.HMAC, bytes(15))]), KEYED),
    ],
    ids=["sequence", "key", "value", "no key here", "missing", "misplaced", "length"],
)
def test_a_failed_hmac_puts_i_into_every_tlv(tail: bytes, context: ReflectionContext) -> None:
    """Nothing is answered, all is copied with I; a TLV that cannot be verified for want of a key fails too (RFC 8972 4.8)."""
    asked = split_tlvs(tail)
    assert split_tlvs(reflect_tlvs(tail, context)) == tuple(Tlv(tlv.flags | INTEGRITY, tlv.type, tlv.value) for tlv in asked)
    assert parse_tlvs(reflect_tlvs(tail, context)) == ()


def test_an_hmac_is_optional_in_unauthenticated_mode() -> None:
    """A reflector with a key that is asked in unauthenticated mode answers without, and verifies where there is one (RFC 8972 4.8)."""
    optional = replace(KEYED, authenticated=False)
    assert reflected(optional, COS)[0].flags == 0
    verify_tlvs(reflect_tlvs(sealed(COS, hmac_tlv()), optional), 5, GOLDEN.key, mandatory=True)


def test_a_sole_padding_needs_no_hmac() -> None:
    """The one exception of authenticated mode (RFC 8972 4.8)."""
    assert reflected(KEYED, PADDING) == (Tlv(0, PADDING.type, PADDING.value),)


def test_a_bomb_of_tlvs_costs_a_handful() -> None:
    """Only the first MAX_TLVS are answered, the rest comes back as it is; our own cost no more than one of them does."""
    bomb = encode_tlvs([COS]) * 4000
    (answer,) = reflected(PLAIN, COS)
    assert reflect_tlvs(bomb, PLAIN) == encode_tlvs([answer]) * MAX_TLVS + bomb[MAX_TLVS * 8 :]


tails = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.builds(Tlv, st.integers(0, 255), st.sampled_from([*range(14), 250, 251]), st.binary(max_size=40)),
        max_size=6,
    ).map(encode_tlvs),
    st.lists(st.sampled_from([request_tlv(value) for value in QUESTIONS.values()]), max_size=6).map(
        lambda parts: sealed(*parts, hmac_tlv())
    ),
)


@given(tails, st.integers(0, 200), st.sampled_from([PLAIN, KEYED, KNOWN_NOTHING]))
def test_a_reply_is_never_longer_nor_shorter(tail: bytes, cut: int, context: ReflectionContext) -> None:
    """Whatever the octets, whole or cut, the tail keeps its length and no exception comes out (RFC 8762 4.3)."""
    assert len(reflect_tlvs(tail[:cut], context)) == len(tail[:cut])
    assert len(reflect_tlvs(tail, context)) == len(tail)


@given(tails)
def test_what_a_sender_may_use_was_answered(tail: bytes) -> None:
    """A sender that reads the reply finds only TLVs of types that the reflector understands."""
    known = {value.TYPE for value in QUESTIONS.values()} | {TlvType.HMAC}
    assert {tlv.type for tlv in parse_tlvs(reflect_tlvs(tail, PLAIN))} <= known
