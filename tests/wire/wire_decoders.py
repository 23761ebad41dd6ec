"""Every decoder of the project with a message that it accepts: what robustness tests and fuzzers start from."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from stamp_vectors import GOLDEN

from nra.model.responder import Announcement
from nra.wire.announcement import AnnouncementReply, AnnouncementRequest
from nra.wire.beacon import EchoProbe, decode_echo, encode_echo
from nra.wire.control import Over, Record, Recorded, Span, decode_answer, decode_request, encode
from nra.wire.dns import decode_response, frame, unframe
from nra.wire.http import parse_response
from nra.wire.ntp import decode_reply
from nra.wire.quic import decode_version_negotiation
from nra.wire.receive_record import RecordReply, RecordRequest
from nra.wire.sip import Via, read_head
from nra.wire.sip import parse_response as parse_sip
from nra.wire.stamp import ReflectorPacket, SenderPacket, decode_reflector, decode_sender, encode_reflector, encode_sender
from nra.wire.stamp_plain_reply import read_plain
from nra.wire.stamp_reflection import agreed_dscp
from nra.wire.stamp_tlv import Tlv, parse_tlvs, split_tlvs, verify_tlvs
from nra.wire.stamp_values import ClassOfService, DirectMeasurement, Location, LocationType, TimestampInformation, answer_sub_tlv
from nra.wire.stun import ErrorCode, TransportAddress, decode_message, encode_binding_error, encode_binding_success, split_stream
from nra.wire.timestamps import ErrorEstimate
from nra.wire.x509 import issuer, subject_public_key_info

NEAR_NS = GOLDEN.t1_ns
TRANSACTION = bytes(12)


@dataclass(frozen=True, slots=True)
class Case:
    """A decoder, followed by all that may be asked of what it returns, and a message that it accepts."""

    name: str
    decode: Callable[[bytes], object]
    valid: bytes


def _times_of_sender(data: bytes) -> int:
    packet: SenderPacket = decode_sender(data)
    return packet.t1_ns(NEAR_NS)


def _times_of_reflector(data: bytes) -> tuple[int, ...]:
    packet: ReflectorPacket = decode_reflector(data)
    return packet.t1_ns(NEAR_NS), packet.t2_ns(NEAR_NS), packet.t3_ns(NEAR_NS)


def _addresses(data: bytes) -> tuple[object, ...]:
    location = Location.decode(data)
    return location.source_address, location.destination_address


def _time_of_server(data: bytes) -> tuple[object, ...]:
    reply = decode_reply(data)
    return reply.kiss, reply.offset_ns(NEAR_NS, NEAR_NS), reply.delay_ns(NEAR_NS, NEAR_NS)


DNS_ANSWER = bytes.fromhex("000181800001000100000000" + "016100" + "00010001" + "c00c" + "00010001000000010004" + "01020304")
SIP_ANSWER = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;rport=5;branch=z9hG4bK1\r\nf: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\ni: 1\r\n"
    b"CSeq: 1 OPTIONS\r\nServer:\r\n x\r\nl: 1\r\n\r\n."
)

PEM = (Path(__file__).parents[1] / "vectors" / "tls-self-signed.pem").read_text("ascii")
CERTIFICATE = ssl.PEM_cert_to_DER_cert(PEM[PEM.index("-----BEGIN CERTIFICATE") :])
PLAIN_REPLY = encode_reflector(replace(GOLDEN.reflector, tail=bytes.fromhex("00040004" + "b82e0000" + "0005000c" + 12 * "00" + "00010000")))

CASES = (
    Case("control request", decode_request, encode(Record(spans=[Span(7, 0, 64)], over=Over.UDP))),
    Case("control answer", decode_answer, encode(Recorded(senders=[3], times_ns=[5], toses=[None]))),
    Case("stamp sender", _times_of_sender, GOLDEN.sender_octets),
    Case("stamp sender with a key", lambda data: decode_sender(data, GOLDEN.key), encode_sender(GOLDEN.sender, GOLDEN.key)),
    Case("stamp reflector", _times_of_reflector, GOLDEN.reflector_octets),
    Case("stamp reflector with a key", lambda data: decode_reflector(data, GOLDEN.key), encode_reflector(GOLDEN.reflector, GOLDEN.key)),
    Case("error estimate", lambda data: ErrorEstimate.decode(int.from_bytes(data[:2])), b"\x8f\x84"),
    Case("tlvs, all", split_tlvs, GOLDEN.tlvs),
    Case("tlvs, usable", parse_tlvs, GOLDEN.tlvs),
    Case("tlvs, verified", lambda data: verify_tlvs(data, 7, GOLDEN.key, mandatory=True), GOLDEN.tlvs),
    Case("agreed dscp", agreed_dscp, GOLDEN.tlvs),
    Case("class of service", ClassOfService.decode, bytes(4)),
    Case("direct measurement", DirectMeasurement.decode, bytes(12)),
    Case("timestamp information", TimestampInformation.decode, bytes(4)),
    Case("location", _addresses, Location.request().encode()),
    Case(
        "location answer",
        lambda data: answer_sub_tlv(Tlv(0, data[0] if data else 0, data), {LocationType.SOURCE_IP: "::1"}),
        b"\7" + bytes(15),
    ),
    Case("record request", RecordRequest.decode, RecordRequest(0, 2).encode()),
    Case("record reply", RecordReply.decode, RecordRequest(0, 2).encode()),
    Case("announcement request", AnnouncementRequest.decode, AnnouncementRequest(3).encode()),
    Case(
        "announcement reply",
        AnnouncementReply.decode,
        AnnouncementRequest(3).answer(Announcement("00" * 32, (("UDP", 53), ("TCP", 443)))),
    ),
    Case("stun success", decode_message, encode_binding_success(TRANSACTION, TransportAddress("::1", 9), software="x")),
    Case("stun error", decode_message, encode_binding_error(TRANSACTION, ErrorCode(420, "no"))),
    Case("stun stream", split_stream, encode_binding_success(TRANSACTION, TransportAddress("::1", 9)) * 2),
    Case("stamp plain reply", read_plain, PLAIN_REPLY),
    Case("echo", decode_echo, encode_echo(EchoProbe(1, 2, 3, 4), 30)),
    Case("http", parse_response, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"),
    Case("sip head", read_head, SIP_ANSWER),
    Case("sip", parse_sip, SIP_ANSWER),
    Case("sip via", lambda data: Via.decode(data.decode("latin-1")), b'SIP/2.0/UDP [::1]:5060;branch=1;x="\\"";rport=1'),
    Case("dns", decode_response, DNS_ANSWER),
    Case("dns over tcp", lambda data: decode_response(unframe(data) or b""), frame(DNS_ANSWER)),
    Case("ntp", _time_of_server, bytes([0x24, 2]) + bytes(22) + bytes(range(24))),
    Case("x509 issuer", issuer, CERTIFICATE),
    Case("x509 key", subject_public_key_info, CERTIFICATE),
    Case("quic version negotiation", decode_version_negotiation, bytes.fromhex("c000000000" + "0101" + "0102" + "00000001")),
)
