"""The fate of every probe in each direction, and the basis on which it is known.

A stateful Session-Reflector numbers its replies by itself (RFC 8762, 4.3), so each direction is known by itself; with any
other peer only the round trip is known, and it stands for both directions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nra.model.sample import ABSENT, CallLedger, Int64Column, StreamSample, VoiceSample
from nra.model.verdict import Basis
from nra.scoring.clocks import STEADY, ClockFault, ahead_ns
from nra.scoring.upstream import reached_reflector

FateColumn = NDArray[np.int8]


class Fate(IntEnum):
    """What became of one probe in one direction."""

    ARRIVED = 0
    LOST = 1
    UNKNOWN = 2  # lost, and it cannot be proven in which direction
    NOT_EXPECTED = 3  # it is not known to have set out in this direction


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Journey:
    """One call in one direction: columns of shape (probes,) in send order, then its first copies in order of arrival.
    `delay_ns` is relative to an unknown offset of the two clocks, so it may be negative; ABSENT where it is not known.
    `arrival` holds the probe's index and `departure` the number under which it set out, both of shape (copies,): a probe
    that is only inferred to have arrived has no copy and no delay. `duplicates` are extra copies; they count nowhere else.
    """

    fate: FateColumn
    delay_ns: Int64Column
    arrival: Int64Column
    departure: Int64Column
    duplicates: int

    @property
    def expected(self) -> int:
        """How many probes are 100 % of the loss: up all that were sent, down those known to have reached the reflector."""
        return int(np.count_nonzero(self.fate != Fate.NOT_EXPECTED))


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
    """One call's rows: `probe` is each row's index into the call's probes, of which there are `probes`."""

    probe: Int64Column
    probes: int
    t1_ns: Int64Column
    t2_ns: Int64Column
    t3_ns: Int64Column
    t4_ns: Int64Column
    reflector_sequence: Int64Column


def resolve(sample: VoiceSample) -> Fates:
    """Return the fate of every probe; the basis is "direction" only where the reflector is known to be stateful."""
    basis = _basis(sample.ledgers)
    calls = [
        _call_fates(ledger, sample.stream, rows, basis)
        for ledger, rows in zip(sample.ledgers, _rows_by_call(sample.stream, sample.ledgers), strict=True)
    ]
    return Fates(basis=basis, calls=tuple(calls))


def _basis(ledgers: tuple[CallLedger, ...]) -> Basis:
    """One reflector serves all calls: a single call that proves it stateful settles it for those that looked otherwise."""
    return Basis.DIRECTION if any(ledger.stateful for ledger in ledgers) else Basis.ROUND_TRIP


def _rows_by_call(stream: StreamSample, ledgers: tuple[CallLedger, ...]) -> Iterator[Int64Column]:
    """Yield the row numbers of each ledger's call, in the order of the sample."""
    narrow = stream.call.astype(np.min_scalar_type(stream.call.max(initial=0)))  # small integers are radix-sorted: fast
    by_call = np.argsort(narrow, kind="stable")
    calls = stream.call[by_call]
    for ledger in ledgers:
        yield by_call[np.searchsorted(calls, ledger.call) : np.searchsorted(calls, ledger.call, side="right")]


def _call_fates(ledger: CallLedger, stream: StreamSample, rows: Int64Column, basis: Basis) -> CallFates:
    sequence, first, probe = np.unique(stream.sequence[rows], return_index=True, return_inverse=True)
    columns = (stream.t1_ns, stream.t2_ns, stream.t3_ns, stream.t4_ns, stream.reflector_sequence)
    table = _Rows(probe, len(sequence), *(column[rows] for column in columns))
    round_trip = _round_trip(table)
    t1_ns = table.t1_ns[first]
    if basis is Basis.ROUND_TRIP:
        return CallFates(call=ledger.call, sequence=sequence, t1_ns=t1_ns, up=round_trip, down=round_trip, round_trip=round_trip)
    table, clock = _on_our_clock(table)
    up, down = _directions(table, ledger)
    return CallFates(call=ledger.call, sequence=sequence, t1_ns=t1_ns, up=up, down=down, round_trip=round_trip, clock=clock)


def _on_our_clock(rows: _Rows) -> tuple[_Rows, ClockFault]:
    """The two clocks are never compared, but that one runs or is set while the other goes on is no network's delay."""
    ahead, clock = ahead_ns(rows.t1_ns, rows.t2_ns, rows.t3_ns, rows.t4_ns, rows.reflector_sequence)
    t2_ns, t3_ns = (np.where(stamp == ABSENT, ABSENT, stamp - ahead) for stamp in (rows.t2_ns, rows.t3_ns))
    return replace(rows, t2_ns=t2_ns, t3_ns=t3_ns), clock


def _directions(rows: _Rows, ledger: CallLedger) -> tuple[Journey, Journey]:
    up = _up(rows, ledger)
    return up, _down(rows, up.fate)


def _up(rows: _Rows, ledger: CallLedger) -> Journey:
    """Copies arrive at the reflector in the order of its own numbers; a number seen again is a copy made on the way back."""
    numbered = np.flatnonzero(rows.reflector_sequence != ABSENT)
    numbers, first_seen = np.unique(rows.reflector_sequence[numbered], return_index=True)
    received = numbered[first_seen]
    first = _first_copies(rows, received)
    arrived = np.zeros(rows.probes, dtype=np.bool_)
    arrived[rows.probe[rows.t4_ns != ABSENT]] = True
    arrived[rows.probe[first]] = True
    fate = np.where(arrived, Fate.ARRIVED, Fate.LOST).astype(np.int8)
    if not ledger.fates_known:
        reached, unknown = reached_reflector(arrived, rows.probe[received], numbers, ledger.reflected)
        fate[reached] = Fate.ARRIVED
        fate[unknown] = Fate.UNKNOWN
    # What the reflector had and would not answer is not the network's loss; which ones they were it does not say
    fate[np.flatnonzero(fate == Fate.LOST)[: ledger.refused]] = Fate.UNKNOWN
    return _journey(rows, fate, first, rows.probe[first], rows.t1_ns, rows.t2_ns, len(received) - len(first))


def _down(rows: _Rows, up: FateColumn) -> Journey:
    """Replies set out in the order of the reflector's numbers, so the way up's reordering is not billed to the way down."""
    arrivals = np.flatnonzero(rows.t4_ns != ABSENT)
    first = _first_copies(rows, arrivals)
    fate = np.where(up == Fate.ARRIVED, Fate.LOST, Fate.NOT_EXPECTED).astype(np.int8)
    fate[rows.probe[first]] = Fate.ARRIVED
    copies = int(np.count_nonzero(np.diff(np.sort(rows.reflector_sequence[arrivals])) == 0))
    return _journey(rows, fate, first, rows.reflector_sequence[first], rows.t3_ns, rows.t4_ns, copies)


def _round_trip(rows: _Rows) -> Journey:
    """(T4 - T1) - (T3 - T2), or T4 - T1 with a peer that does not stamp, or claims to have kept a packet longer than it was away."""
    arrivals = np.flatnonzero(rows.t4_ns != ABSENT)
    first = _first_copies(rows, arrivals)
    fate = np.full(rows.probes, Fate.LOST, dtype=np.int8)
    fate[rows.probe[first]] = Fate.ARRIVED
    stamped = (rows.t2_ns != ABSENT) & (rows.t3_ns != ABSENT)
    kept_ns = np.where(stamped, rows.t3_ns - rows.t2_ns, 0)
    turnaround_ns = np.where((kept_ns >= 0) & (kept_ns <= rows.t4_ns - rows.t1_ns), kept_ns, 0)
    return _journey(rows, fate, first, rows.probe[first], rows.t1_ns + turnaround_ns, rows.t4_ns, len(arrivals) - len(first))


def _first_copies(rows: _Rows, arrivals: Int64Column) -> Int64Column:
    """Return those of the arrivals (row numbers, in order) that are the first of their probe."""
    place, whose = np.arange(len(arrivals)), rows.probe[arrivals]
    first = np.full(rows.probes, len(arrivals))
    np.minimum.at(first, whose, place)
    firsts: Int64Column = arrivals[first[whose] == place]
    return firsts


def _journey(
    rows: _Rows, fate: FateColumn, first: Int64Column, departure: Int64Column, start_ns: Int64Column, end_ns: Int64Column, duplicates: int
) -> Journey:
    timed = first[(end_ns[first] != ABSENT) & (start_ns[first] != ABSENT)]
    delay_ns = np.full(rows.probes, ABSENT, dtype=np.int64)
    delay_ns[rows.probe[timed]] = end_ns[timed] - start_ns[timed]
    return Journey(fate=fate, delay_ns=delay_ns, arrival=rows.probe[first], departure=departure, duplicates=duplicates)
