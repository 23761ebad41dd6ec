"""Many datagrams with one call, on loopback: what is told of each is what the other server port tells, and replies go back alike."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from loopback import LOOPBACKS, family, in_time

from nra.net.batched_server import BatchedServerPort, available
from nra.net.clock import SystemClock
from nra.net.ports import NetworkError
from nra.net.sockets import set_dscp
from nra.net.stamps import ask_for_control, read_control

pytestmark = pytest.mark.skipif(not available(), reason="recvmmsg and sendmmsg are Linux's")
CLOCK = SystemClock()
ROWS = 8


@contextmanager
def opened(*addresses: str) -> Iterator[BatchedServerPort]:
    """Yield a port bound to these addresses."""
    port = BatchedServerPort(CLOCK, [(address, 0) for address in addresses], rows=ROWS)
    try:
        yield port
    finally:
        port.close()


@contextmanager
def client(bound: tuple[str, int]) -> Iterator[socket.socket]:
    """Yield a connected socket that is told how replies are marked."""
    with socket.socket(family(bound[0]), socket.SOCK_DGRAM) as sock:
        ask_for_control(sock)
        sock.settimeout(5)
        sock.connect(bound)
        yield sock


@pytest.mark.parametrize("address", LOOPBACKS)
def test_a_row_tells_what_a_datagram_does(address: str) -> None:
    """Length, sender, time, TTL and TOS, row by row, column by column, and as the other port would have it."""
    with opened(address) as port, client(port.bound[0]) as sock:
        set_dscp(sock, 46)
        before_ns = CLOCK.now_ns()
        for number in range(3):
            sock.send(bytes((number,)) * (number + 1))
        assert port.ready(5) == [0]
        assert port.fill(0) == 3
        columns = port.arrivals()
        for row in range(3):
            told, whole = port.arrived(row), port.datagram(row)
            assert told is not None
            length, sender, own, received_ns, ttl, tos = told
            local = sock.getsockname()
            assert sender == local[1].to_bytes(2) + socket.inet_pton(family(address), local[0])
            assert (length, whole.payload, whole.source) == (row + 1, bytes((row,)) * (row + 1), local[:2])
            assert own == socket.inet_pton(family(address), address)
            assert before_ns < received_ns <= port.read_ns
            assert (ttl, tos, whole.ttl, whole.tos, whole.local) == (ttl, 184, ttl, 184, address)
            assert abs(whole.received_ns - received_ns) < 1_000_000
            assert (columns.lengths[row], columns.received_ns[row], columns.ttl[row], columns.tos[row]) == (length, received_ns, ttl, tos)
            assert b"".join(part[row].tobytes() for part in columns.senders) == sender
        assert columns.told.all()


@pytest.mark.parametrize("address", LOOPBACKS)
def test_replies_go_back_whole_and_marked(address: str) -> None:
    """One by one or many at once, from the address that was asked, also when it was bound with all others."""
    every = "::" if ":" in address else "0.0.0.0"
    with opened(every) as port, client((address, port.bound[0][1])) as sock:
        payloads = [bytes(range(size % 256)) * (size // 255 + 1) for size in (1, 71, 72, 172, 255, 256, 257, 3000)]
        for payload in payloads:
            sock.send(payload)
        port.ready(5)
        assert port.fill(0) == len(payloads)
        told = port.arrived(0)
        assert told is not None
        assert port.send_one(0, told[0], told[2], 10)
        wanted = np.array([46, 46, 0, 46, 10, 46, 46])
        port.address_replies(slice(1, 8), wanted)
        assert port.send(slice(1, 5)) == 0
        assert port.send(np.array([5, 6, 7])) == 0
        for payload, dscp in zip(payloads, (10, *wanted.tolist()), strict=True):
            got, ancillary, _, source = sock.recvmsg(5000, 256)
            assert (got, source[:2]) == (payload, (address, port.bound[0][1]))
            assert read_control(ancillary).tos == dscp << 2


def test_what_is_more_than_the_rows_waits() -> None:
    """The next call takes it."""
    with opened("127.0.0.1") as port, client(port.bound[0]) as sock:
        for number in range(ROWS + 3):
            sock.send(bytes((number,)))
        port.ready(5)
        assert (port.fill(0), port.fill(0), port.fill(0)) == (ROWS, 3, 0)


def test_a_reply_that_cannot_be_sent_is_counted_and_those_behind_it_go() -> None:
    """Port 0 is nobody's: the system refuses it, wherever it stands among the others."""
    with opened("127.0.0.1") as port, client(port.bound[0]) as sock:
        for number in range(5):
            sock.send(bytes((number,)))
        port.ready(5)
        port.fill(0)
        port.arrivals()
        for row in (0, 3):
            port.buffers.envelopes[row, 122:124] = 0  # the sender's port
        port.address_replies(slice(0, 5), np.zeros(5, np.int64))
        assert port.send(slice(0, 5)) == 2
        assert [sock.recv(10) for _ in range(3)] == [b"\1", b"\2", b"\4"]
        assert not port.send_one(0, 1, bytes(4), 0)


def test_control_messages_that_were_not_asked_for() -> None:
    """A kernel that tells something else is understood one by one, and asked again with all its room."""
    with opened("127.0.0.1") as port, client(port.bound[0]) as sock:
        asked = port._sockets[0]
        asked.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 0)
        for _ in range(2):
            sock.send(b"x")
            port.ready(5)
            assert port.fill(0) == 1
            assert not port.arrivals().told.any()
            assert port.arrived(0) is None
            assert (port.datagram(0).payload, port.datagram(0).tos, port.datagram(0).local) == (b"x", None, "127.0.0.1")
        asked.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        sock.send(b"y")
        port.ready(5)
        assert port.fill(0) == 1
        assert port.arrived(0) is not None


def test_stamps_that_cannot_be_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall clock that was set between the stamp and now: the time of reading stands for it."""
    with opened("127.0.0.1") as port, client(port.bound[0]) as sock:
        sock.send(b"x")
        port.ready(5)
        port.fill(0)
        right_ns = port._wall._ahead_ns
        for wrong_ns in (-60_000_000_000, 60_000_000_000):
            monkeypatch.setattr(port._wall, "_ahead_ns", right_ns + wrong_ns)
            port.to_line_ns, port._stepped = port._wall.on_line(0), None
            told = port.arrived(0)
            assert told is not None
            assert told[3] == port.read_ns == port.arrivals().received_ns[0]


def test_waiting_in_the_call_itself() -> None:
    """With one channel alone: it returns with the first datagram, and without any when the time is over."""
    with opened("127.0.0.1") as port, client(port.bound[0]) as sock:
        port.wait_in_take(0.05)
        desk, file = port.desk(0), port.file(0)

        def took_ns() -> int:
            began_ns = time.monotonic_ns()
            assert port.take(file, desk.incoming, 0) == -1
            took_ns = time.monotonic_ns() - began_ns
            assert took_ns > 30_000_000
            return took_ns

        assert in_time(took_ns, 2_000_000_000)
        sock.send(b"x")
        assert port.take(file, desk.incoming, 0) == 1
        assert port.datagram_on(desk, 0, 1, CLOCK.now_ns()).payload == b"x"


def test_an_address_that_is_not_ours() -> None:
    """The system's reason; what was bound before is closed again (warnings are errors here)."""
    with pytest.raises(NetworkError, match="bind"):
        BatchedServerPort(CLOCK, [("127.0.0.1", 0), ("192.0.2.1", 0)], rows=ROWS)


def test_nothing_to_read() -> None:
    """Waiting ends when its time is over."""
    with opened("127.0.0.1") as port:
        assert port.ready(0) == []
        assert port.drain(0) == []
