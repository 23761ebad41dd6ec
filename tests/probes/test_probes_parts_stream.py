"""The machine under every stream: an absolute grid, slots skipped and never sent in a burst, and the end of waiting."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.model.failure import FailureKind
from nra.model.sample import ABSENT, StampKind
from nra.net.ports import Arrival, Transmission
from nra.probes.parts.stream import MS, Grid, ProbeStream, slots_in
from nra.probes.parts.stream_record import Reply
from nra.testing.fake_network import refusal

START = 1_000_000 * MS


class Numbered:
    """A dialect of which a packet is its call and number, and a reply the same."""

    def prepare(self, call: int, sequence: int) -> None:
        """Do nothing."""

    def packet(self, call: int, sequence: int, now_ns: int) -> Transmission:
        """Return call and number."""
        return Transmission(channel=call, payload=bytes((call, sequence)))

    def reply(self, arrival: Arrival) -> Reply | None:
        """Return what the payload says."""
        return Reply(call=arrival.payload[0], sequence=arrival.payload[1]) if len(arrival.payload) == 2 else None


def arrival(payload: bytes, at_ns: int, stamp: StampKind = StampKind.KERNEL) -> Arrival:
    """Return a datagram that was read a millisecond after it came."""
    return Arrival(channel=0, payload=payload, received_ns=at_ns, read_ns=at_ns + MS, stamp=stamp)


def stream(slots: int = 10, calls: int = 1, progress: Callable[[float, float], None] = lambda _done, _total: None) -> ProbeStream:
    """Return a stream of one packet every 20 ms that waits two seconds for replies."""
    grid = Grid(start_ns=START, interval_ns=20 * MS, slots=slots, calls=calls)
    return ProbeStream(Numbered(), grid, 2_000 * MS, progress)


def sent_at(machine: ProbeStream, now_ns: int) -> list[bytes]:
    """Return all that the machine sends at this moment."""
    sent = []
    while (transmission := machine.transmit(now_ns)) is not None:
        sent.append(transmission.payload)
    return sent


@given(st.integers(1, 50), st.integers(1, 2000), st.integers(1, 1_000_000_000))
def test_the_grid_is_absolute(calls: int, slots: int, interval_ns: int) -> None:
    """Slot k of a call is due at start + k * interval, whatever happened before; calls lie evenly inside the interval."""
    grid = Grid(start_ns=START, interval_ns=interval_ns, slots=slots, calls=calls)
    last = grid.total - 1
    assert grid.due_at_ns(0) == START
    assert grid.due_at_ns(last - calls + 1) == START + (slots - 1) * interval_ns
    assert grid.due_at_ns(last) < grid.end_ns == START + slots * interval_ns


@pytest.mark.parametrize(("duration_s", "interval_ms", "slots"), [(30, 20, 1500), (1, 1000, 1), (0.001, 20, 1), (1, 30, 33)])
def test_slots_of_a_duration(duration_s: float, interval_ms: float, slots: int) -> None:
    """A stream lasts as long as was asked for, to the nearest packet, and has one at least."""
    assert slots_in(duration_s, interval_ms) == slots


def test_nothing_is_sent_early() -> None:
    """One nanosecond before its time a slot is not due."""
    machine = stream()
    assert sent_at(machine, START - 1) == []
    assert sent_at(machine, START) == [b"\0\0"]
    assert machine.next_due_ns() == START + 20 * MS


def test_a_stall_skips_slots_and_sends_no_burst() -> None:
    """Slots missed by more than half an interval are counted `not_sent`; numbers go on without a gap (design: time)."""
    machine = stream()
    assert sent_at(machine, START) == [b"\0\0"]
    assert sent_at(machine, START + 95 * MS) == []
    assert sent_at(machine, START + 100 * MS) == [b"\0\1"]
    assert machine.record.not_sent == [4]
    assert list(machine.record.t1_ns[0]) == [START, START + 100 * MS]


def test_a_slot_late_by_half_an_interval_is_still_sent() -> None:
    """Exactly half is not more than half; the lateness is kept as the instrument's own error."""
    machine = stream()
    assert sent_at(machine, START + 10 * MS) == [b"\0\0"]
    assert list(machine.record.late_ns) == [10 * MS]


def test_a_stall_sends_at_most_one_packet_of_each_call() -> None:
    """With several calls a late wake-up catches up within half an interval: no call sends twice."""
    machine = stream(calls=5)
    sent = sent_at(machine, START + 9 * MS)
    assert [payload[0] for payload in sent] == [0, 1, 2]
    sent = sent_at(machine, START + 51 * MS)
    assert len({payload[0] for payload in sent}) == len(sent)


def test_what_the_system_refused_is_not_sent() -> None:
    """A probe that could not be given to the network is taken back, and its number is used again."""
    machine = stream()
    transmission = machine.transmit(START)
    assert transmission is not None
    machine.send_failed(transmission, refusal(FailureKind.LOCAL))
    assert sent_at(machine, START + 20 * MS) == [b"\0\0"]
    assert (machine.record.not_sent, machine.record.outstanding, len(machine.record.late_ns)) == ([1], 1, 1)
    assert [(each.kind, each.packets) for each in machine.record.not_taken] == [(FailureKind.LOCAL, 1)]


def whole(machine: ProbeStream, lost: frozenset[int] = frozenset()) -> None:
    """Send every slot in time and answer after 5 ms all but the lost ones."""
    for slot in range(machine.grid.slots):
        due_ns = START + slot * 20 * MS
        sent_at(machine, due_ns)
        if slot not in lost:
            machine.arrived(arrival(bytes((0, slot)), due_ns + 5 * MS))


def test_it_ends_with_the_last_reply() -> None:
    """When every probe is answered there is nothing to wait for."""
    machine = stream()
    whole(machine)
    assert machine.next_due_ns() is None
    assert machine.is_complete


@pytest.mark.parametrize(("lost", "until_ms"), [({9}, 2180), ({8}, 2160), ({0, 3}, 2060), ({0, 9}, 2180)])
def test_each_reply_is_waited_for_two_seconds(lost: set[int], until_ms: int) -> None:
    """The waiting ends two seconds after the newest probe without a reply was sent: waiting longer is pointless."""
    machine = stream()
    whole(machine, frozenset(lost))
    assert machine.next_due_ns() == START + until_ms * MS
    assert not machine.is_complete
    sent_at(machine, START + until_ms * MS)
    assert machine.next_due_ns() is None


def test_a_late_reply_shortens_the_waiting() -> None:
    """With the newest answered, the one before decides how long there is still something to wait for."""
    machine = stream()
    whole(machine, frozenset({2, 9}))
    machine.arrived(arrival(b"\0\x09", START + 300 * MS))
    assert machine.next_due_ns() == START + 2040 * MS


def test_replies_to_nothing_are_nobodys() -> None:
    """A number that was never sent, or octets of another protocol, change nothing."""
    machine = stream()
    sent_at(machine, START)
    machine.arrived(arrival(b"\0\x07", START + MS))
    machine.arrived(arrival(b"junk", START + MS))
    assert machine.record.outstanding == 1
    assert len(machine.record.rows) == 0


def test_stamps_are_told_apart() -> None:
    """How long an arrival waited here is known of kernel stamps only; the others are counted."""
    machine = stream()
    sent_at(machine, START)
    machine.arrived(arrival(b"\0\0", START + 5 * MS))
    machine.arrived(arrival(b"\0\0", START + 6 * MS, StampKind.USER))
    assert (list(machine.record.waited_ns), machine.record.user_stamped) == ([MS], 1)


def test_progress_is_told_when_nothing_is_due() -> None:
    """Every 250 ms at most, and never between a packet's turn and its sending."""
    told: list[tuple[float, float]] = []
    machine = stream(slots=100, progress=lambda done_s, total_s: told.append((done_s, total_s)))
    for at_ms in range(0, 2000, 5):
        before = len(told)
        while machine.transmit(START + at_ms * MS) is not None:
            assert len(told) == before
    assert told[0] == (0.0, 2.0)
    assert [round(done_s * 1000) for done_s, _ in told[1:4]] == [250, 500, 750]


@pytest.mark.parametrize(
    ("answered", "silent_since_s"), [(range(100), None), (range(51), None), (range(50), 0.98), (range(1), 0.0), ([], 0.0)]
)
def test_silence_at_the_end(answered: Sequence[int], silent_since_s: float | None) -> None:
    """A peer is silent when probes of a second or more after the last answered one had no reply."""
    machine = stream(slots=100)
    whole(machine, frozenset(range(100)) - frozenset(answered))
    assert machine.silent_since_s() == silent_since_s


def test_the_newest_unanswered_probe_of_all_calls() -> None:
    """Calls are looked at together; ABSENT when none is open."""
    machine = stream(slots=2, calls=2)
    for at_ms in (0, 10, 20, 30):
        sent_at(machine, START + at_ms * MS)
    assert machine.record.newest_unanswered_ns() == START + 30 * MS
    machine.arrived(arrival(b"\x01\x01", START + 31 * MS))
    assert machine.record.newest_unanswered_ns() == START + 20 * MS
    for payload in (b"\0\0", b"\0\1", b"\1\0"):
        machine.arrived(arrival(payload, START + 40 * MS))
    assert machine.record.newest_unanswered_ns() == ABSENT
