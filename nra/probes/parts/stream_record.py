"""The record of a stream of numbered probes: what was sent, and what became of it."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from nra.model.failure import Failure
from nra.model.sample import ABSENT, NotTaken, StampKind
from nra.net.ports import Arrival

ROW: Final = 9  # call, sequence, T2, T3, T4, reflector sequence, TTL, TOS, TOS up


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a reply says: which probe it answers, and what the peer added; None where it said nothing."""

    call: int
    sequence: int
    t2_ns: int | None = None
    t3_ns: int | None = None
    reflector_sequence: int | None = None
    tos_up: int | None = None


class StreamRecord:
    """Columns that grow while the stream runs: probes as sent, arrivals as received."""

    def __init__(self, calls: int) -> None:
        """Start empty."""
        self.t1_ns = [array("q") for _ in range(calls)]
        self.not_sent = [0] * calls
        self._refusals = Counter[Failure]()
        self.answered = [bytearray() for _ in range(calls)]
        self.numbers = [bytearray() for _ in range(calls)]  # which of the reflector's numbers came back
        self.outstanding = 0
        self.late_ns, self.calls, self.channels = array("q"), array("q"), array("q")  # of what was sent, in order of sending
        self.waited_ns = array("q")
        self.rows = array("q")  # of `ROW` cells each, one for each arrival
        self.user_stamped = 0
        self.last_answered_t1_ns = ABSENT
        self.slowest_ns = 0  # of all answers, from sending to arrival

    def sent(self, call: int, now_ns: int, late_ns: int, channel: int) -> None:
        """Take down a probe given to the network."""
        self.t1_ns[call].append(now_ns)
        self.answered[call].append(0)
        self.late_ns.append(late_ns)
        self.calls.append(call)
        self.channels.append(channel)
        self.outstanding += 1

    def unsent(self, call: int, why: Failure) -> None:
        """Take back the newest probe of a call: the way to the network would not take it."""
        self.t1_ns[call].pop()
        self.answered[call].pop()
        for column in (self.late_ns, self.calls, self.channels):
            column.pop()
        self.outstanding -= 1
        self.not_sent[call] += 1
        self._refusals[why] += 1

    @property
    def not_taken(self) -> tuple[NotTaken, ...]:
        """What of `not_sent` was no slot that was missed: how many the way to the network would not take, and why."""
        return tuple(NotTaken(kind=why.kind, why=why.detail, packets=count) for why, count in self._refusals.items())

    def received(self, arrival: Arrival, reply: Reply) -> None:
        """Take down a reply to a probe that was sent; a number never sent is nobody's reply."""
        times = self.t1_ns[reply.call]
        if not 0 <= reply.sequence < len(times):
            return
        if not self.answered[reply.call][reply.sequence]:
            self.answered[reply.call][reply.sequence] = 1
            self.outstanding -= 1
        self.last_answered_t1_ns = max(self.last_answered_t1_ns, times[reply.sequence])
        self.slowest_ns = max(self.slowest_ns, arrival.received_ns - times[reply.sequence])
        if arrival.stamp is StampKind.KERNEL:
            self.waited_ns.append(arrival.read_ns - arrival.received_ns)
        else:
            self.user_stamped += 1
        values = (
            reply.call, reply.sequence, reply.t2_ns, reply.t3_ns, arrival.received_ns,
            reply.reflector_sequence, arrival.ttl, arrival.tos, reply.tos_up,
        )  # fmt: skip
        self.rows.extend([ABSENT if value is None else value for value in values])
        number = reply.reflector_sequence
        if number is not None:
            numbers = self.numbers[reply.call]
            if number >= len(numbers):
                numbers.extend(bytes(number + 1 - len(numbers)))
            numbers[number] = 1

    @property
    def arrivals(self) -> int:
        """How many replies came, copies included."""
        return len(self.rows) // ROW

    def round_trips_ns(self, call: int, first: int, end: int) -> list[int]:
        """Return (T4 - T1) - (T3 - T2) of the arrivals from `first` to `end` of one call; T4 - T1 where the peer gave no stamps."""
        found = []
        for at in range(first * ROW, end * ROW, ROW):
            of, sequence, t2_ns, t3_ns, t4_ns = self.rows[at : at + 5]
            if of == call:
                inside_ns = t3_ns - t2_ns if ABSENT not in (t2_ns, t3_ns) else 0
                found.append(t4_ns - self.t1_ns[call][sequence] - inside_ns)
        return found

    def newest_unanswered_ns(self) -> int:
        """Return when the newest probe without a reply was sent; ABSENT when all have one."""
        newest = ((times, answered.rfind(0)) for times, answered in zip(self.t1_ns, self.answered, strict=True))
        return max((times[sequence] for times, sequence in newest if sequence >= 0), default=ABSENT)

    def numbers_missing(self, call: int, below: int) -> Iterator[int]:
        """Yield the reflector's numbers below this one that did not come back."""
        numbers = self.numbers[call]
        return (number for number in range(below) if number >= len(numbers) or not numbers[number])


def unanswered(record: StreamRecord) -> Iterable[tuple[int, int]]:
    """Yield call and sequence of every probe without a reply."""
    for call, answered in enumerate(record.answered):
        for sequence, seen in enumerate(answered):
            if not seen:
                yield call, sequence
