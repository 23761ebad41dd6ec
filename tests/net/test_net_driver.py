"""The loop under every machine: time, packets and errors come in, packets go out."""

from nra.model.failure import Failure, FailureKind
from nra.net.driver import drive
from nra.net.pacing import GLANCE_NS
from nra.net.ports import Arrival, NetworkError, Refusal, Transmission
from nra.testing.fake_network import FakeNetwork, FakePort, refusal
from nra.testing.impairment import Peer

MS = 1_000_000


class Diary:
    """A machine that wants to send three packets at equal distances and writes down all that it is told."""

    def __init__(self, start_ns: int, apart_ms: int) -> None:
        """Begin at a time."""
        self.due_ns = [start_ns + number * apart_ms * MS for number in range(3)]
        self.told: list[object] = []

    def next_due_ns(self) -> int | None:
        """Return the next time, None when all are sent."""
        return self.due_ns[0] if self.due_ns else None

    def transmit(self, now_ns: int) -> Transmission | None:
        """Send when due."""
        if not self.due_ns or now_ns < self.due_ns[0]:
            return None
        self.due_ns.pop(0)
        return Transmission(channel=0, payload=b"x")

    def arrived(self, arrival: Arrival) -> None:
        """Write down."""
        self.told.append(arrival.payload)

    def refused(self, refusal: Refusal) -> None:
        """Write down."""
        self.told.append(refusal.failure.kind)

    def send_failed(self, transmission: Transmission, failure: Failure) -> None:
        """Write down."""
        self.told.append(failure.detail)


def driven(
    peer: Peer | Failure | None, net: FakeNetwork | None = None, apart_ms: int = 50, stop_after_ms: int = 10_000
) -> tuple[Diary, FakePort, FakeNetwork]:
    """Return machine, port and network after driving."""
    net = net or FakeNetwork()
    port, machine = FakePort(net, peer, "192.0.2.1", 9, 1, 0), Diary(net.clock.now_ns(), apart_ms)
    began_ns = net.clock.now_ns()
    drive(machine, port, net.clock, lambda: net.clock.now_ns() - began_ns >= stop_after_ms * MS)
    return machine, port, net


def test_it_sends_when_due_and_hands_over_what_comes() -> None:
    """Packets leave at their times; answers reach the machine; it ends when the machine is done."""
    machine, port, net = driven(lambda payload, _now, _source: payload.upper())
    times = [at_ns for at_ns, _ in port.sent]
    assert [at_ns - times[0] for at_ns in times] == [0, 50 * MS, 100 * MS]
    assert machine.told == [b"X", b"X"]
    assert net.clock.now_ns() == times[-1]


def test_errors_are_handed_over_too() -> None:
    """A refusal of the peer, and a packet that could not be sent."""
    machine, _, _ = driven(refusal(FailureKind.REFUSED))
    assert machine.told == [FailureKind.REFUSED, FailureKind.REFUSED]

    def full(_now_ns: int) -> None:
        raise NetworkError(refusal(FailureKind.LOCAL, "send", "no buffer"))

    machine, _, _ = driven(None, FakeNetwork(before_send=full))
    assert machine.told == ["no buffer"] * 3


def test_a_stop_is_noticed_between_waits() -> None:
    """No wait is longer than a tenth of a second."""
    machine, port, net = driven(None, apart_ms=5000, stop_after_ms=250)
    assert (len(port.sent), len(machine.due_ns)) == (1, 2)
    assert net.clock.now_ns() - port.sent[0][0] == 300 * MS == 3 * GLANCE_NS


class Pushy:
    """A pacer that listens until ten milliseconds before each slot and moves the clock to the slot when it holds."""

    def __init__(self, net: FakeNetwork) -> None:
        """Take down what it was asked."""
        self.net, self.held_ns = net, list[int]()

    def listen_until_ns(self, due_ns: int) -> int:
        """Return when to wake up."""
        return due_ns - 10 * MS

    def hold(self, due_ns: int) -> None:
        """Go to the slot when it is at hand."""
        if due_ns - self.net.clock.now_ns() <= 10 * MS:
            self.net.clock.advance_to(due_ns)
            self.held_ns.append(due_ns)


def test_a_pacer_holds_the_machine_until_its_slot() -> None:
    """Arrivals are handed over before the wait for the slot is over, packets leave at its end and not before."""
    net = FakeNetwork()
    pacer = Pushy(net)
    port, machine = FakePort(net, lambda payload, _now, _source: payload.upper(), "192.0.2.1", 9, 1, 0), Diary(net.clock.now_ns(), 50)
    due_ns = list(machine.due_ns)
    drive(machine, port, net.clock, lambda: False, pacer)
    assert [at_ns for at_ns, _ in port.sent] == due_ns == pacer.held_ns
    assert machine.told == [b"X", b"X"]
