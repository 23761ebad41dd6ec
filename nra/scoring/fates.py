"""The fate of every probe in each direction, and the basis on which it is known.

A stateful Session-Reflector numbers its replies by itself (RFC 8762, 4.3), so each direction is known by itself; with any
other peer only the round trip is known, and it stands for both directions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nra.model.sample import ABSENT, CallLedger, Int64Column, StreamSample, VoiceSample
from nra.model.verdict import Basis
from nra.scoring.clocks import STEADY, ClockFault, ahead_ns
from nra.scoring.distinct import first_rows
from nra.scoring.upstream import reached_reflector

FateColumn = NDArray[np.int8]


class Fate:
    """What became of one probe in one direction: plain numbers, because numpy widens a column before it compares it with an enum."""

    ARRIVED: Final = 0
    LOST: Final = 1
    UNKNOWN: Final = 2  # lost, and it cannot be proven in which direction
    NOT_EXPECTED: Final = 3  # it is not known to have set out in this direction


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Journey:
    """One call in one direction: columns of shape (probes,) in send order, then its first copies in order of arrival.
    `delay_ns` is relative to an unknown offset of the two clocks, so it may be negative; ABSENT where it is not known.
    `arrival` holds the probe's index and `departure` the number under which it set out, both of shape (copies,): a probe
    that is only inferred to have arrived has no copy and no delay. `duplicates` are extra copies; they count nowhere else.
    `expected` probes are 100 % of the loss: up all that were sent, down those known to have reached the reflector. `timed` are the
    probes whose delay is known in order of arrival, shape (copies with a delay,).
    """

    fate: FateColumn
    delay_ns: Int64Column
    arrival: Int64Column
    departure: Int64Column
    duplicates: int
    expected: int = field(init=False)
    timed: Int64Column = field(init=False)

    def __post_init__(self) -> None:
        """Find out once what is asked for again and again."""
        object.__setattr__(self, "expected", int(np.count_nonzero(self.fate != Fate.NOT_EXPECTED)))
        known = self.delay_ns.take(self.arrival) != ABSENT
        object.__setattr__(self, "timed", self.arrival if known.all() else self.arrival[known])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CallFates:
    """One call: its probes in send order, and each journey; with basis "round trip" all three journeys are the same one.

    `clock` is what was wrong with the reflector's and is taken off the delays.
    """

    call: int
    sequence: Int64Column
    t1_ns: Int64Column
    up: Journey
    down: Journey
    round_trip: Journey
    clock: ClockFault = STEADY


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Fates:
    """All calls of a sample and what their directions rest on."""

    basis: Basis
    calls: tuple[CallFates, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """One call's rows: `probe` is each row's index into the call's probes, of which there are `probes`.

    `arrivals` are the rows that arrived here, `first` the first of each probe among them, both in order of arrival.
    """

    probe: Int64Column
    probes: int
    t1_ns: Int64Column
    t2_ns: Int64Column
    t3_ns: Int64Column
    t4_ns: Int64Column
    reflector_sequence: Int64Column
    arrivals: Int64Column
    first: Int64Column


def resolve(sample: VoiceSample) -> Fates:
    """Return the fate of every probe; the basis is "direction" only where the reflector is known to be stateful."""
    basis = _basis(sample.ledgers)
    calls = [
        _call_fates(ledger, columns, basis)
        for ledger, columns in zip(sample.ledgers, _columns_by_call(sample.stream, sample.ledgers), strict=True)
    ]
    return Fates(basis=basis, calls=tuple(calls))


def _basis(ledgers: tuple[CallLedger, ...]) -> Basis:
    """One reflector serves all calls: a single call that proves it stateful settles it for those that looked otherwise."""
    return Basis.DIRECTION if any(ledger.stateful for ledger in ledgers) else Basis.ROUND_TRIP


def _columns_by_call(stream: StreamSample, ledgers: tuple[CallLedger, ...]) -> Iterator[Int64Column]:
    """Yield the columns of each ledger's call in the order of the sample, shape (6, rows): sequence, T1 to T4, the reflector's number."""
    narrow = stream.call.astype(np.min_scalar_type(stream.call.max(initial=0)))  # small integers are radix-sorted: fast
    by_call = np.argsort(narrow, kind="stable")
    ends = np.searchsorted(narrow, [[ledger.call, ledger.call + 1] for ledger in ledgers], sorter=by_call)
    # The rows of one call lie far apart: side by side their cells are found in one place each, not in six
    cells = (stream.sequence, stream.t1_ns, stream.t2_ns, stream.t3_ns, stream.t4_ns, stream.reflector_sequence)
    table = np.stack(cells, axis=1)
    for begin, end in ends.tolist():
        yield np.ascontiguousarray(table.take(by_call[begin:end], axis=0).T)


def _call_fates(ledger: CallLedger, columns: Int64Column, basis: Basis) -> CallFates:
    numbers, t1_ns, t2_ns, t3_ns, t4_ns, reflector_sequence = columns
    sequence, first = first_rows(numbers)
    probe = numbers if int(sequence.max(initial=-1)) == len(sequence) - 1 else np.searchsorted(sequence, numbers)
    arrivals = np.flatnonzero(t4_ns != ABSENT)
    table = _Rows(probe, len(sequence), t1_ns, t2_ns, t3_ns, t4_ns, reflector_sequence, arrivals, _first_copies(probe, arrivals))
    round_trip = _round_trip(table)
    t1_ns = t1_ns.take(first)
    if basis is Basis.ROUND_TRIP:
        return CallFates(call=ledger.call, sequence=sequence, t1_ns=t1_ns, up=round_trip, down=round_trip, round_trip=round_trip)
    table, clock = _on_our_clock(table)
    up, down = _directions(table, ledger)
    return CallFates(call=ledger.call, sequence=sequence, t1_ns=t1_ns, up=up, down=down, round_trip=round_trip, clock=clock)


def _on_our_clock(rows: _Rows) -> tuple[_Rows, ClockFault]:
    """The two clocks are never compared, but that one runs or is set while the other goes on is no network's delay."""
    ahead, clock = ahead_ns(rows.t1_ns, rows.t2_ns, rows.t3_ns, rows.t4_ns, rows.reflector_sequence)
    if clock == STEADY:
        return rows, clock
    t2_ns, t3_ns = (np.where(stamp == ABSENT, ABSENT, stamp - ahead) for stamp in (rows.t2_ns, rows.t3_ns))
    return replace(rows, t2_ns=t2_ns, t3_ns=t3_ns), clock


def _directions(rows: _Rows, ledger: CallLedger) -> tuple[Journey, Journey]:
    up = _up(rows, ledger)
    return up, _down(rows, up.fate)


def _up(rows: _Rows, ledger: CallLedger) -> Journey:
    """Copies arrive at the reflector in the order of its own numbers; a number seen again is a copy made on the way back."""
    numbered = np.flatnonzero(rows.reflector_sequence != ABSENT)
    numbers, first_seen = first_rows(rows.reflector_sequence.take(numbered))
    received = numbered.take(first_seen)
    first = _first_copies(rows.probe, received)
    arrived = np.zeros(rows.probes, dtype=np.bool_)
    arrived[rows.probe[rows.first]] = True
    arrived[rows.probe[first]] = True
    fate = np.where(arrived, np.int8(Fate.ARRIVED), np.int8(Fate.LOST))
    if not ledger.fates_known:
        reached, unknown = reached_reflector(arrived, rows.probe[received], numbers, ledger.reflected)
        fate[reached] = Fate.ARRIVED
        fate[unknown] = Fate.UNKNOWN
    # What the reflector had and would not answer is not the network's loss; which ones they were it does not say
    fate[np.flatnonzero(fate == Fate.LOST)[: ledger.refused]] = Fate.UNKNOWN
    return _journey(rows, fate, first, rows.probe[first], rows.t1_ns, rows.t2_ns, len(received) - len(first) + (ledger.copies_up or 0))


def _down(rows: _Rows, up: FateColumn) -> Journey:
    """Replies set out in the order of the reflector's numbers, so the way up's reordering is not billed to the way down."""
    fate = np.where(up == Fate.ARRIVED, np.int8(Fate.LOST), np.int8(Fate.NOT_EXPECTED))
    fate[rows.probe.take(rows.first)] = Fate.ARRIVED
    numbers, _ = first_rows(rows.reflector_sequence.take(rows.arrivals))
    copies = len(rows.arrivals) - len(numbers)
    return _journey(rows, fate, rows.first, rows.reflector_sequence.take(rows.first), rows.t3_ns, rows.t4_ns, copies)


def _round_trip(rows: _Rows) -> Journey:
    """(T4 - T1) - (T3 - T2), or T4 - T1 with a peer that does not stamp, or claims to have kept a packet longer than it was away."""
    departure = rows.probe.take(rows.first)
    fate = np.full(rows.probes, Fate.LOST, dtype=np.int8)
    fate[departure] = Fate.ARRIVED
    stamped = (rows.t2_ns != ABSENT) & (rows.t3_ns != ABSENT)
    kept_ns = np.where(stamped, rows.t3_ns - rows.t2_ns, 0)
    turnaround_ns = np.where((kept_ns >= 0) & (kept_ns <= rows.t4_ns - rows.t1_ns), kept_ns, 0)
    duplicates = len(rows.arrivals) - len(rows.first)
    return _journey(rows, fate, rows.first, departure, rows.t1_ns + turnaround_ns, rows.t4_ns, duplicates)


def _first_copies(probe: Int64Column, arrivals: Int64Column) -> Int64Column:
    """Return those of the arrivals (row numbers, in order) that are the first of their probe."""
    _, first = first_rows(probe.take(arrivals))
    return arrivals if len(first) == len(arrivals) else arrivals[np.sort(first)]


def _journey(
    rows: _Rows, fate: FateColumn, first: Int64Column, departure: Int64Column, start_ns: Int64Column, end_ns: Int64Column, duplicates: int
) -> Journey:
    start, end, arrival = start_ns.take(first), end_ns.take(first), rows.probe.take(first)
    timed = (end != ABSENT) & (start != ABSENT)
    delay_ns = np.full(rows.probes, ABSENT, dtype=np.int64)
    delay_ns[arrival] = np.where(timed, end - start, ABSENT)
    return Journey(fate=fate, delay_ns=delay_ns, arrival=arrival, departure=departure, duplicates=duplicates)
