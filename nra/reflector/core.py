"""The Session-Reflector's protocol without input and output: a request and the time in, a reply or a counted reason out."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from nra.model.responder import Announcement
from nra.reflector.guard import Guard
from nra.reflector.sessions import Session, Sessions, session_key
from nra.wire.errors import BadHmac, MalformedMessage
from nra.wire.stamp import (
    AUTHENTICATED,
    TTL_UNKNOWN,
    UNAUTHENTICATED,
    ReflectorPacket,
    SenderPacket,
    decode_sender,
    encode_reflector,
    restamp,
)
from nra.wire.stamp_reflection import ANY_DSCP, ReflectionContext, agreed_dscp, reflect_tlvs
from nra.wire.stamp_values import SyncSource, TimestampInformation, TimestampMethod
from nra.wire.timestamps import WORD, ErrorEstimate, ntp_from_unix_ns

DSCP_SHIFT: Final = 2  # DSCP is the upper six bits of the TOS octet (RFC 2474)
AFTER_SSID: Final = slice(UNAUTHENTICATED.ssid + 2, UNAUTHENTICATED.size)
"""Zeros in a STAMP request; a TWAMP Light sender has its padding there, which starts in the SSID's place (RFC 5357 4.1.2)."""
REPLY_WITHIN: Final = 1 << 36
"""How far T3 may be behind T2 in what is taken for a reply: 16 s, in both formats of time stamps; a busy reflector takes its time."""
CLOCK_ERROR_NS: Final = 100_000_000
ERROR_ESTIMATE: Final = ErrorEstimate.of(CLOCK_ERROR_NS, synchronized=False).encode()
TIMESTAMP_INFORMATION: Final = TimestampInformation(
    sync_in=SyncSource.FREE_RUNNING,
    method_in=TimestampMethod.SOFTWARE,
    sync_out=SyncSource.FREE_RUNNING,
    method_out=TimestampMethod.SOFTWARE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A datagram as received: `ttl` and `tos` are None where the system does not say, `destination` likewise."""

    payload: bytes
    source: tuple[str, int]
    destination: str | None
    destination_port: int
    received_ns: int
    ttl: int | None
    tos: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What to send back, and how to mark it."""

    payload: bytes
    dscp: int


@dataclass(slots=True)
class Reflector:
    """Answers STAMP and TWAMP Light senders; `counters` says how often each thing happened.

    `announcement` is what it tells of its responders, None that there are none; `announcement_ipv6` to who asks over IPv6, None the same.
    """

    key: bytes | None = None
    guard: Guard = field(default_factory=Guard)
    sessions: Sessions = field(default_factory=Sessions)
    counters: Counter[str] = field(default_factory=Counter)
    announcement: Announcement | None = None
    announcement_ipv6: Announcement | None = None

    def answer(self, request: Request, now_ns: int) -> Response | None:
        """Return the reply, stamped `now_ns` as T3, or None for what is not answered."""
        self.counters["received"] += 1
        packet = self._accepted(request, now_ns)
        if isinstance(packet, str):
            self.counters[packet] += 1
            return None
        self.counters["answered"] += 1
        if self.key is None and any(request.payload[AFTER_SSID]):
            packet = replace(packet, ssid=0, twamp_light=True)
        return self._reflect(request, packet, now_ns)

    def stamped(self, response: Response, now_ns: int) -> bytes:
        """Return the reply's octets with T3 as it is right before sending: making the reply takes long enough to be interrupted."""
        octets = bytearray(response.payload)
        restamp(octets, ntp_from_unix_ns(now_ns), self.key)
        return bytes(octets)

    def _accepted(self, request: Request, now_ns: int) -> SenderPacket | str:
        """Return the packet, or why it is not answered; what is none spends nobody's tokens, since its source may be forged."""
        reason = self.guard.bars(*request.source) or self._too_short(request) or self._reply(request)
        if reason is not None:
            return reason
        try:
            packet = decode_sender(request.payload, self.key)
        except BadHmac:
            return "bad_hmac"
        except MalformedMessage:
            return "malformed"
        limited = self.guard.limits(request.source[0], now_ns)
        if limited is not None:
            self._count_unanswered(request)
            return limited
        return packet

    def _too_short(self, request: Request) -> str | None:
        """Refuse what would be answered by more than it is: a reply is never larger than its request."""
        return "too_short" if len(request.payload) < UNAUTHENTICATED.size else None

    def _reply(self, request: Request) -> str | None:
        """Refuse what another reflector answered: two of them, on whatever ports, would go on answering each other for ever.

        A reply bears T2 where a request has zeros or padding, and T3 shortly behind it: chance does that once in 2^28.
        """
        layout = UNAUTHENTICATED if self.key is None else AUTHENTICATED
        at = layout.receive_timestamp
        received, sent = request.payload[at : at + 8], request.payload[layout.timestamp : layout.timestamp + 8]
        is_reply = any(received) and 0 <= int.from_bytes(sent) - int.from_bytes(received) < REPLY_WITHIN
        return "reply" if is_reply else None

    def _count_unanswered(self, request: Request) -> None:
        """Let the session's counters tell its sender that it was our limit, not the network, that took the packet."""
        layout = UNAUTHENTICATED if self.key is None else AUTHENTICATED
        ssid = int.from_bytes(request.payload[layout.ssid : layout.ssid + 2])
        session = self.sessions.known(session_key(ssid, *request.source))
        if session is not None:
            session.received += 1

    def _reflect(self, request: Request, packet: SenderPacket, now_ns: int) -> Response:
        session = self.sessions.of(session_key(packet.ssid, *request.source), packet.sequence, now_ns)
        sequence = self.sessions.reflected(session.row, packet.sequence, request.received_ns, request.tos, now_ns)
        tail = packet.tail
        if tail and not packet.twamp_light:
            tail = reflect_tlvs(tail, self._context(request, packet, session, sequence))
        reply = ReflectorPacket(
            sequence=sequence,
            timestamp=ntp_from_unix_ns(now_ns),
            error_estimate=ERROR_ESTIMATE,
            ssid=packet.ssid,
            receive_timestamp=ntp_from_unix_ns(request.received_ns),
            sender_sequence=packet.sequence,
            sender_timestamp=packet.timestamp,
            sender_error_estimate=packet.error_estimate,
            sender_ttl=TTL_UNKNOWN if request.ttl is None else request.ttl,
            tail=tail,
        )
        agreed = None if packet.twamp_light else agreed_dscp(tail)
        dscp = (request.tos or 0) >> DSCP_SHIFT if agreed is None else agreed
        return Response(payload=encode_reflector(reply, self.key), dscp=dscp)

    def _announced_to(self, address: str) -> Announcement | None:
        """A port may be bound in one IP version alone: whoever asks over the other would find nobody there."""
        return (self.announcement_ipv6 if ":" in address else None) or self.announcement

    def _context(self, request: Request, packet: SenderPacket, session: Session, sequence: int) -> ReflectionContext:
        return ReflectionContext(
            request_sequence=packet.sequence,
            reply_sequence=sequence,
            source_address=request.source[0],
            source_port=request.source[1],
            destination_address=request.destination,
            destination_port=request.destination_port,
            received_tos=request.tos,
            honoured_dscp=ANY_DSCP,
            received_count=session.received & WORD,
            transmitted_count=session.transmitted & WORD,
            timestamp_information=TIMESTAMP_INFORMATION,
            records=session.records,
            announcement=self._announced_to(request.source[0]),
            key=self.key,
            authenticated=self.key is not None,
        )
