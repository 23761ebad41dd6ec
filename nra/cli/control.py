"""`nra reflect --quic-port`: the control channel in a process of its own, so that handshakes, and floods of them, never hold the engine."""

import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nra import __version__
from nra.cli.errors import UserError
from nra.cli.tallies import Tally
from nra.cli.workers import Crew, crew

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from nra.cli.caretaker import Ask
    from nra.cli.interrupt import Interrupt
    from nra.cli.responders import Tls
    from nra.reflector.core import Reflector
    from nra.reflector.engine import Engine
    from nra.reflector.errands import Errand

NICE: Final = 5  # beside the engines: whoever measures by STAMP goes first
MOST_OUT: Final = 256  # errands
MOST_OUT_OF_ASKER: Final = 64
MOST_IN_PIPE_BYTES: Final = 4096  # macOS gives a pipe's end 8 KiB
FRAMING_BYTES: Final = 128  # what is kept beside an errand's octets, at most
ERRAND_NS: Final = 5_000_000_000
GLANCE_S: Final = 0.2


class Orders(NamedTuple):
    """What the process is to serve: its addresses, certificate and key in PEM, STAMP's port, and what it tells of the engines."""

    binds: Sequence[tuple[str, int]]
    pem: bytes
    stamp_port: int
    engine: str
    workers: int


class Line:
    """Carries errands from the control process to this one; made before the fork."""

    def __init__(self) -> None:
        """Open both ends."""
        self.here, self.there = multiprocessing.Pipe()

    def serve(self, do: "Ask", stop: Callable[[], bool]) -> None:
        """Have errands done until `stop` says so or nobody brings any more."""
        with suppress(EOFError, OSError):
            while not stop():
                if not self.here.poll(GLANCE_S):
                    continue
                number, errand = self.here.recv()
                try:
                    answers = do(errand)
                except Exception:  # noqa: BLE001 - whoever asked is told that it was not done, and the next is
                    answers = None
                self.here.send((number, answers))


class Messenger:
    """Brings errands to the engines' process and what comes of them back, without waiting: the bureau of `nra.reflector.control`.

    What is in the pipe fits into the smallest buffer of any system, or is alone there and its reader idle: writing never waits for
    engines. The rest waits here, each asker's in his own line, and they take turns.
    """

    def __init__(self, line: "Connection", now_ns: Callable[[], int]) -> None:
        """Nothing is out yet."""
        self._line, self._now_ns = line, now_ns
        self._out: dict[int, tuple[int, Hashable, Callable[[list[Any] | None], None]]] = {}
        self._waiting: dict[Hashable, deque[tuple[int, bytes]]] = {}  # the next turn is the first asker's
        self._in_pipe: dict[int, int] = {}  # octets; also of what was given up, as long as the engines have it
        self._of_asker: Counter[Hashable] = Counter()
        self._number = 0

    def ask(self, errand: "Errand", asker: Hashable, then: Callable[[list[Any] | None], None]) -> bool:
        """Send one, now or when it is its turn; False where too many are out already, of this asker or of all.

        Whoever has nothing out is always heard: askers are few, and no others can lock him out.
        """
        own = self._of_asker[asker]
        if own >= MOST_OUT_OF_ASKER or (own > 0 and len(self._out) >= MOST_OUT):
            return False
        self._number += 1
        self._out[self._number] = self._now_ns() + ERRAND_NS, asker, then
        self._of_asker[asker] += 1
        octets = bytes(ForkingPickler.dumps((self._number, errand)))
        self._waiting.setdefault(asker, deque()).append((self._number, octets))
        self._send()
        return True

    def glance(self, now_ns: int) -> bool:
        """Hand on what came back, give up what took too long; tell whether anything is still out."""
        with suppress(EOFError, OSError):
            while self._line.poll(0):
                number, answers = self._line.recv()
                self._in_pipe.pop(number, None)
                self._done(number, answers)
        for number in [number for number, (until_ns, _, _) in self._out.items() if until_ns <= now_ns]:
            self._done(number, None)
        self._send()
        return bool(self._out)

    def _done(self, number: int, answers: list[Any] | None) -> None:
        if number not in self._out:
            return
        _, asker, then = self._out.pop(number)
        self._of_asker[asker] -= 1
        if not self._of_asker[asker]:
            del self._of_asker[asker]
        then(answers)

    def _send(self) -> None:
        """Put into the pipe what there is room for."""
        while self._waiting:
            asker, line = next(iter(self._waiting.items()))
            number, octets = line[0]
            is_wanted = number in self._out
            if is_wanted and self._in_pipe and sum(self._in_pipe.values()) + len(octets) + FRAMING_BYTES > MOST_IN_PIPE_BYTES:
                return
            line.popleft()
            del self._waiting[asker]
            if line:
                self._waiting[asker] = line  # behind the others
            if is_wanted:
                self._in_pipe[number] = len(octets) + FRAMING_BYTES
                with suppress(OSError):
                    self._line.send_bytes(octets)


class Channel:
    """The control process as `nra reflect` sees it; none where no port was given for it."""

    def __init__(self, crew: Crew, line: Line | None, port: int | None) -> None:
        """Take the process, which waits for its orders."""
        self.crew, self._line, self._port = crew, line, port
        self._holding = ExitStack()

    def claim(self, addresses: Sequence[str]) -> tuple[tuple[str, int], ...]:
        """Return where it is to listen, and hold that for it: it begins so much later that others might have it; raises UserError."""
        from nra.reflector.engine import CannotListen, held

        if self._port is None:
            return ()
        try:
            return self._holding.enter_context(closing(held([(address, self._port) for address in addresses]))).bound
        except CannotListen as error:
            raise UserError(f"--quic-port: cannot listen on UDP port {self._port}: {error}") from error

    def let_go(self) -> None:
        """Hold nothing any more."""
        self._holding.close()

    @contextmanager
    def serving(
        self, binds: Sequence[tuple[str, int]], tls: "Tls | None", engine: "Engine", workers: int, engines: "Ask", interrupt: "Interrupt"
    ) -> "Iterator[Sequence[tuple[str, bool]]]":
        """Have it serve, and its errands done by all engines, while the block lasts; yield what to tell people. Raises UserError."""
        from nra.reflector.background import background

        if self._line is None or tls is None:
            yield ()
            return
        if tls.pem is None:
            raise UserError(f"--quic-port: {tls.line}")
        self.crew.start(Orders(binds, tls.pem, engine.bound[0][1], engine.name, workers))
        self.let_go()  # before anybody is told the port: what came until now might have come to us
        self.crew.begin()
        self.crew.watch(interrupt.note)
        with background(partial(self._line.serve, engines), "nra-control"):
            lines = [f"listening on UDP {address} port {port}: control over QUIC" for address, port in binds]
            yield [(line, False) for line in (*lines, tls.line)]


@contextmanager
def control_channel(port: int | None, make: "Callable[[], Reflector]") -> Iterator[Channel]:
    """Fork the control process where a port is given for it, and end it with the block; raises UserError."""
    if port is not None and "fork" not in multiprocessing.get_all_start_methods():
        raise UserError("--quic-port: the control channel is a process of its own, which this system cannot fork")
    line = None if port is None else Line()
    with crew(0 if line is None else 1, partial(work, line, make)) as one:
        channel = Channel(one, line, port)
        try:
            yield channel
        finally:
            channel.let_go()


def work(
    line: "Line | None",
    make: "Callable[[], Reflector]",
    orders: Orders,
    stop: Callable[[], bool],
    listens: "Callable[[Callable[[Errand], Any]], None]",
) -> Tally:
    """Be the control process: serve guests until it is over; raises UserError."""
    from nra.cli.caretaker import leave_keys_alone
    from nra.cli.tallies import tally
    from nra.reflector.control_server import ControlServer, facts_of
    from nra.reflector.engine import CannotListen

    if line is None:
        raise ValueError("no line to the engines")
    reflector, facts, bureau = make(), facts_of(__version__, orders.engine, orders.workers), partial(Messenger, line.there)
    try:
        server = ControlServer(reflector, orders.binds, orders.pem, facts, orders.stamp_port, bureau, shared=True)
    except CannotListen as error:
        raise UserError(f"--quic-port: {error}") from error
    with suppress(OSError):
        os.nice(NICE)
    leave_keys_alone()
    listens(server.errands.ask)
    server.run(stop)
    return tally(reflector)
