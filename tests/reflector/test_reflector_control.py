"""The control channel's half of the reflector: who may ask what, which errands that means, and what each answer is."""

from collections.abc import Callable, Hashable
from typing import Any

import pytest

from nra.net.server import Datagram
from nra.reflector.control import BEGINNINGS_PER_S, MOST_OF_HOLDER, MOST_REQUESTS, UNPROVEN_PER_S, Caller, Reception
from nra.reflector.control_answers import BUSY, Desk
from nra.reflector.control_server import facts_of
from nra.reflector.core import Reflector, Request
from nra.reflector.errands import Errand
from nra.reflector.grants import MOST_OF_HOLDER as MOST_SSIDS
from nra.reflector.grants import TOO_MANY
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.wire import control
from nra.wire.control import CloseCode, Over, Span, Told
from nra.wire.control_token import control_token
from nra.wire.stamp import SenderPacket, encode_sender

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
HOLDER, OTHER_HOLDER = Holder(KEY, note="one"), Holder(OTHER, 7, "another")
NOW_NS = 1_700_000_000_000_000_000
SOURCE = ("192.0.2.10", 5000)
SECOND_NS = 1_000_000_000


class FakeVisit:
    """A connection that keeps what is done with it."""

    def __init__(self, source: tuple[str, int] = SOURCE) -> None:
        """Nothing yet."""
        self.source = source
        self.answers: list[Told] = []
        self.ended: CloseCode | None = None
        self.until_ns: int | None = None

    def know(self, until_ns: int) -> None:
        """Keep it."""
        self.until_ns = until_ns

    def answer(self, stream: int, octets: bytes) -> None:
        """Keep it."""
        self.answers.append(control.decode_answer(octets))

    def end(self, code: CloseCode) -> None:
        """Keep it."""
        self.ended = self.ended or code


class Engines:
    """A bureau of as many engines as there are reflectors; with `idle` they do nothing until let, while `busy` they take nothing."""

    def __init__(self, *reflectors: Reflector) -> None:
        """Answer at once."""
        self.reflectors = reflectors
        self.idle = self.busy = False
        self.out: list[tuple[Errand, Callable[[list[Any] | None], None]]] = []

    def ask(self, errand: Errand, asker: Hashable, then: Callable[[list[Any] | None], None]) -> bool:
        """Take an errand."""
        if self.busy:
            return False
        self.out.append((errand, then))
        if not self.idle:
            self.glance(NOW_NS)
        return True

    def glance(self, now_ns: int) -> bool:
        """Do all errands."""
        while self.out:
            errand, then = self.out.pop(0)
            then([errand(reflector) for reflector in self.reflectors])
        return False


class World:
    """A desk with two engines, and a clock."""

    def __init__(self) -> None:
        """Begin."""
        self.now_ns = NOW_NS
        self.engines = Engines(*(Reflector(keys=Keys([HOLDER, OTHER_HOLDER]), guard=Guard(rate_limit=0)) for _ in range(2)))
        own = Reflector(keys=Keys([HOLDER, OTHER_HOLDER], only=False), guard=Guard(rate_limit=0))
        self.desk = Desk(own, self.engines, facts_of("1.0", "batched", 2), 20862, lambda: self.now_ns)
        self.reception = Reception(self.desk)

    def visit(self, key: bytes | None = KEY, source: tuple[str, int] = SOURCE) -> tuple[FakeVisit, Caller]:
        """Return a connection whose guest has said hello with the key (None: has not)."""
        visit = FakeVisit(source)
        caller = self.reception.met(visit)  # type: ignore[arg-type]
        assert isinstance(caller, Caller)
        if key is not None:
            self.ask(caller, control.Hello(token=control_token(key).hex()))
        return visit, caller

    def ask(self, caller: Caller, request: control.Request) -> None:
        """Ask."""
        caller.request(4, control.encode(request), self.now_ns)


def last(visit: FakeVisit) -> Told:
    """Return the newest answer."""
    return visit.answers[-1]


def opened(visit: FakeVisit) -> control.Opened:
    """Return the newest answer, which says what was opened."""
    answer = visit.answers[-1]
    assert isinstance(answer, control.Opened)
    return answer


def probe(ssid: int, sequence: int, key: bytes | None = None) -> bytes:
    """Return a STAMP packet."""
    return encode_sender(SenderPacket(sequence=sequence, timestamp=1 << 32, error_estimate=1, ssid=ssid), key)


def received(payload: bytes, source: tuple[str, int] = SOURCE, at_ns: int = NOW_NS) -> Datagram:
    """Return a datagram as the server received it."""
    return Datagram(payload=payload, source=source, local="192.0.2.1", received_ns=at_ns, ttl=60, tos=184, channel=0, raw_source=source)


def send(reflector: Reflector, payload: bytes, at_ns: int, *, answered: bool = True) -> None:
    """Let an engine's reflector answer a packet, or not."""
    request = Request(payload=payload, source=SOURCE, destination=None, destination_port=20862, received_ns=at_ns, ttl=None, tos=None)
    assert (reflector.answer(request, at_ns) is not None) is answered


def test_hello_lets_in() -> None:
    """Whoever shows the token of a key that is in the file."""
    visit, caller = World().visit()
    assert visit.answers == [control.Welcome(version="1.0")]
    assert (caller.holder, visit.ended) == (HOLDER, None)
    assert visit.until_ns == NOW_NS + control.MOST_SECONDS * SECOND_NS


def test_a_wrong_token_ends_the_connection() -> None:
    """Also the key itself: it is not the token."""
    world = World()
    for token in (bytes(32), KEY):
        visit, caller = world.visit(None)
        world.ask(caller, control.Hello(token=token.hex()))
        assert (visit.answers, visit.ended) == ([], CloseCode.NOT_ALLOWED)


@pytest.mark.parametrize(
    "request_",
    [control.Facts(), control.Open(calls=1, seconds=1), control.Close(ssid=1), control.Record(spans=[], over=Over.QUIC)],
    ids=lambda each: type(each).__name__,
)
def test_nothing_is_answered_before_hello(request_: control.Request) -> None:
    """Not even what would tell nothing."""
    world = World()
    visit, caller = world.visit(None)
    world.ask(caller, request_)
    assert (visit.answers, visit.ended) == ([], CloseCode.NOT_ALLOWED)


def test_what_is_no_request_ends_the_connection() -> None:
    """Nobody guesses."""
    world = World()
    visit, caller = world.visit()
    caller.request(4, b'{"ask":"everything"}', NOW_NS)
    assert visit.ended is CloseCode.MALFORMED


def test_a_connection_asks_so_often_and_no_more() -> None:
    """A thousand questions are enough for a record of millions of packets."""
    world = World()
    visit, caller = world.visit()
    for _ in range(MOST_REQUESTS - 1):
        world.ask(caller, control.Facts())
    assert visit.ended is None
    world.ask(caller, control.Facts())
    assert visit.ended is CloseCode.TOO_MUCH


def test_a_holder_has_so_many_connections() -> None:
    """One key that leaked does not fill the house; another still gets in, and so does the first when some have left."""
    world = World()
    callers = [world.visit(source=("192.0.2.10", 5000 + number))[1] for number in range(MOST_OF_HOLDER)]
    assert world.visit()[0].ended is CloseCode.TOO_MUCH
    assert world.visit(OTHER)[0].ended is None
    callers[0].gone()
    assert world.visit()[0].ended is None


def test_a_source_begins_so_often() -> None:
    """Handshakes are dear: so many a second, then none, and later some again."""
    reception = World().reception
    limits = [reception.limits("198.51.100.7", NOW_NS) for _ in range(BEGINNINGS_PER_S + 1)]
    assert limits == [None] * BEGINNINGS_PER_S + ["rate_limited"]
    assert reception.limits("198.51.100.8", NOW_NS) is None
    assert reception.limits("198.51.100.7", NOW_NS + SECOND_NS) is None


def test_all_that_have_proven_nothing_share_one_limit() -> None:
    """Their sources may be forged: whoever is forged pays nothing."""
    reception = World().reception
    limits = [reception.limits(None, NOW_NS) for _ in range(UNPROVEN_PER_S + 1)]
    assert limits == [None] * UNPROVEN_PER_S + ["rate_limited"]
    assert reception.limits("198.51.100.7", NOW_NS) is None


def test_who_is_barred_by_its_address() -> None:
    """The reflector's own rules: networks that are allowed, ports of services that answer whatever comes."""
    reception = World().reception
    assert reception.bars("198.51.100.7", 5000) is None
    assert reception.bars("198.51.100.7", 53) == "responder_port"


def test_open_hands_out_what_all_engines_take() -> None:
    """SSIDs and a key that is nobody else's, good at each engine for as long as was asked."""
    world = World()
    visit, caller = world.visit()
    world.ask(caller, control.Open(calls=3, seconds=60))
    told = opened(visit)
    assert (told.port, told.seconds) == (20862, 60)
    assert told.key_octets not in (KEY, OTHER)
    for reflector in world.engines.reflectors:
        assert reflector.keys is not None
        for ssid in range(told.ssid, told.ssid + 3):
            assert told.key_octets in reflector.keys.of(ssid)
            send(reflector, probe(ssid, 0, told.key_octets), NOW_NS)
        reflector.expire(NOW_NS + 61 * SECOND_NS)
        assert told.key_octets not in reflector.keys.of(told.ssid)


def test_an_engine_that_does_not_take_it() -> None:
    """Then nobody has it: what was told to the others is taken back."""
    world = World()
    world.engines.reflectors[1].keys = None
    visit, caller = world.visit()
    world.ask(caller, control.Open(calls=2, seconds=60))
    assert last(visit) == control.Refused(why="the reflector's engines did not take the key")
    assert len(world.desk.grants) == 0
    keys = world.engines.reflectors[0].keys
    assert keys is not None
    assert not any(keys.knows(ssid) for ssid in range(1, 65536) if ssid != OTHER_HOLDER.ssid)


def test_one_holder_does_not_take_all_ssids() -> None:
    """Those that it has are enough for four of the largest streams."""
    world = World()
    visit, caller = world.visit()
    for _ in range(MOST_SSIDS // 1000):
        world.ask(caller, control.Open(calls=1000, seconds=60))
        opened(visit)
    world.ask(caller, control.Open(calls=1, seconds=60))
    assert last(visit) == control.Refused(why=TOO_MANY)
    another, other = world.visit(OTHER)
    world.ask(other, control.Open(calls=1000, seconds=60))
    opened(another)
    world.ask(caller, control.Close(ssid=next(answer.ssid for answer in visit.answers if isinstance(answer, control.Opened))))
    assert last(visit) == control.Closed()
    world.ask(caller, control.Open(calls=1000, seconds=60))
    opened(visit)


def test_what_was_handed_out_expires() -> None:
    """When its time is over the SSIDs are free, whether or not they were given back."""
    world = World()
    _, caller = world.visit()
    world.ask(caller, control.Open(calls=2, seconds=60))
    world.reception.glance(NOW_NS)
    assert len(world.desk.grants) == 2
    world.reception.glance(NOW_NS + 60 * SECOND_NS)
    assert len(world.desk.grants) == 0


def test_the_record_of_a_session() -> None:
    """Its counts and how each packet came, from the engine that had it."""
    world = World()
    visit, caller = world.visit()
    world.ask(caller, control.Open(calls=1, seconds=60))
    told = opened(visit)
    for number, sequence in enumerate((0, 2, 1, 3)):
        send(world.engines.reflectors[1], probe(told.ssid, sequence, told.key_octets), NOW_NS + number)
    send(world.engines.reflectors[1], probe(told.ssid, 2, told.key_octets), NOW_NS + 9, answered=False)
    world.ask(caller, control.Counts(ssid=told.ssid, calls=1, over=Over.UDP))
    assert last(visit) == control.Counted(received=[4], transmitted=[4], copies=[[2]])
    world.ask(caller, control.Record(spans=[Span(told.ssid, 1, 4)], over=Over.UDP))
    assert last(visit) == control.Recorded(senders=[2, 1, 3, None], times_ns=[NOW_NS + 1, NOW_NS + 2, NOW_NS + 3, 0], toses=[None] * 4)


def test_a_record_is_asked_for_on_another_connection() -> None:
    """The stream may have lasted for hours: the first connection is long gone."""
    world = World()
    visit, caller = world.visit()
    world.ask(caller, control.Open(calls=1, seconds=60))
    caller.gone()
    later, again = world.visit(source=("192.0.2.10", 6000))
    world.ask(again, control.Counts(ssid=opened(visit).ssid, calls=1, over=Over.UDP))
    assert last(later) == control.Counted(received=[None], transmitted=[None], copies=[None])


@pytest.mark.parametrize("kind", ["counts", "record", "close"])
def test_nobody_sees_or_ends_another_s_session(kind: str) -> None:
    """What was opened with one key is nobody else's business."""
    world = World()
    visit, caller = world.visit()
    world.ask(caller, control.Open(calls=1, seconds=60))
    ssid = opened(visit).ssid
    requests: dict[str, control.Request] = {
        "counts": control.Counts(ssid=ssid, calls=1, over=Over.UDP),
        "record": control.Record(spans=[Span(ssid, 0, 1)], over=Over.UDP),
        "close": control.Close(ssid=ssid),
    }
    stranger, other = world.visit(OTHER)
    world.ask(other, requests[kind])
    assert isinstance(stranger.answers[-1], control.Refused)


def test_engines_that_do_not_answer() -> None:
    """A question ends in a refusal, never in nothing."""
    world = World()
    visit, caller = world.visit()
    world.ask(caller, control.Open(calls=1, seconds=60))
    world.engines.idle = True
    world.ask(caller, control.Counts(ssid=opened(visit).ssid, calls=1, over=Over.UDP))
    world.ask(caller, control.Open(calls=1, seconds=60))
    for _, then in list(world.engines.out):
        then(None)
    assert [type(answer) for answer in visit.answers[-2:]] == [control.Refused, control.Refused]


def test_stamp_in_datagrams() -> None:
    """An ordinary packet gets an ordinary reply, marked as it came, and the same record as everywhere."""
    world = World()
    visit, caller = world.visit()
    reply = caller.datagram(probe(9, 0), received(probe(9, 0)), may_answer=True)
    assert reply is not None
    octets, dscp = reply
    assert (len(octets), dscp) == (44, 46)
    world.ask(caller, control.Record(spans=[Span(9, 0, 1)], over=Over.QUIC))
    assert last(visit) == control.Recorded(senders=[0], times_ns=[NOW_NS], toses=[184])


def test_a_reply_that_could_not_be_sent_is_not_made() -> None:
    """The packet counts as received, so that its sender learns whose fault it was."""
    world = World()
    visit, caller = world.visit()
    caller.datagram(probe(9, 0), received(probe(9, 0)), may_answer=True)
    assert caller.datagram(probe(9, 1), received(probe(9, 1)), may_answer=False) is None
    world.ask(caller, control.Counts(ssid=9, calls=1, over=Over.QUIC))
    assert last(visit) == control.Counted(received=[2], transmitted=[1], copies=[[]])


def test_datagrams_before_hello_are_counted_alone() -> None:
    """No session, no reply."""
    world = World()
    _, caller = world.visit(None)
    assert caller.datagram(probe(9, 0), received(probe(9, 0)), may_answer=True) is None
    assert world.desk.reflector.counters == {"received": 1, "before_hello": 1}
    assert len(world.desk.reflector.sessions) == 0


def test_datagrams_of_one_connection_are_not_another_s() -> None:
    """The same SSID on two connections is two sessions."""
    world = World()
    _, caller = world.visit()
    caller.datagram(probe(9, 0), received(probe(9, 0)), may_answer=True)
    visit, other = world.visit(OTHER, ("192.0.2.11", 5000))
    world.ask(other, control.Counts(ssid=9, calls=1, over=Over.QUIC))
    assert last(visit) == control.Counted(received=[None], transmitted=[None], copies=[None])


def test_facts() -> None:
    """What the reflector is, with the sessions of all processes, its own included."""
    world = World()
    visit, caller = world.visit()
    caller.datagram(probe(9, 0), received(probe(9, 0)), may_answer=True)
    for reflector in world.engines.reflectors:
        send(reflector, probe(3, 0, KEY), NOW_NS)
    world.ask(caller, control.Facts())
    told = visit.answers[-1]
    assert isinstance(told, control.FactsTold)
    assert (told.version, told.engine, told.workers, told.stamps, told.sessions) == ("1.0", "batched", 2, "kernel", 3)


def test_a_revoked_key_is_sent_away() -> None:
    """When the key file was read again: its connections end, what was handed out is nobody's, and it does not get in again."""
    world = World()
    visit, caller = world.visit()
    staying, _ = world.visit(OTHER)
    world.ask(caller, control.Open(calls=2, seconds=60))
    keys = world.desk.reflector.keys
    assert keys is not None
    world.desk.reflector.keys = keys.renewed([OTHER_HOLDER])
    world.reception.glance(NOW_NS)
    assert (visit.ended, staying.ended) == (CloseCode.NOT_ALLOWED, None)
    assert len(world.desk.grants) == 0
    assert world.visit()[0].ended is CloseCode.NOT_ALLOWED


def test_without_keys_nobody_gets_in() -> None:
    """A file that names nobody any more lets nobody in."""
    world = World()
    world.desk.reflector.keys = None
    assert world.visit()[0].ended is CloseCode.NOT_ALLOWED


def test_too_much_that_waits_is_refused() -> None:
    """Whoever asks while too much is waiting is told so; nothing is handed out then, nor taken back."""
    world = World()
    visit, caller = world.visit()
    world.ask(caller, control.Open(calls=2, seconds=60))
    ssid = opened(visit).ssid
    world.engines.busy = True
    requests: list[control.Request] = [
        control.Open(calls=2, seconds=60),
        control.Close(ssid=ssid),
        control.Counts(ssid=ssid, calls=2, over=Over.UDP),
        control.Record(spans=[control.Span(ssid, 0, 1)], over=Over.UDP),
        control.Facts(),
    ]
    for request in requests:
        world.ask(caller, request)
    assert visit.answers[2:] == [BUSY] * len(requests)
    assert len(world.desk.grants) == 2
    world.engines.busy = False
    world.ask(caller, control.Close(ssid=ssid))
    assert (last(visit), len(world.desk.grants)) == (control.Closed(), 0)
