"""The load generator: `python -m nra.net.load_generator`, started by `load_process.py`, a process that makes nobody else's packets late.

Its order is the first line of its standard input, one JSON object; the end of its standard input ends the load. What it has to say are
JSON lines on its standard output: what was counted so far, twice a second, and at last all.
"""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import msgspec

from nra.model.failure import Failure, FailureKind
from nra.model.load import Burden, LoadCounts
from nra.net.ports import NetworkError
from nra.net.quic_line import new_connection
from nra.net.quic_load import Flow, headers_bytes
from nra.net.quic_pump import OPERATION, Pump
from nra.net.quic_trust import peer_certificate
from nra.net.trust import unlike_pin
from nra.wire.control import Hello, Load, Loading, Request, Unload, Unloaded, Welcome

NS_PER_S: Final = 1_000_000_000
BEGIN_NS: Final = 5 * NS_PER_S  # handshake, hello and grant
END_NS: Final = 6 * NS_PER_S  # to be told what the other end counted, behind a queue that is still full
SAY_NS: Final = NS_PER_S // 2
BESIDE_BYTES: Final = 1 << 18  # handshake, questions, and a last burst that was on its way already
GENEROUS: Final = "the reflector granted more than was asked for"
BOASTFUL: Final = "the reflector says that more arrived there than was sent"
NICE: Final = 5  # voice goes first


_Told = TypeVar("_Told", Welcome, Loading, Unloaded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to do: `octets` are the most each way, with headers; the token is the reflector's for us."""

    address: str
    port: int
    host: str
    pin: str
    token: str
    burden: Burden
    seconds: int
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of output; of the last one `is_over` is true."""

    is_loading: bool
    is_over: bool
    counts: LoadCounts = field(default_factory=LoadCounts)


def generate(order: Order, say: Callable[[Line], None], stop: Callable[[], bool]) -> None:
    """Load the path as ordered until `stop` says so or time is up, and say what was counted; a bad network raises nothing."""
    counts, pump = LoadCounts(), None
    try:
        connection = new_connection(order.host, (order.address, order.port))
        pump = Pump(connection, order.address, order.port)
        counts = _load(pump, order, say, stop)
    except NetworkError as error:
        counts = replace(counts, failure=told(error.failure))
    finally:
        if pump is not None:
            pump.close()
    say(Line(is_loading=counts.seconds > 0, is_over=True, counts=counts))


def told(failure: Failure) -> str:
    """Return a failure in words, with what was being done unless that is the load itself."""
    return failure.detail if failure.operation == OPERATION else f"{failure.operation}: {failure.detail}"


def _load(pump: Pump, order: Order, say: Callable[[Line], None], stop: Callable[[], bool]) -> LoadCounts:
    """Return what was counted; raises NetworkError where there was no load at all."""
    deadline_ns = pump.clock.now_ns() + BEGIN_NS
    pump.run(lambda: pump.is_up or stop(), deadline_ns)
    failure = unlike_pin(peer_certificate(pump.connection), order.pin) if pump.is_up else pump.failure
    if failure is not None:
        raise NetworkError(failure)
    answer(pump, Hello(token=order.token), Welcome, deadline_ns)
    up, down = (order.octets if order.burden in (way, Burden.BOTH) else 0 for way in (Burden.UP, Burden.DOWN))
    asked = Load(up=up, down=down, seconds=order.seconds)
    offered = answer(pump, asked, Loading, deadline_ns)
    granted = no_more_than(asked, offered)
    pump.most_bytes = asked.down + copies_too(asked.down + asked.up)
    start_ns, idle_ns = pump.clock.now_ns(), pump.idle_ns
    until_ns = start_ns + granted.seconds * NS_PER_S
    headers = headers_bytes(order.address)
    pump.flow = flow = Flow(pump.connection, start_ns, until_ns, pour=granted.up, swallow=granted.down, headers_bytes=headers)

    def counted() -> LoadCounts:
        lasted_ns = max(1, pump.clock.now_ns() - start_ns)
        return LoadCounts(
            down=tuple(flow.octets) if granted.down else (),
            seconds=lasted_ns / NS_PER_S,
            busy_here=min(1.0, max(0.0, 1 - (pump.idle_ns - idle_ns) / lasted_ns)),
            capped=flow.is_capped,
            failure=None if granted == offered else GENEROUS,
        )

    while not (stop() or flow.is_over or pump.failure):
        say(Line(is_loading=True, is_over=False, counts=counted()))
        pump.run(lambda: stop() or flow.is_over, pump.clock.now_ns() + SAY_NS)
    counts = counted()
    flow.end()
    return _with_theirs(pump, flow, counts)


def _with_theirs(pump: Pump, flow: Flow, counts: LoadCounts) -> LoadCounts:
    """Return the counts with those of the other end, or with why these are missing."""
    try:
        theirs = answer(pump, Unload(), Unloaded, pump.clock.now_ns() + END_NS)
    except NetworkError as error:
        return noted(counts, f"what arrived at the reflector is not known: {error.failure.detail}")
    if sum(theirs.octets) > flow.sent_bytes + copies_too(flow.sent_bytes):
        return noted(counts, f"what arrived at the reflector is not known: {BOASTFUL}")
    return replace(counts, up=tuple(theirs.octets), busy_there=theirs.busy, capped=counts.capped or theirs.capped)


def answer(pump: Pump, request: Request, kind: type[_Told], deadline_ns: int) -> _Told:
    """Return the answer to a request; raises NetworkError, also for one of another kind."""
    told = pump.ask(request, deadline_ns)
    if not isinstance(told, kind):
        detail = f"the reflector answered wrongly: {type(told).__name__} to {type(request).__name__}"
        raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation=OPERATION, detail=detail))
    return told


def no_more_than(asked: Load, offered: Loading) -> Loading:
    """Return what was granted as far as it was asked for: whose line it is decides what it bears."""
    return Loading(up=min(asked.up, offered.up), down=min(asked.down, offered.down), seconds=min(asked.seconds, offered.seconds))


def copies_too(octets: int) -> int:
    """Return how much more than so many octets may come: copies made on the way, acknowledgements, and what is said beside a load."""
    return octets // 8 + BESIDE_BYTES


def noted(counts: LoadCounts, why: str) -> LoadCounts:
    """Return the counts with one more thing that must be known of them."""
    return replace(counts, failure="; ".join(filter(None, (counts.failure, why))))


def main() -> None:
    """Take the order, and generate until standard input ends."""
    # not by sys.stdin, whose lock would be held by the thread when Python tidies up
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as orders:
        order = msgspec.json.decode(orders.readline(), type=Order)
    let_go = threading.Event()

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        let_go.set()

    def say(line: Line) -> None:
        try:
            sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
            sys.stdout.buffer.flush()
        except OSError:  # nobody listens any more
            let_go.set()

    if hasattr(os, "nice"):
        os.nice(NICE)  # on Windows whoever starts us says so
    threading.Thread(target=wait, daemon=True).start()
    generate(order, say, let_go.is_set)


if __name__ == "__main__":
    main()
