"""The control channel's half of the reflector: who may ask, and STAMP in DATAGRAM frames.

What each request is answered by stands in `control_answers.py`.
"""

from functools import partial
from typing import Final

from nra.net.quic_visit import Guest, Visit
from nra.net.server import Datagram
from nra.reflector.control_answers import ANSWERS, Asker, Desk
from nra.reflector.core import Request
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.session import Session
from nra.reflector.session_key import session_key
from nra.wire import control
from nra.wire.control import CloseCode, Told
from nra.wire.errors import MalformedMessage

BEGINNINGS_PER_S: Final = 20  # of connections, of one source: a handshake costs as much as hundreds of packets
UNPROVEN_PER_S: Final = 2000  # first packets of all sources that are asked to prove where they are: a tenth of a core
ANYBODY: Final = "0.0.0.0"
MOST_OF_HOLDER: Final = 64  # connections
MOST_REQUESTS: Final = 1000
STAY_NS: Final = control.MOST_SECONDS * 1_000_000_000
EXPIRE_EVERY_NS: Final = 5_000_000_000
SSID_AT: Final = slice(14, 16)


class Reception:
    """Receives all guests."""

    def __init__(self, desk: Desk) -> None:
        """Nobody is here yet."""
        self.desk = desk
        self._keys = desk.reflector.keys
        self.callers: set[Caller] = set()
        self._beginnings, self._unproven = Guard(rate_limit=BEGINNINGS_PER_S), Guard(rate_limit=UNPROVEN_PER_S)
        self._expire_ns = 0

    def bars(self, address: str, port: int) -> str | None:
        """Return why nothing from there is answered, None when it is."""
        return self.desk.reflector.guard.bars(address, port)

    def limits(self, address: str | None, now_ns: int) -> str | None:
        """Return why a connection may not begin now, None when it may; without an address of one whose source is not proven.

        Whoever forges somebody's address takes nothing of that source's share, and all of them together have one.
        """
        return self._unproven.limits(ANYBODY, now_ns) if address is None else self._beginnings.limits(address, now_ns)

    def met(self, visit: Visit) -> Guest:
        """Return who speaks for a new connection."""
        caller = Caller(self.desk, self.callers, visit)
        self.callers.add(caller)
        return caller

    def glance(self, now_ns: int) -> bool:
        """Hand on what engines answered, and forget what is over; tell whether an engine is still asked."""
        desk = self.desk
        if desk.reflector.keys is not self._keys:
            self._renew()
        if now_ns >= self._expire_ns:
            self._expire_ns = now_ns + EXPIRE_EVERY_NS
            desk.reflector.expire(now_ns)
            desk.grants.expire(now_ns)
            desk.loads.expire(now_ns)
        return desk.bureau.glance(now_ns)

    def _renew(self) -> None:
        """The key file was read again: whose key is gone is sent away, and what was handed out to him is his no longer."""
        self._keys = self.desk.reflector.keys
        holders = self.desk.keys.holders
        self.desk.grants.renew(holders)
        vouching = {holder.key for holder in holders}
        for caller in [each for each in self.callers if each.holder is not None and each.holder.key not in vouching]:
            caller.visit.end(CloseCode.NOT_ALLOWED)


class Caller:
    """One connection: nobody until it has said hello with a token that somebody has."""

    def __init__(self, desk: Desk, callers: "set[Caller]", visit: Visit) -> None:
        """Nothing said yet; `callers` are all that are here."""
        self.desk, self.callers, self.visit = desk, callers, visit
        self.holder: Holder | None = None
        self._requests = 0

    def request(self, stream: int, octets: bytes, now_ns: int) -> None:
        """Answer a request, or have it answered; what is none ends the connection."""
        self._requests += 1
        try:
            asked = control.decode_request(octets)
        except MalformedMessage:
            self.visit.end(CloseCode.MALFORMED)
            return
        if isinstance(asked, control.Hello):
            self._hello(stream, asked, now_ns)
        elif self.holder is None:
            self.visit.end(CloseCode.NOT_ALLOWED)
        elif self._requests > MOST_REQUESTS:
            self.visit.end(CloseCode.TOO_MUCH)
        else:
            reply = partial(self._answer, stream)
            asker = Asker(desk=self.desk, visit=self.visit, holder=self.holder, session=self.session, reply=reply)
            ANSWERS[type(asked)](asker, asked)

    def _hello(self, stream: int, hello: control.Hello, now_ns: int) -> None:
        holder = self.desk.keys.holder_of(bytes.fromhex(hello.token))
        if holder is None:
            self.visit.end(CloseCode.NOT_ALLOWED)
        elif sum(caller.holder is not None and caller.holder.key == holder.key for caller in self.callers) >= MOST_OF_HOLDER:
            self.visit.end(CloseCode.TOO_MUCH)
        else:
            self.holder = holder
            self.visit.know(now_ns + STAY_NS)
            self._answer(stream, control.Welcome(version=self.desk.facts.version))

    def _answer(self, stream: int, answer: Told) -> None:
        self.visit.answer(stream, control.encode(answer))

    def datagram(self, payload: bytes, came: Datagram, *, may_answer: bool) -> tuple[bytes, int] | None:
        """Answer a STAMP packet of somebody who has said hello; one whose reply could not be sent counts as received, not as answered."""
        reflector = self.desk.reflector
        if self.holder is None:
            reflector.counters["received"] += 1
            reflector.counters["before_hello"] += 1
            return None
        request = Request(
            payload=payload,
            source=self.visit.source,
            destination=came.local,
            destination_port=self.desk.stamp_port,
            received_ns=came.received_ns,
            ttl=came.ttl,
            tos=came.tos,
        )
        if not may_answer:
            self._count_unanswered(payload)
            return None
        response = reflector.answer(request, self.desk.now_ns())
        return None if response is None else (reflector.stamped(response, self.desk.now_ns()), response.dscp)

    def _count_unanswered(self, payload: bytes) -> None:
        session = self.session(int.from_bytes(payload[SSID_AT]))
        if session is not None:
            session.received += 1

    def session(self, ssid: int) -> Session | None:
        """Return the session of an SSID whose packets come in this connection's DATAGRAM frames, None where there is none."""
        return self.desk.reflector.sessions.known(session_key(ssid, *self.visit.source))

    def gone(self) -> None:
        """Be here no longer; what was handed out stays, for its record is asked for on another connection."""
        self.callers.discard(self)
        self.desk.loads.gone(self.visit, self.desk.now_ns())
