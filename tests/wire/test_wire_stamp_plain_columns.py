"""Plain packets as columns: what is recognized is what a decoder would find, and time stamps are the same to the bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.stamp import SenderPacket, decode_reflector, encode_sender
from nra.wire.stamp_plain_columns import PlainColumns, ntp_column
from nra.wire.stamp_tlv import Tlv, TlvType, encode_tlvs, split_tlvs
from nra.wire.stamp_values import ClassOfService, DirectMeasurement, request_tlv
from nra.wire.timestamps import ntp_from_unix_ns

FRAME = 72
OURS = [request_tlv(ClassOfService(dscp1=46)), request_tlv(DirectMeasurement(sender_tx=7))]


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=50))
def test_time_stamps_are_those_of_the_scalar_conversion(times_ns: list[int]) -> None:
    """Bit for bit, in every era."""
    assert ntp_column(np.array(times_ns)).tolist() == [ntp_from_unix_ns(time_ns) for time_ns in times_ns]


def columns_of(*packets: bytes) -> tuple[PlainColumns, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Return the packets' heads as columns, and the packets' lengths."""
    heads = np.zeros((len(packets), FRAME), np.uint8)
    for head, packet in zip(heads, packets, strict=True):
        head[:] = 0xFF  # what another packet left there
        head[: len(packet[:FRAME])] = np.frombuffer(packet[:FRAME], np.uint8)
    return PlainColumns(heads), np.array([len(packet) for packet in packets])


def is_plain(packet: bytes) -> bool:
    """Say what plain means, TLV by TLV."""
    if len(packet) < 44 or any(packet[16:44]) or packet[12] & 0x40:
        return False
    try:
        tlvs = [(tlv.type, len(tlv.value)) for tlv in split_tlvs(packet[44:])]
    except ValueError:
        return False
    padding = [(kind, size) for kind, size in tlvs if kind == TlvType.EXTRA_PADDING]
    return tlvs in ([], padding[:1], [(4, 4), (5, 12)], [(4, 4), (5, 12), *padding[:1]])


tlvs = st.one_of(
    st.sampled_from(OURS),
    st.builds(Tlv, flags=st.integers(0, 255), type=st.sampled_from([1, 1, 1, 4, 5, 77]), value=st.binary(max_size=20)),
)
tails = st.one_of(
    st.lists(tlvs, max_size=4).map(encode_tlvs),
    st.builds(lambda padding: encode_tlvs([*OURS, *padding]), st.lists(tlvs, max_size=2)),
    st.binary(max_size=40),
)
packets = st.builds(
    lambda tail, cut, error_estimate: encode_sender(SenderPacket(5, 9, error_estimate, 7, tail))[: cut or None],
    tail=tails,
    cut=st.sampled_from([0] * 9 + [43, 44, 47, 60, 70]),
    error_estimate=st.sampled_from([0x0F84] * 5 + [0x4F84]),
)


@given(st.lists(packets, min_size=1, max_size=8))
def test_what_is_recognized(made: list[bytes]) -> None:
    """Base packet alone, one Extra Padding, or what our sender asks: whatever lies behind a packet's end."""
    columns, lengths = columns_of(*made)
    plain, asking = columns.recognized(lengths)
    assert plain.tolist() == [is_plain(packet) for packet in made]
    assert [bool(asks) for asks, known in zip(asking, plain, strict=True) if known] == [
        len(packet) >= 68 and packet[45] == 4 for packet in made if is_plain(packet)
    ]


def test_a_reply_takes_the_request_s_place() -> None:
    """Sender's fields are moved to where replies have them, the rest is written, the marking that is asked for is returned."""
    columns, _ = columns_of(encode_sender(SenderPacket(5, 0x1122334455667788, 0x0F84, 7, encode_tlvs(OURS))))
    rows, tos = slice(0, 1), np.array([185], np.uint8)
    columns.answer(rows, np.array([2**32 + 3]), np.array([10**18]), np.array([61]), 0x15CD)
    assert columns.answer_tlvs(rows, tos, np.array([9]), np.array([2**32 + 4])).tolist() == [46]
    reply = decode_reflector(columns._ttl.base[0].tobytes()[:68]) if columns._ttl.base is not None else None
    assert reply is not None
    assert (reply.sequence, reply.ssid, reply.sender_sequence, reply.sender_timestamp) == (3, 7, 5, 0x1122334455667788)
    assert (reply.sender_error_estimate, reply.error_estimate, reply.sender_ttl) == (0x0F84, 0x15CD, 61)
    assert reply.receive_timestamp == ntp_from_unix_ns(10**18)
    answered = {tlv.type: tlv for tlv in split_tlvs(reply.tail)}
    assert {tlv.flags for tlv in answered.values()} == {0}
    seen = ClassOfService.decode(answered[TlvType.CLASS_OF_SERVICE].value)
    assert (seen.dscp1, seen.dscp2, seen.ecn, seen.rp) == (46, 46, 1, 0)
    counts = DirectMeasurement.decode(answered[TlvType.DIRECT_MEASUREMENT].value)
    assert (counts.sender_tx, counts.reflector_rx, counts.reflector_tx) == (7, 9, 4)
