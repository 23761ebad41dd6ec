"""What each service answers: a request's octets in, the answer's out, None for what is no request of its protocol.

Over UDP whoever calls these holds the law that a reply is never larger than its request (`udp.py`). Over TCP, where the handshake
proved the source, None means that more is needed, and nothing (b"") that what came is no request: the connection is closed.
"""

import re
from typing import Final

from nra.reflector.responders.sip import sip_answer
from nra.wire import dns, ntp, quic
from nra.wire.beacon import decode_echo
from nra.wire.errors import MalformedMessage
from nra.wire.http import is_head_complete
from nra.wire.stun import MessageType, TransportAddress, decode_message, encode_binding_success, split_stream
from nra.wire.timestamps import ntp_from_unix_ns

Source = tuple[str, int]

STUN_MOST_BYTES: Final = 548  # RFC 8489 6.1: what fits the least path of IPv4; a request that is larger only costs time
NO_REQUEST: Final = b""
HTTP_ANSWER: Final = b"HTTP/1.1 204 No Content\r\nServer: nra\r\nConnection: close\r\n\r\n"
HTTP_REQUEST: Final = re.compile(rb"[A-Z]+ [!-~]+ HTTP/1\.[01]\r?\n")  # RFC 9112 3
SIP_REQUEST: Final = re.compile(rb"[A-Z]+ [!-~]+ SIP/2\.0\r\n")  # RFC 3261 7.1
REFUSED: Final = 5  # RFC 1035 4.1.1
QUERY_TAIL: Final = dns.QUESTION.size
UNSYNCHRONIZED_STRATUM: Final = 16  # RFC 5905 figure 11
PRECISION: Final = -20  # about a microsecond, log2 s
DISPERSION_S: Final = 16  # RFC 5905 7.2, MAXDISP: nothing is known of how far the clock is off
OFFERED: Final = (quic.reserved_version(0), quic.reserved_version(1))  # we speak no version, and a list cannot be empty


def stun_answer(request: bytes, source: Source) -> bytes | None:
    """Return the success response to a Binding request (RFC 8489 7.3.1.1): 32 octets, 44 for IPv6."""
    if len(request) > STUN_MOST_BYTES:
        return None
    try:
        message = decode_message(request)
    except MalformedMessage:
        return None
    if message.type != MessageType.REQUEST:
        return None
    return encode_binding_success(message.transaction, TransportAddress(*source))


def stun_stream_answer(received: bytes, source: Source) -> bytes | None:
    """Return the answer to the first message of a TCP connection."""
    try:
        messages, _ = split_stream(received)
    except MalformedMessage:
        return NO_REQUEST
    return (stun_answer(messages[0], source) or NO_REQUEST) if messages else None


def dns_answer(request: bytes) -> bytes | None:
    """Return REFUSED to a query with one question: its header, flags changed, and its question."""
    if len(request) < dns.HEADER.size:
        return None
    transaction, flags, questions, *_ = dns.HEADER.unpack_from(request)
    end = _question_end(request)
    if flags & (dns.RESPONSE | dns.OPCODE) or questions != 1 or end is None:
        return None
    answered = dns.RESPONSE | flags & dns.RECURSION_DESIRED | REFUSED
    return dns.HEADER.pack(transaction, answered, 1, 0, 0, 0) + request[dns.HEADER.size : end]


def _question_end(request: bytes) -> int | None:
    """Return where the first question ends; a name in a question has nothing to point at (RFC 1035 4.1.4)."""
    offset = dns.HEADER.size
    while offset < len(request) and 0 < request[offset] <= dns.LABEL_MAX:
        offset += 1 + request[offset]
    end = offset + 1 + QUERY_TAIL
    name_ends = offset < len(request) and request[offset] == 0 and offset + 1 - dns.HEADER.size <= dns.NAME_MAX
    return end if name_ends and end <= len(request) else None


def dns_stream_answer(received: bytes, source: Source) -> bytes | None:
    """Return the answer to the first query of a TCP connection."""
    message = dns.unframe(received)
    if message is None:
        return None
    answer = dns_answer(message)
    return NO_REQUEST if answer is None else dns.frame(answer)


def ntp_answer(request: bytes, received_ns: int, now_ns: int) -> bytes | None:
    """Return a server's reply of 48 octets by our own clock (Unix nanoseconds), which says of itself that nobody set it."""
    if len(request) < ntp.HEADER.size:
        return None
    first, _, poll, *_, transmitted = ntp.HEADER.unpack_from(request)
    version = first >> 3 & 0b111
    if first & ntp.MODE != ntp.CLIENT or not 1 <= version <= ntp.VERSION:
        return None
    return ntp.HEADER.pack(
        ntp.NOT_SYNCHRONIZED << 6 | version << 3 | ntp.SERVER,
        UNSYNCHRONIZED_STRATUM,
        poll,
        PRECISION,
        0,
        DISPERSION_S * ntp.FRACTION,
        bytes(4),
        0,
        transmitted,
        ntp_from_unix_ns(received_ns),
        ntp_from_unix_ns(now_ns),
    )


def quic_answer(request: bytes) -> bytes | None:
    """Return a Version Negotiation packet to the first datagram of a connection (RFC 9000 6.1, 17.2.1): ids exchanged, nothing kept."""
    if len(request) < quic.DATAGRAM_BYTES or not request[0] & quic.LONG_HEADER:
        return None
    (version,) = quic.VERSION.unpack_from(request, quic.VERSION_AT)
    if version == quic.NEGOTIATION:
        return None
    destination = _length_and_id(request, quic.IDS_AT)
    source = _length_and_id(request, quic.IDS_AT + len(destination))
    offered = next(each for each in OFFERED if each != version)  # its own version must not be listed (RFC 9000 6.2)
    first = bytes((quic.LONG_HEADER | quic.FIXED_BIT,))
    return first + quic.VERSION.pack(quic.NEGOTIATION) + source + destination + quic.VERSION.pack(offered)


def _length_and_id(request: bytes, offset: int) -> bytes:
    """Return a connection id with its length before it; two of the longest fit into the least datagram."""
    return request[offset : offset + 1 + request[offset]]


def echo_answer(request: bytes) -> bytes | None:
    """Return a probe of ours as it came, as a beacon does; what is no probe of ours is not echoed."""
    try:
        decode_echo(request)
    except MalformedMessage:
        return None
    return request


def http_answer(received: bytes, source: Source) -> bytes | None:
    """Return an empty page once the request's head is complete (RFC 9112)."""
    if not is_head_complete(received):
        return None
    return HTTP_ANSWER if HTTP_REQUEST.match(received) else NO_REQUEST


def sip_stream_answer(received: bytes, source: Source) -> bytes | None:
    """Return the answer to OPTIONS once its head is complete (RFC 3261 11.2); line ends before it keep a connection alive (7.5)."""
    message = received.lstrip(b"\r\n")
    if not is_head_complete(message):
        return None
    return sip_answer(message, source) or NO_REQUEST


def sip_or_http_answer(received: bytes, source: Source) -> bytes | None:
    """Return the answer in whichever of the two languages was asked: behind TLS both are a proof."""
    return (sip_stream_answer if SIP_REQUEST.match(received) else http_answer)(received, source)
