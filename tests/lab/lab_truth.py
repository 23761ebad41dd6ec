"""What the relay's record says about a session, in plain Python: nothing of nra.scoring, nra.wire or numpy.

Up is the stream of the sender's numbers, down the stream of the reflector's: a probe that was doubled on the way up has two replies,
which are different packets on the way down. A delay is how long the relay held the packet; what the links and this machine added is no
network, and told apart (`Links`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lab_emodel import CODECS, quality
from lab_numbers import BUFFERS_MS, NS_PER_MS, NS_PER_S, Arrival, Journey, direction, round_trip, windows
from lab_record import CallRecord, Moment, PacketRow, first_copies

from nra.testing.relay_record import Crossing

DSCP_SHIFT: Final = 2
SHARES: Final = (0.1, 0.3, 1.0)
JUST_MS: Final = 0.000_001
NEIGHBOURS: Final = 12  # on either side, to which a packet's time on a link is compared


@dataclass(frozen=True, slots=True)
class Links:
    """What this machine added, by direction and moment of leaving the relay: before it came there, and after it had left (ns).

    It is by how much a packet's time on a link is above the fastest's: the sender was interrupted between its stamp and sending, or the
    relay between its own two stamps, which bound what the receiver's stamp may say.
    """

    early_ns: Mapping[tuple[str, int], float]
    late_ns: Mapping[tuple[str, int], float]

    def arrival(self, way: str, moment: Moment) -> Arrival:
        """Return the copy as it arrived."""
        added = self.early_ns.get((way, moment.left_ns), 0) + self.late_ns.get((way, moment.left_ns), 0)
        return Arrival(moment.sequence, moment.departure, moment.held_ns + round(added))

    def most_ms(self) -> float:
        """Return the most that was added to one packet."""
        return max((early + self.late_ns[which] for which, early in self.early_ns.items()), default=0.0) / NS_PER_MS


NO_LINKS: Final = Links({}, {})


def links_of(calls: Sequence[CallRecord], packets: Sequence[PacketRow], *, steady: bool = True) -> Links:
    """Return what this machine added, by the stamps that the packets carry and those of the per-packet record.

    All programs here have one clock. A reflector whose own is not `steady` is known by the neighbours of a packet alone, and where that
    clock is set it stamps when it reads, for the kernel's stamp cannot be placed: no stamp of the relay bounds how late that is.
    """
    near_reflector = above_fastest if steady else standing_out
    stamps_by_kernel = {"up": steady, "down": True}
    early: dict[tuple[str, int], float] = {}
    late: dict[tuple[str, int], float] = {}
    for number, call in enumerate(calls):
        reached, returned = call.reached(), call.returned()
        t4_ns = [row.t4_ns for row in packets if row.call == number and row.t4_ns is not None]
        before = {
            "up": [call.up[moment.departure].came_ns - call.t1_ns[moment.sequence] for moment in reached],
            "down": [call.down[moment.departure].crossing.came_ns - call.down[moment.departure].t3_ns for moment in returned],
        }
        after = {
            "up": [call.down[place].t2_ns - moment.left_ns for place, moment in enumerate(reached)],
            "down": [arrived_ns - moment.left_ns for arrived_ns, moment in zip(t4_ns, returned, strict=True)],
        }
        sooner_ns = {"up": above_fastest(before["up"]), "down": near_reflector(before["down"])}
        later_ns = {"up": near_reflector(after["up"]), "down": above_fastest(after["down"])}
        for way, copies in (("up", reached), ("down", returned)):
            for moment, sooner, later in zip(copies, sooner_ns[way], later_ns[way], strict=True):
                early[way, moment.left_ns] = sooner
                late[way, moment.left_ns] = min(later, moment.doubt_ns) if stamps_by_kernel[way] else later
    return Links(early, late)


def above_fastest(times_ns: Sequence[int]) -> list[int]:
    """Return by how much each is above the least of all."""
    return [time_ns - min(times_ns) for time_ns in times_ns]


def standing_out(times_ns: Sequence[int]) -> list[int]:
    """Return by how much each is above the least of those before or after it, whichever is nearer: the clocks may differ, drift, be set."""
    out = []
    for place, time_ns in enumerate(times_ns):
        around = times_ns[max(0, place - NEIGHBOURS) : place], times_ns[place + 1 : place + 1 + NEIGHBOURS]
        out.append(min((max(0, time_ns - min(side)) for side in around if side), default=0))
    return out


def seconds_of(calls: Sequence[CallRecord], interval_ms: float, skipped: int) -> list[dict[int, int]]:
    """Return for each call in which second of the stream each probe was sent, when so many slots were skipped before the first.

    The first slot is where no probe was sent before its own: probes are late by a little, never early.
    """
    interval_ns = round(interval_ms * 1e6)
    times = calls[0].t1_ns
    slots = {sequence: skipped + round((t1_ns - times[0]) / interval_ns) for sequence, t1_ns in times.items()}
    start_ns = min(t1_ns - slots[sequence] * interval_ns for sequence, t1_ns in times.items())
    return [{sequence: max(0, t1_ns - start_ns) // NS_PER_S for sequence, t1_ns in call.t1_ns.items()} for call in calls]


def up_journey(call: CallRecord, seconds: dict[int, int], rewritten: int | None, links: Links) -> Journey:
    """Return what became of the probes on their way to the reflector."""
    reached = call.reached()
    return Journey(
        second_of=seconds,
        sent_ns=call.t1_ns,
        arrivals=[links.arrival("up", moment) for moment in first_copies(reached)],
        duplicates=len(reached) - len({moment.departure for moment in reached}),
        markings=[marking(call.up[moment.departure], rewritten) for moment in reached],
    )


def down_journey(call: CallRecord, seconds: dict[int, int], rewritten: int | None, links: Links) -> Journey:
    """Return what became of the replies; expected are the distinct probes that reached the reflector."""
    returned = call.returned()
    return Journey(
        second_of={moment.sequence: seconds[moment.sequence] for moment in call.reached()},
        sent_ns=call.t1_ns,
        arrivals=[links.arrival("down", moment) for moment in first_copies(returned)],
        duplicates=len(returned) - len({moment.departure for moment in returned}),
        markings=[marking(call.down[moment.departure].crossing, rewritten) for moment in returned],
    )


def trips(call: CallRecord, links: Links) -> Iterator[tuple[int, int]]:
    """Yield sequence and round trip (ns) of each answered probe: from T1 until the reply left the relay, less the turn-around."""
    for moment in first_copies(call.returned()):
        reply = call.down[moment.departure]
        left_ns = moment.left_ns + round(links.late_ns.get(("down", moment.left_ns), 0))
        yield moment.sequence, left_ns - call.t1_ns[moment.sequence] - (reply.t3_ns - reply.t2_ns)


def marking(crossing: Crossing, rewritten: int | None) -> int:
    """Return the DSCP with which a packet left the relay."""
    return crossing.tos >> DSCP_SHIFT if rewritten is None else rewritten


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a number depends on beside the packets: packetization, codec, rewritten markings; what only the run itself knows exactly.

    That is on which side of a buffer's limit a packet falls that came very close to it (the buffers close earlier by `nearer_ms`), and how
    many slots a busy machine skipped before the first.
    """

    interval_ms: float
    codec: str
    dscp_up: int | None = None
    dscp_down: int | None = None
    nearer_ms: float = 0.0
    skipped: int = 0


def close_calls(calls: Sequence[CallRecord], close_ms: float) -> list[float]:
    """Return by how much (ms) earlier or later a buffer must close for one packet more or less that came so close to its limit.

    For the fixed buffers these are all there are; the limits of the adaptive one depend on all packets, so a few are tried.
    """
    nearer = [sign * share * close_ms for share in SHARES for sign in (-1, 1)]
    for stream in (stream for call in calls for stream in (call.reached(), call.returned())):
        held_ms = [moment.held_ns / NS_PER_MS for moment in first_copies(stream)]
        beyond = [held - min(held_ms) - nominal for held in held_ms for nominal in BUFFERS_MS]
        nearer += [sign * JUST_MS - ms for ms in beyond if abs(ms) <= close_ms for sign in (-1, 1)]
    return nearer


def voice_truth(calls: Sequence[CallRecord], terms: Terms, links: Links = NO_LINKS) -> dict[str, Any]:
    """Return the voice half of the run document as the relay's record has it: every number that the network decides."""
    seconds = seconds_of(calls, terms.interval_ms, terms.skipped)
    up = [up_journey(call, each, terms.dscp_up, links) for call, each in zip(calls, seconds, strict=True)]
    down = [down_journey(call, each, terms.dscp_down, links) for call, each in zip(calls, seconds, strict=True)]
    timed = [(each[sequence], trip_ns) for call, each in zip(calls, seconds, strict=True) for sequence, trip_ns in trips(call, links)]
    trip = round_trip([trip_ns for _, trip_ns in timed], sum(len(call.up) for call in calls))
    numbers = {"up": direction(up, terms.nearer_ms), "down": direction(down, terms.nearer_ms)}

    def judged(codec: str, way: str) -> dict[str, Any]:
        return quality(CODECS[codec], numbers[way], trip["avg_ms"], terms.interval_ms)

    return {
        "sent": sum(len(call.up) for call in calls),
        "round_trip": trip,
        "mos_by_codec": [{"codec": codec} | {way: judged(codec, way)["mos"] for way in numbers} for codec in CODECS],
        "windows": windows(up, down, timed),
        **{way: each | judged(terms.codec, way) for way, each in numbers.items()},
    }
