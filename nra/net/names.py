"""The system's resolver, asked once for each name, because a run asks for the same few names again and again.

Who asks for a name that is being asked for waits for the same answer, each until its own deadline; addresses and failures are kept.
A resolver that was silent until a deadline, and has never said anything, is not waited for again: every later question fails at
once. Questions that are under way by then keep their own deadlines, for they cost nothing more: they wait side by side. An answer
that comes late all the same, to any name, ends the verdict.
"""

import asyncio
import socket
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.net.clock import seconds_left
from nra.net.failures import classify
from nra.net.ports import Clock, NetworkError

RESOLVE: Final = "resolve"
LEAST_SILENCE_NS: Final = 2_000_000_000  # a shorter wait than this says more of the deadline than of the resolver

Outcome = tuple[str, ...] | Failure


@dataclass(frozen=True, slots=True)
class Question:
    """A name put to the resolver: since when, and the outcome, which may never come."""

    asked_ns: int
    outcome: Future[Outcome] = field(default_factory=Future)


class Names:
    """What the resolver said and did not say; safe to use under one event loop after the other."""

    def __init__(self, clock: Clock) -> None:
        """Start without any memory."""
        self._clock = clock
        self._questions: dict[str, Question] = {}
        self._silent_ns: dict[str, int] = {}

    async def addresses(self, host: str, deadline_ns: int) -> tuple[str, ...]:
        """Return the name's addresses in the system's order of preference; raises NetworkError, at the deadline at last."""
        question = self._questions.get(host)
        silent_ns = self._silence(host)
        if silent_ns is not None:
            raise _unresolved(f"the resolver was silent for {silent_ns / 1e9:.1f} s before")
        if question is None:
            question = self._questions[host] = Question(self._clock.now_ns())
            question.outcome.set_running_or_notify_cancel()  # nobody's deadline cancels what others wait for
            threading.Thread(target=_ask, args=(host, question.outcome), name="nra-resolver", daemon=True).start()
        outcome = await self._wait(host, question, deadline_ns)
        if isinstance(outcome, Failure):
            raise NetworkError(outcome)
        return outcome

    async def _wait(self, host: str, question: Question, deadline_ns: int) -> Outcome:
        if question.outcome.done():
            return question.outcome.result()
        try:
            async with asyncio.timeout(seconds_left(self._clock, deadline_ns)):
                return await asyncio.wrap_future(question.outcome)
        except TimeoutError as error:
            waited_ns = self._clock.now_ns() - question.asked_ns
            if waited_ns >= LEAST_SILENCE_NS:
                self._silent_ns.setdefault(host, waited_ns)
            raise _unresolved("the resolver did not answer in time") from error

    def _silence(self, host: str) -> int | None:
        """Return for how long the resolver was silent when it was asked for this name, or for any when it never said a word."""
        question = self._questions.get(host)
        if question is not None and question.outcome.done():
            return None
        if host in self._silent_ns or any(_spoke(each.outcome) for each in self._questions.values()):
            return self._silent_ns.get(host)
        return max(self._silent_ns.values(), default=None)


def _spoke(outcome: Future[Outcome]) -> bool:
    """Tell whether the resolver answered, be it that there is no such name; giving up on its servers after a while is no answer."""
    if not outcome.done() or outcome.exception() is not None:
        return False
    said = outcome.result()
    return not isinstance(said, Failure) or said.kind is FailureKind.NAME_NOT_FOUND


def _unresolved(detail: str) -> NetworkError:
    return NetworkError(Failure(kind=FailureKind.NAME_UNRESOLVED, operation=RESOLVE, detail=detail))


def _ask(host: str, outcome: Future[Outcome]) -> None:
    """Ask the system, which cannot be stopped; whoever no longer waits leaves this thread behind."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        outcome.set_result(classify(error, RESOLVE))
    except UnicodeError:
        outcome.set_result(Failure(kind=FailureKind.NAME_NOT_FOUND, operation=RESOLVE, detail="not a legal host name"))
    except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
        outcome.set_exception(error)
    else:
        outcome.set_result(tuple(dict.fromkeys(str(entry[4][0]) for entry in found)))
