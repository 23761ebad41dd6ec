"""A stream of numbered probes on an absolute grid, and the record of what became of them.

The grid is `start + slot * interval`, calls staggered inside the interval. A slot missed by more than half an
interval is counted and skipped: sending late would bill this workstation's stall to the network as a burst.
"""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from nra.model.failure import Failure
from nra.model.pulse import Pulse
from nra.model.sample import ABSENT, StampKind
from nra.net.ports import Arrival, Refusal, Transmission
from nra.probes.parts.glimpse import Glimpse

MS: Final = 1_000_000
SILENCE_S: Final = 1.0  # this long without any reply, at the stream's end, and the peer may have died
REPORT_EVERY_NS: Final = 250 * MS
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


class Dialect(Protocol):
    """How one protocol writes a numbered probe and reads a reply."""

    def prepare(self, call: int, sequence: int) -> None:
        """Do beforehand what takes time: this probe is the next that `packet` is asked for."""
        ...

    def packet(self, call: int, sequence: int, now_ns: int) -> Transmission:
        """Return the probe, stamped now."""
        ...

    def reply(self, arrival: Arrival) -> Reply | None:
        """Return what the datagram says, or None when it is not a reply of ours."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """When each probe is due: `slots` per call, every `interval_ns`, `calls` staggered evenly inside the interval."""

    start_ns: int
    interval_ns: int
    slots: int
    calls: int

    @property
    def total(self) -> int:
        """How many slots there are for all calls together."""
        return self.slots * self.calls

    @property
    def end_ns(self) -> int:
        """When the last slot's interval is over."""
        return self.start_ns + self.slots * self.interval_ns

    def due_at_ns(self, slot: int) -> int:
        """Return when a slot is due: from the start, so that one late wake-up shifts nothing."""
        sequence, call = divmod(slot, self.calls)
        return self.start_ns + sequence * self.interval_ns + call * self.interval_ns // self.calls


class StreamRecord:
    """Columns that grow while the stream runs: probes as sent, arrivals as received."""

    def __init__(self, calls: int) -> None:
        """Start empty."""
        self.t1_ns = [array("q") for _ in range(calls)]
        self.not_sent = [0] * calls
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

    def unsent(self, call: int) -> None:
        """Take back the newest probe of a call: the system would not send it."""
        self.t1_ns[call].pop()
        self.answered[call].pop()
        for column in (self.late_ns, self.calls, self.channels):
            column.pop()
        self.outstanding -= 1
        self.not_sent[call] += 1

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

    def numbers_missing(self, call: int, below: int) -> list[int]:
        """Return the reflector's numbers below this one that did not come back."""
        numbers = self.numbers[call]
        return [number for number in range(below) if number >= len(numbers) or not numbers[number]]


class ProbeStream:
    """The machine: sends on the grid, takes replies, and waits for each as long as `patience_ns` after its probe."""

    def __init__(
        self,
        dialect: Dialect,
        grid: Grid,
        patience_ns: int,
        progress: Callable[[float, float], None],
        pulse: Callable[[Pulse], None] = lambda _pulse: None,
    ) -> None:
        """Plan the stream; nothing is sent yet."""
        self.grid = grid
        self.record = StreamRecord(grid.calls)
        self._dialect = dialect
        self._patience_ns = patience_ns
        self._progress, self._pulse = progress, pulse
        self._glimpse = Glimpse(self.record, grid.start_ns)
        self._report_ns = self._now_ns = grid.start_ns
        self._slot = 0
        self._waiting: tuple[int, int] | None = None  # for so many replies, until then
        self._in_flight: int | None = None

    def next_due_ns(self) -> int | None:
        """Return when the next slot is due, then how long to wait for the last replies; None when waiting longer is pointless."""
        if self._slot < self.grid.total:
            return self.grid.due_at_ns(self._slot)
        outstanding = self.record.outstanding
        if outstanding == 0:
            return None
        if self._waiting is None or self._waiting[0] != outstanding:
            self._waiting = outstanding, self.record.newest_unanswered_ns() + self._patience_ns
        return None if self._now_ns >= self._waiting[1] else self._waiting[1]

    def transmit(self, now_ns: int) -> Transmission | None:
        """Return the probe that is due now; when none is, there is time to prepare the next and to say how far the stream is."""
        self._now_ns = now_ns
        self._skip_missed(now_ns)
        if self._slot >= self.grid.total:
            return None
        due_ns, call = self.grid.due_at_ns(self._slot), self._slot % self.grid.calls
        sequence = len(self.record.t1_ns[call])
        if now_ns < due_ns:
            self._dialect.prepare(call, sequence)
            self._report(now_ns)
            return None
        self._slot += 1
        transmission = self._dialect.packet(call, sequence, now_ns)
        self.record.sent(call, now_ns, now_ns - due_ns, transmission.channel)
        self._in_flight = call
        return transmission

    def _skip_missed(self, now_ns: int) -> None:
        while self._slot < self.grid.total and now_ns - self.grid.due_at_ns(self._slot) > self.grid.interval_ns // 2:
            self.record.not_sent[self._slot % self.grid.calls] += 1
            self._slot += 1

    def _report(self, now_ns: int) -> None:
        if now_ns < self._report_ns:
            return
        self._report_ns = now_ns + REPORT_EVERY_NS
        total_s = (self.grid.end_ns - self.grid.start_ns) / 1e9
        self._progress(min(total_s, (now_ns - self.grid.start_ns) / 1e9), total_s)
        self._pulse(self._glimpse.pulse(now_ns))

    def arrived(self, arrival: Arrival) -> None:
        """Take in a datagram; what is not a reply of ours is ignored."""
        reply = self._dialect.reply(arrival)
        if reply is not None:
            self.record.received(arrival, reply)

    def refused(self, refusal: Refusal) -> None:
        """Ignore it: an ICMP error answers one probe, and that probe counts as lost by itself."""

    def send_failed(self, transmission: Transmission, failure: Failure) -> None:
        """Count the probe as not sent: the network never saw it."""
        if self._in_flight is not None:
            self.record.unsent(self._in_flight)
            self._in_flight = None

    @property
    def is_complete(self) -> bool:
        """Whether it came to its end by itself: every slot had its turn, every reply came or was waited for."""
        return self.next_due_ns() is None

    def silent_since_s(self) -> float | None:
        """Return when the last answered probe was sent (0: none was), if at least `SILENCE_S` of unanswered probes followed."""
        last_sent_ns = max((times[-1] for times in self.record.t1_ns if times), default=self.grid.start_ns)
        answered_ns = max(self.record.last_answered_t1_ns, self.grid.start_ns)
        return (answered_ns - self.grid.start_ns) / 1e9 if last_sent_ns - answered_ns >= SILENCE_S * 1e9 else None


def slots_in(duration_s: float, interval_ms: float) -> int:
    """Return how many packets a call sends in the duration, at least one."""
    return max(1, round(duration_s * 1000 / interval_ms))


def unanswered(record: StreamRecord) -> Iterable[tuple[int, int]]:
    """Yield call and sequence of every probe without a reply."""
    for call, answered in enumerate(record.answered):
        for sequence, seen in enumerate(answered):
            if not seen:
                yield call, sequence
