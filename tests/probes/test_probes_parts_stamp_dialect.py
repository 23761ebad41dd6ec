"""STAMP as a dialect: sizes of all codecs, what a reply may say, how a peer counts."""

import random
from dataclasses import replace

import pytest

from nra.catalogue import codecs
from nra.model.sample import StampKind
from nra.net.ports import Arrival
from nra.probes.parts.stamp_dialect import SSIDS, PacketForm, PeerEvidence, StampDialect, counters_of, sender_packet, ssid_after, values_of
from nra.wire.stamp import ReflectorPacket, decode_sender, encode_reflector
from nra.wire.stamp_plain_reply import PADDING_AT, read_plain
from nra.wire.stamp_tlv import INTEGRITY, Tlv, TlvType, encode_tlvs, hmac_tlv, parse_tlvs, seal_tlvs, split_tlvs
from nra.wire.stamp_values import ClassOfService, DirectMeasurement
from nra.wire.timestamps import ntp_from_unix_ns

NOW = 1_767_600_000_000_000_000
KEY = bytes(range(32))
REPLY = ReflectorPacket(
    sequence=4,
    timestamp=ntp_from_unix_ns(NOW + 2000),
    error_estimate=0x0001,
    ssid=7,
    receive_timestamp=ntp_from_unix_ns(NOW + 1000),
    sender_sequence=5,
    sender_timestamp=ntp_from_unix_ns(NOW),
    sender_error_estimate=0x0001,
    sender_ttl=255,
)


def dialect(payload_bytes: int = 172, key: bytes | None = None, calls: int = 1) -> StampDialect:
    """Return a dialect whose first SSID is 7, after ten packets of each call."""
    made = StampDialect(PacketForm.of(payload_bytes, key), 46, tuple(range(7, 7 + calls)))
    for call in range(calls):
        made.note_sent(call, 9)
    return made


def arrival(packet: ReflectorPacket, key: bytes | None = None, channel: int = 0) -> Arrival:
    """Return the packet as received."""
    return Arrival(channel=channel, payload=encode_reflector(packet, key), received_ns=NOW, read_ns=NOW, stamp=StampKind.KERNEL)


@pytest.mark.parametrize(
    ("codec", "plain", "sealed"),
    [("g711", 172, 172), ("g722", 172, 172), ("opus", 92, 112), ("g729", 44, 112)],
)
def test_sizes_of_all_codecs_at_20_ms(codec: str, plain: int, sealed: int) -> None:
    """RTP's 12 octets and the codec's payload where STAMP can be that small, else the base packet."""
    rate = next(each.payload_bytes_per_ms for each in codecs() if each.name == codec)
    wanted = round(rate * 20) + 12
    for key, size in ((None, plain), (KEY, sealed)):
        form = PacketForm.of(wanted, key)
        packet = sender_packet(3, NOW, 7, form.tail(46, 4, random.Random(1)), key)
        assert (form.payload_bytes, len(packet)) == (size, size)


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "sealed"])
@pytest.mark.parametrize("wanted", range(30, 260))
def test_every_size_is_met_or_said(wanted: int, key: bytes | None) -> None:
    """The form says truly how long its packets are, they are whole TLVs, and nothing is longer than wanted but the base packet."""
    form = PacketForm.of(wanted, key)
    base = 44 if key is None else 112
    packet = decode_sender(sender_packet(3, NOW, 7, form.tail(46, 4, random.Random(1)), key), key)
    assert len(packet.tail) + base == form.payload_bytes
    assert form.payload_bytes == max(base, wanted) or max(base, wanted) - form.payload_bytes < 4
    split_tlvs(packet.tail)


def test_tlvs_of_a_g711_packet() -> None:
    """Marking wanted for the reply, the sender's count, then padding that no two packets share (RFC 8972 4)."""
    first, second = (decode_sender(dialect().packet(0, sequence, NOW).payload) for sequence in (0, 1))
    kinds = [tlv.type for tlv in split_tlvs(first.tail)]
    assert kinds == [TlvType.CLASS_OF_SERVICE, TlvType.DIRECT_MEASUREMENT, TlvType.EXTRA_PADDING]
    values = {tlv.type: tlv.value for tlv in split_tlvs(first.tail)}
    assert ClassOfService.decode(values[TlvType.CLASS_OF_SERVICE]).dscp1 == 46
    assert DirectMeasurement.decode(values[TlvType.DIRECT_MEASUREMENT]).sender_tx == 1
    assert first.tail[24:] != second.tail[24:]


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "sealed"])
def test_a_prepared_packet_is_stamped_when_sent(key: bytes | None) -> None:
    """T1 is the time of sending; the packet made beforehand verifies with it."""
    made = dialect(200, key)
    made.prepare(0, 10)
    packet = decode_sender(made.packet(0, 10, NOW + 5).payload, key)
    assert (packet.sequence, packet.t1_ns(NOW), packet.ssid) == (10, NOW + 5, 7)


@pytest.mark.parametrize("payload_bytes", [44, 60, 72, 73, 76, 92, 172])
def test_a_packet_made_over_is_like_one_made_anew(payload_bytes: int) -> None:
    """Number, sender's count and time are the packet's own, the padding is new; all else is as in the first."""
    same = slice(0, PADDING_AT if payload_bytes >= PADDING_AT else 48)
    made, anew = dialect(payload_bytes), [dialect(payload_bytes) for _ in range(3)]
    packets = [made.packet(0, sequence, NOW + sequence).payload for sequence in (10, 11, 2**32 + 12)]
    for payload, other, sequence in zip(packets, anew, (10, 11, 2**32 + 12), strict=True):
        fresh = other.packet(0, sequence, NOW + sequence).payload
        assert payload[same] == fresh[same]
        assert len(payload) == len(fresh) == made.form.payload_bytes
    if payload_bytes == 172:
        assert len({payload[PADDING_AT:] for payload in packets}) == 3


@pytest.mark.parametrize("ssid", [0, 7, 8])
@pytest.mark.parametrize(("sequence", "sender_sequence"), [(4, 5), (5, 5), (4, 10), (2**32 - 1, 5)])
@pytest.mark.parametrize("sender_tx", [6, 5])
def test_a_plain_reply_says_what_the_decoder_says(ssid: int, sequence: int, sender_sequence: int, sender_tx: int) -> None:
    """The short way and the long one end in the same reply, the same numbers and the same evidence of how the peer counts."""
    tlvs = [
        Tlv(0, TlvType.CLASS_OF_SERVICE, ClassOfService(dscp1=46, dscp2=10, ecn=1).encode()),
        Tlv(0, TlvType.DIRECT_MEASUREMENT, DirectMeasurement(sender_tx=sender_tx, reflector_rx=9, reflector_tx=5).encode()),
        Tlv(0, TlvType.EXTRA_PADDING, bytes(100)),
    ]
    tail = encode_tlvs(tlvs)
    packet = replace(REPLY, ssid=ssid, sequence=sequence, sender_sequence=sender_sequence, tail=tail)
    short, long = dialect(), dialect()
    assert read_plain(encode_reflector(packet)) is not None
    decoded = long.decode(arrival(packet))
    expected = None if decoded is None else long.read(0, decoded, NOW)
    assert short.reply(arrival(packet)) == expected
    assert (short.evidence, vars(short.numbers[0])) == (long.evidence, vars(long.numbers[0]))


def test_calls_are_sessions_of_their_own() -> None:
    """Each call has its own SSID, none is 0, and after 65535 comes 1 (RFC 8972 3)."""
    assert dialect(calls=3).ssids == (7, 8, 9)
    assert [ssid_after(SSIDS, number) for number in range(3)] == [65535, 1, 2]


def test_a_reply_says_what_it_says() -> None:
    """Numbers, both of the reflector's times in the era of now, and the marking with which the probe came."""
    tail = encode_tlvs([Tlv(0, TlvType.CLASS_OF_SERVICE, ClassOfService(dscp1=46, dscp2=10, ecn=1).encode())])
    reply = dialect().reply(arrival(replace(REPLY, tail=tail)))
    assert reply is not None
    assert (reply.sequence, reply.reflector_sequence, reply.t2_ns, reply.t3_ns, reply.tos_up) == (5, 4, NOW + 1000, NOW + 2000, 41)


@pytest.mark.parametrize(
    "packet",
    [replace(REPLY, ssid=8), replace(REPLY, sender_sequence=10), replace(REPLY, sender_sequence=2**32 - 1)],
    ids=["SSID of another", "never sent", "before the first"],
)
def test_what_is_no_reply_of_ours(packet: ReflectorPacket) -> None:
    """Another session's SSID, or a number that was not sent, is nobody's reply."""
    assert dialect().reply(arrival(packet)) is None


def test_a_reflector_without_ssid() -> None:
    """SSID 0 in a reply is a reflector that knows RFC 8762 only: it is believed."""
    assert dialect().reply(arrival(replace(REPLY, ssid=0))) is not None


def test_a_reply_with_another_key_is_nobodys() -> None:
    """The HMAC is verified before anything of a reply is used (RFC 8762 4.4)."""
    assert dialect(key=KEY).reply(arrival(REPLY, bytes(32))) is None
    assert dialect(key=KEY).reply(arrival(REPLY, KEY)) is not None


def test_tlvs_whose_seal_is_broken_say_nothing() -> None:
    """In authenticated mode a reply's TLVs count only with their HMAC (RFC 8972 4.8)."""
    tail = encode_tlvs([Tlv(0, TlvType.CLASS_OF_SERVICE, bytes(4)), replace(hmac_tlv(), flags=0)])
    good = replace(REPLY, tail=seal_tlvs(tail, REPLY.sequence, KEY))
    assert TlvType.CLASS_OF_SERVICE in values_of(good, KEY)
    assert values_of(replace(good, tail=tail), KEY) == {}
    assert values_of(replace(good, sequence=5), KEY) == {}


def test_tlvs_marked_by_the_reflector_as_broken() -> None:
    """I in any TLV voids them all (RFC 8972 4.8)."""
    tail = encode_tlvs([Tlv(INTEGRITY, TlvType.CLASS_OF_SERVICE, bytes(4))])
    assert values_of(replace(REPLY, tail=tail), None) == {}
    assert parse_tlvs(tail) == ()


def counted(sequence: int, sender_sequence: int, transmitted: int | None) -> PeerEvidence:
    """Return the evidence of one reply with these numbers and counters (None: no counters)."""
    evidence = PeerEvidence()
    evidence.take(sequence, sender_sequence, transmitted)
    return evidence


@pytest.mark.parametrize(
    ("evidence", "without_loss", "with_loss"),
    [
        (counted(4, 5, None), True, True),
        (counted(5, 5, None), None, False),
        (counted(5, 5, 6), True, True),
        (counted(5, 5, 4), False, False),
        (counted(4, 5, 99), True, True),
        (PeerEvidence(), None, False),
    ],
    ids=["own numbers", "copied numbers", "counters agree", "counters differ", "own numbers, other counters", "no reply"],
)
def test_how_a_peer_counts(evidence: PeerEvidence, without_loss: bool | None, with_loss: bool) -> None:
    """Own numbers prove a count; equal numbers prove it only with counters that agree; loss proves the copy."""
    assert evidence.stateful(lost=False) is without_loss
    assert evidence.stateful(lost=True) is with_loss


def test_counters_must_repeat_ours() -> None:
    """Padding of a TWAMP Light peer that happens to look like a Direct Measurement TLV is not believed."""
    for sender_tx, believed in ((6, True), (5, False), (0, False)):
        tail = encode_tlvs([Tlv(0, TlvType.DIRECT_MEASUREMENT, DirectMeasurement(sender_tx=sender_tx, reflector_tx=5).encode())])
        packet = replace(REPLY, tail=tail)
        assert (counters_of(packet, values_of(packet, None)) is not None) is believed
