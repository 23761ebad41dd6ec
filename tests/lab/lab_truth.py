"""What the relay's record says about a session, in plain Python: nothing of nra.scoring, nra.wire or numpy.

A copy that left the relay upwards arrived at the reflector; each arrival there is answered by one reply, numbered by the
reflector. Up is the stream of the sender's numbers, down the stream of the reflector's: a probe that was doubled on the way up
has two replies, which are different packets on the way down.
"""

import csv
import gzip
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from nra.testing.relay_record import Crossing, read_record

NTP_TO_UNIX_S: Final = 2_208_988_800
OPEN: Final = struct.Struct(">IQ"), struct.Struct(">IQ12xIQ")  # probe: sequence, T1; reply: its number, T3 and the probe's two
SEALED: Final = struct.Struct(">I12xQ"), struct.Struct(">I12xQ24xI12xQ")  # the same of authenticated packets (RFC 8762 4.2.2, 4.3.2)

Probe = tuple[int, int]  # sequence and T1 (ns): no two probes of a run share both


@dataclass(frozen=True, slots=True)
class PacketRow:
    """One line of the per-packet record; None where the cell is empty."""

    call: int
    sequence: int
    t1_ns: int
    t2_ns: int | None
    t3_ns: int | None
    t4_ns: int | None
    reflector_sequence: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A copy as it left the relay: when, how long it was held there, the probe's number and the number it set out under."""

    left_ns: int
    held_ns: int
    sequence: int
    departure: int


@dataclass(frozen=True, slots=True)
class Truth:
    """One direction, over all calls."""

    expected: int
    received: int
    lost: int
    duplicates: int
    reordered: int
    jitter_ms: float


@dataclass(slots=True)
class CallRecord:
    """One call's packets in the relay: probes by sequence, replies by the reflector's number."""

    up: dict[int, Crossing]
    down: dict[int, Crossing]
    sequence_of_reply: dict[int, int]

    def reached(self) -> list[Moment]:
        """Return the copies that went up, in the order in which they left."""
        return moments((sequence, sequence, crossing) for sequence, crossing in self.up.items())

    def returned(self) -> list[Moment]:
        """Return the copies that went down, in the order in which they left."""
        return moments((self.sequence_of_reply[number], number, crossing) for number, crossing in self.down.items())

    def table(self) -> list[tuple[int, int | None, bool]]:
        """Return what the per-packet record must hold: sequence, reflector's number and whether the reply came back, in its order."""
        returned = self.returned()
        back = {moment.departure for moment in returned}
        traced = set(self.sequence_of_reply.values())
        rows: list[tuple[int, int | None, bool]] = [(moment.sequence, moment.departure, True) for moment in returned]
        rows += [(self.sequence_of_reply[number], number, False) for number in sorted(self.down) if number not in back]
        rows += [(sequence, None, False) for sequence in sorted(self.up) if sequence not in traced]
        return rows


def moments(packets: Iterable[tuple[int, int, Crossing]]) -> list[Moment]:
    """Return one moment per copy, in order of departure; each packet comes with its sequence and departure number."""
    copies = [
        Moment(left_ns, left_ns - crossing.came_ns, sequence, departure)
        for sequence, departure, crossing in packets
        for left_ns in crossing.left_ns
    ]
    return sorted(copies, key=lambda moment: moment.left_ns)


def read_packets(path: Path) -> list[PacketRow]:
    """Return the lines of a `.packets.csv.gz`."""
    with gzip.open(path, "rt", encoding="ascii", newline="") as file:
        return [_packet_row(row) for row in csv.DictReader(file)]


def _packet_row(row: dict[str, str]) -> PacketRow:
    def maybe(name: str) -> int | None:
        return int(row[name]) if row[name] else None

    times = maybe("t2_ns"), maybe("t3_ns"), maybe("t4_ns")
    return PacketRow(int(row["call"]), int(row["sequence"]), int(row["t1_ns"]), *times, maybe("reflector_sequence"))


def unix_ns(ntp: int) -> int:
    """Return Unix nanoseconds of an NTP time stamp of this era, rounded to the nearest."""
    return ((ntp - (NTP_TO_UNIX_S << 32)) * 1_000_000_000 + (1 << 31)) >> 32


def read_calls(record: Path, packets: Sequence[PacketRow], *, sealed: bool = False) -> list[CallRecord]:
    """Return the relay's record call by call: what carries sequence and T1 of a probe of the stream, and the replies to it."""
    call_of: dict[Probe, int] = {(row.sequence, row.t1_ns): row.call for row in packets}
    calls = [CallRecord({}, {}, {}) for _ in range(1 + max(call_of.values()))]
    probe_form, reply_form = SEALED if sealed else OPEN
    for crossing in read_record(record):
        if crossing.direction == "up":
            sequence, t1 = probe_form.unpack_from(crossing.head)
            call = call_of.get((sequence, unix_ns(t1)))
            if call is not None:
                assert sequence not in calls[call].up, "the workstation sent a probe twice"
                calls[call].up[sequence] = crossing
        else:
            number, _, sequence, t1 = reply_form.unpack_from(crossing.head)
            call = call_of.get((sequence, unix_ns(t1)))
            if call is not None:
                assert number not in calls[call].down, "the reflector gave a number twice"
                calls[call].down[number] = crossing
                calls[call].sequence_of_reply[number] = sequence
    return calls


def round_trip_ms(calls: Sequence[CallRecord]) -> float:
    """Return the mean time that the answered probes and their first replies were held in the relay: the round trip but for the links."""
    trips = []
    for call in calls:
        reached = call.reached()
        trips += [reached[moment.departure].held_ns + moment.held_ns for moment in first_copies(call.returned())]
    return mean(trips) / 1e6


def up_truth(calls: Sequence[CallRecord]) -> Truth:
    """Return what became of the probes on their way to the reflector."""
    sent = sum(len(call.up) for call in calls)
    streams = [call.reached() for call in calls]
    return _truth(sent, streams, [call.up.values() for call in calls])


def down_truth(calls: Sequence[CallRecord]) -> Truth:
    """Return what became of the replies; expected are the distinct probes that reached the reflector."""
    reached = sum(len({moment.sequence for moment in call.reached()}) for call in calls)
    streams = [call.returned() for call in calls]
    return _truth(reached, streams, [call.down.values() for call in calls])


def _truth(expected: int, streams: Sequence[Sequence[Moment]], packets: Sequence[Iterable[Crossing]]) -> Truth:
    firsts = [list(first_copies(stream)) for stream in streams]
    received = sum(len(first) for first in firsts)
    return Truth(
        expected=expected,
        received=received,
        lost=expected - received,
        duplicates=sum(max(0, len(crossing.left_ns) - 1) for crossings in packets for crossing in crossings),
        reordered=sum(reordered([moment.departure for moment in first]) for first in firsts),
        jitter_ms=mean([j for first in firsts for j in running_jitter([moment.held_ns for moment in first])]) / 1e6,
    )


def first_copies(stream: Iterable[Moment]) -> Iterator[Moment]:
    """Yield the first copy of each probe, whichever of its packets it is."""
    seen: set[int] = set()
    for moment in stream:
        if moment.sequence not in seen:
            seen.add(moment.sequence)
            yield moment


def reordered(numbers: Iterable[int]) -> int:
    """Return how many packets came below the next number expected (RFC 4737, 3.3: Type-P-Reordered)."""
    next_expected, count = 0, 0
    for number in numbers:
        if number >= next_expected:
            next_expected = number + 1
        else:
            count += 1
    return count


def running_jitter(transits: Sequence[float]) -> list[float]:
    """Return J after each packet but the first (RFC 3550, 6.4.1), in the unit of the transits."""
    jitter, values = 0.0, []
    for before, after in pairwise(transits):
        jitter += (abs(after - before) - jitter) / 16
        values.append(jitter)
    return values


def mean(values: Sequence[float]) -> float:
    """Return the mean of at least one value."""
    return sum(values) / len(values)
