"""Plain replies: read in one step or left to the decoder, and never otherwise than the decoder reads them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.stamp import ReflectorPacket, decode_reflector, encode_reflector
from nra.wire.stamp_plain_reply import COUNT_AT, LAYOUT, PADDING_AT, PlainReply, read_plain
from nra.wire.stamp_tlv import CONFORMANCE, INTEGRITY, MALFORMED, UNRECOGNIZED, Tlv, TlvType, encode_tlvs, parse_tlvs
from nra.wire.stamp_values import ClassOfService, DirectMeasurement, ExtraPadding
from nra.wire.timestamps import PTP_FORMAT, ntp_from_unix_ns, unix_ns_from_ntp

NOW = 1_767_600_000_000_000_000
ESTIMATE = 0x15CD


def reply(tlvs: list[Tlv], *, estimate: int = ESTIMATE, sender_estimate: int = ESTIMATE) -> bytes:
    """Return a reply with these TLVs."""
    packet = ReflectorPacket(
        sequence=4,
        timestamp=ntp_from_unix_ns(NOW + 2000),
        error_estimate=estimate,
        ssid=7,
        receive_timestamp=ntp_from_unix_ns(NOW + 1000),
        sender_sequence=5,
        sender_timestamp=ntp_from_unix_ns(NOW),
        sender_error_estimate=sender_estimate,
        sender_ttl=64,
        tail=encode_tlvs(tlvs),
    )
    return encode_reflector(packet)


SERVICE = Tlv(0, TlvType.CLASS_OF_SERVICE, ClassOfService(dscp1=46, dscp2=10, ecn=1).encode())
COUNTERS = Tlv(0, TlvType.DIRECT_MEASUREMENT, DirectMeasurement(sender_tx=6, reflector_rx=9, reflector_tx=5).encode())
PADDING = Tlv(0, TlvType.EXTRA_PADDING, ExtraPadding(100).encode())
USUAL = [SERVICE, COUNTERS, PADDING]


def agrees(data: bytes) -> bool:
    """Tell whether a plain reading says what the decoder says, down to which TLVs may be used."""
    plain = read_plain(data)
    if plain is None:
        return True
    packet = decode_reflector(data)
    values = {tlv.type: tlv.value for tlv in parse_tlvs(packet.tail)}
    service = ClassOfService.decode(values[TlvType.CLASS_OF_SERVICE])
    counters = DirectMeasurement.decode(values[TlvType.DIRECT_MEASUREMENT])
    assert (unix_ns_from_ntp(plain.receive_timestamp, NOW), unix_ns_from_ntp(plain.timestamp, NOW)) == (
        packet.t2_ns(NOW),
        packet.t3_ns(NOW),
    )
    return plain == PlainReply(
        packet.sequence,
        packet.timestamp,
        packet.ssid,
        packet.receive_timestamp,
        packet.sender_sequence,
        service.dscp2 << 2 | service.ecn,
        counters.sender_tx,
        counters.reflector_tx,
    )


@pytest.mark.parametrize("padding", [0, 1, 100, 1300])
@pytest.mark.parametrize("flags", [0, UNRECOGNIZED])
def test_what_reflectors_answer_is_plain(padding: int, flags: int) -> None:
    """Numbers, times as on the wire, marking and counters in one step; whether padding was understood means nothing."""
    data = reply([SERVICE, COUNTERS, Tlv(flags, TlvType.EXTRA_PADDING, bytes(padding))])
    assert read_plain(data) == PlainReply(4, ntp_from_unix_ns(NOW + 2000), 7, ntp_from_unix_ns(NOW + 1000), 5, 41, 6, 5)
    assert agrees(data)
    assert int.from_bytes(data[COUNT_AT : COUNT_AT + 4]) == 6
    assert len(data) - PADDING_AT == padding


@pytest.mark.parametrize(
    "data",
    [
        reply([SERVICE, COUNTERS]),
        reply([SERVICE, PADDING]),
        reply([COUNTERS, SERVICE, PADDING]),
        reply([SERVICE, COUNTERS, PADDING, SERVICE]),
        reply([SERVICE, COUNTERS, Tlv(INTEGRITY, TlvType.EXTRA_PADDING, bytes(100))]),
        reply([SERVICE, COUNTERS, Tlv(MALFORMED, TlvType.EXTRA_PADDING, bytes(100))]),
        *(reply([Tlv(flag, tlv.type, tlv.value) if tlv is marked else tlv for tlv in USUAL])
          for flag in (UNRECOGNIZED, MALFORMED, INTEGRITY, CONFORMANCE) for marked in (SERVICE, COUNTERS)),
        reply(USUAL, estimate=ESTIMATE | PTP_FORMAT),
        reply(USUAL, sender_estimate=ESTIMATE | PTP_FORMAT),
        reply(USUAL)[:-1],
        reply(USUAL) + b"\0",
    ],
)  # fmt: skip
def test_whatever_means_something_else_is_left_to_the_decoder(data: bytes) -> None:
    """Another order, flags that forbid, a PTP stamp, a length that does not fit."""
    assert read_plain(data) is None


@pytest.mark.parametrize("length", range(LAYOUT.size + 101))
def test_no_truncation_is_plain_but_to_the_whole(length: int) -> None:
    """A cut reply is the decoder's to refuse."""
    data = reply(USUAL)
    assert (read_plain(data[:length]) is None) == (length < len(data))


@given(st.integers(0, 8 * (LAYOUT.size + 4) - 1), st.integers(0, 8 * (LAYOUT.size + 4) - 1))
def test_no_bit_makes_it_say_otherwise_than_the_decoder(first: int, second: int) -> None:
    """Any two bits of a reply turned over: read the same or not at all."""
    data = bytearray(reply([SERVICE, COUNTERS, Tlv(0, TlvType.EXTRA_PADDING, bytes(4))]))
    for bit in (first, second):
        data[bit // 8] ^= 0x80 >> bit % 8
    assert agrees(bytes(data))


@given(st.binary(max_size=200))
def test_arbitrary_octets_are_no_accident(data: bytes) -> None:
    """Nothing is raised, and what is read is what the decoder reads."""
    assert agrees(data)


def test_random_fields_behind_true_headers() -> None:
    """Every value of every field, as long as the headers are those of a plain reply."""
    chance = random.Random(1)
    template = reply(USUAL)
    for _ in range(500):
        data = bytearray(template)
        for first, end in ((0, 12), (14, 36), (40, 44), (48, 52), (56, 68), (72, len(data))):
            data[first:end] = chance.randbytes(end - first)
        assert read_plain(bytes(data)) is not None
        assert agrees(bytes(data))
