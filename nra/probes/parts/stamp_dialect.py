"""STAMP as a dialect of the voice stream: RTP-sized packets, marked, randomly filled."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nra.net.ports import Arrival, Transmission
from nra.probes.parts.reflector_numbers import ReflectorNumbers, unwrap
from nra.probes.parts.stream_record import Reply
from nra.wire.errors import BadHmac, MalformedMessage
from nra.wire.stamp import (
    AUTHENTICATED,
    SEQUENCE,
    UNAUTHENTICATED,
    ReflectorPacket,
    SenderPacket,
    decode_reflector,
    encode_sender,
    restamp,
)
from nra.wire.stamp_plain_reply import COUNT_AT, PADDING_AT, read_plain
from nra.wire.stamp_tlv import HEADER, UNRECOGNIZED, TlvType, encode_tlvs, hmac_tlv, parse_tlvs, seal_tlvs, verify_tlvs
from nra.wire.stamp_values import ClassOfService, DirectMeasurement, request_tlv
from nra.wire.timestamps import WORD, ErrorEstimate, ntp_from_unix_ns, unix_ns_from_ntp

CLOCK_ERROR_NS: Final = 100_000_000  # nobody vouches for a workstation's clock; nothing here depends on it
ERROR_ESTIMATE: Final = ErrorEstimate.of(CLOCK_ERROR_NS, synchronized=False).encode()
SSIDS: Final = 0xFFFF

Values = Mapping[int, bytes]
"""The values of a reply's TLVs that may be used, by type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketForm:
    """What a stream packet carries to be `payload_bytes` long: TLVs only where they fit, then padding."""

    payload_bytes: int
    has_tlvs: bool
    padding_bytes: int | None  # of the Extra Padding value; None where not even its header fits
    key: bytes | None

    @classmethod
    def of(cls, payload_bytes: int, key: bytes | None) -> "PacketForm":
        """Return the form nearest to the wanted UDP payload; it cannot be smaller than the base packet."""
        base = (UNAUTHENTICATED if key is None else AUTHENTICATED).size
        tlvs = len(_tail(0, 0, key))
        has_tlvs = base + tlvs <= payload_bytes
        used = base + tlvs if has_tlvs else base
        padding = payload_bytes - used - HEADER.size
        return cls(
            payload_bytes=used + padding + HEADER.size if padding >= 0 else used,
            has_tlvs=has_tlvs,
            padding_bytes=padding if padding >= 0 else None,
            key=key,
        )

    @property
    def is_plain(self) -> bool:
        """Whether its packets differ in nothing but number, count, time and padding."""
        return self.key is None and self.has_tlvs and self.padding_bytes is not None

    def renew(self, packet: bytearray, sequence: int, fill: random.Random) -> None:
        """Give a plain packet that was sent another number and count and new padding, in place."""
        SEQUENCE.pack_into(packet, UNAUTHENTICATED.sequence, sequence & WORD)
        SEQUENCE.pack_into(packet, COUNT_AT, sequence + 1 & WORD)
        packet[PADDING_AT:] = fill.randbytes(len(packet) - PADDING_AT)

    def tail(self, dscp: int, sender_tx: int, fill: random.Random) -> bytes:
        """Return the TLVs for one packet, with random padding: zeros could be compressed on the way."""
        tail = _tail(dscp, sender_tx, self.key) if self.has_tlvs else b""
        if self.padding_bytes is not None:
            tail += HEADER.pack(UNRECOGNIZED, TlvType.EXTRA_PADDING, self.padding_bytes) + fill.randbytes(self.padding_bytes)
        return tail


def _tail(dscp: int, sender_tx: int, key: bytes | None) -> bytes:
    tlvs = [request_tlv(ClassOfService(dscp1=dscp)), request_tlv(DirectMeasurement(sender_tx=sender_tx & WORD))]
    if key is not None:
        tlvs.append(hmac_tlv())
    return encode_tlvs(tlvs)


def sender_packet(sequence: int, now_ns: int, ssid: int, tail: bytes, key: bytes | None) -> bytes:
    """Return a Session-Sender packet stamped `now_ns`, sealed when there is a key."""
    sequence &= WORD
    packet = SenderPacket(
        sequence=sequence,
        timestamp=ntp_from_unix_ns(now_ns),
        error_estimate=ERROR_ESTIMATE,
        ssid=ssid,
        tail=tail if key is None else seal_tlvs(tail, sequence, key),
    )
    return encode_sender(packet, key)


def values_of(packet: ReflectorPacket, key: bytes | None) -> Values:
    """Return what the reply's TLVs say, nothing when their seal is broken; a TWAMP Light reflector's padding may look like anything."""
    try:
        if key is not None:
            verify_tlvs(packet.tail, packet.sequence, key, mandatory=True)
    except BadHmac:
        return {}
    return {tlv.type: tlv.value for tlv in parse_tlvs(packet.tail)}


def counters_of(packet: ReflectorPacket, values: Values) -> DirectMeasurement | None:
    """Return the reflector's counters, None where the reply has none; they must repeat our own count to be believed."""
    try:
        counters = DirectMeasurement.decode(values.get(TlvType.DIRECT_MEASUREMENT, b""))
    except MalformedMessage:
        return None
    return counters if counters.sender_tx == (packet.sender_sequence + 1) & WORD else None


def tos_up_of(values: Values) -> int | None:
    """Return the TOS octet with which the probe came to the reflector, None where the reply does not say."""
    try:
        seen = ClassOfService.decode(values.get(TlvType.CLASS_OF_SERVICE, b""))
    except MalformedMessage:
        return None
    return seen.dscp2 << 2 | seen.ecn


@dataclass(slots=True)
class PeerEvidence:
    """What the replies of one call show of how the peer counts."""

    numbers_differ: bool = False  # a reply carried another number than its probe: the peer counts
    counters_agree: bool = False  # its Direct Measurement counters fit its numbers
    counters_differ: bool = False  # they do not: the numbers are copies of ours

    def take(self, sequence: int, sender_sequence: int, transmitted: int | None) -> None:
        """Take in one reply: its two numbers, and how many replies the peer says that it sent (None: it does not)."""
        self.numbers_differ |= sequence != sender_sequence
        if transmitted is not None:
            agree = transmitted == (sequence + 1) & WORD
            self.counters_agree |= agree
            self.counters_differ |= not agree

    def stateful(self, *, lost: bool) -> bool | None:
        """Tell whether the peer numbers its replies by itself; without losses a copied number looks like a count: None."""
        if self.numbers_differ:
            return True
        if self.counters_agree and not self.counters_differ:
            return True
        return False if lost or self.counters_differ else None


class StampDialect:
    """Each call is a session of its own: one socket and one SSID, which may be that of all."""

    def __init__(self, form: PacketForm, dscp: int, ssids: tuple[int, ...]) -> None:
        """Take each call's SSID."""
        calls = len(ssids)
        self.form = form
        self.ssids = ssids
        self.numbers = [ReflectorNumbers() for _ in range(calls)]
        self.evidence = [PeerEvidence() for _ in range(calls)]
        self._dscp = dscp
        self._fill = random.Random()
        self._sent = [0] * calls
        self._ready = [(-1, bytearray())] * calls  # the next packet of each call, and its sequence

    def prepare(self, call: int, sequence: int) -> None:
        """Make the packet but for its time, so that between T1 and the network there is little left to be interrupted in."""
        made, octets = self._ready[call]
        if made == sequence:
            return
        if octets and self.form.is_plain:
            self.form.renew(octets, sequence, self._fill)
        else:
            tail = self.form.tail(self._dscp, sequence + 1, self._fill)
            octets = bytearray(sender_packet(sequence, 0, self.ssids[call], tail, self.form.key))
        self._ready[call] = sequence, octets

    def packet(self, call: int, sequence: int, now_ns: int) -> Transmission:
        """Return the probe, stamped now."""
        self.note_sent(call, sequence)
        self.prepare(call, sequence)
        octets = self._ready[call][1]
        restamp(octets, ntp_from_unix_ns(now_ns), self.form.key)
        return Transmission(channel=call, payload=bytes(octets))

    def note_sent(self, call: int, sequence: int) -> None:
        """Expect replies to the call's probes up to this one."""
        self._sent[call] = sequence + 1

    def reply(self, arrival: Arrival) -> Reply | None:
        """Return what the datagram says, or None when it is not a reply of this session."""
        call, near_ns = arrival.channel, arrival.received_ns
        plain = read_plain(arrival.payload) if self.form.key is None else None
        if plain is None:
            packet = self.decode(arrival)
            return None if packet is None else self.read(call, packet, near_ns)
        if plain.ssid not in (0, self.ssids[call]):
            return None
        counted = plain.sender_tx == (plain.sender_sequence + 1) & WORD
        t2_ns, t3_ns = unix_ns_from_ntp(plain.receive_timestamp, near_ns), unix_ns_from_ntp(plain.timestamp, near_ns)
        transmitted = plain.reflector_tx if counted else None
        return self._placed(call, plain.sequence, plain.sender_sequence, t2_ns, t3_ns, transmitted, plain.tos)

    def decode(self, arrival: Arrival) -> ReflectorPacket | None:
        """Return the packet, or None when it is not one of this session."""
        try:
            packet = decode_reflector(arrival.payload, self.form.key)
        except MalformedMessage:
            return None
        return packet if packet.ssid in (0, self.ssids[arrival.channel]) else None  # 0: a reflector that knows RFC 8762 only

    def read(self, call: int, packet: ReflectorPacket, near_ns: int) -> Reply | None:
        """Return what a reply of the call says, numbers continued beyond their 32 bits; None when they answer nothing that was sent."""
        values = values_of(packet, self.form.key)
        counters = counters_of(packet, values)
        transmitted = None if counters is None else counters.reflector_tx
        times = packet.t2_ns(near_ns), packet.t3_ns(near_ns)
        return self._placed(call, packet.sequence, packet.sender_sequence, *times, transmitted, tos_up_of(values))

    def _placed(
        self, call: int, number: int, sender_number: int, t2_ns: int, t3_ns: int, transmitted: int | None, tos_up: int | None
    ) -> Reply | None:
        sent = self._sent[call]
        sequence = unwrap(sender_number, sent)
        placed = self.numbers[call].place(number, sequence, sent, t3_ns) if 0 <= sequence < sent else None
        if placed is None:
            return None
        self.evidence[call].take(number, sender_number, transmitted)
        return Reply(call=call, sequence=sequence, t2_ns=t2_ns, t3_ns=t3_ns, reflector_sequence=placed, tos_up=tos_up)


def ssid_after(first: int, number: int) -> int:
    """Return the `number`-th SSID from `first` on, never 0."""
    return (first - 1 + number) % SSIDS + 1
