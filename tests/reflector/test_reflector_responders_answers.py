"""What responders answer: the right thing to a request, nothing to anything else."""

import struct
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.net.tcp_server import Respond
from nra.reflector.responders.answers import (
    HTTP_ANSWER,
    NO_REQUEST,
    Source,
    dns_answer,
    dns_stream_answer,
    echo_answer,
    http_answer,
    ntp_answer,
    quic_answer,
    sip_or_http_answer,
    sip_stream_answer,
    stun_answer,
    stun_stream_answer,
)
from nra.wire import dns
from nra.wire.beacon import EchoProbe, encode_echo
from nra.wire.http import head_request
from nra.wire.ntp import decode_reply, encode_request
from nra.wire.quic import decode_version_negotiation, encode_version_probe, is_reserved, reserved_version
from nra.wire.stun import (
    ErrorCode,
    MessageType,
    TransportAddress,
    decode_message,
    encode_binding_error,
    encode_binding_request,
    encode_binding_success,
)
from nra.wire.timestamps import ntp_from_unix_ns, unix_ns_from_ntp

SOURCE: Final = ("192.0.2.7", 50_007)
SOURCE_6: Final = ("2001:db8::7", 50_007)
TRANSACTION: Final = bytes(range(12))
NOW: Final = 1_767_600_000_000_000_000
QUERY: Final = dns.encode_query(0x1234, "nra.example")
OPTIONS: Final = (
    b"OPTIONS sip:nra.example SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK1\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"
)


@pytest.mark.parametrize(("source", "size"), [(SOURCE, 32), (SOURCE_6, 44), (("fe80::7%eth0", 5), 44)])
def test_stun_tells_the_source_what_it_is(source: Source, size: int) -> None:
    """A success with XOR-MAPPED-ADDRESS alone, 32 octets or 44 (RFC 8489 7.3.1.1, 14.2)."""
    answer = stun_answer(encode_binding_request(TRANSACTION), source) or b""
    message = decode_message(answer)
    assert (message.type, message.transaction, len(answer)) == (MessageType.SUCCESS, TRANSACTION, size)
    assert message.reflexive == (source[0].partition("%")[0], source[1])


@pytest.mark.parametrize(
    "reply",
    [
        encode_binding_success(TRANSACTION, TransportAddress(*SOURCE)),
        encode_binding_error(TRANSACTION, ErrorCode(420, "Unknown")),
        encode_binding_request(TRANSACTION).replace(b"\x00\x01", b"\x00\x11", 1),
    ],
    ids=["success", "error", "indication"],
)
def test_stun_answers_requests_only(reply: bytes) -> None:
    """A reply to a reply would go back and forth; an indication has none (RFC 8489 6.3.2)."""
    assert stun_answer(reply, SOURCE) is None


def test_stun_over_tcp_waits_for_a_whole_message() -> None:
    """Nothing before its last octet, the first message's answer then, an end for what is no STUN (RFC 8489 6.2.2)."""
    request = encode_binding_request(TRANSACTION, software="nra")
    for size in range(len(request)):
        assert stun_stream_answer(request[:size], SOURCE) is None
    assert stun_stream_answer(request + request, SOURCE) == stun_answer(request, SOURCE)
    assert stun_stream_answer(b"GET / HTTP/1.1\r\n\r\n    ", SOURCE) == NO_REQUEST
    assert stun_stream_answer(stun_answer(request, SOURCE) or b"", SOURCE) == NO_REQUEST


def test_dns_refuses() -> None:
    """REFUSED with id, question and the wish for recursion as they came, nothing else in it (RFC 1035 4.1.1)."""
    answer = dns_answer(QUERY) or b""
    response = dns.decode_response(answer)
    assert (response.transaction, response.rcode, response.question, response.addresses) == (0x1234, 5, "nra.example", ())
    assert len(answer) == len(QUERY)
    assert struct.unpack_from(">H", answer, 2) == (0x8105,)


def test_dns_leaves_out_what_follows_the_question() -> None:
    """EDNS is not spoken: a reply without OPT says so (RFC 6891 7)."""
    edns = QUERY[:10] + b"\0\1" + QUERY[12:] + b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    assert dns_answer(edns) == dns_answer(QUERY)


@pytest.mark.parametrize(
    "message",
    [
        QUERY[:2] + b"\x81\x05" + QUERY[4:],
        QUERY[:2] + b"\x29\x00" + QUERY[4:],
        QUERY[:4] + b"\0\0" + QUERY[6:],
        QUERY[:4] + b"\0\2" + QUERY[6:],
        QUERY[:12] + b"\xc0\x0c" + QUERY[14:],
        QUERY[:12] + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1",
    ],
    ids=["response", "update", "no question", "two questions", "pointer", "name of 257 octets"],
)
def test_what_is_no_query(message: bytes) -> None:
    """Responses above all: two servers must not talk to each other."""
    assert dns_answer(message) is None


@pytest.mark.parametrize("size", range(len(QUERY)))
def test_every_truncation_of_a_query(size: int) -> None:
    """What is not whole has no answer."""
    assert dns_answer(QUERY[:size]) is None
    assert dns_stream_answer(dns.frame(QUERY)[: size + 2], SOURCE) is None


def test_dns_over_tcp() -> None:
    """The same with its length before it (RFC 1035 4.2.2)."""
    assert dns_stream_answer(dns.frame(QUERY), SOURCE) == dns.frame(dns_answer(QUERY) or b"")
    assert dns_stream_answer(dns.frame(bytes(12)), SOURCE) == NO_REQUEST


def test_ntp_tells_its_time_and_that_nobody_set_it() -> None:
    """Leap 3 and stratum 16 (RFC 5905 figures 9 and 11), the client's stamp returned, both of ours in order."""
    nonce = 0x0123_4567_89AB_CDEF
    answer = ntp_answer(encode_request(nonce), NOW, NOW + 5_000) or b""
    reply = decode_reply(answer)
    assert (len(answer), reply.leap, reply.stratum, reply.version, reply.origin) == (48, 3, 16, 4, nonce)
    assert (reply.synchronized, reply.kiss) == (False, None)
    assert (unix_ns_from_ntp(reply.receive, NOW), unix_ns_from_ntp(reply.transmit, NOW)) == (NOW, NOW + 5_000)
    assert reply.transmit == ntp_from_unix_ns(NOW + 5_000)


@pytest.mark.parametrize("version", range(8))
@pytest.mark.parametrize("mode", range(8))
def test_ntp_answers_clients_only(mode: int, version: int) -> None:
    """Mode 3 in versions 1 to 4; modes 6 and 7 made NTP the amplifier that it once was."""
    request = bytes((version << 3 | mode,)) + encode_request(1)[1:]
    answer = ntp_answer(request, NOW, NOW)
    assert (answer is not None) == (mode == 3 and 1 <= version <= 4)
    assert answer is None or decode_reply(answer).version == version


def test_ntp_with_and_without_its_whole_header() -> None:
    """A MAC or extensions are not looked at, half a header is no request."""
    assert len(ntp_answer(encode_request(1) + bytes(20), NOW, NOW) or b"") == 48
    assert ntp_answer(encode_request(1)[:-1], NOW, NOW) is None


@pytest.mark.parametrize("number", [0, 1, 65_535])
def test_quic_negotiates(number: int) -> None:
    """The ids change places; a version is listed, never the one that was asked for (RFC 9000 6.2, 17.2.1)."""
    request = encode_version_probe(reserved_version(number), b"destined", b"a source")
    answer = decode_version_negotiation(quic_answer(request) or b"")
    assert (answer.destination_id, answer.source_id) == (b"a source", b"destined")
    assert reserved_version(number) not in answer.versions
    assert all(map(is_reserved, answer.versions))


def test_quic_of_a_real_version() -> None:
    """A client's Initial of version 1 is told that nobody speaks it here, ids of any length included (RFC 8999 5.1)."""
    head = b"\xc3\0\0\0\1" + b"\xff" + bytes(range(255)) + b"\0"
    answer = decode_version_negotiation(quic_answer(head.ljust(1200, b"\0")) or b"")
    assert (answer.destination_id, answer.source_id) == (b"", bytes(range(255)))


@pytest.mark.parametrize(
    "datagram",
    [
        encode_version_probe(reserved_version(3), bytes(8), bytes(8))[:-1],
        b"\x40" + encode_version_probe(reserved_version(3), bytes(8), bytes(8))[1:],
        (b"\xc0\0\0\0\0\x08" + bytes(8) + b"\x08" + bytes(8)).ljust(1200, b"\x0a"),
    ],
    ids=["small", "short header", "version negotiation"],
)
def test_quic_answers_nothing_else(datagram: bytes) -> None:
    """Small datagrams would be amplified, negotiation is never answered with negotiation (RFC 9000 6.1, 14.1)."""
    assert quic_answer(datagram) is None


def test_echo_returns_our_probes_alone() -> None:
    """Octet for octet; what is nobody's probe is not reflected."""
    probe = encode_echo(EchoProbe(1, 2, 3, 4), 172)
    assert echo_answer(probe) == probe
    for other in (b"", b"x", bytes(172), probe[:21]):
        assert echo_answer(other) is None


def test_http_answers_a_whole_head() -> None:
    """Any method and path; half a head waits, another protocol is closed."""
    for request in (head_request("nra.example"), b"POST /x HTTP/1.0\r\n\r\nbody"):
        assert http_answer(request, SOURCE) == HTTP_ANSWER
    for size in range(len(head_request("nra.example"))):
        assert http_answer(head_request("nra.example")[:size], SOURCE) is None
    for other in (b"\r\n\r\n", b"hello\r\n\r\n", OPTIONS, HTTP_ANSWER):
        assert http_answer(other, SOURCE) == NO_REQUEST


def test_sip_over_tcp_and_behind_tls() -> None:
    """Over TCP a whole head is waited for; behind TLS SIP and HTTP are both spoken."""
    for answer in (sip_stream_answer, sip_or_http_answer):
        assert (answer(OPTIONS, SOURCE) or b"").startswith(b"SIP/2.0 200 OK\r\n")
        assert answer(OPTIONS[:-1], SOURCE) is None
        assert answer(OPTIONS.replace(b"CSeq: 1 OPTIONS\r\n", b""), SOURCE) == NO_REQUEST
    assert sip_stream_answer(head_request("nra.example"), SOURCE) == NO_REQUEST
    assert sip_or_http_answer(head_request("nra.example"), SOURCE) == HTTP_ANSWER
    assert sip_or_http_answer(b"\n\n", SOURCE) == NO_REQUEST


STREAMS: Final[tuple[Respond, ...]] = (stun_stream_answer, dns_stream_answer, http_answer, sip_stream_answer, sip_or_http_answer)


@given(st.binary(max_size=120), st.sampled_from(STREAMS), st.sampled_from([b"", QUERY, OPTIONS, encode_binding_request(TRANSACTION)]))
def test_trap_13_over_tcp(data: bytes, answer: Respond, head: bytes) -> None:
    """Trap 13: whatever comes, nothing is raised and the answer is octets or more is waited for."""
    for received in (data, head + data, dns.frame(data), data + b"\r\n\r\n"):
        assert isinstance(answer(received, SOURCE), bytes | None)


@pytest.mark.parametrize(("more", "answered"), [(528, True), (532, False)])
def test_a_stun_request_of_many_attributes_is_not_read(more: int, answered: bool) -> None:
    """RFC 8489 6.1: a request fits 548 octets; a datagram full of attributes would only cost the other callers time."""
    attribute = struct.pack(">HH", 0x8022, more - 4) + bytes(more - 4)
    request = bytearray(encode_binding_request(TRANSACTION))
    struct.pack_into(">H", request, 2, len(request) - 20 + more)
    assert (stun_answer(bytes(request) + attribute, SOURCE) is not None) is answered
