"""The kernel's stamps of what was sent: read from the queue that they share with ICMP errors, matched by number."""

import errno
import socket
import struct
import sys
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import LOOPBACKS, family, no_listener

from nra.model.sample import ABSENT
from nra.net import tx_stamps
from nra.net.error_queue import EXTENDED_ERROR, IP_RECVERR, IPV6_RECVERR, ask_for_errors
from nra.net.tx_stamps import ORIGIN_TIMESTAMPING, SO_TIMESTAMPING, Departures, Stamp, ask_for_stamps, read_queue, stamp_in

LINUX_ONLY = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux stamps what is sent")
WALL_S, WALL_NS = 1_767_600_000, 123_456_789
STAMP = struct.pack("=qqqqqq", WALL_S, WALL_NS, 0, 0, 0, 0)
NUMBER = EXTENDED_ERROR.pack(errno.ENOMSG, ORIGIN_TIMESTAMPING, 0, 0, 0, 7)
ICMP = EXTENDED_ERROR.pack(errno.ECONNREFUSED, 2, 3, 3, 0, 0)


@pytest.fixture
def sender(address: str) -> Iterator[tuple[socket.socket, Departures]]:
    """Yield a socket that is stamped, connected to one that listens."""
    with socket.socket(family(address), socket.SOCK_DGRAM) as listener, socket.socket(family(address), socket.SOCK_DGRAM) as sock:
        listener.bind((address, 0))
        sock.connect(listener.getsockname())
        sock.setblocking(False)
        ask_for_errors(sock)
        departures = Departures(sock)
        if not departures.is_asked:
            pytest.skip("this kernel does not stamp what is sent")
        yield sock, departures


@LINUX_ONLY
@pytest.mark.parametrize("address", LOOPBACKS)
def test_what_is_sent_is_stamped_and_numbered(sender: tuple[socket.socket, Departures]) -> None:
    """Numbers count from 0, stamps lie between before and after, and what was read is out of the queue (timestamping.rst 1.3)."""
    sock, _ = sender
    before_ns = time.time_ns()
    for _ in range(3):
        sock.send(b"x")
    stamps, errors = read_queue(sock)
    assert [stamp.number for stamp in stamps] == [0, 1, 2]
    assert before_ns <= stamps[0].wall_ns <= stamps[1].wall_ns <= stamps[2].wall_ns <= time.time_ns()
    assert errors == []
    assert read_queue(sock) == ([], [])


@LINUX_ONLY
@pytest.mark.parametrize("address", LOOPBACKS)
def test_stamps_and_icmp_errors_lie_in_one_queue(address: str) -> None:
    """Each is told from the other, in whatever order they came."""
    with no_listener() as number, socket.socket(family(address), socket.SOCK_DGRAM) as sock:
        sock.connect((address, number))
        sock.setblocking(False)
        ask_for_errors(sock)
        if not Departures(sock).is_asked:
            pytest.skip("this kernel does not stamp what is sent")
        sent = 0
        while sent < 3:
            try:
                sent += sock.send(b"x")
            except ConnectionRefusedError:
                continue
        stamps, errors = read_queue(sock)
        assert len(stamps) == len(errors) == 3
        assert {error.errno for error in errors} == {errno.ECONNREFUSED}


@LINUX_ONLY
@pytest.mark.parametrize("address", ["127.0.0.1"])
def test_so_many_are_read_and_no_more(sender: tuple[socket.socket, Departures]) -> None:
    """Whoever knows how many are to come need not look for one that is not there."""
    sock, _ = sender
    for _ in range(3):
        sock.send(b"x")
    assert [len(read_queue(sock, 2)[0]), len(read_queue(sock, 2)[0])] == [2, 1]


@LINUX_ONLY
@pytest.mark.parametrize("address", ["127.0.0.1"])
def test_a_refused_datagram_shifts_no_number(sender: tuple[socket.socket, Departures]) -> None:
    """Kernels before 6.9 gave it a number, later ones do not: counting anew is right with both."""
    sock, departures = sender
    sock.send(b"first")
    departures.sent()
    for number, wall_ns in read_queue(sock)[0]:
        departures.stamped(number, wall_ns)
    with pytest.raises(OSError, match="too long"):
        sock.send(bytes(70_000))
    departures.not_sent()
    sock.send(b"second")
    departures.sent()
    (stamp,), _ = read_queue(sock)
    assert stamp.number == 0
    departures.stamped(*stamp)
    assert departures.left_ns[0] < departures.left_ns[1] == stamp.wall_ns
    assert (len(departures.left_ns), departures.awaited) == (2, 0)


@pytest.mark.parametrize("address", ["127.0.0.1"])
def test_a_number_from_before_is_nobodys(sender: tuple[socket.socket, Departures]) -> None:
    """A stamp that comes when numbering has begun anew is not taken for that of a datagram yet to be sent."""
    _, departures = sender
    departures.sent()
    departures.not_sent()
    departures.sent()
    departures.stamped(5, 1)
    assert list(departures.left_ns) == [ABSENT, ABSENT]
    departures.stamped(0, 2)
    assert list(departures.left_ns) == [ABSENT, 2]


@pytest.mark.parametrize(
    ("ancillary", "stamp"),
    [
        ([(*SO_TIMESTAMPING, STAMP), (*IP_RECVERR, NUMBER)], Stamp(7, WALL_S * 1_000_000_000 + WALL_NS)),
        ([(*IPV6_RECVERR, NUMBER), (*SO_TIMESTAMPING, STAMP)], Stamp(7, WALL_S * 1_000_000_000 + WALL_NS)),
        ([(*IP_RECVERR, NUMBER)], None),
        ([(*SO_TIMESTAMPING, STAMP)], None),
        ([(*SO_TIMESTAMPING, bytes(48)), (*IP_RECVERR, NUMBER)], None),
        ([(*SO_TIMESTAMPING, STAMP[:15]), (*IP_RECVERR, NUMBER)], None),
        ([(*SO_TIMESTAMPING, STAMP), (*IP_RECVERR, NUMBER[:15])], None),
        ([(*SO_TIMESTAMPING, STAMP), (*IP_RECVERR, ICMP)], None),
        ([], None),
    ],
    ids=["IPv4", "IPv6", "no stamp", "no number", "stamp of hardware alone", "stamp cut", "number cut", "ICMP error", "nothing"],
)
def test_what_an_entry_says(ancillary: list[tuple[int, int, bytes]], stamp: Stamp | None) -> None:
    """Source: linux/errqueue.h, sock_extended_err and scm_timestamping."""
    assert stamp_in(ancillary) == stamp


@given(st.lists(st.tuples(st.sampled_from([1, 0, 41]), st.sampled_from([37, 11, 25, 35]), st.binary(max_size=60))))
def test_whatever_the_kernel_says_is_no_accident(ancillary: list[tuple[int, int, bytes]]) -> None:
    """Octets of any length give a stamp only where there is a whole time and a number beside it."""
    whole_time = any((level, kind) == tx_stamps.SO_TIMESTAMPING and len(data) >= 16 for level, kind, data in ancillary)
    numbered = any(kind in (11, 25) and len(data) >= 16 for _, kind, data in ancillary)
    assert stamp_in(ancillary) is None or (whole_time and numbered)


def test_other_systems_have_no_stamps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked, expected or found there."""
    monkeypatch.setattr(tx_stamps, "MSG_ERRQUEUE", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        departures = Departures(sock)
        departures.sent()
        departures.not_sent()
        assert (departures.is_asked, list(departures.left_ns), departures.awaited) == (False, [], 0)
        assert read_queue(sock) == ([], [])


@LINUX_ONLY
def test_a_kernel_that_refuses_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is taken: our own stamps must do."""
    monkeypatch.setattr(tx_stamps, "SO_TIMESTAMPING", (socket.SOL_SOCKET, 9999))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert not ask_for_stamps(sock)
