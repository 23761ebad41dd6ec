"""The Session-Reflector's core: what it answers, what it counts instead, and that nothing stops it."""

from array import array
from dataclasses import replace
from struct import Struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.model.responder import RESPONDERS, Announcement
from nra.reflector.core import ERROR_ESTIMATE, Reflector, Request, Response
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.replays import Seals
from nra.reflector.session_key import session_key
from nra.wire.announcement import AnnouncementReply, AnnouncementRequest
from nra.wire.receive_record import RecordReply, RecordRequest
from nra.wire.stamp import ReflectorPacket, SenderPacket, decode_reflector, encode_sender
from nra.wire.stamp_tlv import Tlv, TlvType, encode_tlvs, hmac_tlv, parse_tlvs, seal_tlvs, split_tlvs, verify_tlvs
from nra.wire.stamp_values import ClassOfService, DirectMeasurement, Location, TimestampInformation, request_tlv
from nra.wire.timestamps import ntp_from_unix_ns

NOW = 1_767_600_000_000_000_000
KEY = bytes(range(32))
SOURCE = ("192.0.2.10", 50000)
EF = 46 << 2
TWAMP_SENDER = Struct(">IQH")


def packet(sequence: int = 0, ssid: int = 0x1234, tail: bytes = b"") -> SenderPacket:
    """Return a sender's packet."""
    return SenderPacket(sequence, ntp_from_unix_ns(NOW), 0x8F84, ssid, tail)


def came(payload: bytes, at_ns: int = NOW, **changes: Any) -> Request:
    """Return a request as received 10 us before it is answered."""
    values: dict[str, Any] = {
        "payload": payload,
        "source": SOURCE,
        "destination": "198.51.100.1",
        "destination_port": 20862,
        "received_ns": at_ns - 10_000,
        "ttl": 57,
        "tos": EF,
    }
    return Request(**(values | changes))


def answered(reflector: Reflector, payload: bytes, at_ns: int = NOW, key: bytes | None = None, **changes: Any) -> ReflectorPacket:
    """Return the reply to a request."""
    response = reflector.answer(came(payload, at_ns, **changes), at_ns)
    assert response is not None, dict(reflector.counters)
    return decode_reflector(response.payload, key)


def test_a_reply_field_by_field() -> None:
    """What was received is copied, what happened here is stamped (RFC 8762 4.3.1)."""
    reply = answered(Reflector(), encode_sender(packet(7)))
    assert reply == ReflectorPacket(
        sequence=0,
        timestamp=ntp_from_unix_ns(NOW),
        error_estimate=ERROR_ESTIMATE,
        ssid=0x1234,
        receive_timestamp=ntp_from_unix_ns(NOW - 10_000),
        sender_sequence=7,
        sender_timestamp=ntp_from_unix_ns(NOW),
        sender_error_estimate=0x8F84,
        sender_ttl=57,
    )


def test_its_clock_is_not_called_synchronized() -> None:
    """S is 0: nobody here vouches for the clock (RFC 4656 4.1.2)."""
    assert ERROR_ESTIMATE & 0x8000 == 0
    assert ERROR_ESTIMATE & 0xFF != 0


def test_a_ttl_that_cannot_be_read_is_255() -> None:
    """RFC 5357 4.2.1."""
    assert answered(Reflector(), encode_sender(packet()), ttl=None).sender_ttl == 255


def test_it_numbers_what_it_sends_session_by_session() -> None:
    """Stateful: from 0, one more per reply, whatever the sender's number (RFC 8762 4.3)."""
    reflector = Reflector()
    assert [answered(reflector, encode_sender(packet(number))).sequence for number in (0, 3, 3, 1)] == [0, 1, 2, 3]
    assert answered(reflector, encode_sender(packet(0, ssid=9))).sequence == 0
    assert answered(reflector, encode_sender(packet(0)), source=("192.0.2.10", 50001)).sequence == 0
    assert answered(reflector, encode_sender(packet(9))).sequence == 4
    assert len(reflector.sessions) == 3


def test_numbers_wrap() -> None:
    """After 2^32 - 1 comes 0."""
    reflector = Reflector()
    answered(reflector, encode_sender(packet()))
    session = reflector.sessions.known(session_key(0x1234, *SOURCE))
    assert session is not None
    session.transmitted = 2**32 - 1
    assert [answered(reflector, encode_sender(packet(number))).sequence for number in (1, 2)] == [2**32 - 1, 0]


def test_the_reply_is_stamped_when_it_leaves() -> None:
    """T3 is taken right before sending; with a key the HMAC covers it (RFC 8762 4.3.2)."""
    for key in (None, KEY):
        reflector = Reflector(keys=None if key is None else Keys((Holder(key),)))
        response = reflector.answer(came(encode_sender(packet(), key)), NOW)
        assert isinstance(response, Response)
        assert decode_reflector(reflector.stamped(response, NOW + 77_000), key).t3_ns(NOW) == NOW + 77_000


def padding(size: int) -> bytes:
    """Return one Extra Padding TLV, `size` octets with its header."""
    return encode_tlvs([Tlv(0x80, TlvType.EXTRA_PADDING, bytes(size - 4))])


def tail_of(*values: Any) -> bytes:
    """Return TLVs that ask."""
    return encode_tlvs([request_tlv(value) for value in values])


def values_in(reply: ReflectorPacket) -> dict[int, bytes]:
    """Return the usable values of a reply."""
    return {tlv.type: tlv.value for tlv in parse_tlvs(reply.tail)}


def test_counters_include_this_packet_and_this_reply() -> None:
    """Direct Measurement: received and sent of the session (RFC 8972 4.5)."""
    reflector = Reflector()
    for number in range(3):
        reply = answered(reflector, encode_sender(packet(number, tail=tail_of(DirectMeasurement(sender_tx=number + 1)))))
    assert DirectMeasurement.decode(values_in(reply)[TlvType.DIRECT_MEASUREMENT]) == DirectMeasurement(
        sender_tx=3, reflector_rx=3, reflector_tx=3
    )


def test_the_marking_asked_for_is_given() -> None:
    """The reply carries DSCP1, says which DSCP came, and that it did as asked (RFC 8972 4.4)."""
    reflector = Reflector()
    response = reflector.answer(came(encode_sender(packet(tail=tail_of(ClassOfService(dscp1=10))))), NOW)
    assert response is not None
    seen = ClassOfService.decode(values_in(decode_reflector(response.payload))[TlvType.CLASS_OF_SERVICE])
    assert (response.dscp, seen.dscp2, seen.rp) == (10, 46, 0)


@pytest.mark.parametrize(("tos", "dscp"), [(EF, 46), (EF | 1, 46), (None, 0)])
def test_without_being_asked_it_marks_as_it_was_marked(tos: int | None, dscp: int) -> None:
    """The reply's marking is the request's."""
    response = Reflector().answer(came(encode_sender(packet()), tos=tos), NOW)
    assert response is not None
    assert response.dscp == dscp


def test_location_and_timestamp_information() -> None:
    """Where the packet seemed to come from shows a NAT; how the stamps are taken is said truly (RFC 8972 4.2, 4.3)."""
    reply = answered(Reflector(), encode_sender(packet(tail=tail_of(Location.request(), TimestampInformation()))))
    seen = values_in(reply)
    location = Location.decode(seen[TlvType.LOCATION])
    assert (location.source_port, location.destination_port) == (50000, 20862)
    assert {tlv.value[:4] for tlv in location.sub_tlvs} == {bytes((192, 0, 2, 10)), bytes((198, 51, 100, 1))}
    assert TimestampInformation.decode(seen[TlvType.TIMESTAMP_INFORMATION]) == TimestampInformation(
        sync_in=5, method_in=2, sync_out=5, method_out=2
    )


def test_unknown_tlvs_come_back_unrecognized() -> None:
    """U stays set, the octets too: also of those that would aim replies at others (RFC 8972 4, RFC 9503, RFC 10052)."""
    tail = encode_tlvs([Tlv(0x80, kind, bytes(range(8))) for kind in (9, 10, 12, 77, 200)])
    assert answered(Reflector(), encode_sender(packet(tail=tail))).tail == tail


def test_the_receive_record() -> None:
    """Which of the sender's numbers came, in which order and when: the record of the session from 0 on."""
    reflector = Reflector()
    for place, number in enumerate((0, 2, 1)):
        answered(reflector, encode_sender(packet(number)), NOW + place * 1_000_000)
    reply = answered(reflector, encode_sender(packet(9, tail=tail_of(RecordRequest(0, 10)))))
    records = RecordReply.decode(values_in(reply)[TlvType.RECEIVE_RECORD]).records
    assert [record and record.sender_sequence for record in records] == [0, 2, 1, 9]
    assert records[1] is not None
    assert (records[1].receive_timestamp, records[1].tos) == (ntp_from_unix_ns(NOW + 990_000), EF)


OPENED = Announcement("ab" * 32, tuple((each.protocol, each.port) for each in RESPONDERS))


def announced(reflector: Reflector, key: bytes | None = None, room: int = 64, **changes: Any) -> AnnouncementReply:
    """Return what a sender with room for so many ports is told, its packet and the reply being equally long."""
    tail = tail_of(AnnouncementRequest(room))
    if key is not None:
        tail = seal_tlvs(tail + encode_tlvs([hmac_tlv()]), 0, key)
    payload = encode_sender(packet(tail=tail), key)
    reply = answered(reflector, payload, key=key, **changes)
    assert len(payload) == len(encode_sender(packet(), key)) + len(reply.tail) < 1200
    if key is not None:
        verify_tlvs(reply.tail, reply.sequence, key, mandatory=True)
    return AnnouncementReply.decode(values_in(reply)[TlvType.ANNOUNCEMENT])


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "sealed"])
def test_it_tells_which_responders_it_has(key: bytes | None) -> None:
    """All of them, with room for 64; fewer where there is less room, and then how many there are."""
    reflector = Reflector(keys=None if key is None else Keys((Holder(key),)), announcement=OPENED)
    assert announced(reflector, key) == AnnouncementReply(OPENED, len(RESPONDERS))
    assert announced(replace(reflector, seals=Seals()), key, 3, source=(SOURCE[0], 50001)) == AnnouncementReply(
        Announcement(OPENED.pin, OPENED.ports[:3]), len(RESPONDERS)
    )
    assert announced(Reflector(keys=None if key is None else Keys((Holder(key),))), key) == AnnouncementReply(None, 0)


def test_it_tells_what_can_be_reached_over_the_same_ip_version() -> None:
    """A port that only IPv6 could be bound to is none to whoever comes over IPv4."""
    six = Announcement(None, (("UDP", 53),))
    both, one = Reflector(announcement=OPENED, announcement_ipv6=six), Reflector(announcement=OPENED)
    for reflector, source, expected in (
        (both, "192.0.2.10", OPENED),
        (both, "2001:db8::10", six),
        (one, "192.0.2.10", OPENED),
        (one, "2001:db8::10", OPENED),
    ):
        assert announced(reflector, source=(source, 50000)).announcement == expected


@pytest.mark.parametrize("size", [44, 48, 52, 172, 1400])
@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "sealed"])
def test_a_reply_is_as_long_as_its_request(size: int, key: bytes | None) -> None:
    """Nobody can make it send more than it was sent (contract 5)."""
    tail = padding(size - 44) if size >= 48 else b""
    payload = encode_sender(packet(tail=tail), key)
    response = Reflector(keys=None if key is None else Keys((Holder(key),))).answer(came(payload), NOW)
    assert response is not None
    assert len(response.payload) == len(payload)


@pytest.mark.parametrize("size", [0, 1, 13, 14, 40, 43])
def test_too_short(size: int) -> None:
    """A reply has 44 octets at least: a shorter request would be amplified (contract 5)."""
    reflector = Reflector()
    assert reflector.answer(came(bytes(size)), NOW) is None
    assert reflector.counters == {"received": 1, "too_short": 1}


def test_twamp_light() -> None:
    """A request of 44 octets or more is answered in TWAMP's layout, the first 41 octets being the same (RFC 5357 App. I)."""
    request = TWAMP_SENDER.pack(5, ntp_from_unix_ns(NOW), 0x8F84) + bytes(30)
    reply = answered(Reflector(), request)
    assert (reply.sender_sequence, reply.ssid, reply.sequence) == (5, 0, 0)


def test_twamp_light_with_random_padding() -> None:
    """Padding is neither an SSID nor TLVs: the packets stay one session, and the octets behind the reply come back as they were."""
    reflector = Reflector()
    for number in range(4):
        filling = bytes((number * 7 + place * 31 + 1) % 256 for place in range(90))
        request = TWAMP_SENDER.pack(number, ntp_from_unix_ns(NOW), 0x8F84) + filling
        reply = answered(reflector, request)
        assert (reply.sequence, reply.ssid, reply.tail) == (number, 0, request[44:])
    assert len(reflector.sessions) == 1


def test_ptp_stamps_come_back_in_their_own_format() -> None:
    """The sender's stamp and its Z bit are copied, the reflector's own are NTP (RFC 8186)."""
    reply = answered(Reflector(), encode_sender(SenderPacket(0, 0x6592_0080_1DCD_6500, 0xC587)))
    assert (reply.sender_timestamp, reply.sender_error_estimate, reply.error_estimate & 0x4000) == (0x6592_0080_1DCD_6500, 0xC587, 0)


def test_a_ptp_stamp_that_is_none_is_malformed() -> None:
    """More than a second of nanoseconds (RFC 8877 4.3)."""
    reflector = Reflector()
    assert reflector.answer(came(encode_sender(SenderPacket(0, 0xFFFF_FFFF, 0xC587))), NOW) is None
    assert reflector.counters["malformed"] == 1


@pytest.mark.parametrize(
    ("payload", "counter"),
    [
        (encode_sender(packet()), "unauthenticated"),
        (encode_sender(packet(tail=bytes(68))), "unauthenticated"),
        (bytes(44), "malformed"),
        (encode_sender(packet(), bytes(32)), "bad_hmac"),
        (encode_sender(packet(), KEY)[:-1], "malformed"),
    ],
    ids=["nothing that could be", "not signed", "nothing at all", "another key", "cut"],
)
def test_with_a_key_only_what_it_signed_is_answered(payload: bytes, counter: str) -> None:
    """`--key-file` accepts authenticated packets only (contract 5)."""
    reflector = Reflector(keys=Keys((Holder(KEY),)))
    assert reflector.answer(came(payload), NOW) is None
    assert (reflector.counters[counter], len(reflector.sessions)) == (1, 0)


OTHER = bytes(range(1, 33))


def test_each_ssid_has_its_own_key() -> None:
    """What is made with one holder's key under another's SSID is not his; an SSID that nobody has is counted as such."""
    reflector = Reflector(keys=Keys((Holder(KEY, 7), Holder(OTHER, 8))))
    for ssid, key in ((7, KEY), (8, OTHER)):
        reply = answered(reflector, encode_sender(packet(ssid=ssid), key), key=key)
        assert (reply.ssid, reply.sequence) == (ssid, 0)
    for ssid, key, counter in ((7, OTHER, "bad_hmac"), (8, KEY, "bad_hmac"), (9, KEY, "unknown_ssid")):
        assert reflector.answer(came(encode_sender(packet(ssid=ssid), key)), NOW) is None
        assert reflector.counters[counter] > 0
    assert (reflector.counters["bad_hmac"], reflector.counters["unknown_ssid"], len(reflector.sessions)) == (2, 1, 2)


def test_the_key_for_any_ssid_is_good_beside_the_others() -> None:
    """Its holder draws an SSID by chance, and may draw one that has a key of its own."""
    reflector = Reflector(keys=Keys((Holder(KEY), Holder(OTHER, 7))))
    for port, (ssid, key) in enumerate(((7, OTHER), (7, KEY), (9, KEY)), 50_000):
        assert answered(reflector, encode_sender(packet(ssid=ssid), key), key=key, source=("192.0.2.10", port)).ssid == ssid


def test_a_revoked_key_is_no_key() -> None:
    """From the reload on, also for sessions that are under way; whoever is left goes on."""
    reflector = Reflector(keys=Keys((Holder(KEY, 7), Holder(OTHER, 8))))
    assert reflector.keys is not None
    answered(reflector, encode_sender(packet(0, 7), KEY), key=KEY)
    answered(reflector, encode_sender(packet(0, 8), OTHER), key=OTHER)
    reflector.keys = reflector.keys.renewed((Holder(OTHER, 8),))
    assert reflector.answer(came(encode_sender(packet(1, 7), KEY)), NOW) is None
    assert answered(reflector, encode_sender(packet(1, 8), OTHER), key=OTHER).sequence == 1
    assert reflector.counters["unknown_ssid"] == 1


def test_granted_sessions_beside_plain_ones() -> None:
    """Without a key file everybody is answered, and an authenticated packet is told by its layout and its SSID."""
    reflector = Reflector(keys=Keys(only=False))
    assert reflector.keys is not None
    reflector.keys.grant(0x1234, KEY, NOW + 10**9, Holder(OTHER))
    assert answered(reflector, encode_sender(packet())).sequence == 0
    assert answered(reflector, encode_sender(packet(1, tail=bytes(68)))).sequence == 1
    assert answered(reflector, encode_sender(packet(), KEY), key=KEY).ssid == 0x1234
    assert reflector.answer(came(encode_sender(packet(), OTHER)), NOW) is None
    assert reflector.counters["bad_hmac"] == 1
    reflector.expire(NOW + 10**9)
    assert not reflector.keys.knows(0x1234)


def test_an_authenticated_reply_verifies() -> None:
    """Base packet and TLVs are sealed with the reply's own number (RFC 8762 4.3.2, RFC 8972 4.8)."""
    reflector = Reflector(keys=Keys((Holder(KEY),)))
    answered(reflector, encode_sender(packet(0), KEY), key=KEY)
    tail = seal_tlvs(tail_of(DirectMeasurement(sender_tx=1)) + encode_tlvs([hmac_tlv()]), 5, KEY)
    reply = answered(reflector, encode_sender(packet(5, tail=tail), KEY), key=KEY)
    verify_tlvs(reply.tail, 1, KEY, mandatory=True)
    assert TlvType.DIRECT_MEASUREMENT in values_in(reply)


def test_rate_limited_packets_are_counted_for_their_session() -> None:
    """What the limit took is not lost on the way: the session's received counter tells its sender."""
    reflector = Reflector(guard=Guard(rate_limit=2))
    outcomes = [reflector.answer(came(encode_sender(packet(number))), NOW) for number in range(4)]
    assert [outcome is not None for outcome in outcomes] == [True, True, False, False]
    reply = answered(reflector, encode_sender(packet(4, tail=tail_of(DirectMeasurement(sender_tx=5)))), NOW + 10**9)
    counters = DirectMeasurement.decode(values_in(reply)[TlvType.DIRECT_MEASUREMENT])
    assert (counters.reflector_rx, counters.reflector_tx, reply.sequence) == (5, 3, 2)
    assert reflector.counters["rate_limited"] == 2


ASKING = tail_of(Location.request(), RecordRequest(0, 3), AnnouncementRequest(1))
payloads = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda head, tail: encode_sender(packet()) + head + tail, st.binary(max_size=4), st.binary(max_size=200)),
    st.builds(
        lambda at, octet: flipped(encode_sender(packet(tail=ASKING)), at, octet),
        st.integers(0, 300),
        st.integers(0, 255),
    ),
)


def flipped(payload: bytes, at: int, octet: int) -> bytes:
    """Return the payload with one octet changed."""
    at %= len(payload)
    return payload[:at] + bytes((octet,)) + payload[at + 1 :]


@given(st.lists(payloads, min_size=1, max_size=8), st.sampled_from([None, KEY]), st.sampled_from([None, 0, 255]))
def test_trap_13_nothing_stops_it(received: list[bytes], key: bytes | None, tos: int | None) -> None:
    """Trap 13: a one-byte datagram, or any other, is answered with no more than it is, or counted: never an error."""
    reflector = Reflector(keys=None if key is None else Keys((Holder(key),)), guard=Guard(rate_limit=0), announcement=OPENED)
    for payload in received:
        response = reflector.answer(came(payload, tos=tos), NOW)
        assert response is None or (len(response.payload) == len(payload) and 0 <= response.dscp <= 63)
        if response is not None:
            assert len(reflector.stamped(response, NOW)) == len(payload)
    counted = sum(count for reason, count in reflector.counters.items() if reason != "received")
    assert reflector.counters["received"] == counted == len(received)
    assert answered(reflector, encode_sender(packet(), key), key=key).sender_sequence == 0


def test_tlvs_keep_their_places_in_the_reply() -> None:
    """The reply's TLVs are the request's, type by type and length by length."""
    tail = tail_of(ClassOfService(dscp1=46), DirectMeasurement(sender_tx=1), Location.request()) + padding(60)
    reply = answered(Reflector(), encode_sender(packet(tail=tail)))
    assert [(tlv.type, len(tlv.value)) for tlv in split_tlvs(reply.tail)] == [(tlv.type, len(tlv.value)) for tlv in split_tlvs(tail)]
    assert replace(reply, tail=b"").sender_sequence == 0


def test_what_is_no_packet_spends_nobodys_tokens() -> None:
    """Short, foreign and wrongly signed datagrams may bear a forged source: the one whose address it is goes on being answered."""
    reflector = Reflector(keys=Keys((Holder(KEY),)), guard=Guard(rate_limit=2))
    for payload in (b"x", bytes(200), encode_sender(packet(), bytes(32))):
        for _ in range(10):
            assert reflector.answer(came(payload), NOW) is None
    assert reflector.answer(came(encode_sender(packet(), KEY)), NOW) is not None


ELSEWHERE = (("192.0.2.10", 50001), ("198.51.100.9", 50000))


def sealed(sequence: int, at_ns: int = NOW, ssid: int = 7) -> bytes:
    """Return an authenticated packet that is sent then."""
    return encode_sender(SenderPacket(sequence, ntp_from_unix_ns(at_ns), 0x8F84, ssid), KEY)


def guarded() -> Reflector:
    """Return a reflector with a key for SSID 7, which has got packets 0, 1 and 3 of a session."""
    reflector = Reflector(keys=Keys((Holder(KEY, 7),)))
    for number in (0, 1, 3):
        answered(reflector, sealed(number, NOW + number), key=KEY)
    return reflector


def test_a_replayed_packet_is_not_answered() -> None:
    """From where it came first, from another port or another address: counted, no token spent, no session opened; late ones pass."""
    reflector = guarded()
    tokens = reflector.guard.tokens[0]
    for source in (SOURCE, *ELSEWHERE):
        assert reflector.answer(came(sealed(1, NOW + 1), source=source), NOW) is None
    assert (reflector.counters["replayed"], reflector.guard.tokens[0], len(reflector.sessions)) == (3, tokens, 1)
    assert answered(reflector, sealed(2, NOW + 2), key=KEY).sequence == 3
    assert reflector.sessions.known(session_key(7, *SOURCE)).copies == array("I", [1])  # type: ignore[union-attr]


def test_a_session_that_a_nat_moved_goes_on_in_its_window() -> None:
    """From the new port new packets pass, and those from before do not; neither do they from the old one."""
    reflector, moved = guarded(), ("192.0.2.10", 61000)
    for number in range(4, 40):
        answered(reflector, sealed(number, NOW + number), key=KEY)
    assert answered(reflector, sealed(41, NOW + 41), key=KEY, source=moved).sequence == 39
    assert answered(reflector, sealed(40, NOW + 40), key=KEY).sequence == 40  # was under way
    for source in (moved, SOURCE):
        for number in (3, 40, 41):
            assert reflector.answer(came(sealed(number, NOW + number), source=source), NOW) is None
    assert (reflector.sessions.rebound, reflector.counters["replayed"]) == (1, 6)


def test_calls_that_share_an_ssid_have_a_window_each() -> None:
    """The same numbers from several ports are several calls; when NAT moves them all, none is taken for another."""
    reflector = guarded()
    for number in range(40):
        for port in (40001, 40002):
            reply = answered(reflector, sealed(number, NOW + 100 * number + port), key=KEY, source=("192.0.2.10", port))
            assert reply.sequence == number
    for port in (41001, 41002):
        assert answered(reflector, sealed(40, NOW + 4000 + port), key=KEY, source=("192.0.2.10", port)).sequence == 0
    assert (reflector.sessions.rebound, reflector.counters["replayed"]) == (0, 0)


def test_a_sender_that_starts_anew_from_its_port_has_a_new_session() -> None:
    """Numbers from 0 again, at a later time; what was recorded of its first time is refused."""
    reflector = guarded()
    assert answered(reflector, sealed(0, NOW + 10**9), key=KEY).sequence == 0
    assert answered(reflector, sealed(1, NOW + 10**9 + 1), key=KEY).sequence == 1
    for number in (1, 2, 3):
        assert reflector.answer(came(sealed(number, NOW + number)), NOW) is None
    assert (reflector.counters["replayed"], len(reflector.sessions)) == (3, 1)


def test_without_a_key_copies_are_answered() -> None:
    """Anybody can make a packet there; duplicates that the network makes are measured."""
    reflector = Reflector()
    assert [answered(reflector, encode_sender(packet(3))).sequence for _ in range(2)] == [0, 1]


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("kind", [TlvType.RETURN_PATH, TlvType.REFLECTED_TEST_PACKET_CONTROL, TlvType.DESTINATION_NODE_ADDRESS])
def test_nobody_aims_replies_at_others(kind: TlvType, key: bytes | None) -> None:
    """Return Path (RFC 9503 4), Reflected Test Packet Control (RFC 10052) and Destination Node Address stay unrecognized, value and all.

    One reply, as long as its request, to where the request came from: also with the right key.
    """
    tlvs = [Tlv(0x80, kind, bytes((0, 2, 0, 4, 203, 0, 113, 9)) * 2)]
    tail = encode_tlvs(tlvs) if key is None else seal_tlvs(encode_tlvs([*tlvs, hmac_tlv()]), 0, key)
    request = encode_sender(packet(tail=tail), key)
    response = Reflector(keys=None if key is None else Keys((Holder(key),))).answer(came(request), NOW)
    assert response is not None
    assert len(response.payload) == len(request)
    assert split_tlvs(decode_reflector(response.payload, key).tail)[0] == tlvs[0]
