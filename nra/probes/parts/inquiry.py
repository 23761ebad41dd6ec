"""One question over UDP, asked again until it is answered: the machine under every port check."""

from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from nra.model.failure import Failure, FailureKind
from nra.net.ports import Arrival, Network, NetworkError, Refusal, Transmission
from nra.probes.parts.addresses import MOST_ADDRESSES, together
from nra.probes.parts.probe import Watch, stopped

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MS: Final = 1_000_000
SPREAD_MS: Final = (0, 200, 500)  # at least three tries over at least 400 ms before silence means anything
LAST_WAIT_MS: Final = 1000
LONGEST_NS: Final = (SPREAD_MS[-1] + LAST_WAIT_MS) * MS  # what a silent address costs


class Question(Protocol[T_co]):
    """What is asked: each try carries something of its own, so that a late answer is timed from its own question."""

    def ask(self, now_ns: int) -> bytes:
        """Return the next try."""
        ...

    def understand(self, payload: bytes) -> tuple[T_co, int] | None:
        """Return the answer and when its question was asked, or None when this is no answer to us."""
        ...


class Inquiry(Generic[T]):
    """Asks at the given offsets (milliseconds) and waits `LAST_WAIT_MS` after the last; the first answer ends it."""

    def __init__(self, question: Question[T], start_ns: int, offsets_ms: Sequence[int]) -> None:
        """Plan the tries; nothing is sent yet."""
        self._question = question
        self._due_ns = [start_ns + offset * MS for offset in offsets_ms]
        self._end_ns = self._due_ns[-1] + LAST_WAIT_MS * MS
        self.tries = 0
        self._over = False
        self.answer: T | None = None
        self.elapsed_ms = 0.0
        self.failure: Failure | None = None

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
        return Transmission(channel=0, payload=self._question.ask(now_ns))

    def arrived(self, arrival: Arrival) -> None:
        """Take an answer; anything else is ignored."""
        understood = self._question.understand(arrival.payload)
        if understood is not None and not self._over:
            self.answer, asked_ns = understood
            self.elapsed_ms = (arrival.received_ns - asked_ns) / MS
            self._over = True

    def refused(self, refusal: Refusal) -> None:
        """Remember the refusal but go on asking: one ICMP message is no verdict."""
        self.failure = refusal.failure

    def send_failed(self, transmission: Transmission, failure: Failure) -> None:
        """Remember that the question could not be sent."""
        self.failure = failure


async def inquire(net: Network, watch: Watch, address: str, port: int, question: Question[T]) -> tuple[T, Inquiry[T]]:
    """Ask one address and return the answer and how it came; raises NetworkError (refused, no answer, no route)."""
    machine = Inquiry(question, net.clock.now_ns(), SPREAD_MS)
    datagrams = net.open_datagrams(address, port)
    try:
        await net.drive(machine, datagrams, watch.stop)
    finally:
        datagrams.close()
    if machine.answer is None:
        if watch.stop():
            raise stopped("inquiry")
        raise NetworkError(machine.failure or silence(machine.tries))
    return machine.answer, machine


async def first_answering(
    net: Network,
    watch: Watch,
    addresses: Sequence[str],
    port: int,
    question: Callable[[], Question[T]],
    deadline_ns: int | None = None,
) -> tuple[str, T, Inquiry[T]]:
    """Ask a host's addresses one after the other, while time is left for a whole inquiry; the first that answers wins.

    Raises NetworkError that says what became of each address.
    """
    failures: list[tuple[str, Failure]] = []
    for address in addresses[:MOST_ADDRESSES]:
        if failures and deadline_ns is not None and net.clock.now_ns() + LONGEST_NS > deadline_ns:
            break
        try:
            answer, inquiry = await inquire(net, watch, address, port, question())
        except NetworkError as error:
            if watch.stop():
                raise
            failures.append((address, error.failure))
        else:
            return address, answer, inquiry
    raise NetworkError(together(failures))


def silence(tries: int) -> Failure:
    """Return the failure for a question that nobody answered."""
    return Failure(kind=FailureKind.NO_ANSWER, operation="inquiry", detail=f"{tries} tries, no answer")
