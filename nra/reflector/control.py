"""The control channel's half of the reflector: who may ask, and STAMP in DATAGRAM frames.

What each request is answered by stands in `control_answers.py`.
"""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Final, Protocol

from nra.net.quic_visit import Guest, Visit
from nra.net.server import Datagram
from nra.reflector.control_answers import ANSWERS
from nra.reflector.core import Reflector, Request
from nra.reflector.errands import Errand
from nra.reflector.grants import Grants
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.loads import Loads
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

NOBODY: Final = Keys()

Then = Callable[[list[Any] | None], None]
"""What to do with what all engines answered; None: they did not."""


class Bureau(Protocol):
    """Has errands done by the processes that answer STAMP, without waiting for them."""

    def ask(self, errand: Errand, asker: Hashable, then: Then) -> bool:
        """Have an errand done by all of them; False, and nobody is told, where too much waits already, of this asker or of all."""
        ...

    def glance(self, now_ns: int) -> bool:
        """Hand on what came back; tell whether anything is still out."""
        ...


class Desk:
    """Receives all guests; `reflector` answers what comes in DATAGRAM frames."""

    def __init__(self, reflector: Reflector, bureau: Bureau, facts: control.FactsTold, stamp_port: int, now_ns: Callable[[], int]) -> None:
        """Nobody is here yet; `facts` are as they are told but for what changes."""
        self.reflector, self.bureau, self.facts, self.stamp_port = reflector, bureau, facts, stamp_port
        self._keys = reflector.keys
        self.now_ns = now_ns
        self.grants = Grants()
        self.loads = Loads()
        self.callers: set[Caller] = set()
        self._beginnings, self._unproven = Guard(rate_limit=BEGINNINGS_PER_S), Guard(rate_limit=UNPROVEN_PER_S)
        self._expire_ns = 0

    def bars(self, address: str, port: int) -> str | None:
        """Return why nothing from there is answered, None when it is."""
        return self.reflector.guard.bars(address, port)

    def limits(self, address: str | None, now_ns: int) -> str | None:
        """Return why a connection may not begin now, None when it may; without an address of one whose source is not proven.

        Whoever forges somebody's address takes nothing of that source's share, and all of them together have one.
        """
        return self._unproven.limits(ANYBODY, now_ns) if address is None else self._beginnings.limits(address, now_ns)

    def met(self, visit: Visit) -> Guest:
        """Return who speaks for a new connection."""
        caller = Caller(self, visit)
        self.callers.add(caller)
        return caller

    def glance(self, now_ns: int) -> bool:
        """Hand on what engines answered, and forget what is over; tell whether an engine is still asked."""
        if self.reflector.keys is not self._keys:
            self._renew()
        if now_ns >= self._expire_ns:
            self._expire_ns = now_ns + EXPIRE_EVERY_NS
            self.reflector.expire(now_ns)
            self.grants.expire(now_ns)
            self.loads.expire(now_ns)
        return self.bureau.glance(now_ns)

    @property
    def keys(self) -> Keys:
        """Whose tokens are good."""
        return self.reflector.keys or NOBODY

    def _renew(self) -> None:
        """The key file was read again: whose key is gone is sent away, and what was handed out to him is his no longer."""
        self._keys = self.reflector.keys
        self.grants.renew(self.keys.holders)
        vouching = {holder.key for holder in self.keys.holders}
        for caller in [each for each in self.callers if each.holder is not None and each.holder.key not in vouching]:
            caller.visit.end(CloseCode.NOT_ALLOWED)


class Caller:
    """One connection: nobody until it has said hello with a token that somebody has."""

    def __init__(self, desk: Desk, visit: Visit) -> None:
        """Nothing said yet."""
        self.desk, self.visit = desk, visit
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
            ANSWERS[type(asked)](self, self.holder, asked, partial(self._answer, stream))

    def _hello(self, stream: int, hello: control.Hello, now_ns: int) -> None:
        holder = self.desk.keys.holder_of(bytes.fromhex(hello.token))
        if holder is None:
            self.visit.end(CloseCode.NOT_ALLOWED)
        elif sum(caller.holder is not None and caller.holder.key == holder.key for caller in self.desk.callers) >= MOST_OF_HOLDER:
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
        self.desk.callers.discard(self)
        self.desk.loads.gone(self.visit)
