"""What comes of each request on the control channel: whether it is answered here or an engine must be asked.

`ANSWERS` is the dispatch, a request by its type: whatever comes to this channel later is one entry more.
"""

import os
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

import msgspec

from nra.net.quic_visit import Visit
from nra.reflector.core import Reflector
from nra.reflector.errands import Errand
from nra.reflector.evidence import Known, counted, known, recorded, sessions_of, together
from nra.reflector.grants import SSIDS, Grants, Handed, let_in, shut_out
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.loads import Loads
from nra.reflector.session import Session
from nra.wire import control
from nra.wire.control import Over, Refused, Told

BUSY: Final = Refused(why="too much is waiting for the reflector's engines")
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


@dataclass(frozen=True, slots=True)
class Desk:
    """What answers are made of; `reflector` is the one of DATAGRAM frames, `facts` are as they are told but for what changes."""

    reflector: Reflector
    bureau: Bureau
    facts: control.FactsTold
    stamp_port: int
    now_ns: Callable[[], int]
    grants: Grants = field(default_factory=Grants)
    loads: Loads = field(default_factory=Loads)

    @property
    def keys(self) -> Keys:
        """Whose tokens are good."""
        return self.reflector.keys or NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, on which connection, and where the answer goes; `session` finds what came in this connection's DATAGRAM frames."""

    desk: Desk
    visit: Visit
    holder: Holder
    session: Callable[[int], Session | None]
    reply: Callable[[Told], None]


def hand_out(asker: Asker, asked: control.Open) -> None:
    """Hand out SSIDs with a key, once all engines know them."""
    desk, reply = asker.desk, asker.reply
    until_ns = desk.now_ns() + asked.seconds * 1_000_000_000
    handed = desk.grants.hand_out(asked.calls, until_ns, asker.holder, desk.keys)
    if isinstance(handed, str):
        reply(Refused(why=handed))
        return

    def then(answers: list[Any] | None) -> None:
        if answers is None or not all(answers):
            forget(desk, handed)
            reply(Refused(why="the reflector's engines did not take the key"))
            return
        reply(control.Opened(ssid=handed.first, key=handed.key.hex(), port=desk.stamp_port, seconds=asked.seconds))

    if not desk.bureau.ask(partial(let_in, handed=handed), asker.holder.key, then):
        desk.grants.take_back(handed)
        reply(BUSY)


def forget(desk: Desk, handed: Handed) -> bool:
    """Take back what was handed out, once it is on its way to the engines; False where too much waits for them."""
    is_asked = desk.bureau.ask(partial(shut_out, handed=handed), handed.holder.key, lambda _: None)
    if is_asked:
        desk.grants.take_back(handed)
    return is_asked


def take_back(asker: Asker, asked: control.Close) -> None:
    """Take SSIDs back."""
    handed = asker.desk.grants.of(asked.ssid, asker.holder)
    if handed is None:
        asker.reply(Refused(why="this SSID was not opened with your key"))
        return
    asker.reply(control.Closed() if forget(asker.desk, handed) else BUSY)


def counts(asker: Asker, asked: control.Counts) -> None:
    """Tell how many packets of some SSIDs were received and answered."""
    spans = [control.Span(ssid, 0, 0) for ssid in range(asked.ssid, min(asked.ssid + asked.calls, SSIDS + 1))]
    look_up(asker, spans, asked.over, counted)


def record(asker: Asker, asked: control.Record) -> None:
    """Tell which packets were received, and how."""
    look_up(asker, asked.spans, asked.over, lambda found: recorded(found, asked.spans))


def look_up(asker: Asker, spans: list[control.Span], over: Over, told: Callable[[list[Known | None]], Told]) -> None:
    """Look up sessions, one's own alone: what came on this connection here, what came over UDP at the engines."""
    desk, reply = asker.desk, asker.reply
    if over is Over.QUIC:
        reply(told(known(desk.reflector, spans, lambda _, ssid: asker.session(ssid))))
        return
    if not all(desk.grants.of(span.ssid, asker.holder) for span in spans):
        reply(Refused(why="an SSID among these was not opened with your key"))
        return

    def then(answers: list[list[Known | None] | None] | None) -> None:
        reply(Refused(why="the reflector's engines did not answer") if not any(answers or ()) else told(together(answers or ())))

    if not desk.bureau.ask(partial(known, spans=spans), asker.holder.key, then):
        reply(BUSY)


def facts(asker: Asker, _asked: control.Facts) -> None:
    """Tell what the reflector is, and how busy."""
    desk, reply = asker.desk, asker.reply

    def then(answers: list[int | None] | None) -> None:
        there = [count for count in answers or () if count is not None]
        reply(msgspec.structs.replace(desk.facts, sessions=sum(there, len(desk.reflector.sessions)), load=load()))

    if not desk.bureau.ask(sessions_of, asker.holder.key, then):
        reply(BUSY)


def begin_load(asker: Asker, asked: control.Load) -> None:
    """Begin a load, if there is room for one."""
    desk, reply = asker.desk, asker.reply
    reply(desk.loads.begin(asker.visit, asker.holder, asked, desk.now_ns()))


def end_load(asker: Asker, _asked: control.Unload) -> None:
    """End a load and tell what came up."""
    asker.reply(asker.desk.loads.end(asker.visit, asker.desk.now_ns()))


def load() -> float | None:
    """Return the machine's mean load over a minute, None where the system does not say."""
    with suppress(AttributeError, OSError):
        return os.getloadavg()[0]
    return None


Answerer = Callable[[Asker, Any], None]
ANSWERS: Final[dict[type, Answerer]] = {
    control.Open: hand_out,
    control.Close: take_back,
    control.Counts: counts,
    control.Record: record,
    control.Facts: facts,
    control.Load: begin_load,
    control.Unload: end_load,
}
"""What each request is answered by; hello comes before all of them."""
