"""What passed the relay, call by call: the relay's record and the per-packet record, read without anything of nra.wire.

A copy that left the relay upwards arrived at the reflector; each arrival there is answered by one reply, numbered by the reflector.
"""

import csv
import gzip
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nra.testing.relay_record import Crossing, read_record

NTP_TO_UNIX_S: Final = 2_208_988_800
OPEN: Final = struct.Struct(">IQ"), struct.Struct(">IQ4xQIQ")  # probe: sequence, T1; reply: its number, T3, T2 and the probe's two
SEALED: Final = struct.Struct(">I12xQ"), struct.Struct(">I12xQ8xQ8xI12xQ")  # the same of authenticated packets (RFC 8762 4.2.2, 4.3.2)
WORD: Final = 0xFFFF_FFFF

Probe = tuple[int, int]  # when it left (ns), and its call
Carried = tuple[int, int]  # the sequence and the T1 (NTP) in a packet, which its reply repeats


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
    """A copy as it left the relay: when and how exactly that is known, how long it was held there, the probe's number and the number
    under which it set out.
    """

    left_ns: int
    doubt_ns: int
    held_ns: int
    sequence: int
    departure: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it came to the relay, with the sequence that it answers and the reflector's stamps on it."""

    crossing: Crossing
    sequence: int
    t2_ns: int
    t3_ns: int


@dataclass(slots=True)
class CallRecord:
    """One call's packets in the relay: probes by sequence with their T1, replies by the reflector's number."""

    up: dict[int, Crossing]
    down: dict[int, Reply]
    t1_ns: dict[int, int]

    def crossings(self, way: str) -> list[Crossing]:
        """Return the packets of one direction."""
        return list(self.up.values()) if way == "up" else [reply.crossing for reply in self.down.values()]

    def reached(self) -> list[Moment]:
        """Return the copies that went up, in the order in which they left."""
        return moments((sequence, sequence, crossing) for sequence, crossing in self.up.items())

    def returned(self) -> list[Moment]:
        """Return the copies that went down, in the order in which they left."""
        return moments((reply.sequence, number, reply.crossing) for number, reply in self.down.items())

    def table(self) -> list[tuple[int, int | None, bool]]:
        """Return what the per-packet record must hold: sequence, reflector's number and whether the reply came back, in its order."""
        returned = self.returned()
        back = {moment.departure for moment in returned}
        traced = {reply.sequence for reply in self.down.values()}
        rows: list[tuple[int, int | None, bool]] = [(moment.sequence, moment.departure, True) for moment in returned]
        rows += [(self.down[number].sequence, number, False) for number in sorted(self.down) if number not in back]
        rows += [(sequence, None, False) for sequence in sorted(self.up) if sequence not in traced]
        return rows


def moments(packets: Iterable[tuple[int, int, Crossing]]) -> list[Moment]:
    """Return one moment per copy, in order of departure; each packet comes with its sequence and departure number."""
    copies = [
        Moment(left_ns, gone_ns - left_ns, left_ns - crossing.came_ns, sequence, departure)
        for sequence, departure, crossing in packets
        for left_ns, gone_ns in zip(crossing.left_ns, crossing.gone_ns, strict=True)
    ]
    return sorted(copies, key=lambda moment: moment.left_ns)


def first_copies(stream: Iterable[Moment]) -> Iterator[Moment]:
    """Yield the first copy of each probe, whichever of its packets it is."""
    seen: set[int] = set()
    for moment in stream:
        if moment.sequence not in seen:
            seen.add(moment.sequence)
            yield moment


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


def read_calls(record: Path, packets: Sequence[PacketRow], *, sealed: bool = False, first_number: int = 0) -> list[CallRecord]:
    """Return the relay's record call by call: what carries sequence and T1 of a probe of the stream, and the replies to it.

    The reflector's numbers are counted from 0, on whichever it began and wherever it wrapped.
    """
    calls = [CallRecord({}, {}, {}) for _ in range(1 + max(row.call for row in packets))]
    probe_form, reply_form = SEALED if sealed else OPEN
    crossings = list(read_record(record))
    ups = [(probe_form.unpack_from(crossing.head), crossing) for crossing in crossings if crossing.direction == "up"]
    probes = probes_of(packets, [carried for carried, _ in ups])
    stream = [t1 for _, t1 in probes]
    strangers = [carried for carried, _ in ups if carried not in probes and min(stream) <= carried[1] <= max(stream)]
    assert not strangers, f"the workstation sent a probe twice, or one that it tells nobody of: {strangers}"
    for carried, crossing in ups:
        if carried in probes:
            left_ns, call = probes[carried]
            calls[call].up[carried[0]], calls[call].t1_ns[carried[0]] = crossing, left_ns
    for crossing in crossings:
        if crossing.direction == "down":
            number, t3, t2, *answered = reply_form.unpack_from(crossing.head)
            probe = probes.get(tuple(answered))
            if probe is not None:
                number = (number - first_number) & WORD
                down = calls[probe[1]].down
                assert number not in down, "the reflector gave a number twice"
                down[number] = Reply(crossing, answered[0], unix_ns(t2), unix_ns(t3))
    return calls


def probes_of(packets: Iterable[PacketRow], carried: Iterable[Carried]) -> dict[Carried, Probe]:
    """Return the probes of the stream by what they carried.

    The per-packet record has the best T1 there is, the kernel's, which is later than the one in the packet, on a busy machine by any
    time. Of one sequence the order is the same; whoever asked before the stream did so before, and what closes a call that skipped slots
    comes after: from the last probe to the first, each carried the last time that is left until it left.
    """
    rows: dict[int, set[Probe]] = {}
    for row in packets:
        rows.setdefault(row.sequence, set()).add((row.t1_ns, row.call))
    times: dict[int, list[int]] = {}
    for sequence, t1 in sorted(carried):
        times.setdefault(sequence, []).append(t1)
    out: dict[Carried, Probe] = {}
    for sequence, probes in rows.items():
        stamped = times.get(sequence, [])
        for left_ns, call in sorted(probes, reverse=True):
            while stamped and unix_ns(stamped[-1]) > left_ns:
                stamped.pop()
            assert stamped, f"probe {sequence} of call {call} never came to the relay"
            out[sequence, stamped.pop()] = left_ns, call
        assert not any((sequence, t1) in out for t1 in stamped), f"probe {sequence} came to the relay twice"
    return out
