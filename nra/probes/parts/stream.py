"""A stream of numbered probes on an absolute grid.

The grid is `start + slot * interval`, calls staggered inside the interval. A slot missed by more than half an
interval is counted and skipped: sending late would bill this workstation's stall to the network as a burst.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from nra.model.failure import Failure
from nra.model.pulse import Pulse
from nra.net.ports import Arrival, Refusal, Transmission
from nra.probes.parts.glimpse import Glimpse
from nra.probes.parts.stream_record import Reply, StreamRecord

MS: Final = 1_000_000
SILENCE_S: Final = 1.0  # this long without any reply, at the stream's end, and the peer may have died
REPORT_EVERY_NS: Final = 250 * MS


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
            self.record.unsent(self._in_flight, failure)
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
