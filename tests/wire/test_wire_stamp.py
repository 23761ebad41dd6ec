"""STAMP and TWAMP Light base packets, both modes, against the golden exchange."""

import dataclasses
from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stamp_vectors import GOLDEN

from nra.wire.errors import BadHmac, MalformedMessage
from nra.wire.stamp import (
    AUTHENTICATED,
    REFLECTOR,
    REFLECTOR_AUTHENTICATED,
    SENDER,
    SENDER_AUTHENTICATED,
    UNAUTHENTICATED,
    Layout,
    ReflectorPacket,
    SenderPacket,
    decode_reflector,
    decode_sender,
    encode_reflector,
    encode_sender,
    restamp,
    restamp_sender,
)
from nra.wire.stamp_tlv import verify_tlvs

u16, u32, u64, u8 = (st.integers(0, 2**bits - 1) for bits in (16, 32, 64, 8))
ntp_estimates = u16.map(lambda field: field & ~0x4000)
keys = st.none() | st.binary(min_size=1, max_size=64)
tails = st.binary(max_size=64)
sender_packets = st.builds(SenderPacket, u32, u64, ntp_estimates, u16, tails)
reflector_packets = st.builds(ReflectorPacket, u32, u64, ntp_estimates, u16, u64, u32, u64, ntp_estimates, u8, tails)


def test_golden_packets_unauthenticated() -> None:
    """The golden exchange reads and writes octet for octet (RFC 8762 4.2.1, 4.3.1, RFC 8972 3)."""
    assert encode_sender(GOLDEN.sender) == GOLDEN.sender_octets
    assert decode_sender(GOLDEN.sender_octets) == GOLDEN.sender
    assert encode_reflector(GOLDEN.reflector) == GOLDEN.reflector_octets
    assert decode_reflector(GOLDEN.reflector_octets) == GOLDEN.reflector


def test_golden_packets_authenticated() -> None:
    """The authenticated packets have 112 octets and the golden HMACs (RFC 8762 4.2.2, 4.3.2, 4.4)."""
    request, reply = encode_sender(GOLDEN.sender, GOLDEN.key), encode_reflector(GOLDEN.reflector, GOLDEN.key)
    assert (len(request), request[96:]) == (112, GOLDEN.sender_hmac)
    assert (len(reply), reply[96:]) == (112, GOLDEN.reflector_hmac)
    assert decode_sender(request, GOLDEN.key) == GOLDEN.sender
    assert decode_reflector(reply, GOLDEN.key) == GOLDEN.reflector


def test_the_tail_is_kept_as_it_is() -> None:
    """What follows the base packet comes out unchanged, in both modes."""
    request = dataclasses.replace(GOLDEN.sender, tail=GOLDEN.tlvs)
    reply = dataclasses.replace(GOLDEN.reflector, tail=GOLDEN.tlvs)
    assert encode_sender(request) == GOLDEN.sender_octets + GOLDEN.tlvs
    for key in (None, GOLDEN.key):
        assert decode_sender(encode_sender(request, key), key) == request
        assert decode_reflector(encode_reflector(reply, key), key) == reply


def test_the_four_times_of_an_exchange() -> None:
    """T1, T2 and T3 come out in Unix nanoseconds."""
    reply = GOLDEN.reflector
    assert GOLDEN.sender.t1_ns(GOLDEN.t1_ns) == GOLDEN.t1_ns
    assert (reply.t1_ns(GOLDEN.t1_ns), reply.t2_ns(GOLDEN.t1_ns), reply.t3_ns(GOLDEN.t1_ns)) == (GOLDEN.t1_ns, GOLDEN.t2_ns, GOLDEN.t3_ns)


def test_each_end_has_a_format_of_its_own() -> None:
    """A reflector may stamp in PTP format what came in NTP format; each Z bit speaks for its own stamps (RFC 8762 4.2.1)."""
    ptp = dataclasses.replace(
        GOLDEN.reflector, error_estimate=0xCF84, timestamp=0x659200801E6F9F50, receive_timestamp=0x659200801E65FB80 + 0x100
    )
    assert ptp.t1_ns(GOLDEN.t1_ns) == GOLDEN.t1_ns
    assert ptp.t2_ns(GOLDEN.t1_ns) == 0x65920080 * 10**9 + 0x1E65FB80 + 0x100
    assert ptp.t3_ns(GOLDEN.t1_ns) == 0x65920080 * 10**9 + 0x1E6F9F50
    other = dataclasses.replace(GOLDEN.reflector, sender_error_estimate=0xCF84, sender_timestamp=0x659200801DCD6500)
    assert (other.t1_ns(GOLDEN.t1_ns), other.t2_ns(GOLDEN.t1_ns)) == (GOLDEN.t1_ns, GOLDEN.t2_ns)


def test_ptp_stamps_that_are_none_are_malformed() -> None:
    """A decoded packet's times can always be read: nanoseconds of a second or more are refused on the way in."""
    bad = 1_000_000_000
    with pytest.raises(MalformedMessage):
        decode_sender(encode_sender(dataclasses.replace(GOLDEN.sender, error_estimate=0xCF84, timestamp=bad)))
    ptp = dataclasses.replace(GOLDEN.reflector, error_estimate=0xCF84, sender_error_estimate=0xCF84)
    ptp = dataclasses.replace(ptp, timestamp=bad - 1, receive_timestamp=bad - 1, sender_timestamp=bad - 1)
    assert decode_reflector(encode_reflector(ptp)) == ptp
    wrong = (
        dataclasses.replace(ptp, timestamp=bad),
        dataclasses.replace(ptp, receive_timestamp=bad),
        dataclasses.replace(ptp, sender_timestamp=bad),
    )
    for packet in wrong:
        with pytest.raises(MalformedMessage):
            decode_reflector(encode_reflector(packet))


def test_a_wrong_key_and_every_flipped_bit_is_a_bad_hmac() -> None:
    """The HMAC covers all octets before it, zeros included, and nothing is read before it is verified (RFC 8762 4.4)."""
    request, reply = encode_sender(GOLDEN.sender, GOLDEN.key), encode_reflector(GOLDEN.reflector, GOLDEN.key)
    with pytest.raises(BadHmac):
        decode_sender(request, b"another key")
    for octet in range(112):
        for good, decode in ((request, decode_sender), (reply, decode_reflector)):
            bad = bytearray(good)
            bad[octet] ^= 1
            with pytest.raises(BadHmac):
                decode(bytes(bad), GOLDEN.key)


@pytest.mark.parametrize("size", [0, 95, 96, 111])
def test_too_short_is_another_matter_than_a_bad_hmac(size: int) -> None:
    """An authenticated packet cut short is malformed; only a whole one can have a bad HMAC."""
    with pytest.raises(MalformedMessage) as caught:
        decode_sender(encode_sender(GOLDEN.sender, GOLDEN.key)[:size], GOLDEN.key)
    assert caught.type is MalformedMessage


def test_with_a_key_plain_packets_are_not_accepted() -> None:
    """A key means authenticated mode: what is shorter than 112 octets is malformed, not read as another mode."""
    with pytest.raises(MalformedMessage):
        decode_sender(GOLDEN.sender_octets, GOLDEN.key)
    with pytest.raises(BadHmac):
        decode_reflector(GOLDEN.reflector_octets + bytes(68), GOLDEN.key)


@pytest.mark.parametrize("size", range(14, 44))
def test_twamp_light_requests_are_read_and_marked(size: int) -> None:
    """A request of 14 to 43 octets has sequence, T1 and Error Estimate only; the rest is padding (RFC 5357 4.1.2, App. I)."""
    packet = decode_sender(GOLDEN.sender_octets[:14] + b"\xff" * (size - 14))
    assert packet == SenderPacket(7, GOLDEN.sender.timestamp, 0x8F84, 0, b"", twamp_light=True)


@pytest.mark.parametrize("size", range(41, 44))
def test_twamp_light_replies_are_read(size: int) -> None:
    """A reply of 41 octets has all the fields of a STAMP reply (RFC 5357 4.2.1)."""
    assert decode_reflector(GOLDEN.reflector_octets[:size]) == GOLDEN.reflector


def test_everything_shorter_is_malformed() -> None:
    """Requests end below 14 octets, replies below 41, authenticated ones below 112."""
    for size in range(14):
        with pytest.raises(MalformedMessage):
            decode_sender(GOLDEN.sender_octets[:size])
    for size in range(41):
        with pytest.raises(MalformedMessage):
            decode_reflector(GOLDEN.reflector_octets[:size])
    for size in range(112):
        with pytest.raises(MalformedMessage):
            decode_sender(encode_sender(GOLDEN.sender, GOLDEN.key)[:size], GOLDEN.key)
        with pytest.raises(MalformedMessage):
            decode_reflector(encode_reflector(GOLDEN.reflector, GOLDEN.key)[:size], GOLDEN.key)


def test_zeros_are_written_and_not_looked_at() -> None:
    """What must be zero is zero on transmission and ignored on receipt (RFC 8762 4.2.1)."""
    assert decode_sender(GOLDEN.sender_octets[:16] + b"\xff" * 28) == GOLDEN.sender
    reply = bytearray(GOLDEN.reflector_octets)
    reply[38:40] = reply[41:44] = b"\xff\xff"
    assert decode_reflector(bytes(reply) + b"\xff") == GOLDEN.reflector


@given(sender_packets, keys)
def test_requests_come_back(packet: SenderPacket, key: bytes | None) -> None:
    """Whatever the fields, a request is read as it was written."""
    assert decode_sender(encode_sender(packet, key), key) == packet


@given(reflector_packets, keys)
def test_replies_come_back(packet: ReflectorPacket, key: bytes | None) -> None:
    """Whatever the fields, a reply is read as it was written."""
    assert decode_reflector(encode_reflector(packet, key), key) == packet


@given(sender_packets, u32, u64, keys)
def test_restamping_is_encoding_anew(packet: SenderPacket, sequence: int, timestamp: int, key: bytes | None) -> None:
    """A packet packed once and restamped equals one packed from the start."""
    octets = bytearray(encode_sender(dataclasses.replace(packet, tail=b""), key))
    restamp_sender(octets, sequence, timestamp, key)
    assert bytes(octets) == encode_sender(dataclasses.replace(packet, sequence=sequence, timestamp=timestamp, tail=b""), key)


def test_restamping_renews_the_hmac_tlv() -> None:
    """The HMAC TLV covers the Sequence Number, so a restamped authenticated packet carries a new one (RFC 8972 4.8)."""
    octets = bytearray(encode_sender(dataclasses.replace(GOLDEN.sender, tail=GOLDEN.tlvs), GOLDEN.key))
    restamp_sender(octets, 8, GOLDEN.sender.timestamp, GOLDEN.key)
    packet = decode_sender(bytes(octets), GOLDEN.key)
    assert (packet.sequence, len(packet.tail)) == (8, len(GOLDEN.tlvs))
    verify_tlvs(packet.tail, 8, GOLDEN.key, mandatory=True)
    with pytest.raises(BadHmac):
        verify_tlvs(packet.tail, 7, GOLDEN.key, mandatory=True)


@given(reflector_packets, u64, keys)
def test_a_new_time_in_a_reply_is_encoding_anew(packet: ReflectorPacket, timestamp: int, key: bytes | None) -> None:
    """A reply packed once and given a new T3 equals one packed with it; what follows the base packet stays as it is."""
    octets = bytearray(encode_reflector(packet, key))
    restamp(octets, timestamp, key)
    assert bytes(octets) == encode_reflector(dataclasses.replace(packet, timestamp=timestamp), key)


@given(sender_packets, u64, keys)
def test_a_new_time_in_a_probe_is_encoding_anew(packet: SenderPacket, timestamp: int, key: bytes | None) -> None:
    """A probe packed once and given a new T1 equals one packed with it; what follows the base packet stays as it is."""
    octets = bytearray(encode_sender(packet, key))
    restamp(octets, timestamp, key)
    assert bytes(octets) == encode_sender(dataclasses.replace(packet, timestamp=timestamp), key)


WIDTHS = {
    "sequence": 4,
    "timestamp": 8,
    "error_estimate": 2,
    "ssid": 2,
    "receive_timestamp": 8,
    "sender_sequence": 4,
    "sender_timestamp": 8,
    "sender_error_estimate": 2,
    "sender_ttl": 1,
}
FORMS = [
    (UNAUTHENTICATED, SENDER, 4),
    (UNAUTHENTICATED, REFLECTOR, 9),
    (AUTHENTICATED, SENDER_AUTHENTICATED, 4),
    (AUTHENTICATED, REFLECTOR_AUTHENTICATED, 9),
]


@pytest.mark.parametrize(("layout", "form", "count"), FORMS)
def test_the_table_of_offsets_tells_where_the_fields_are(layout: Layout, form: Struct, count: int) -> None:
    """A field of ones, packed among zeros, fills exactly the octets that the table gives it (RFC 8762 4.2, 4.3)."""
    assert form.size == (layout.covered or layout.size)
    for position, (name, width) in enumerate(list(WIDTHS.items())[:count]):
        values = [0] * count
        values[position] = (1 << 8 * width) - 1
        offset = getattr(layout, name)
        assert form.pack(*values) == (b"\xff" * width).rjust(offset + width, b"\0").ljust(form.size, b"\0")
