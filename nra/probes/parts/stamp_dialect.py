"""STAMP as a dialect of the voice stream: RTP-sized packets, marked, randomly filled."""

import random
from dataclasses import dataclass
from typing import Final

from nra.net.ports import Arrival, Transmission
from nra.probes.parts.stream import Reply, unwrap
from nra.wire.errors import MalformedMessage
from nra.wire.stamp import AUTHENTICATED, UNAUTHENTICATED, ReflectorPacket, SenderPacket, decode_reflector, encode_sender
from nra.wire.stamp_tlv import HEADER, UNRECOGNIZED, TlvType, authentic_tlvs, encode_tlvs, hmac_tlv, parse_tlvs, seal_tlvs
from nra.wire.stamp_values import ClassOfService, DirectMeasurement, request_tlv
from nra.wire.timestamps import WORD, ErrorEstimate, ntp_from_unix_ns

CLOCK_ERROR_NS: Final = 100_000_000  # nobody vouches for a workstation's clock; nothing here depends on it
ERROR_ESTIMATE: Final = ErrorEstimate.of(CLOCK_ERROR_NS, synchronized=False).encode()
SSIDS: Final = 0xFFFF


def usable_tlvs(packet: ReflectorPacket, key: bytes | None) -> dict[int, bytes]:
    """Return the values that may be used of a reply's TLVs, by type; with a key, none unless their HMAC holds (RFC 8972 4.8)."""
    tlvs = parse_tlvs(packet.tail) if key is None else authentic_tlvs(packet.tail, packet.sequence, key)
    return {tlv.type: tlv.value for tlv in tlvs}


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


class StampDialect:
    """Each call is a session of its own: one socket and one SSID."""

    def __init__(self, form: PacketForm, dscp: int, first_ssid: int, calls: int) -> None:
        """Take consecutive SSIDs from `first_ssid` on."""
        self.form = form
        self.ssids = tuple(ssid_after(first_ssid, call) for call in range(calls))
        self._dscp = dscp
        self._fill = random.Random()
        self._sent = [0] * calls
        self._reflected = [0] * calls
        self.counts_by_itself = [False] * calls  # the peer's own numbers or counters were seen
        self.copies_number = [True] * calls  # every reply so far carried our own number

    def packet(self, call: int, sequence: int, now_ns: int) -> Transmission:
        """Return the probe, stamped now."""
        self._sent[call] = sequence + 1
        tail = self.form.tail(self._dscp, sequence + 1, self._fill)
        return Transmission(channel=call, payload=sender_packet(sequence, now_ns, self.ssids[call], tail, self.form.key))

    def reply(self, arrival: Arrival) -> Reply | None:
        """Return what the datagram says, or None when it is not a reply of this session."""
        call = arrival.channel
        try:
            packet = decode_reflector(arrival.payload, self.form.key)
        except MalformedMessage:
            return None
        if packet.ssid not in (0, self.ssids[call]):  # 0: a reflector that knows RFC 8762 only
            return None
        return self.read(call, packet, arrival.received_ns)

    def read(self, call: int, packet: ReflectorPacket, near_ns: int) -> Reply:
        """Return what a reply of the call says, numbers continued beyond their 32 bits."""
        sequence = unwrap(packet.sender_sequence, self._sent[call])
        reflector_sequence = unwrap(packet.sequence, self._reflected[call])
        self._reflected[call] = max(self._reflected[call], reflector_sequence)
        tlvs = usable_tlvs(packet, self.form.key)
        if reflector_sequence != sequence or TlvType.DIRECT_MEASUREMENT in tlvs:
            self.counts_by_itself[call] = True
        self.copies_number[call] &= reflector_sequence == sequence
        return Reply(
            call=call,
            sequence=sequence,
            t2_ns=packet.t2_ns(near_ns),
            t3_ns=packet.t3_ns(near_ns),
            reflector_sequence=reflector_sequence,
            tos_up=_tos_up(tlvs.get(TlvType.CLASS_OF_SERVICE)),
        )


def _tos_up(value: bytes | None) -> int | None:
    if value is None:
        return None
    seen = ClassOfService.decode(value)
    return seen.dscp2 << 2 | seen.ecn


def ssid_after(first: int, number: int) -> int:
    """Return the `number`-th SSID from `first` on, never 0."""
    return (first - 1 + number) % SSIDS + 1
