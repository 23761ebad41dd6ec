"""What comes of each request on the control channel: whether it is answered here or an engine must be asked.

`ANSWERS` is the dispatch, a request by its type: whatever comes to this channel later is one entry more.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nra.reflector.evidence import Known, counted, known, recorded, sessions_of, together
from nra.reflector.grants import SSIDS, Handed, let_in, shut_out
from nra.reflector.key_file import Holder
from nra.wire import control
from nra.wire.control import Over, Refused, Told

if TYPE_CHECKING:
    from nra.reflector.control import Caller, Desk

Reply = Callable[[Told], None]

BUSY: Final = Refused(why="too much is waiting for the reflector's engines")


def hand_out(caller: "Caller", holder: Holder, asked: control.Open, reply: Reply) -> None:
    """Hand out SSIDs with a key, once all engines know them."""
    desk = caller.desk
    until_ns = desk.now_ns() + asked.seconds * 1_000_000_000
    handed = desk.grants.hand_out(asked.calls, until_ns, holder, desk.keys)
    if handed is None:
        reply(Refused(why="no SSIDs are left"))
        return

    def then(answers: list[Any] | None) -> None:
        if answers is None or not all(answers):
            forget(desk, handed)
            reply(Refused(why="the reflector's engines did not take the key"))
            return
        reply(control.Opened(ssid=handed.first, key=handed.key.hex(), port=desk.stamp_port, seconds=asked.seconds))

    if not desk.bureau.ask(partial(let_in, handed=handed), holder.key, then):
        desk.grants.take_back(handed)
        reply(BUSY)


def forget(desk: "Desk", handed: Handed) -> bool:
    """Take back what was handed out, once it is on its way to the engines; False where too much waits for them."""
    is_asked = desk.bureau.ask(partial(shut_out, handed=handed), handed.holder.key, lambda _: None)
    if is_asked:
        desk.grants.take_back(handed)
    return is_asked


def take_back(caller: "Caller", holder: Holder, asked: control.Close, reply: Reply) -> None:
    """Take SSIDs back."""
    handed = caller.desk.grants.of(asked.ssid, holder)
    if handed is None:
        reply(Refused(why="this SSID was not opened with your key"))
        return
    reply(control.Closed() if forget(caller.desk, handed) else BUSY)


def counts(caller: "Caller", holder: Holder, asked: control.Counts, reply: Reply) -> None:
    """Tell how many packets of some SSIDs were received and answered."""
    spans = [control.Span(ssid, 0, 0) for ssid in range(asked.ssid, min(asked.ssid + asked.calls, SSIDS + 1))]
    look_up(caller, holder, spans, asked.over, lambda found: counted(found), reply)


def record(caller: "Caller", holder: Holder, asked: control.Record, reply: Reply) -> None:
    """Tell which packets were received, and how."""
    look_up(caller, holder, asked.spans, asked.over, lambda found: recorded(found, asked.spans), reply)


def look_up(
    caller: "Caller", holder: Holder, spans: list[control.Span], over: Over, told: Callable[[list[Known | None]], Told], reply: Reply
) -> None:
    """Look up sessions, one's own alone: what came on this connection here, what came over UDP at the engines."""
    desk = caller.desk
    if over is Over.QUIC:
        reply(told(known(desk.reflector, spans, lambda _, ssid: caller.session(ssid))))
        return
    if not all(desk.grants.of(span.ssid, holder) for span in spans):
        reply(Refused(why="an SSID among these was not opened with your key"))
        return

    def then(answers: list[list[Known | None] | None] | None) -> None:
        reply(Refused(why="the reflector's engines did not answer") if not any(answers or ()) else told(together(answers or ())))

    if not desk.bureau.ask(partial(known, spans=spans), holder.key, then):
        reply(BUSY)


def facts(caller: "Caller", holder: Holder, _asked: control.Facts, reply: Reply) -> None:
    """Tell what the reflector is, and how busy."""
    desk = caller.desk

    def then(answers: list[int | None] | None) -> None:
        there = [count for count in answers or () if count is not None]
        reply(msgspec.structs.replace(desk.facts, sessions=sum(there, len(desk.reflector.sessions)), load=load()))

    if not desk.bureau.ask(sessions_of, holder.key, then):
        reply(BUSY)


def begin_load(caller: "Caller", holder: Holder, asked: control.Load, reply: Reply) -> None:
    """Begin a load, if there is room for one."""
    desk = caller.desk
    reply(desk.loads.begin(caller.visit, holder, asked, desk.now_ns()))


def end_load(caller: "Caller", _holder: Holder, _asked: control.Unload, reply: Reply) -> None:
    """End a load and tell what came up."""
    reply(caller.desk.loads.end(caller.visit, caller.desk.now_ns()))


def load() -> float | None:
    """Return the machine's mean load over a minute, None where the system does not say."""
    with suppress(AttributeError, OSError):
        return os.getloadavg()[0]
    return None


Answerer = Callable[["Caller", Holder, Any, Reply], None]
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
