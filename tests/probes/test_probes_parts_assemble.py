"""From a stream's record to the samples: whose T1 counts, and rows of every fate."""

from collections.abc import Mapping, Sequence

import pytest

from nra.model.sample import ABSENT, InstrumentSample, StampKind, StreamSample
from nra.net.ports import Arrival, Equipment
from nra.probes.parts.assemble import LostReply, samples
from nra.probes.parts.stream_record import Reply, StreamRecord
from nra.testing.fake_network import FakeNetwork, FakePort

MS = 1_000_000
START = 1_767_600_000_000_000_000
LAG = 40_000  # from our stamp to the kernel's


class StampingPort(FakePort):
    """A port whose kernel stamped what was sent as the test says."""

    def __init__(self, stamps: Mapping[int, Sequence[int]]) -> None:
        """Take the stamps of each channel, in order of sending."""
        super().__init__(FakeNetwork(), None, "192.0.2.1", 9, 1, 0)
        self.stamps = stamps

    def left_ns(self, channel: int) -> Sequence[int]:
        """Return what the test says."""
        return self.stamps.get(channel, ())

    def equipment(self) -> Equipment:
        """Return something of note."""
        return Equipment(pacing="woken early", receive_buffer_bytes=425_984)


def due(slot: int) -> int:
    """Return when a slot was due."""
    return START + slot * 20 * MS


def record_of(slots: Sequence[tuple[int, int]], answered: Sequence[tuple[int, int]]) -> StreamRecord:
    """Return a record of probes (call, channel) sent slot after slot, 3 us late, and answered (call, sequence) 10 ms after."""
    record = StreamRecord(2)
    for slot, (call, channel) in enumerate(slots):
        record.sent(call, due(slot) + 3000, 3000, channel)
    for call, sequence in answered:
        at_ns = record.t1_ns[call][sequence] + 10 * MS
        arrival = Arrival(channel=0, payload=b"", received_ns=at_ns, read_ns=at_ns + MS, stamp=StampKind.KERNEL, ttl=60)
        record.received(arrival, Reply(call=call, sequence=sequence, t2_ns=at_ns - 5 * MS, t3_ns=at_ns - 5 * MS))
    return record


def sampled(
    record: StreamRecord, stamps: Mapping[int, Sequence[int]], lost: Sequence[LostReply] = ()
) -> tuple[StreamSample, InstrumentSample]:
    """Return the samples of a record on a port with these stamps."""
    return samples(record, StampingPort(stamps), lost)


def t1_of(stream: StreamSample) -> dict[tuple[int, int], int]:
    """Return T1 by call and sequence."""
    return {(int(call), int(sequence)): int(t1) for call, sequence, t1 in zip(stream.call, stream.sequence, stream.t1_ns, strict=True)}


TWO_CALLS = [(0, 0), (1, 1), (0, 0), (1, 1)]
ALL_OF_TWO = [(0, 0), (1, 0), (0, 1), (1, 1)]
LEFT = {0: [due(0) + LAG, due(2) + LAG], 1: [due(1) + LAG, due(3) + LAG]}


def test_the_kernel_s_t1_where_it_stamped_all() -> None:
    """T1 is when the packet left; how long it took from our own stamp to there stands in the instrument's sample."""
    stream, instrument = sampled(record_of(TWO_CALLS, ALL_OF_TWO), LEFT)
    assert t1_of(stream) == {(0, 0): due(0) + LAG, (1, 0): due(1) + LAG, (0, 1): due(2) + LAG, (1, 1): due(3) + LAG}
    assert instrument.tx_stamps is StampKind.KERNEL
    assert instrument.send_delay_ns.tolist() == [LAG - 3000] * 4
    assert instrument.send_late_ns.tolist() == [3000] * 4


def test_stamps_of_what_was_sent_later_are_nobody_s() -> None:
    """The closing exchange goes out by the same sockets."""
    later = {channel: [*stamps, due(9)] for channel, stamps in LEFT.items()}
    assert t1_of(sampled(record_of(TWO_CALLS, ALL_OF_TWO), later)[0]) == t1_of(sampled(record_of(TWO_CALLS, ALL_OF_TWO), LEFT)[0])


def test_channels_that_take_turns() -> None:
    """One call over three sockets, another between: each probe has the stamp of its own place on its own socket."""
    slots = [(0, 0), (1, 1), (0, 2), (1, 0), (0, 1), (1, 2), (0, 0)]
    answered = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2), (0, 3)]
    left: dict[int, list[int]] = {}
    for slot, (_, channel) in enumerate(slots):
        left.setdefault(channel, []).append(due(slot) + LAG + slot)
    stream, _ = sampled(record_of(slots, answered), left)
    assert [t1 - LAG for t1 in stream.t1_ns.tolist()] == [due(slot) + slot for slot in range(7)]


@pytest.mark.parametrize(
    "stamps",
    [
        {},
        {0: LEFT[0]},
        {0: LEFT[0], 1: [due(1) + LAG]},
        {0: [due(0) + LAG, ABSENT], 1: LEFT[1]},
        {0: [due(0) + 2999, due(2) + LAG], 1: LEFT[1]},
        {0: [due(0) + 10 * MS + 3001, due(2) + LAG], 1: LEFT[1]},
    ],
    ids=["none", "a socket without", "one missing at the end", "one missing", "from before ours", "from after the answer"],
)
def test_our_own_t1_of_all_where_one_stamp_is_missing_or_wrong(stamps: Mapping[int, Sequence[int]]) -> None:
    """One kind beside the other would put steps into delays, so it is one kind for the whole stream."""
    stream, instrument = sampled(record_of(TWO_CALLS, ALL_OF_TWO), stamps)
    assert t1_of(stream) == {(0, 0): due(0) + 3000, (1, 0): due(1) + 3000, (0, 1): due(2) + 3000, (1, 1): due(3) + 3000}
    assert (instrument.tx_stamps, len(instrument.send_delay_ns)) == (StampKind.USER, 0)


def test_a_probe_without_a_trace_needs_no_stamp() -> None:
    """What this workstation's own queue dropped was never stamped: it has no delay that a step could get into."""
    stamps = {0: [due(0) + LAG, ABSENT], 1: LEFT[1]}
    stream, instrument = sampled(record_of(TWO_CALLS, [(0, 0), (1, 0), (1, 1)]), stamps)
    assert instrument.tx_stamps is StampKind.KERNEL
    assert t1_of(stream)[0, 1] == due(2) + 3000
    assert t1_of(stream)[0, 0] == due(0) + LAG
    assert len(instrument.send_delay_ns) == 3


def test_a_lost_reply_is_a_trace() -> None:
    """It has a T2 to be held against: without the kernel's stamp of it, our own of all."""
    stamps = {0: [due(0) + LAG, ABSENT], 1: LEFT[1]}
    lost = [(0, 1, 1, due(2) + 5 * MS, 184)]
    stream, instrument = sampled(record_of(TWO_CALLS, [(0, 0), (1, 0), (1, 1)]), stamps, lost)
    assert instrument.tx_stamps is StampKind.USER
    assert t1_of(stream)[0, 0] == due(0) + 3000


def test_rows_of_every_fate() -> None:
    """Arrivals in order of arrival, then replies known to be lost, then probes without a trace."""
    record = record_of(TWO_CALLS, [(1, 0), (0, 0)])
    stream, _ = sampled(record, {}, [(1, 1, 1, due(3) + 5 * MS, None)])
    assert list(zip(stream.call.tolist(), stream.sequence.tolist(), strict=True)) == [(0, 0), (1, 0), (1, 1), (0, 1)]
    assert stream.t4_ns.tolist() == [due(0) + 3000 + 10 * MS, due(1) + 3000 + 10 * MS, ABSENT, ABSENT]
    assert stream.t2_ns.tolist()[2:] == [due(3) + 5 * MS, ABSENT]
    assert stream.reflector_sequence.tolist() == [ABSENT, ABSENT, 1, ABSENT]
    assert stream.ttl.tolist() == [60, 60, ABSENT, ABSENT]


def test_nothing_came_back() -> None:
    """Without a trace there is nothing that the kernel's stamps would make better."""
    stream, instrument = sampled(record_of(TWO_CALLS, []), LEFT)
    assert t1_of(stream)[1, 1] == due(3) + 3000
    assert (instrument.tx_stamps, instrument.rx_stamps) == (StampKind.USER, StampKind.USER)


def test_the_equipment_is_told() -> None:
    """How slots were met and what each socket may keep go into the sample."""
    _, instrument = sampled(record_of(TWO_CALLS, ALL_OF_TWO), LEFT)
    assert (instrument.pacing, instrument.receive_buffer_bytes) == ("woken early", 425_984)
    assert (instrument.rx_stamps, instrument.receive_delay_ns.tolist()) == (StampKind.KERNEL, [MS] * 4)
