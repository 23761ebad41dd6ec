"""The Session-Reflector's protocol without input and output: a request and the time in, a reply or a counted reason out."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from nra.model.responder import Announcement
from nra.reflector.guard import Guard
from nra.reflector.keys import Keys
from nra.reflector.sessions import Session, Sessions, session_key
from nra.wire.errors import BadHmac, MalformedMessage
from nra.wire.stamp import (
    AUTHENTICATED,
    TTL_UNKNOWN,
    UNAUTHENTICATED,
    Layout,
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
AFTER_SEQUENCE: Final = slice(UNAUTHENTICATED.timestamp, AUTHENTICATED.timestamp)
"""Zeros in an authenticated request, where any other has T1, Error Estimate and SSID."""
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
    """What to send back, how to mark it, and with which key it is sealed."""

    payload: bytes
    dscp: int
    key: bytes | None = None


class Accepted(NamedTuple):
    """A packet that is answered, and with which key it is authenticated."""

    packet: SenderPacket
    key: bytes | None


@dataclass(slots=True)
class Reflector:
    """Answers STAMP and TWAMP Light senders; `counters` says how often each thing happened.

    `announcement` is what it tells of its responders, None that there are none; `announcement_ipv6` to who asks over IPv6, None the same.
    """

    keys: Keys | None = None
    guard: Guard = field(default_factory=Guard)
    sessions: Sessions = field(default_factory=Sessions)
    counters: Counter[str] = field(default_factory=Counter)
    announcement: Announcement | None = None
    announcement_ipv6: Announcement | None = None

    @property
    def authenticated_only(self) -> bool:
        """Whether nothing but authenticated packets is answered."""
        return self.keys is not None and self.keys.only

    def answer(self, request: Request, now_ns: int) -> Response | None:
        """Return the reply, stamped `now_ns` as T3, or None for what is not answered."""
        self.counters["received"] += 1
        accepted = self._accepted(request, now_ns)
        if isinstance(accepted, str):
            self.counters[accepted] += 1
            return None
        self.counters["answered"] += 1
        packet, key = accepted
        if key is None and any(request.payload[AFTER_SSID]):
            packet = replace(packet, ssid=0, twamp_light=True)
        return self._reflect(request, packet, key, now_ns)

    def stamped(self, response: Response, now_ns: int) -> bytes:
        """Return the reply's octets with T3 as it is right before sending: making the reply takes long enough to be interrupted."""
        octets = bytearray(response.payload)
        restamp(octets, ntp_from_unix_ns(now_ns), response.key)
        return bytes(octets)

    def expire(self, now_ns: int) -> None:
        """Forget sessions that have been silent for too long, and keys whose time is over."""
        self.sessions.expire(now_ns)
        if self.keys is not None:
            self.keys.expire(now_ns)

    def _accepted(self, request: Request, now_ns: int) -> Accepted | str:
        """Return the packet, or why it is not answered; what is none spends nobody's tokens, since its source may be forged."""
        layout = self._layout(request.payload)
        reason = self.guard.bars(*request.source) or self._too_short(request) or self._reply(request, layout)
        if reason is not None:
            return reason
        try:
            accepted = self._decoded(request.payload, layout)
        except MalformedMessage:
            return "malformed"
        if isinstance(accepted, str):
            return accepted
        limited = self.guard.limits(request.source[0], now_ns)
        if limited is not None:
            self._count_unanswered(request, accepted.packet.ssid)
            return limited
        return accepted

    def _layout(self, payload: bytes) -> Layout:
        """Tell authenticated packets from others: all are where only they are answered, else those that are laid out so for an SSID."""
        if self.keys is None:
            return UNAUTHENTICATED
        if self.keys.only:
            return AUTHENTICATED
        is_signed = (
            len(payload) >= AUTHENTICATED.size and not any(payload[AFTER_SEQUENCE]) and self.keys.of(_ssid_at(payload, AUTHENTICATED))
        )
        return AUTHENTICATED if is_signed else UNAUTHENTICATED

    def _decoded(self, payload: bytes, layout: Layout) -> Accepted | str:
        """Return the packet, or why it is none of ours; raises MalformedMessage."""
        if self.keys is None or layout is UNAUTHENTICATED:
            return Accepted(decode_sender(payload), None)
        if len(payload) < AUTHENTICATED.size:
            return "malformed"
        keys = self.keys.of(_ssid_at(payload, AUTHENTICATED))
        for key in keys:
            with suppress(BadHmac):
                return Accepted(decode_sender(payload, key), key)
        return "bad_hmac" if keys else "unknown_ssid"

    def _too_short(self, request: Request) -> str | None:
        """Refuse what would be answered by more than it is: a reply is never larger than its request."""
        return "too_short" if len(request.payload) < UNAUTHENTICATED.size else None

    def _reply(self, request: Request, layout: Layout) -> str | None:
        """Refuse what another reflector answered: two of them, on whatever ports, would go on answering each other for ever.

        A reply bears T2 where a request has zeros or padding, and T3 shortly behind it: chance does that once in 2^28.
        """
        at = layout.receive_timestamp
        received, sent = request.payload[at : at + 8], request.payload[layout.timestamp : layout.timestamp + 8]
        is_reply = any(received) and 0 <= int.from_bytes(sent) - int.from_bytes(received) < REPLY_WITHIN
        return "reply" if is_reply else None

    def _count_unanswered(self, request: Request, ssid: int) -> None:
        """Let the session's counters tell its sender that it was our limit, not the network, that took the packet."""
        session = self.sessions.known(session_key(ssid, *request.source))
        if session is not None:
            session.received += 1

    def _reflect(self, request: Request, packet: SenderPacket, key: bytes | None, now_ns: int) -> Response:
        session = self.sessions.of(session_key(packet.ssid, *request.source), packet.sequence, now_ns)
        sequence = self.sessions.reflected(session.row, packet.sequence, request.received_ns, request.tos, now_ns)
        tail = packet.tail
        if tail and not packet.twamp_light:
            tail = reflect_tlvs(tail, self._context(request, packet, key, session, sequence))
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
        return Response(payload=encode_reflector(reply, key), dscp=dscp, key=key)

    def _announced_to(self, address: str) -> Announcement | None:
        """A port may be bound in one IP version alone: whoever asks over the other would find nobody there."""
        return (self.announcement_ipv6 if ":" in address else None) or self.announcement

    def _context(self, request: Request, packet: SenderPacket, key: bytes | None, session: Session, sequence: int) -> ReflectionContext:
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
            key=key,
            authenticated=key is not None,
        )


def _ssid_at(payload: bytes, layout: Layout) -> int:
    return int.from_bytes(payload[layout.ssid : layout.ssid + 2])
