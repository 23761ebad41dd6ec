"""The batched engine against the portable one's core: the same replies octet by octet, the same counts, the same memory."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pytest
from fake_kernel import Sent, World
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nra.net.batched_server import available
from nra.reflector import guard, sessions
from nra.reflector.batched_engine import BatchedEngine
from nra.reflector.core import Reflector, Request, Response
from nra.reflector.guard import Guard
from nra.reflector.lookup import Ints, Lookup
from nra.reflector.plain_batch import NEIGHBOURS
from nra.reflector.records import PAGE
from nra.reflector.sessions import IDLE_NS, Sessions
from nra.reflector.suspects import Suspects
from nra.wire.receive_record import RecordRequest
from nra.wire.stamp import ReflectorPacket, SenderPacket, encode_reflector, encode_sender
from nra.wire.stamp_tlv import Tlv, encode_tlvs
from nra.wire.stamp_values import ClassOfService, DirectMeasurement, Location, request_tlv
from nra.wire.timestamps import ntp_from_unix_ns

pytestmark = pytest.mark.skipif(not available(), reason="recvmmsg and sendmmsg are Linux's")

NOW: Final = 1_767_600_000_000_000_000
SECOND: Final = 1_000_000_000
ESTIMATE: Final = 0x0F84
PTP: Final = 0x4F84
SOURCES: Final = {
    "127.0.0.1": ("192.0.2.10", "192.0.2.11", "203.0.113.9"),
    "::1": ("2001:db8::10", "2001:db8::11", "2001:db8:0:1::9"),
}
TOS: Final = (0, 184, 185, 40)


def asking(tail: bytes = b"") -> bytes:
    """Return the TLVs that our sender puts into each packet, and what follows them."""
    return encode_tlvs([request_tlv(ClassOfService(dscp1=46)), request_tlv(DirectMeasurement(sender_tx=7))]) + tail


def padding(size: int, flags: int = 0x80) -> bytes:
    """Return Extra Padding of so many octets."""
    return encode_tlvs([Tlv(flags, 1, bytes(number % 251 for number in range(size)))])


TAILS: Final = {
    "bare": b"",
    "padded": padding(80),
    "padded, other flags": padding(3, 0x00),
    "empty padding": padding(0),
    "ours": asking(),
    "ours, padded": asking(padding(100)),
    "ours, empty padding": asking(padding(0)),
    "ours, long": asking(padding(1300)),
    "very long": padding(9000),
    "ours, cut": asking(padding(100))[:-1],
    "ours, other flags": b"\xff" + asking(padding(20))[1:],
    "other order": encode_tlvs([request_tlv(DirectMeasurement(sender_tx=7)), request_tlv(ClassOfService(dscp1=10))]),
    "unknown": encode_tlvs([Tlv(0x80, 200, b"abcd")]),
    "record": encode_tlvs([request_tlv(RecordRequest(0, 20))]),
    "location": encode_tlvs([request_tlv(Location.request())]),
    "wrong length": encode_tlvs([Tlv(0x80, 4, b"abcde")]),
    "two paddings": padding(8) + padding(8),
}
PLAIN: Final = ("bare", "padded", "ours", "ours, padded")


@dataclass(frozen=True)
class Shape:
    """One packet to be sent."""

    form: str
    source: int
    port: int
    ssid: int
    ahead: int  # of the sender's last number
    tos: int
    late_ns: int


LATER_NS: Final = (0, 20_000_000, -20_000_000, SECOND, IDLE_NS + 1)
forms = st.sampled_from([*PLAIN * 8, *TAILS, "light", "reply", "short", "ptp", "bad ptp", "junk"])
shapes = st.builds(
    Shape,
    form=forms,
    source=st.sampled_from([0] * 6 + [1, 2]),
    port=st.sampled_from([50_000] * 6 + [50_001, 7, 60_000]),
    ssid=st.sampled_from([1] * 4 + [2, 0]),
    ahead=st.sampled_from([1] * 8 + [0, 2, -1, 400]),
    tos=st.sampled_from(TOS),
    late_ns=st.sampled_from([20_000, 0, -5, 20 * SECOND]),
)
many = st.builds(
    lambda few, count: [few[number % len(few)] for number in range(count)],
    st.lists(shapes, min_size=1, max_size=4),
    st.sampled_from([40, PAGE - 1, PAGE + 1, 2 * PAGE + 1]),
)
batches = st.lists(
    st.tuples(
        st.one_of(st.lists(shapes, min_size=1, max_size=30), many), st.sampled_from([0, 20_000_000, -20_000_000, SECOND, IDLE_NS + 1])
    ),
    min_size=1,
    max_size=8,
)


def payload_of(shape: Shape, sequence: int) -> bytes:
    """Return the packet's octets."""
    t1 = ntp_from_unix_ns(NOW)
    tail = TAILS.get(shape.form, b"")
    base = encode_sender(SenderPacket(sequence, t1, ESTIMATE, shape.ssid, tail))
    others = {
        "light": base[:14] + bytes(range(60)),
        "reply": encode_reflector(ReflectorPacket(1, t1 + 9, ESTIMATE, shape.ssid, t1, 5, t1, ESTIMATE, 64, padding(20))),
        "short": base[:43],
        "ptp": encode_sender(SenderPacket(sequence, 5 << 32 | 17, PTP, shape.ssid, asking())),
        "bad ptp": encode_sender(SenderPacket(sequence, (1 << 64) - 1, PTP, shape.ssid)),
        "junk": random.Random(sequence).randbytes(90),
    }
    return others.get(shape.form, base)


class Senders:
    """Turns shapes into requests, each sender going on from its last number."""

    def __init__(self, address: str, destination_port: int) -> None:
        """Nothing was sent yet."""
        self._address = address
        self._destination_port = destination_port
        self._last: dict[tuple[int, int], int] = {}

    def request(self, shape: Shape, now_ns: int) -> Request:
        """Return the packet as it comes to the reflector."""
        who = (shape.source, shape.ssid)
        sequence = max(0, self._last.get(who, -1) + shape.ahead)
        self._last[who] = sequence
        return Request(
            payload=payload_of(shape, sequence),
            source=(SOURCES[self._address][shape.source], shape.port),
            destination=self._address,
            destination_port=self._destination_port,
            received_ns=now_ns - shape.late_ns,
            ttl=61,
            tos=shape.tos,
        )


def made(rate: int, max_sessions: int, total: int = 0, of_one_source: int = 1000) -> Reflector:
    """Return a reflector."""
    sessions = Sessions(max_sessions=max_sessions, of_one_source=of_one_source)
    return Reflector(guard=Guard(rate_limit=rate, total_limit=total), sessions=sessions, suspects=Suspects())


def by_the_core(reflector: Reflector, requests: list[Request], now_ns: int, unreachable: set[int]) -> list[Sent]:
    """Return what the portable engine would send: one packet after the other, all at one moment."""
    sent: list[Sent] = []
    for request in requests:
        plausible = now_ns - 10 * SECOND < request.received_ns <= now_ns
        response = reflector.answer(request if plausible else replace(request, received_ns=now_ns), now_ns)
        if response is None:
            continue
        if request.source[1] in unreachable:
            reflector.unanswered()
            continue
        sent.append(Sent(reflector.stamped(response, now_ns), request.source, str(request.destination), response.dscp << 2))
    return sent


def memory_of(reflector: Reflector) -> dict[str, Any]:
    """Return all that the reflector remembers."""
    known = reflector.sessions
    held = {
        key: (
            known.received[row],
            known.transmitted[row],
            known.highest[row],
            known.last_seen_ns[row],
            known.of_row(row).moved_from,
            known.of_row(row).records(0, 10_000),
        )
        for key, row in known.rows.items()
    }
    tokens = {source: (reflector.guard.tokens[row], reflector.guard.then_ns[row]) for source, row in reflector.guard._bucket_of.items()}
    return {
        "sessions": held,
        "tokens": tokens,
        "suspects": sorted(reflector.suspects.take()) if reflector.suspects else [],
        "total": (reflector.guard._total_tokens, reflector.guard._total_then_ns),
        "counters": dict(reflector.counters),
        "evicted": known.evicted,
        "rebound": known.rebound,
        "pages": known.records.used,
    }


@contextmanager
def world(reflector: Reflector, address: str) -> Iterator[World]:
    """Yield an engine on a kernel of ours."""
    made_world = World(reflector, address, NOW)
    try:
        yield made_world
    finally:
        made_world.close()


@settings(max_examples=100)
@given(
    batches=batches,
    singly=st.booleans(),
    few=st.sampled_from([0, 3, 10_000]),
    rate=st.sampled_from([0, 0, 7, 30, 6000]),
    total=st.sampled_from([0, 0, 5, 50]),
    max_sessions=st.sampled_from([1, 3, 1000]),
    of_one_source=st.sampled_from([1, 2, 1000]),
    buckets=st.sampled_from([1, 2, 1000]),
    pages=st.sampled_from([3, 4096]),
    address=st.sampled_from(sorted(SOURCES)),
    refused=st.sampled_from([set(), {60_000}, {50_000}]),
)
def test_what_it_answers_and_counts_is_what_the_core_does(
    batches: list[tuple[list[Shape], int]],
    singly: bool,
    few: int,
    rate: int,
    total: int,
    max_sessions: int,
    of_one_source: int,
    buckets: int,
    pages: int,
    address: str,
    refused: set[int],
) -> None:
    """Whatever comes in whatever order: the same octets to the same places, the same counters, sessions, records and tokens."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BatchedEngine, "few", few)
        patch.setattr(guard, "MAX_BUCKETS", buckets)
        patch.setattr(sessions, "RECORDS_IN_ALL", pages * PAGE)
        patch.setattr(sessions, "RECORDS_PER_SESSION", 2 * PAGE if pages < 100 else 40 * PAGE)
        portable, batched = (made(rate, max_sessions, total, of_one_source) for _ in range(2))
        with world(batched, address) as here:
            here.kernel.unreachable = refused
            senders = Senders(address, here.engine.bound[0][1])
            for shaped, later_ns in batches:
                here.clock.now += later_ns
                requests = [senders.request(shape, here.clock.now) for shape in shaped]
                assert here.serve(requests, singly=singly) == by_the_core(portable, requests, here.clock.now, refused)
            assert memory_of(batched) == memory_of(portable)


def requests_of(form: str, count: int, port: int = 50_000, ssid: int = 1) -> list[Request]:
    """Return so many packets of one session."""
    shapes_of_it = [Shape(form, 0, port, ssid, 1, 184, 20_000)] * count
    senders = Senders("127.0.0.1", 0)
    return [senders.request(shape, NOW) for shape in shapes_of_it]


@pytest.mark.parametrize("form", PLAIN)
def test_plain_packets_need_no_core_once_their_session_is_known(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few or many: the first opens the session, the rest is answered where it lies."""
    reflector = made(0, 10)
    asked: list[Request] = []
    answer = Reflector.answer

    def asking_the_core(self: Reflector, request: Request, now_ns: int) -> Response | None:
        asked.append(request)
        return answer(self, request, now_ns)

    monkeypatch.setattr(Reflector, "answer", asking_the_core)
    with world(reflector, "127.0.0.1") as here:
        for count in (1, 5, 100):
            assert len(here.serve(requests_of(form, count))) == count
        assert len(asked) == 1
        here.serve(requests_of(form, 1), singly=True)  # what a channel tells is not trusted before it was looked at
        assert len(here.serve(requests_of(form, 5), singly=True)) == 5
    assert len(asked) == 2
    assert reflector.counters == {"received": 112, "answered": 112}


@pytest.mark.parametrize("singly", [False, True])
def test_what_the_kernel_tells_otherwise_is_left_to_the_core(singly: bool) -> None:
    """A datagram without its stamp is answered all the same, stamped when it was read, few or many of them, or one by one."""
    reflector = made(0, 10)
    with world(reflector, "127.0.0.1") as here:
        first, *rest = requests_of("ours", 60)
        here.serve([first], singly=singly)
        here.kernel.told_otherwise = {request.payload for request in rest[::3]}
        replies = here.serve(rest, singly=singly)
    t2 = [int.from_bytes(reply.payload[16:24]) for reply in replies]
    assert t2[::3] == [ntp_from_unix_ns(NOW)] * 20
    assert t2[1::3] == [ntp_from_unix_ns(NOW - 20_000)] * 20
    assert [int.from_bytes(reply.payload[:4]) for reply in replies] == list(range(1, 60))


def test_a_layout_that_is_not_this_kernel_s_is_never_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control messages in another order: everything goes through the core, and nothing is misread."""
    monkeypatch.setattr("nra.net.message_buffers.FamilyRows.is_as_laid_out", lambda self, row: False)
    reflector = made(0, 10)
    with world(reflector, "127.0.0.1") as here:
        assert len(here.serve(requests_of("ours", 50))) == 50
    assert reflector.counters["answered"] == 50


def test_strangers_cost_no_batch_more_than_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of new sessions is looked up in small steps, not all of it again at each of them."""
    looked: list[int] = []
    rows_of = Lookup.rows_of

    def looking(self: Lookup, keys: NDArray[np.uint8]) -> Ints:
        looked.append(len(keys))
        return rows_of(self, keys)

    monkeypatch.setattr(Lookup, "rows_of", looking)
    with world(made(0, 2000), "127.0.0.1") as here:
        requests = [requests_of("ours", 1, ssid=number % 3 + 1, port=10_000 + number)[0] for number in range(1000)]
        assert len(here.serve(requests)) > 900
    assert sum(looked) < 1000 + 1000 * NEIGHBOURS


def test_sessions_expire_while_it_runs() -> None:
    """Every five seconds of the port's own time, also when nothing comes."""
    reflector = made(0, 10)
    with world(reflector, "127.0.0.1") as here:
        here.serve(requests_of("bare", 1))
        passed = iter([False, False, True])
        here.clock.now += IDLE_NS + 6 * SECOND
        here.engine.run(lambda: next(passed))
    assert len(reflector.sessions) == 0
