"""One question over UDP: three tries, a late answer timed from its own question, a refusal remembered."""

import asyncio
from collections.abc import Callable

import pytest

from nra.model.failure import Failure, FailureKind
from nra.model.sample import StampKind
from nra.net.ports import Arrival, NetworkError, Refusal
from nra.probes.parts.inquiry import LONGEST_NS, SPREAD_MS, Inquiry, first_answering
from nra.probes.parts.probe import Watch
from nra.testing.fake_network import FakeNetwork, refusal
from nra.testing.impairment import Impairment, Path, Peer

MS = 1_000_000
START = 5_000 * MS


class Counted:
    """A question of which each try carries its number."""

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
    assert LONGEST_NS == 1500 * MS


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


def test_a_refusal_is_remembered_and_asked_past() -> None:
    """One ICMP message is no verdict; when nothing better comes, it is what is told."""
    machine = Inquiry(Counted(), START, SPREAD_MS)
    machine.transmit(START)
    machine.refused(Refusal(channel=0, failure=refusal(FailureKind.REFUSED), read_ns=START + MS))
    assert asked_until(machine) == [200, 500]
    assert machine.failure is not None
    assert machine.failure.kind is FailureKind.REFUSED


def ask(net: FakeNetwork, *addresses: str, watch: Watch | None = None, deadline_ns: int | None = None) -> tuple[str, str, Inquiry[str]]:
    """Ask the addresses in turn at port 9."""
    return asyncio.run(first_answering(net, watch or Watch(), addresses, 9, Counted, deadline_ns))


def failing(net: FakeNetwork, *addresses: str, watch: Watch | None = None, deadline_ns: int | None = None) -> Failure:
    """Return the failure in which asking ends."""
    with pytest.raises(NetworkError) as caught:
        ask(net, *addresses, watch=watch, deadline_ns=deadline_ns)
    assert all(port.closed for port in net.ports)
    return caught.value.failure


def test_an_answer_survives_two_lost_questions() -> None:
    """The third try is enough."""
    net = FakeNetwork(udp={("a", 9): echo}, up=Path(Impairment(delay_ms=10, loss_runs=(range(2),))))
    address, answer, inquiry = ask(net, "a")
    assert (address, answer, inquiry.elapsed_ms, inquiry.tries) == ("a", "try 2", 10.0, 3)
    assert net.ports[0].closed


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (None, FailureKind.UNREACHABLE, FailureKind.NO_ANSWER),
        (FailureKind.UNREACHABLE, None, FailureKind.NO_ANSWER),
        (FailureKind.REFUSED, None, FailureKind.REFUSED),
        (FailureKind.UNREACHABLE, FailureKind.PROHIBITED, FailureKind.PROHIBITED),
        (FailureKind.LOCAL, FailureKind.LOCAL, FailureKind.LOCAL),
    ],
)
def test_of_several_failures_the_most_telling_counts(first: FailureKind | None, second: FailureKind | None, kind: FailureKind) -> None:
    """An address without a route must not hide that another was silent or refused; the words name every address."""
    script: dict[tuple[str, int], Peer | Failure] = {}
    for address, of_kind in (("192.0.2.1", first), ("2001:db8::1", second)):
        if of_kind is not None:
            script[address, 9] = refusal(of_kind)
    failure = failing(FakeNetwork(udp=script), "192.0.2.1", "2001:db8::1")
    assert failure.kind is kind
    assert "192.0.2.1: " in failure.detail
    assert "2001:db8::1: " in failure.detail


def test_silence_is_told_with_the_number_of_tries() -> None:
    """Three tries, no answer: what the verdict `no_answer` needs (contract 4.4)."""
    failure = failing(FakeNetwork(), "192.0.2.1")
    assert (failure.kind, failure.detail) == (FailureKind.NO_ANSWER, "192.0.2.1: 3 tries, no answer")


def test_four_addresses_at_most() -> None:
    """A name with a hundred dead addresses costs six seconds."""
    net = FakeNetwork()
    began_ns = net.clock.now_ns()
    failing(net, *(f"192.0.2.{number}" for number in range(100)))
    assert net.clock.now_ns() - began_ns == 4 * LONGEST_NS


def test_a_further_address_is_asked_only_while_time_is_left() -> None:
    """A deadline of five seconds leaves room for three whole inquiries; half an inquiry would prove nothing."""
    net = FakeNetwork()
    began_ns = net.clock.now_ns()
    failing(net, "a", "b", "c", "d", deadline_ns=began_ns + 5_000 * MS)
    assert [port._to[0] for port in net.ports] == ["a", "b", "c"]
    late = FakeNetwork()
    failing(late, "a", "b", deadline_ns=late.clock.now_ns())
    assert len(late.ports) == 1


def test_a_stop_ends_it_at_once() -> None:
    """Whoever interrupts does not wait for the other addresses."""
    net = FakeNetwork()
    began_ns = net.clock.now_ns()
    failure = failing(net, "a", "b", watch=Watch(stop=lambda: net.clock.now_ns() > began_ns + 250 * MS))
    assert failure.kind is FailureKind.STOPPED
    assert len(net.ports) == 1
