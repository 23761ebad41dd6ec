"""The Session-Reflector's protocol without input and output: a request and the time in, a reply or a counted reason out."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from nra.model.responder import Announcement
from nra.reflector.admission import Accepted, decoded, is_reply, layout_of
from nra.reflector.guard import Guard
from nra.reflector.keys import Keys
from nra.reflector.replays import Seals, Window
from nra.reflector.session import Session
from nra.reflector.session_key import SessionKey, session_key
from nra.reflector.sessions import Sessions
from nra.reflector.suspects import Suspects
from nra.wire.errors import MalformedMessage
from nra.wire.stamp import (
    TTL_UNKNOWN,
    UNAUTHENTICATED,
    ReflectorPacket,
    SenderPacket,
    encode_reflector,
    restamp,
)
from nra.wire.stamp_reflection import ANY_DSCP, ReflectionContext, agreed_dscp, reflect_tlvs
from nra.wire.stamp_values import SyncSource, TimestampInformation, TimestampMethod
from nra.wire.timestamps import WORD, ErrorEstimate, ntp_from_unix_ns

DSCP_SHIFT: Final = 2  # DSCP is the upper six bits of the TOS octet (RFC 2474)
AFTER_SSID: Final = slice(UNAUTHENTICATED.ssid + 2, UNAUTHENTICATED.size)
"""Zeros in a STAMP request; a TWAMP Light sender has its padding there, which starts in the SSID's place (RFC 5357 4.1.2)."""
DROPPED: Final = (
    "bad_hmac",
    "before_hello",
    "malformed",
    "not_allowed",
    "not_understood",
    "rate_limited",
    "replayed",
    "reply",
    "responder_port",
    "too_short",
    "total_limited",
    "unauthenticated",
    "unknown_ssid",
    "unsendable",
)
"""The counters of packets that got no answer, one for each reason; `not_understood` is the other services' (responders/udp.py),
`before_hello` the control channel's."""
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


@dataclass(slots=True)
class Reflector:
    """Answers STAMP and TWAMP Light senders; `counters` says how often each thing happened.

    `announcement` is what it tells of its responders, None that there are none; `announcement_ipv6` to who asks over IPv6, None the same.
    `suspects` are whose packets were dropped, None where nobody wants to know.
    """

    keys: Keys | None = None
    guard: Guard = field(default_factory=Guard)
    sessions: Sessions = field(default_factory=Sessions)
    counters: Counter[str] = field(default_factory=Counter)
    seals: Seals = field(default_factory=Seals)
    suspects: Suspects | None = None
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
            self.refuse(accepted, request.source[0])
            return None
        self.counters["answered"] += 1
        packet, key = accepted
        if key is None and any(request.payload[AFTER_SSID]):
            packet = replace(packet, ssid=0, twamp_light=True)
        return self._reflect(request, packet, key, now_ns)

    def refuse(self, reason: str, address: str, count: int = 1) -> None:
        """Count packets of a source that are not answered, and for what reason."""
        self.counters[reason] += count
        if self.suspects is not None:
            self.suspects.note(reason, address, count)

    def unanswered(self, count: int = 1) -> None:
        """Count packets whose replies the system would not send."""
        self.counters["answered"] -= count
        self.counters["unsendable"] += count

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
        layout = layout_of(request.payload, self.keys)
        reason = self.guard.bars(*request.source) or self._too_short(request)
        if reason is not None:
            return reason
        if is_reply(request.payload, layout):
            return "reply"
        try:
            accepted = decoded(request.payload, layout, self.keys)
        except MalformedMessage:
            return "malformed"
        if isinstance(accepted, str):
            return accepted
        if accepted.key is not None and self._is_replay(request, accepted.packet):
            return "replayed"
        limited = self.guard.limits(request.source[0], now_ns)
        if limited is not None:
            self._count_unanswered(request, accepted.packet.ssid)
            return limited
        return accepted

    def _too_short(self, request: Request) -> str | None:
        """Refuse what would be answered by more than it is: a reply is never larger than its request."""
        return "too_short" if len(request.payload) < UNAUTHENTICATED.size else None

    def _count_unanswered(self, request: Request, ssid: int) -> None:
        """Let the session's counters tell its sender that it was our limit, not the network, that took the packet."""
        session = self.sessions.known(session_key(ssid, *request.source))
        if session is not None:
            session.received += 1

    def _reflect(self, request: Request, packet: SenderPacket, key: bytes | None, now_ns: int) -> Response:
        place = session_key(packet.ssid, *request.source)
        session = self._guarded(request, packet, place, now_ns) if key else self.sessions.of(place, packet.sequence, now_ns)
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

    def _is_replay(self, request: Request, packet: SenderPacket) -> bool:
        """It is counted with its session: copies that the network made up look the same."""
        session = self.sessions.current(session_key(packet.ssid, *request.source), packet.sequence)
        refused = session is not None and session.window is not None and session.window.refuses(packet)
        if session is not None and refused:
            session.note_copy(packet.sequence)
        return refused or request.payload in self.seals

    def _guarded(self, request: Request, packet: SenderPacket, place: SessionKey, now_ns: int) -> Session:
        """Return the session of an authenticated packet, which is remembered there; a sender that starts anew has a new one."""
        before = self.sessions.current(place, packet.sequence)
        floor = None
        if before is not None and before.window is not None and before.window.begins_anew(packet):
            floor = before.window.newest
            self.sessions.end(before)
        session = self.sessions.of(place, packet.sequence, now_ns)
        if session.window is None:
            session.window = Window(floor)
        session.window.note(packet)
        self.seals.note(request.payload)
        return session

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
