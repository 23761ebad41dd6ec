"""One question over UDP, asked again until it is answered: the machine under every port check."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Generic, Protocol, TypeVar

from nra.model.failure import Failure, FailureKind
from nra.model.plan import Target
from nra.net.ports import Arrival, DatagramPort, Network, NetworkError, Refusal, Transmission
from nra.probes.parts.addresses import LEAST_NS, MOST_ADDRESSES, MS, ask_in_turn
from nra.probes.parts.probe import Watch, stopped

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SPREAD_MS: Final = (0, 200, 500)  # at least three tries over at least 400 ms before silence means anything
RESOLVE_NS: Final = 5_000 * MS
LAST_WAIT_MS: Final = LEAST_NS // MS - SPREAD_MS[-1]


class Question(Protocol[T_co]):
    """What is asked: each try carries something of its own, so that a late answer is timed from its own question."""

    @property
    def name(self) -> str:
        """What evidence calls one try, such as "STUN Binding request"."""
        ...

    def ask(self, now_ns: int) -> bytes:
        """Return the next try."""
        ...

    def understand(self, payload: bytes) -> tuple[T_co, int] | None:
        """Return the answer and when its question was asked, or None when this is no answer to us."""
        ...


class Inquiry(Generic[T]):
    """Asks at the given offsets (milliseconds) and waits `LAST_WAIT_MS` after the last; the first answer ends it.

    One refusal is no verdict, since ICMP may be about something else and is often limited to one a second; after the last try it is.
    """

    def __init__(self, question: Question[T], start_ns: int, offsets_ms: Sequence[int]) -> None:
        """Plan the tries; nothing is sent yet."""
        self._question = question
        self._due_ns = [start_ns + offset * MS for offset in offsets_ms]
        self._end_ns = self._due_ns[-1] + LAST_WAIT_MS * MS
        self._last_ns = start_ns
        self._unsent: Failure | None = None
        self._refusals: list[tuple[Failure, float]] = []
        self._over = False
        self.tries = 0
        self.answer: T | None = None
        self.elapsed_ms = 0.0

    def next_due_ns(self) -> int | None:
        """Return when to ask again or give up; None once answered or given up."""
        if self._over:
            return None
        return self._due_ns[0] if self._due_ns else self._end_ns

    def transmit(self, now_ns: int) -> Transmission | None:
        """Return the question when it is due."""
        if self._over or not self._due_ns:
            self._over = self._over or now_ns >= self._end_ns
            return None
        if now_ns < self._due_ns[0]:
            return None
        self._due_ns.pop(0)
        self.tries += 1
        self._last_ns = now_ns
        return Transmission(channel=0, payload=self._question.ask(now_ns))

    def arrived(self, arrival: Arrival) -> None:
        """Take an answer; anything else is ignored."""
        understood = self._question.understand(arrival.payload)
        if understood is not None and not self._over:
            self.answer, asked_ns = understood
            self.elapsed_ms = (arrival.received_ns - asked_ns) / MS
            self._over = True

    def refused(self, refusal: Refusal) -> None:
        """Remember the refusal."""
        self._refusals.append((refusal.failure, (refusal.read_ns - self._last_ns) / MS))
        self._over = self._over or not self._due_ns

    def send_failed(self, transmission: Transmission, failure: Failure) -> None:
        """Remember that the question could not be sent."""
        self.tries -= 1
        self._unsent = failure

    def failure(self) -> Failure:
        """Return what it came to without an answer: refused, not sent, or silence."""
        name = self._question.name
        if self._refusals:
            refusal, elapsed_ms = self._refusals[-1]
            times = f"{len(self._refusals)} of {self.tries}" if len(self._refusals) < self.tries else f"each of {self.tries}"
            return replace(refusal, operation=name, detail=f"{times} sent: {refusal.detail} after {elapsed_ms:.1f} ms")
        if self._unsent is not None:
            return replace(self._unsent, operation=name)
        return Failure(kind=FailureKind.NO_ANSWER, operation=name, detail=silence(self.tries))


def silence(tries: int) -> str:
    """Return the evidence for a question that nobody answered."""
    spread_ms = SPREAD_MS[tries - 1] if 0 < tries <= len(SPREAD_MS) else 0
    return f"{tries} sent within {spread_ms} ms, no answer within {spread_ms + LAST_WAIT_MS} ms"


async def inquire(net: Network, watch: Watch, address: str, port: int, question: Question[T]) -> tuple[T, Inquiry[T]]:
    """Ask one address and return the answer and how it came; raises NetworkError (refused, no answer, no route)."""
    datagrams = net.open_datagrams(address, port)
    try:
        return await inquire_through(net, watch, datagrams, question)
    finally:
        datagrams.close()


async def inquire_through(net: Network, watch: Watch, datagrams: DatagramPort, question: Question[T]) -> tuple[T, Inquiry[T]]:
    """Ask through a socket that is open already, which stays open; raises NetworkError (refused, no answer)."""
    machine = Inquiry(question, net.clock.now_ns(), SPREAD_MS)
    await net.drive(machine, datagrams, watch.stop)
    if machine.answer is None:
        raise stopped(question.name) if watch.stop() else NetworkError(machine.failure())
    return machine.answer, machine


async def answering_address(net: Network, watch: Watch, target: Target, question: Callable[[], Question[T]]) -> str:
    """Return the address at which the target is known to answer, else its first that does; raises NetworkError for each."""
    if target.address is not None:
        return target.address

    async def ask(address: str, _until_ns: int) -> T:
        answer, _ = await inquire(net, watch, address, target.port, question())
        return answer

    addresses = await net.resolve(target.host, net.clock.now_ns() + RESOLVE_NS)
    return (await ask_in_turn(net, addresses, net.clock.now_ns() + MOST_ADDRESSES * LEAST_NS, ask)).address
