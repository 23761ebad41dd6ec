"""A look at a stream that still runs: what came since the last look, and what never came."""

import pytest

from nra.model.sample import StampKind
from nra.net.ports import Arrival
from nra.probes.parts.glimpse import MOST_ARRIVALS, Glimpse
from nra.probes.parts.stream import MS
from nra.probes.parts.stream_record import Reply, StreamRecord

INTERVAL = 20 * MS


def answer(record: StreamRecord, sequence: int, rtt_ms: float, *, call: int = 0, inside_ms: int | None = None) -> None:
    """Let the reply to a probe arrive so much later."""
    t1_ns = record.t1_ns[call][sequence]
    at_ns = t1_ns + round(rtt_ms * MS)
    t2_ns, t3_ns = (None, None) if inside_ms is None else (5 * MS, (5 + inside_ms) * MS)
    arrived = Arrival(channel=0, payload=b"", received_ns=at_ns, read_ns=at_ns, stamp=StampKind.KERNEL)
    record.received(arrived, Reply(call=call, sequence=sequence, t2_ns=t2_ns, t3_ns=t3_ns))


def sent(slots: int, calls: int = 1) -> StreamRecord:
    """Return the record of a stream of which this much was sent."""
    record = StreamRecord(calls)
    for slot in range(slots):
        for call in range(calls):
            record.sent(call, slot * INTERVAL, 0, call)
    return record


def test_it_tells_round_trip_and_jitter_of_what_is_new() -> None:
    """The peer's own time is taken off, jitter is RFC 3550's, and nothing is told twice."""
    record = sent(3)
    look = Glimpse(record, 0)
    answer(record, 0, 10, inside_ms=2)
    answer(record, 1, 24)
    seen = look.pulse(60 * MS)
    assert seen.at_s == 0.06
    assert seen.rtt_ms == pytest.approx((8 + 24) / 2)
    assert seen.jitter_ms == pytest.approx((24 - 8) / 16)
    assert look.pulse(80 * MS).rtt_ms is None


def test_loss_is_of_what_was_waited_for() -> None:
    """A packet of less than a second ago is not lost yet, and before any is old enough nothing is known."""
    record = sent(100)
    for sequence in range(0, 100, 2):
        answer(record, sequence, 1)
    look = Glimpse(record, 0)
    assert look.pulse(900 * MS).loss_percent is None
    assert look.pulse(2000 * MS).loss_percent == pytest.approx(50)


def test_its_work_is_bounded() -> None:
    """Of very many arrivals only the newest are looked at, and of several calls the first alone."""
    record = sent(MOST_ARRIVALS * 2, calls=2)
    for sequence in range(MOST_ARRIVALS * 2):
        answer(record, sequence, 100 if sequence < MOST_ARRIVALS else 3)
    answer(record, 0, 500, call=1)
    assert Glimpse(record, 0).pulse(0).rtt_ms == pytest.approx(3)
