"""STAMP test packets (RFC 8762 4.2 and 4.3, SSID of RFC 8972 3) and the TWAMP Light packets that they grew from (RFC 5357 App. I).

Sender, unauthenticated                         Reflector, unauthenticated
 0 Sequence Number                               0 Sequence Number (its own when stateful, else a copy)
 4 Timestamp T1                                  4 Timestamp T3
12 Error Estimate   14 SSID                     12 Error Estimate of T2 and T3   14 SSID
16 zeros to 44                                  16 Receive Timestamp T2
                                                24 Session-Sender Sequence Number
TLVs follow the base packet of 44 octets        28 Session-Sender Timestamp T1
(authenticated: 112) and are kept here          36 Session-Sender Error Estimate
as `tail`; see stamp_tlv.py.                    40 Session-Sender TTL, zeros to 44
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from nra.wire.errors import BadHmac, MalformedMessage
from nra.wire.stamp_hmac import HMAC_SIZE, is_authentic, truncated_hmac
from nra.wire.stamp_tlv import seal_tlvs
from nra.wire.timestamps import PTP_FORMAT, ptp_is_valid, unix_ns

DEFAULT_PORT: Final = 20862
"""Where our reflector listens: inside the media range that sites open anyway (862 needs privilege)."""
TTL_UNKNOWN: Final = 255
"""What a reflector reports that cannot read the TTL of what it received (RFC 5357 4.2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where fields stand, in octets from the start of the base packet; those from `receive_timestamp` on in replies only."""

    size: int
    covered: int  # by the HMAC; 0 where there is none
    sequence: int
    timestamp: int
    error_estimate: int
    ssid: int
    receive_timestamp: int
    sender_sequence: int
    sender_timestamp: int
    sender_error_estimate: int
    sender_ttl: int


UNAUTHENTICATED: Final = Layout(
    size=44,
    covered=0,
    sequence=0,
    timestamp=4,
    error_estimate=12,
    ssid=14,
    receive_timestamp=16,
    sender_sequence=24,
    sender_timestamp=28,
    sender_error_estimate=36,
    sender_ttl=40,
)
AUTHENTICATED: Final = Layout(
    size=112,
    covered=96,
    sequence=0,
    timestamp=16,
    error_estimate=24,
    ssid=26,
    receive_timestamp=32,
    sender_sequence=48,
    sender_timestamp=64,
    sender_error_estimate=72,
    sender_ttl=80,
)

TWAMP_LIGHT_SENDER: Final = Struct(">IQH")  # 14 octets, RFC 5357 4.1.2
TWAMP_LIGHT_REFLECTOR: Final = Struct(">IQHHQIQHxxB")  # 41 octets, RFC 5357 4.2.1: a STAMP reply without its last zeros
SENDER: Final = Struct(">IQHH28x")  # RFC 8762 4.2.1
REFLECTOR: Final = Struct(">IQHHQIQHxxB3x")  # RFC 8762 4.3.1
SENDER_AUTHENTICATED: Final = Struct(">I12xQHH68x")  # RFC 8762 4.2.2, to the HMAC
REFLECTOR_AUTHENTICATED: Final = Struct(">I12xQHH4xQ8xI12xQH6xB15x")  # RFC 8762 4.3.2, to the HMAC
SEQUENCE: Final = Struct(">I")
TIMESTAMP: Final = Struct(">Q")


@dataclass(frozen=True, slots=True)
class SenderPacket:
    """What a Session-Sender sends: `timestamp` T1 and `error_estimate` as on the wire, `tail` the TLVs' octets.

    `twamp_light` marks a decoded request shorter than a STAMP packet: a reply would be larger than the request.
    """

    sequence: int
    timestamp: int
    error_estimate: int
    ssid: int = 0
    tail: bytes = b""
    twamp_light: bool = False

    def t1_ns(self, near_ns: int) -> int:
        """Return T1 in Unix nanoseconds, era nearest to `near_ns`."""
        return unix_ns(self.timestamp, self.error_estimate, near_ns)


@dataclass(frozen=True, slots=True)
class ReflectorPacket:
    """What a Session-Reflector answers: `timestamp` T3, `receive_timestamp` T2 and copies of what the sender sent."""

    sequence: int
    timestamp: int
    error_estimate: int
    ssid: int
    receive_timestamp: int
    sender_sequence: int
    sender_timestamp: int
    sender_error_estimate: int
    sender_ttl: int
    tail: bytes = b""

    def t1_ns(self, near_ns: int) -> int:
        """Return T1, sent by the sender, in Unix nanoseconds, era nearest to `near_ns`."""
        return unix_ns(self.sender_timestamp, self.sender_error_estimate, near_ns)

    def t2_ns(self, near_ns: int) -> int:
        """Return T2, received by the reflector, in Unix nanoseconds, era nearest to `near_ns`."""
        return unix_ns(self.receive_timestamp, self.error_estimate, near_ns)

    def t3_ns(self, near_ns: int) -> int:
        """Return T3, sent by the reflector, in Unix nanoseconds, era nearest to `near_ns`."""
        return unix_ns(self.timestamp, self.error_estimate, near_ns)


def encode_sender(packet: SenderPacket, key: bytes | None = None) -> bytes:
    """Return the packet's octets, authenticated when a key is given; the tail goes out as it is."""
    fields = packet.sequence, packet.timestamp, packet.error_estimate, packet.ssid
    if key is None:
        return SENDER.pack(*fields) + packet.tail
    return _signed(SENDER_AUTHENTICATED.pack(*fields), key) + packet.tail


def encode_reflector(packet: ReflectorPacket, key: bytes | None = None) -> bytes:
    """Return the reply's octets, authenticated when a key is given; the tail goes out as it is."""
    fields = (
        packet.sequence,
        packet.timestamp,
        packet.error_estimate,
        packet.ssid,
        packet.receive_timestamp,
        packet.sender_sequence,
        packet.sender_timestamp,
        packet.sender_error_estimate,
        packet.sender_ttl,
    )
    if key is None:
        return REFLECTOR.pack(*fields) + packet.tail
    return _signed(REFLECTOR_AUTHENTICATED.pack(*fields), key) + packet.tail


def restamp_sender(packet: bytearray, sequence: int, timestamp: int, key: bytes | None = None) -> None:
    """Give an encoded sender packet a new Sequence Number and T1 in place; with a key both HMACs are made anew."""
    layout = UNAUTHENTICATED if key is None else AUTHENTICATED
    SEQUENCE.pack_into(packet, layout.sequence, sequence)
    TIMESTAMP.pack_into(packet, layout.timestamp, timestamp)
    if key is not None:
        packet[layout.covered : layout.size] = truncated_hmac(key, packet[: layout.covered])
        packet[layout.size :] = seal_tlvs(bytes(packet[layout.size :]), sequence, key)


def restamp(packet: bytearray, timestamp: int, key: bytes | None = None) -> None:
    """Give an encoded packet, sender's or reflector's, a new Timestamp in place.

    With a key the base packet's HMAC is made anew; an HMAC TLV does not cover the Timestamp (RFC 8972 4.8).
    """
    layout = UNAUTHENTICATED if key is None else AUTHENTICATED
    TIMESTAMP.pack_into(packet, layout.timestamp, timestamp)
    if key is not None:
        packet[layout.covered : layout.size] = truncated_hmac(key, packet[: layout.covered])


def decode_sender(data: bytes, key: bytes | None = None) -> SenderPacket:
    """Read a request, TWAMP Light's of 14 octets included; raises MalformedMessage, BadHmac when a key is given and fails."""
    if key is not None:
        _verify(data, key)
        fields = *SENDER_AUTHENTICATED.unpack_from(data), data[AUTHENTICATED.size :]
    elif len(data) >= UNAUTHENTICATED.size:
        fields = *SENDER.unpack_from(data), data[UNAUTHENTICATED.size :]
    else:
        _require(data, TWAMP_LIGHT_SENDER.size)
        fields = *TWAMP_LIGHT_SENDER.unpack_from(data), 0, b"", True
    packet = SenderPacket(*fields)
    _check_ptp(packet.error_estimate, packet.timestamp)
    return packet


def decode_reflector(data: bytes, key: bytes | None = None) -> ReflectorPacket:
    """Read a reply, TWAMP Light's of 41 octets included; raises MalformedMessage, BadHmac when a key is given and fails."""
    if key is not None:
        _verify(data, key)
        fields = *REFLECTOR_AUTHENTICATED.unpack_from(data), data[AUTHENTICATED.size :]
    else:
        _require(data, TWAMP_LIGHT_REFLECTOR.size)
        fields = *TWAMP_LIGHT_REFLECTOR.unpack_from(data), data[UNAUTHENTICATED.size :]
    packet = ReflectorPacket(*fields)
    _check_ptp(packet.error_estimate, packet.timestamp, packet.receive_timestamp)
    _check_ptp(packet.sender_error_estimate, packet.sender_timestamp)
    return packet


def _signed(covered: bytes, key: bytes) -> bytes:
    return covered + truncated_hmac(key, covered)


def _verify(data: bytes, key: bytes) -> None:
    _require(data, AUTHENTICATED.size)
    covered = AUTHENTICATED.covered
    if not is_authentic(key, data[:covered], data[covered : covered + HMAC_SIZE]):
        raise BadHmac("the HMAC of the base packet does not match")


def _require(data: bytes, size: int) -> None:
    if len(data) < size:
        raise MalformedMessage(f"{len(data)} octets where at least {size} are needed")


def _check_ptp(error_estimate: int, *timestamps: int) -> None:
    """Refuse PTP stamps that are none, so that the t*_ns helpers of a decoded packet never raise."""
    if error_estimate & PTP_FORMAT and not all(map(ptp_is_valid, timestamps)):
        raise MalformedMessage("PTP time stamp with a second or more of nanoseconds")
