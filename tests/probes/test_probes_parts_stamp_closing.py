"""The closing exchange: asked until answered, given up in time, and exact about what the reflector knows."""

from dataclasses import replace
from itertools import pairwise
from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from voice_world import HOST, MS, PORT, reflecting, silent

from nra.net.driver import drive
from nra.probes.parts.stamp_closing import DEADLINE_NS, Closing, covering
from nra.probes.parts.stamp_dialect import PacketForm, StampDialect
from nra.probes.parts.stream import Grid, ProbeStream
from nra.reflector.core import Reflector
from nra.reflector.guard import Guard
from nra.testing.fake_network import FakeNetwork, FakePort
from nra.testing.impairment import Impairment, Path, Peer
from nra.wire.receive_record import RecordRequest
from nra.wire.stamp import decode_sender
from nra.wire.stamp_tlv import TlvType, encode_tlvs, split_tlvs

SLOTS = 200


class Session:
    """A stream through a network, up to its end, and the closing exchange behind it."""

    def __init__(self, peer: Peer, up: Impairment, down: Impairment, calls: int = 1, patience_ms: int = 500) -> None:
        """Run the stream."""
        self.net = FakeNetwork(udp={(HOST, PORT): peer}, up=Path(up), down=Path(down))
        self.port = FakePort(self.net, peer, HOST, PORT, calls, 46)
        self.dialect = StampDialect(PacketForm.of(172, None), 46, tuple(range(7, 7 + calls)))
        grid = Grid(start_ns=self.net.clock.now_ns(), interval_ns=20 * MS, slots=SLOTS, calls=calls)
        self.stream = ProbeStream(self.dialect, grid, patience_ms * MS, lambda _done, _total: None)
        drive(self.stream, self.port, self.net.clock, lambda: False)
        self.began_ns = self.net.clock.now_ns()
        self.stream_packets = len(self.port.sent)

    def close(self) -> Closing:
        """Run the closing exchange."""
        closing = Closing(self.stream, self.dialect, self.began_ns)
        drive(closing, self.port, self.net.clock, lambda: False)
        return closing

    @property
    def asked(self) -> list[tuple[int, bytes]]:
        """When each closing packet was sent (ms after the stream), and its octets."""
        return [((at_ns - self.began_ns) // MS, sending.payload) for at_ns, sending in self.port.sent[self.stream_packets :]]


CLEAN = Impairment(delay_ms=20)
BEYOND = Impairment(delay_ms=20, loss_runs=(range(SLOTS, 10_000),))


def test_one_question_is_enough_when_nothing_was_lost() -> None:
    """The counters are asked for; no record is needed."""
    session = Session(reflecting(), CLEAN, CLEAN)
    closing = session.close()
    assert [at_ms for at_ms, _ in session.asked] == [0]
    assert (closing.answers[0].reflected, closing.fates_known(0), list(closing.lost_replies(0))) == (SLOTS, True, [])


def test_it_asks_again_and_gives_up_in_time() -> None:
    """Every 250 ms, for 1.5 s: a dead reflector costs no more."""
    session = Session(reflecting(), BEYOND, CLEAN)
    closing = session.close()
    assert [at_ms for at_ms, _ in session.asked] == [0, 250, 500, 750, 1000, 1250]
    assert session.net.clock.now_ns() - session.began_ns == DEADLINE_NS
    assert not closing.answers[0].counted
    assert not closing.fates_known(0)


def test_a_long_way_is_waited_for() -> None:
    """Where answers take 1.6 s, counters and records take twice that: the fate of every packet is known all the same."""
    session = Session(reflecting(), Impairment(delay_ms=800), Impairment(delay_ms=800, loss_runs=(range(60, 70),)), patience_ms=2000)
    closing = session.close()
    assert closing.fates_known(0)
    assert [number for number, *_ in closing.lost_replies(0)] == [*range(60, 70)]
    assert session.net.clock.now_ns() - session.began_ns == 3200 * MS


@pytest.mark.parametrize(("delay_ms", "longest_ms"), [(20, 1500), (300, 1800), (1900, 6000)])
def test_patience_with_a_long_way_has_an_end(delay_ms: int, longest_ms: int) -> None:
    """Three of the slowest trips, 1.5 s at least and 6 s at most."""
    session = Session(reflecting(), replace(BEYOND, delay_ms=delay_ms), Impairment(delay_ms=delay_ms), patience_ms=4000)
    session.close()
    assert session.net.clock.now_ns() - session.began_ns == longest_ms * MS


def test_a_question_lost_on_the_way_up_changes_no_number() -> None:
    """The second try carries a new number; the reflector never saw the first."""
    session = Session(reflecting(), Impairment(delay_ms=20, loss_runs=(range(SLOTS, SLOTS + 1),)), CLEAN)
    closing = session.close()
    assert [at_ms for at_ms, _ in session.asked] == [0, 250]
    assert closing.answers[0].reflected == SLOTS


def test_an_answer_lost_on_the_way_down_is_not_a_packet_of_the_stream() -> None:
    """The first question took a number of the reflector: the records tell it from the stream's own."""
    session = Session(reflecting(), CLEAN, Impairment(delay_ms=20, loss_runs=(range(SLOTS, SLOTS + 1),)))
    closing = session.close()
    assert closing.answers[0].below == SLOTS + 1
    assert closing.answers[0].reflected is None
    assert closing.fates_known(0)
    assert list(closing.lost_replies(0)) == []


def test_without_records_a_later_answer_is_exact_if_the_last_reply_came() -> None:
    """A number right behind the last reply seen leaves no room for anything unknown."""
    last_lost = Impairment(delay_ms=20, loss_runs=(range(SLOTS, SLOTS + 1),))
    session = Session(reflecting(), last_lost, CLEAN)
    assert session.close().answers[0].reflected == SLOTS


def test_records_are_asked_for_where_replies_are_missing() -> None:
    """Spans of at most 64 that cover the gaps, each reply as long as its request: 1100 octets at most."""
    down = Impairment(delay_ms=20, loss_runs=(range(5, 6), range(60, 70), range(100, 190)))
    session = Session(reflecting(), CLEAN, down)
    closing = session.close()
    asked = [
        tlv.value for _, payload in session.asked for tlv in split_tlvs(decode_sender(payload).tail) if tlv.type == TlvType.RECEIVE_RECORD
    ]
    spans = sorted((request.first, request.count) for request in map(RecordRequest.decode, asked))
    assert spans == [(5, 64), (69, 64), (133, 57)]
    assert max(len(payload) for _, payload in session.asked) <= 1100
    assert [number for number, *_ in closing.lost_replies(0)] == [5, *range(60, 70), *range(100, 190)]
    assert closing.fates_known(0)


def test_a_lost_reply_is_told_with_its_time() -> None:
    """The record names the probe and when it came there: its delay on the way up is known although its reply was lost."""
    session = Session(reflecting(), CLEAN, Impairment(delay_ms=20, loss_runs=(range(7, 8),)))
    ((number, sequence, t2_ns, tos),) = session.close().lost_replies(0)
    assert (number, sequence, tos) == (7, 7, 46 << 2)
    assert t2_ns - session.stream.record.t1_ns[0][7] == 20 * MS


def test_a_reply_that_comes_during_the_exchange_goes_to_the_stream() -> None:
    """A late reply is no answer to a closing question, and no longer missing once it is there."""
    session = Session(reflecting(), CLEAN, Impairment(delay_ms=20, loss_runs=(range(SLOTS - 1, SLOTS),), reorder=1.0, reorder_ms=490))
    assert session.stream.record.outstanding == 2
    session.close()
    assert session.stream.record.outstanding == 1


def test_many_calls_are_asked_one_after_the_other() -> None:
    """A millisecond between questions: the closing exchange is no burst."""
    session = Session(reflecting(), CLEAN, CLEAN, calls=20)
    closing = session.close()
    assert all(closing.fates_known(call) for call in range(20))
    times = [at_ms for at_ms, _ in session.asked]
    assert len(times) == 20
    assert all(later - earlier >= 1 for earlier, later in pairwise(times))


def test_a_call_that_sent_nothing_is_not_asked_about() -> None:
    """An interrupt may come before a call's first slot."""
    net = FakeNetwork(udp={(HOST, PORT): reflecting()})
    stream = ProbeStream(
        StampDialect(PacketForm.of(172, None), 46, (7, 8)), Grid(start_ns=0, interval_ns=MS, slots=1, calls=2), MS, lambda _d, _t: None
    )
    closing = Closing(stream, StampDialect(PacketForm.of(172, None), 46, (7, 8)), net.clock.now_ns())
    assert closing.next_due_ns() is None


@pytest.mark.parametrize("copied", [True, False])
def test_a_stateless_peer_is_asked_for_counters_only(copied: bool) -> None:
    """A peer that copies numbers has no records: one question, whatever was lost."""
    mirror = reflecting(Reflector(guard=Guard(rate_limit=0)))

    def stateless(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        reply = mirror(payload, now_ns, source) or b""
        return payload[:4] + reply[4:44] + (payload[44:] if copied else b"")

    session = Session(stateless, Impairment(delay_ms=20, loss_runs=(range(50, 60),)), CLEAN)
    closing = session.close()
    assert len(session.asked) == 1
    assert not closing.fates_known(0)


def test_a_silent_reflector_is_given_up() -> None:
    """Nothing of a closing exchange depends on anybody answering."""
    session = Session(silent, CLEAN, CLEAN)
    assert session.close().answers[0].counted is False


def test_records_of_somebody_else_are_no_records() -> None:
    """Type 250 is experimental: another reflector may mean something else by it."""
    mirror = reflecting()

    def other(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        reply = mirror(payload, now_ns, source)
        asked = [tlv for tlv in split_tlvs(payload[44:]) if tlv.type == TlvType.RECEIVE_RECORD]  # padding may hold any octets
        if reply is None or not asked:
            return reply
        place = payload.index(encode_tlvs(asked), 44)
        return reply[:place] + Struct(">BBH").pack(0, TlvType.RECEIVE_RECORD, len(payload) - place - 4) + bytes(len(payload) - place - 4)

    closing = Session(other, CLEAN, Impairment(delay_ms=20, loss_runs=(range(50, 60),))).close()
    assert (closing.answers[0].has_records, closing.fates_known(0), closing.answers[0].reflected) == (False, False, SLOTS)


@given(st.sets(st.integers(0, 500)), st.integers(1, 64))
def test_spans_cover_what_is_missing(missing: set[int], most: int) -> None:
    """Every missing number lies in one span, none is longer than allowed, spans begin and end with a missing number."""
    spans = list(covering(sorted(missing), most))
    covered = [number for first, count in spans for number in range(first, first + count)]
    assert missing <= set(covered)
    assert len(covered) == len(set(covered))
    assert all(count <= most and {first, first + count - 1} <= missing for first, count in spans)
