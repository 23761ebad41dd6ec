"""Processes that answer behind the same ports as this one: forked before anything is opened, told what to open, ended together.

A pipe to each is its lifeline: orders come down, then the word to begin and errands, and when the worker is let go or the pipe breaks, for
whatever reason, it ends. What it has to say comes up: that it listens, what came of each errand, and in the end what it counted.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nra.cli.errors import UserError
from nra.cli.interrupt import stoppable
from nra.cli.tallies import Tally

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from nra.reflector.errands import Errand

PATIENCE_S: Final = 20.0  # until a worker has imported what it needs and listens
ERRAND_S: Final = 3.0  # until a worker has done an errand
FAREWELL_S: Final = 5.0  # until it has told what it counted; an engine looks every 0.2 s whether it shall stop
LISTENING: Final = "listening"
BEGIN: Final = "begin"
ENDING: Final = (signal.SIGINT, signal.SIGTERM)


Work = Callable[[Any, Callable[[], bool], Callable[["Callable[[Errand], Any]"], None]], Tally]
"""From its orders, whether to stop, and whom to tell that it listens and who does its errands, which waits for the word to begin, to what
was counted.

It may raise UserError.
"""


class Done(NamedTuple):
    """What came of the errand of that number, None where it could not be done."""

    number: int
    answer: Any


class Worker:
    """One forked process, seen from here."""

    def __init__(self, work: Work, sisters: Sequence["Worker"]) -> None:
        """Fork it; it holds none of our ends of its sisters' pipes, which must break when we end."""
        fork = multiprocessing.get_context("fork")
        self.line, theirs = fork.Pipe()
        ours = [self.line, *(sister.line for sister in sisters)]
        self._process = fork.Process(target=_labour, args=(theirs, ours, work), daemon=True)
        self._process.start()
        theirs.close()

    def say(self, word: object) -> None:
        """Send it its orders, and later that it is over; one that is gone already needs neither."""
        with suppress(OSError):
            self.line.send(word)

    def listens(self) -> None:
        """Wait until it listens; raises UserError with its reason when it cannot."""
        said = self._heard(PATIENCE_S)
        if said != LISTENING:
            silence = f"does not listen after {PATIENCE_S:g} s" if self._process.is_alive() else "ended before it listened"
            raise UserError(f"worker process {self._process.pid}: {said or silence}")

    def done(self, number: int) -> Any:  # noqa: ANN401 - whatever the errand returns
        """Wait for what came of the errand of that number, None when it does not say; what came too late for others is passed over."""
        said = self._heard(ERRAND_S)
        while isinstance(said, Done) and said.number < number:
            said = self._heard(ERRAND_S)
        return said.answer if isinstance(said, Done) else None

    def end(self) -> Tally | None:
        """Wait for its end and return what it counted, None when it does not say."""
        said = self._heard(FAREWELL_S)
        while isinstance(said, Done):
            said = self._heard(FAREWELL_S)
        self._process.join(FAREWELL_S if isinstance(said, Tally) else 0)
        self._process.kill()
        self._process.join()
        return said if isinstance(said, Tally) else None

    def _heard(self, patience_s: float) -> object:
        """Return what it says next, None when it took too long or ended."""
        try:
            return self.line.recv() if self.line.poll(patience_s) else None
        except (EOFError, OSError):
            return None


class Crew:
    """The workers beside this process."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        """Take over these workers."""
        self._workers = workers
        self.tallies: list[Tally] = []
        self.lost = 0  # workers that ended without saying what they counted
        self._asking = threading.Lock()
        self._errands = 0

    @property
    def count(self) -> int:
        """How many workers there are."""
        return len(self._workers)

    def watch(self, note: Callable[[int, FrameType | None], None]) -> None:
        """Have it noted when a worker ends before it was let go: the others end then, and whoever started us starts all again."""

        def noted(number: int, frame: FrameType | None) -> None:
            if _somebody_ended():
                note(number, frame)

        if self._workers:
            signal.signal(signal.SIGCHLD, noted)

    def start(self, orders: object) -> None:
        """Give all their orders, and wait until all listen; raises UserError."""
        for worker in self._workers:
            worker.say(orders)
        for worker in self._workers:
            worker.listens()

    def begin(self) -> None:
        """Let all answer: until now they have only listened."""
        for worker in self._workers:
            worker.say(BEGIN)

    def ask(self, errand: "Errand") -> list[Any]:
        """Have an errand done by each worker, from whatever thread; return what came of it, None of a worker that did not do it."""
        with self._asking:
            self._errands += 1
            for worker in self._workers:
                worker.say((self._errands, errand))
            return [worker.done(self._errands) for worker in self._workers]

    def end(self) -> None:
        """End all, and collect what they counted."""
        with self._asking:
            self._end()

    def _end(self) -> None:
        self.watch(lambda _number, _frame: None)
        for worker in self._workers:
            worker.say(None)
        for tally in [worker.end() for worker in self._workers]:
            self.lost += tally is None
            self.tallies += [] if tally is None else [tally]


def _somebody_ended() -> bool:
    """Tell whether a process that we started is over: the signal also comes when one is stopped or goes on."""
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except (AttributeError, ChildProcessError):  # macOS has no waitid before Python 3.13
        return True


@contextmanager
def held_back() -> Iterator[None]:
    """Hold back the signals that end us: who is forked meanwhile takes them when it is ready for them, and is not killed."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def crew(count: int, work: Work) -> Iterator[Crew]:
    """Fork so many workers, and end them with the block."""
    workers: list[Worker] = []
    with held_back() if count else nullcontext():
        for _ in range(count):
            workers.append(Worker(work, workers))
    together = Crew(workers)
    try:
        yield together
    finally:
        together.end()


def _labour(line: "Connection", others: "Sequence[Connection]", work: Work) -> None:
    """Be a worker: take orders, work until the lifeline says or is no more, tell what was counted."""
    for end in others:
        end.close()
    with stoppable(*ENDING) as interrupt, suppress(EOFError, OSError):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        orders = line.recv()
        if orders is None:
            return
        over, begun, speaking = threading.Event(), threading.Event(), threading.Lock()

        def say(word: object) -> None:
            with speaking:
                line.send(word)

        def hold_on(do: "Callable[[Errand], Any]") -> None:
            with suppress(EOFError, OSError):
                while (word := line.recv()) is not None:
                    if word == BEGIN:
                        begun.set()
                        continue
                    number, errand = word
                    try:
                        answer = do(errand)
                    except Exception:  # noqa: BLE001 - whoever asked is told that it was not done, and the others are answered
                        answer = None
                    say(Done(number, answer))
            over.set()
            begun.set()

        def listens(do: "Callable[[Errand], Any]") -> None:
            say(LISTENING)
            threading.Thread(target=hold_on, args=(do,), daemon=True).start()
            begun.wait(PATIENCE_S)

        try:
            say(work(orders, lambda: interrupt() or over.is_set(), listens))
        except UserError as error:
            say(str(error))
