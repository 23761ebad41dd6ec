"""Both ways to receive UDP, on loopback: the kernel's stamps, and stamps of a thread of ours."""

import errno
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from loopback import LOOPBACKS, in_time, no_listener, received, udp_server

from nra.model.failure import FailureKind
from nra.model.sample import ABSENT, StampKind
from nra.net import datagrams, sockets, threaded_datagrams
from nra.net.clock import SystemClock
from nra.net.datagrams import KernelStampedPort
from nra.net.error_queue import QueuedError
from nra.net.ports import Arrival, DatagramPort, NetworkError, Refusal, Transmission
from nra.net.threaded_datagrams import ThreadStampedPort

MS = 1_000_000
CLOCK = SystemClock()
Open = Callable[..., DatagramPort]
HAS_RECVMSG = hasattr(socket.socket, "recvmsg")


@pytest.fixture(
    params=[pytest.param(KernelStampedPort, marks=pytest.mark.skipif(not HAS_RECVMSG, reason="no recvmsg here")), ThreadStampedPort]
)
def open_port(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Return how to open a port of either kind; all are closed in the end."""
    opened: list[DatagramPort] = []

    def opening(address: str, port: int, channels: int = 1, dscp: int = 0) -> DatagramPort:
        opened.append(request.param(CLOCK, address, port, channels, dscp))
        return opened[-1]

    yield opening
    for port in opened:
        port.close()


def arrivals(port: DatagramPort, count: int = 1) -> list[Arrival]:
    """Return the next datagrams."""
    events = received(port, CLOCK.now_ns, count)
    assert all(isinstance(event, Arrival) for event in events), events
    return [event for event in events if isinstance(event, Arrival)]


@pytest.mark.parametrize("address", LOOPBACKS)
def test_a_datagram_there_and_back(open_port: Open, address: str) -> None:
    """What comes back is stamped between sending and reading, on the line of our clock."""
    with udp_server(address) as number:
        port = open_port(address, number)
        sent_ns = CLOCK.now_ns()
        port.send(Transmission(channel=0, payload=b"there"))
        (arrival,) = arrivals(port)
        assert (arrival.payload, arrival.channel) == (b"there", 0)
        assert sent_ns < arrival.received_ns <= arrival.read_ns <= CLOCK.now_ns()
        assert port.local_address == address
        assert port.local_port(0) > 0


@pytest.mark.skipif(not HAS_RECVMSG, reason="no recvmsg here")
@pytest.mark.parametrize("address", LOOPBACKS)
def test_the_kernel_says_when_and_how(address: str) -> None:
    """Linux and macOS stamp each datagram, and give its TTL and TOS; the stamp is laid on our line, wherever that runs."""
    clock = SystemClock()
    clock._anchor_ns -= 3_600_000 * MS  # an hour behind the wall clock
    with udp_server(address) as number:
        port = KernelStampedPort(clock, address, number, 1, 46)
        try:
            sent_ns = clock.now_ns()
            port.send(Transmission(channel=0, payload=b"x"))
            (arrival,) = received(port, clock.now_ns)
            assert isinstance(arrival, Arrival)
            assert sent_ns < arrival.received_ns <= arrival.read_ns
            assert (arrival.stamp, arrival.tos) == (StampKind.KERNEL, 0)
            assert arrival.ttl is not None
            assert arrival.ttl > 0
            assert port.local_drops() in (0, None)
        finally:
            port.close()


def test_stamps_of_our_own_are_called_so() -> None:
    """A thread's stamp is the user's; drops are not known."""
    with udp_server("127.0.0.1") as number:
        port = ThreadStampedPort(CLOCK, "127.0.0.1", number, 1, 0)
        try:
            port.send(Transmission(channel=0, payload=b"x"))
            (arrival,) = arrivals(port)
            assert (arrival.stamp, arrival.ttl, arrival.tos, port.local_drops()) == (StampKind.USER, None, None, None)
            assert arrival.received_ns == arrival.read_ns
        finally:
            port.close()


def test_channels_are_told_apart(open_port: Open) -> None:
    """Each channel is a socket with a port of its own, and what comes back on it says so."""
    with udp_server("127.0.0.1") as number:
        port = open_port("127.0.0.1", number, channels=5)
        for channel in range(5):
            port.send(Transmission(channel=channel, payload=bytes((channel,))))
        assert sorted((event.channel, event.payload[0]) for event in arrivals(port, 5)) == [(n, n) for n in range(5)]
        assert len({port.local_port(channel) for channel in range(5)}) == 5


def test_waiting_ends_when_it_should(open_port: Open) -> None:
    """Nothing comes: the wait ends at the time, not much later; a time in the past does not wait."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = open_port("127.0.0.1", silent.getsockname()[1])

        def late_ns() -> int:
            until_ns = CLOCK.now_ns() + 30 * MS
            assert list(port.receive(until_ns)) == []
            late_ns = CLOCK.now_ns() - until_ns
            assert late_ns >= 0
            return late_ns

        def past_ns() -> int:
            before_ns = CLOCK.now_ns()
            assert list(port.receive(before_ns - MS)) == []
            return CLOCK.now_ns() - before_ns

        assert in_time(late_ns, 200 * MS)
        assert in_time(past_ns, 100 * MS)


def test_a_closed_port_is_a_refusal(open_port: Open) -> None:
    """The ICMP error that comes back is an event of its channel, not an exception (contract 4.4: refused)."""
    with no_listener() as number:
        port = open_port("127.0.0.1", number)
        port.send(Transmission(channel=0, payload=b"x"))
        (event, *_) = received(port, CLOCK.now_ns)
        assert isinstance(event, Refusal)
        assert (event.channel, event.failure.kind) == (0, FailureKind.REFUSED)


@pytest.mark.skipif(not HAS_RECVMSG, reason="the thread takes the error at once")
def test_an_earlier_packet_s_error_does_not_cost_the_next() -> None:
    """Linux reports an ICMP error at the next call, be that a send of another packet: it is sent all the same."""
    with no_listener() as number:
        port = KernelStampedPort(CLOCK, "127.0.0.1", number, 1, 0)
        try:
            for _ in range(5):
                port.send(Transmission(channel=0, payload=b"x"))
                time.sleep(0.001)
        finally:
            port.close()


LINUX_ONLY = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says which ICMP error it was, and whose")


@LINUX_ONLY
@pytest.mark.parametrize("address", LOOPBACKS)
def test_the_evidence_of_a_refusal(address: str) -> None:
    """Type, code and sender of the ICMP error, stamped when it was read; then the port is quiet again (contract 4.4)."""
    with no_listener() as number:
        port = KernelStampedPort(CLOCK, address, number, 2, 0)
        try:
            sent_ns = CLOCK.now_ns()
            port.send(Transmission(channel=1, payload=b"x"))
            (event,) = received(port, CLOCK.now_ns)
            assert isinstance(event, Refusal)
            name = "ICMPv6 port unreachable (type 1, code 4)" if ":" in address else "ICMP port unreachable (type 3, code 3)"
            assert event.failure.detail == f"{name} from {address}, this workstation itself"
            assert (event.channel, event.failure.kind, event.failure.by) == (1, FailureKind.REFUSED, address)
            assert sent_ns < event.read_ns <= CLOCK.now_ns()
            until_ns = CLOCK.now_ns() + 30 * MS
            assert list(port.receive(until_ns)) == []
            assert CLOCK.now_ns() >= until_ns
        finally:
            port.close()


@LINUX_ONLY
def test_evidence_is_not_lost_to_a_send() -> None:
    """A send takes the error's number away, not its record: each of the errors is told."""
    with no_listener() as number:
        port = KernelStampedPort(CLOCK, "127.0.0.1", number, 1, 0)
        try:
            for _ in range(3):
                port.send(Transmission(channel=0, payload=b"x"))
            events = received(port, CLOCK.now_ns, 3)
            assert [isinstance(event, Refusal) and event.failure.by for event in events] == ["127.0.0.1"] * 3
        finally:
            port.close()


@LINUX_ONLY
def test_a_stream_rides_out_errors() -> None:
    """Errors between datagrams end nothing: whoever listens later is heard on the same socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.connect(listener.getsockname())  # to itself: nobody else is given the port, and what we send there is refused
        port = KernelStampedPort(CLOCK, "127.0.0.1", listener.getsockname()[1], 1, 0)
        try:
            port.send(Transmission(channel=0, payload=b"too early"))
            listener.connect(("127.0.0.1", port.local_port(0)))
            port.send(Transmission(channel=0, payload=b"in time"))
            listener.settimeout(5)
            listener.send(listener.recv(100))
            events = received(port, CLOCK.now_ns, 2)
            assert sorted(type(event).__name__ for event in events) == ["Arrival", "Refusal"]
            assert [event.payload for event in events if isinstance(event, Arrival)] == [b"in time"]
        finally:
            port.close()


@LINUX_ONLY
def test_a_packet_too_large_for_the_path_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fragmentation needed (type 3, code 4) speaks of the path's size, not of the port: there is no event (RFC 1191)."""
    monkeypatch.setattr(datagrams, "read_queue", lambda *_: ([], [QueuedError(errno.EMSGSIZE, 2, 3, 4, "192.0.2.1")]))
    with no_listener() as number:
        port = KernelStampedPort(CLOCK, "127.0.0.1", number, 1, 0)
        try:
            port.send(Transmission(channel=0, payload=b"x"))
            assert list(port.receive(CLOCK.now_ns() + 1000 * MS)) == []
        finally:
            port.close()


def test_where_there_is_no_queue_the_number_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems report an error number alone: it is told as before."""
    if not HAS_RECVMSG:
        pytest.skip("no recvmsg here")
    monkeypatch.setattr("nra.net.error_queue.MSG_ERRQUEUE", 0)
    with no_listener() as number:
        port = KernelStampedPort(CLOCK, "127.0.0.1", number, 1, 0)
        try:
            port.send(Transmission(channel=0, payload=b"x"))
            (event,) = received(port, CLOCK.now_ns)
            assert isinstance(event, Refusal)
            assert (event.failure.kind, event.failure.detail, event.failure.by) == (FailureKind.REFUSED, "Connection refused", None)
        finally:
            port.close()


@pytest.fixture
def stamped_port() -> Iterator[KernelStampedPort]:
    """Yield a port of two channels to an echo, where the kernel stamps what is sent."""
    if not HAS_RECVMSG:
        pytest.skip("no recvmsg here")
    with udp_server("127.0.0.1") as number:
        port = KernelStampedPort(CLOCK, "127.0.0.1", number, 2, 0)
        try:
            if not port.left_ns(0) and not port._departures[0].is_asked:
                pytest.skip("this system does not stamp what is sent")
            yield port
        finally:
            port.close()


@LINUX_ONLY
def test_what_left_is_stamped_by_the_kernel(stamped_port: KernelStampedPort) -> None:
    """Each channel has its stamps in order of sending, on the line of our clock: after the call began, before the answer came."""
    began_ns = CLOCK.now_ns()
    for channel in (0, 1, 0):
        stamped_port.send(Transmission(channel=channel, payload=b"x"))
    answers = arrivals(stamped_port, 3)
    first, second = stamped_port.left_ns(0), stamped_port.left_ns(1)
    assert (len(first), len(second)) == (2, 1)
    assert began_ns < first[0] < second[0] < first[1] < max(arrival.received_ns for arrival in answers)


@LINUX_ONLY
def test_a_stamp_wakes_nobody(stamped_port: KernelStampedPort) -> None:
    """It is fetched before it makes the socket readable: with no answer to come, one wait lasts until its end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = KernelStampedPort(CLOCK, "127.0.0.1", silent.getsockname()[1], 2, 0)
        try:
            for channel in (0, 1):
                port.send(Transmission(channel=channel, payload=b"x"))
            until_ns = CLOCK.now_ns() + 30 * MS
            assert list(port.receive(until_ns)) == []
            assert CLOCK.now_ns() >= until_ns
            assert [len(port.left_ns(channel)) for channel in (0, 1)] == [1, 1]
        finally:
            port.close()


@LINUX_ONLY
def test_a_stamp_that_comes_late_is_placed_too(stamped_port: KernelStampedPort, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that sends later stamps later: the socket becomes readable, and what lies there is read once."""
    before_ns = CLOCK.now_ns()
    with monkeypatch.context() as patch:
        patch.setattr(datagrams, "read_queue", lambda *_: ([], []))
        stamped_port.send(Transmission(channel=0, payload=b"x"))
        stamped_port._collect()
    left_ns = stamped_port._departures[0].left_ns
    assert list(left_ns) == [ABSENT]
    until_ns = CLOCK.now_ns() + 5000 * MS
    while left_ns[0] == ABSENT and CLOCK.now_ns() < until_ns:
        stamped_port.receive(until_ns)
    assert before_ns < left_ns[0] < CLOCK.now_ns()


@LINUX_ONLY
def test_what_could_not_be_sent_has_no_stamp_and_shifts_none(stamped_port: KernelStampedPort) -> None:
    """The next datagram has its own stamp whatever the kernel did with the refused one's number."""
    stamped_port.send(Transmission(channel=0, payload=b"x"))
    with pytest.raises(NetworkError, match="send"):
        stamped_port.send(Transmission(channel=0, payload=bytes(70_000)))
    between_ns = CLOCK.now_ns()
    stamped_port.send(Transmission(channel=0, payload=b"x"))
    arrivals(stamped_port, 2)
    first, second = stamped_port.left_ns(0)
    assert first < between_ns < second < CLOCK.now_ns()


@LINUX_ONLY
def test_stamps_and_refusals_side_by_side() -> None:
    """ICMP errors in the queue are told as without stamps, each once, and every datagram that was sent has its stamp."""
    with no_listener() as number:
        port = KernelStampedPort(CLOCK, "127.0.0.1", number, 1, 0)
        try:
            if not port._departures[0].is_asked:
                pytest.skip("this system does not stamp what is sent")
            for _ in range(3):
                port.send(Transmission(channel=0, payload=b"x"))
            events = received(port, CLOCK.now_ns, 3)
            assert [isinstance(event, Refusal) and event.failure.by for event in events] == ["127.0.0.1"] * 3
            until_ns = CLOCK.now_ns() + 20 * MS
            assert list(port.receive(until_ns)) == []
            assert len(port.left_ns(0)) == 3
            assert port.left_ns(0)[2] != ABSENT
        finally:
            port.close()


@LINUX_ONLY
def test_a_stamp_from_around_a_step_has_no_place(stamped_port: KernelStampedPort, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock is set while a datagram is sent: its stamp is absent, the next one's is on the line again."""
    real_ns = time.time_ns
    stamped_port.send(Transmission(channel=0, payload=b"x"))
    hour_ns = 3600 * 1000 * MS
    monkeypatch.setattr("nra.net.clock.time.time_ns", lambda: real_ns() + hour_ns)
    assert list(stamped_port.left_ns(0)) == [ABSENT]
    monkeypatch.setattr("nra.net.clock.time.time_ns", real_ns)
    arrivals(stamped_port)
    before_ns = CLOCK.now_ns()
    stamped_port.send(Transmission(channel=0, payload=b"x"))
    assert before_ns < stamped_port.left_ns(0)[1] < CLOCK.now_ns()


def test_a_port_tells_its_equipment(open_port: Open) -> None:
    """How slots are met, and the octets that the system lets each socket keep: what it really granted."""
    with udp_server("127.0.0.1") as number:
        equipment = open_port("127.0.0.1", number, channels=2).equipment()
        assert equipment.pacing.startswith("woken ")
        assert "garbage collector off" in equipment.pacing
        assert equipment.receive_buffer_bytes is not None
        assert equipment.receive_buffer_bytes >= 64 << 10


def test_stamps_of_a_thread_are_none_of_what_left() -> None:
    """Windows does not stamp what is sent."""
    with udp_server("127.0.0.1") as number:
        port = ThreadStampedPort(CLOCK, "127.0.0.1", number, 1, 0)
        try:
            port.send(Transmission(channel=0, payload=b"x"))
            assert list(port.left_ns(0)) == []
        finally:
            port.close()


def test_what_cannot_be_sent_is_a_network_error(open_port: Open) -> None:
    """A datagram that no network takes is the workstation's failure, with the system's words."""
    with udp_server("127.0.0.1") as number:
        port = open_port("127.0.0.1", number)
        with pytest.raises(NetworkError, match="send"):
            port.send(Transmission(channel=0, payload=bytes(70_000)))


def test_what_cannot_be_opened_is_a_network_error(open_port: Open) -> None:
    """A zone that is no interface of this machine; nothing is left open."""
    with pytest.raises(NetworkError, match="open"):
        open_port("fe80::1%no-such-interface", 9, channels=3)


def test_an_undisturbed_clock_has_no_steps(open_port: Open) -> None:
    """No step is told where there was none."""
    with udp_server("127.0.0.1") as number:
        assert open_port("127.0.0.1", number).clock_steps_ns() == ()


def test_a_clock_step_is_told_and_moves_no_stamp(open_port: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall clock set forward by an hour: arrivals stay on the line, the step is in the report."""
    hour_ns = 3600 * 1000 * MS
    with udp_server("127.0.0.1") as number:
        port = open_port("127.0.0.1", number)
        real_ns = time.time_ns
        monkeypatch.setattr("nra.net.clock.time.time_ns", lambda: real_ns() + hour_ns)
        sent_ns = CLOCK.now_ns()
        port.send(Transmission(channel=0, payload=b"x"))
        (arrival,) = arrivals(port)
        assert sent_ns < arrival.received_ns <= CLOCK.now_ns()
        (step_ns,) = port.clock_steps_ns()
        assert abs(step_ns - hour_ns) < MS


@pytest.mark.skipif(not HAS_RECVMSG, reason="Windows takes 512 at most")
def test_more_sockets_than_select_takes() -> None:
    """A thousand calls need descriptors above 1023, and a limit of open files to match."""
    with udp_server("127.0.0.1") as number:
        port = KernelStampedPort(CLOCK, "127.0.0.1", number, 1100, 0)
        try:
            port.send(Transmission(channel=1099, payload=b"last"))
            assert [event.channel for event in arrivals(port)] == [1099]
        finally:
            port.close()


def test_threads_share_many_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """One `select` takes 512 sockets on Windows: each thread has its share, and closing ends them all."""
    monkeypatch.setattr(threaded_datagrams, "MOST_SELECTED", 2)
    with udp_server("127.0.0.1") as number:
        port = ThreadStampedPort(CLOCK, "127.0.0.1", number, 5, 0)
        for channel in range(5):
            port.send(Transmission(channel=channel, payload=bytes((channel,))))
        assert {event.channel for event in arrivals(port, 5)} == {0, 1, 2, 3, 4}
        assert len(port._readers) == 3
        port.close()
        assert not any(reader.is_alive() for reader in port._readers)


def test_local_drops_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this workstation's own socket dropped is told, so that it is not billed to the network (SO_RXQ_OVFL)."""
    monkeypatch.setattr(sockets, "BUFFER_BYTES", 4096)
    if not HAS_RECVMSG:
        pytest.skip("no recvmsg here")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = KernelStampedPort(CLOCK, "127.0.0.1", server.getsockname()[1], 1, 0)
        try:
            if port.local_drops() is None:
                pytest.skip("this system does not count")
            for _ in range(200):
                server.sendto(bytes(172), ("127.0.0.1", port.local_port(0)))
            seen = len(arrivals(port))
            server.sendto(b"next", ("127.0.0.1", port.local_port(0)))
            while arrivals(port)[-1].payload != b"next":
                seen += 1
            drops = port.local_drops()
            assert drops is not None
            assert drops > 0
            assert seen + drops <= 200
        finally:
            port.close()


def test_no_descriptor_for_the_selector_is_a_network_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on without that question: a process at its limit of open files is no reason to lose the report."""

    def full() -> selectors.BaseSelector:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(selectors, "DefaultSelector", full)
    with pytest.raises(NetworkError) as caught:
        KernelStampedPort(SystemClock(), "127.0.0.1", 9, 1, 0)
    assert (caught.value.failure.kind, caught.value.failure.detail) == (FailureKind.LOCAL, "Too many open files")
