"""One question over UDP: three tries, a late answer timed from its own question, a refusal remembered."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest

from nra.model.failure import Failure, FailureKind
from nra.model.plan import Target
from nra.model.sample import StampKind
from nra.net.ports import Arrival, NetworkError, Refusal, Transmission
from nra.probes.parts.addresses import LEAST_NS
from nra.probes.parts.inquiry import LAST_WAIT_MS, SPREAD_MS, Inquiry, answering_address, inquire, inquire_through, silence
from nra.probes.parts.probe import Watch
from nra.testing.fake_network import FakeNetwork, refusal
from nra.testing.impairment import Impairment, Path

MS = 1_000_000
START = 5_000 * MS


class Counted:
    """A question of which each try carries its number."""

    name: Final = "numbered question"

    def __init__(self) -> None:
        """Nothing asked."""
        self.asked_ns: list[int] = []

    def ask(self, now_ns: int) -> bytes:
        """Return the number of the try."""
        self.asked_ns.append(now_ns)
        return bytes((len(self.asked_ns) - 1,))

    def understand(self, payload: bytes) -> tuple[str, int] | None:
        """Take a try's number as the answer to it."""
        known = len(payload) == 1 and payload[0] < len(self.asked_ns)
        return (f"try {payload[0]}", self.asked_ns[payload[0]]) if known else None


def echo(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Return what came."""
    return payload


def arrival(payload: bytes, at_ns: int) -> Arrival:
    """Return a datagram."""
    return Arrival(channel=0, payload=payload, received_ns=at_ns, read_ns=at_ns, stamp=StampKind.USER)


def asked_until(machine: Inquiry[str], stop: Callable[[], bool] = lambda: False) -> list[int]:
    """Run the machine on a clock that jumps from due time to due time; return when it asked (ms)."""
    asked = []
    while (due_ns := machine.next_due_ns()) is not None and not stop():
        if machine.transmit(due_ns) is not None:
            asked.append((due_ns - START) // MS)
    return asked


def test_it_asks_at_0_200_and_500_ms_and_waits_a_second() -> None:
    """At least three tries over at least 400 ms before silence means anything."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    assert asked_until(machine) == [0, 200, 500]
    assert machine.tries == 3
    last = Inquiry(Counted(), START, SPREAD_MS)
    for at_ms in (0, 200, 500):
        last.transmit(START + at_ms * MS)
    assert last.next_due_ns() == START + 1500 * MS
    assert SPREAD_MS[-1] + LAST_WAIT_MS == LEAST_NS // MS == 1500


def test_a_late_answer_is_timed_from_its_own_question() -> None:
    """The answer to the first try comes after the second was sent: its time counts from the first."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    machine.transmit(START)
    machine.transmit(START + 200 * MS)
    machine.arrived(arrival(b"\0", START + 310 * MS))
    assert (machine.answer, machine.elapsed_ms) == ("try 0", 310.0)
    assert machine.next_due_ns() is None


def test_the_first_answer_ends_it() -> None:
    """A second answer, or anything after the end, changes nothing."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    machine.transmit(START)
    machine.arrived(arrival(b"\0", START + 10 * MS))
    machine.arrived(arrival(b"\0", START + 90 * MS))
    assert (machine.answer, machine.elapsed_ms, machine.tries) == ("try 0", 10.0, 1)
    assert machine.transmit(START + 200 * MS) is None


def test_noise_is_no_answer() -> None:
    """Whatever is not an answer to us is passed over."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    machine.transmit(START)
    machine.arrived(arrival(b"\7", START + 10 * MS))
    machine.arrived(arrival(b"", START + 10 * MS))
    assert machine.answer is None
    assert machine.next_due_ns() == START + 200 * MS


def refused_at(at_ms: int, kind: FailureKind = FailureKind.REFUSED) -> Refusal:
    """Return an ICMP error that is read so long after the start."""
    return Refusal(channel=0, failure=refusal(kind, "receive", "Connection refused"), read_ns=START + at_ms * MS)


def test_a_refusal_is_remembered_and_asked_past() -> None:
    """One ICMP message is no verdict; when nothing better comes, it is what is told, with how often it came (RFC 8085 5.2)."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    machine.transmit(START)
    machine.refused(refused_at(1))
    assert asked_until(machine) == [200, 500]
    failure = machine.failure()
    assert (failure.kind, failure.operation) == (FailureKind.REFUSED, "numbered question")
    assert failure.detail == "1 of 3 sent: Connection refused after 1.0 ms"


def test_a_refusal_of_each_try_says_so_and_ends_it() -> None:
    """After the last try there is nothing to wait for; the time is that of the last refusal from its own try."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    for at_ms, refused_ms in ((0, 2), (200, 203), (500, 504)):
        assert machine.transmit(START + at_ms * MS) is not None
        machine.refused(refused_at(refused_ms))
    assert machine.next_due_ns() is None
    assert machine.failure().detail == "each of 3 sent: Connection refused after 4.0 ms"


def test_an_answer_outweighs_refusals() -> None:
    """ICMP may be about something else: whoever answers is there."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    machine.transmit(START)
    machine.refused(refused_at(1))
    machine.transmit(START + 200 * MS)
    machine.arrived(arrival(b"\1", START + 210 * MS))
    assert (machine.answer, machine.elapsed_ms) == ("try 1", 10.0)


def test_who_refused_is_told() -> None:
    """The address that reported the failure, where the system names it, stays with it."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    machine.transmit(START)
    icmp = Failure(kind=FailureKind.PROHIBITED, operation="receive", detail="prohibited", by="198.51.100.1")
    machine.refused(Refusal(channel=0, failure=icmp, read_ns=START + MS))
    assert (machine.failure().kind, machine.failure().by) == (FailureKind.PROHIBITED, "198.51.100.1")


@pytest.mark.parametrize(
    ("tries", "words"),
    [
        (1, "1 sent within 0 ms, no answer within 1000 ms"),
        (2, "2 sent within 200 ms, no answer within 1200 ms"),
        (3, "3 sent within 500 ms, no answer within 1500 ms"),
    ],
)
def test_silence_is_told_with_what_was_sent(tries: int, words: str) -> None:
    """How many tries over which time: what the state `no_answer` rests on (contract 4.4)."""
    assert silence(tries) == words
    machine = Inquiry(Counted(), START, SPREAD_MS)
    for at_ms in SPREAD_MS[:tries]:
        machine.transmit(START + at_ms * MS)
    failure = machine.failure()
    assert (failure.kind, failure.operation, failure.detail) == (FailureKind.NO_ANSWER, "numbered question", words)


def test_a_try_that_could_not_be_sent_counts_as_none() -> None:
    """Silence after a try that never left this workstation says nothing of the network: the system's word is told instead."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    unsent = refusal(FailureKind.PROHIBITED, "send", "Operation not permitted")
    for at_ms in SPREAD_MS:
        transmission = machine.transmit(START + at_ms * MS)
        assert isinstance(transmission, Transmission)
        machine.send_failed(transmission, unsent)
    assert machine.tries == 0
    failure = machine.failure()
    assert (failure.kind, failure.operation, failure.detail) == (FailureKind.PROHIBITED, "numbered question", "Operation not permitted")


def failing(net: FakeNetwork, work: Coroutine[Any, Any, object]) -> Failure:
    """Return the failure in which asking ends; every socket is closed."""
    with pytest.raises(NetworkError) as caught:
        asyncio.run(work)
    assert all(port.closed for port in net.ports)
    return caught.value.failure


def test_an_answer_survives_two_lost_questions() -> None:
    """The third try is enough."""
    net = FakeNetwork(udp={("a", 9): echo}, up=Path(Impairment(delay_ms=10, loss_runs=(range(2),))))
    answer, inquiry = asyncio.run(inquire(net, Watch(), "a", 9, Counted()))
    assert (answer, inquiry.elapsed_ms, inquiry.tries) == ("try 2", 10.0, 3)
    assert net.ports[0].closed


def test_a_socket_that_was_open_stays_open() -> None:
    """Who lends a socket closes it."""
    net = FakeNetwork(udp={("a", 9): echo})
    port = net.open_datagrams("a", 9)
    answer, _ = asyncio.run(inquire_through(net, Watch(), port, Counted()))
    assert (answer, net.ports[0].closed) == ("try 0", False)


def test_no_route_is_told_at_once() -> None:
    """Nothing can be sent where no socket can be opened."""
    net = FakeNetwork(udp={("a", 9): refusal(FailureKind.UNREACHABLE)})
    began_ns = net.clock.now_ns()
    assert failing(net, inquire(net, Watch(), "a", 9, Counted())).kind is FailureKind.UNREACHABLE
    assert net.clock.now_ns() == began_ns


def test_a_refusing_peer() -> None:
    """Each try is refused: the failure is the refusal, before the last wait is over."""
    net = FakeNetwork(udp={("a", 9): refusal(FailureKind.REFUSED, "receive", "Connection refused")})
    began_ns = net.clock.now_ns()
    failure = failing(net, inquire(net, Watch(), "a", 9, Counted()))
    assert (failure.kind, failure.detail) == (FailureKind.REFUSED, "each of 3 sent: Connection refused after 0.0 ms")
    assert net.clock.now_ns() - began_ns < 600 * MS


def first(net: FakeNetwork, *addresses: str, watch: Watch | None = None) -> Coroutine[Any, Any, str]:
    """Ask the addresses of a name in turn at port 9."""
    net.names["many.example"] = addresses
    return answering_address(net, watch or Watch(), Target(host="many.example", port=9), Counted)


def test_the_first_address_that_answers() -> None:
    """The others are not asked."""
    net = FakeNetwork(udp={("b", 9): echo, ("c", 9): echo})
    assert asyncio.run(first(net, "a", "b", "c")) == "b"
    assert [port._to[0] for port in net.ports] == ["a", "b"]


def test_an_address_that_is_known_to_answer_is_not_asked_again() -> None:
    """Who has just answered a question needs no other before the stream."""
    net = FakeNetwork()
    target = Target(host="many.example", port=9, address="192.0.2.7")
    assert asyncio.run(answering_address(net, Watch(), target, Counted)) == "192.0.2.7"
    assert net.ports == []


def test_four_addresses_at_most() -> None:
    """A name with a hundred dead addresses costs six seconds."""
    net = FakeNetwork()
    began_ns = net.clock.now_ns()
    failing(net, first(net, *(f"192.0.2.{number}" for number in range(100))))
    assert net.clock.now_ns() - began_ns == 4 * LEAST_NS


def test_a_stop_ends_it_at_once() -> None:
    """Whoever interrupts does not wait for the other addresses."""
    net = FakeNetwork()
    began_ns = net.clock.now_ns()
    watch = Watch(stop=lambda: net.clock.now_ns() > began_ns + 250 * MS)
    assert failing(net, first(net, "a", "b", watch=watch)).kind is FailureKind.STOPPED
    assert len(net.ports) == 1
