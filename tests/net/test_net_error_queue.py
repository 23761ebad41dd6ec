"""What the error queue holds: parsed from octets, whatever they are, and turned into failures with their sender."""

import errno
import select
import socket
import struct
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import LOOPBACKS, family, no_listener

from nra.model.failure import FailureKind
from nra.net import error_queue
from nra.net.error_queue import (
    IP_RECVERR,
    IPV6_RECVERR,
    MOST_ERRORS,
    QueuedError,
    ask_for_errors,
    failure_of,
    failures_of,
    queued_error,
    read_errors,
    tells_rst_from_icmp,
)

HERE = "192.0.2.10"
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has an error queue")
little_endian_only = pytest.mark.skipif(sys.byteorder != "little", reason="seen on such a machine")

# As Linux 6.18 gave them: port unreachable from 10.71.2.2, address unreachable from fd71:1::1, both to TCP
SEEN = bytes.fromhex("6f000000020303000000000000000000020000000a4702020000000000000000")
SEEN_6 = bytes.fromhex("710000000301030000000000000000000a00000000000000fd71000100000000000000000000000100000000")


@little_endian_only
def test_what_linux_said() -> None:
    """Records seen in the lab: error number, origin, ICMP's type and code, and who sent it."""
    assert queued_error(IP_RECVERR, SEEN) == QueuedError(errno.ECONNREFUSED, 2, 3, 3, "10.71.2.2")
    assert queued_error(IPV6_RECVERR, SEEN_6) == QueuedError(errno.EHOSTUNREACH, 3, 1, 3, "fd71:1::1")


@little_endian_only
@pytest.mark.parametrize(("number", "seen", "whole"), [(IP_RECVERR, SEEN, 24), (IPV6_RECVERR, SEEN_6, 44)])
def test_every_truncation(number: tuple[int, int], seen: bytes, whole: int) -> None:
    """Cut in the error there is none; cut in the address its sender is not known."""
    for size in range(16):
        assert queued_error(number, seen[:size]) is None
    for size in range(16, whole):
        cut = queued_error(number, seen[:size])
        assert cut is not None
        assert cut.offender is None
    assert queued_error(number, seen[:whole]) == queued_error(number, seen)


@given(st.sampled_from([IP_RECVERR, IPV6_RECVERR]), st.binary(max_size=80))
def test_arbitrary_octets(number: tuple[int, int], data: bytes) -> None:
    """Whatever stands there: an error or none, and a failure or none; never an exception."""
    error = queued_error(number, data)
    assert (error is None) == (len(data) < 16)
    if error is not None:
        failure = failure_of(error, "receive", HERE)
        assert failure is None or failure.detail


def test_another_control_message() -> None:
    """A time stamp in the same answer is no error."""
    assert queued_error((socket.SOL_SOCKET, 35), SEEN) is None


def test_a_link_local_sender_keeps_its_scope() -> None:
    """A router that answers from its link-local address is told with the interface's number."""
    sender = struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, socket.inet_pton(socket.AF_INET6, "fe80::1"), 7)
    error = queued_error(IPV6_RECVERR, struct.pack("=IBBBxII", errno.EACCES, 3, 1, 1, 0, 0) + sender)
    assert error is not None
    assert error.offender == "fe80::1%7"


CASES = [
    (QueuedError(errno.ECONNREFUSED, 2, 3, 3, "10.71.2.2"), "refused", "ICMP port unreachable (type 3, code 3) from 10.71.2.2"),
    (QueuedError(errno.ENOPROTOOPT, 2, 3, 2, "10.71.2.2"), "refused", "ICMP protocol unreachable (type 3, code 2) from 10.71.2.2"),
    (
        QueuedError(errno.EHOSTUNREACH, 2, 3, 13, "10.71.1.1"),
        "prohibited",
        "ICMP communication administratively prohibited (type 3, code 13) from 10.71.1.1",
    ),
    (
        QueuedError(errno.ENETUNREACH, 2, 3, 9, None),
        "prohibited",
        "network administratively prohibited (type 3, code 9) from an unknown",
    ),
    (QueuedError(errno.EACCES, 3, 1, 6, "fd71::1"), "prohibited", "ICMPv6 reject route to destination (type 1, code 6) from fd71::1"),
    (QueuedError(errno.EHOSTUNREACH, 2, 11, 0, "10.71.1.1"), "unreachable", "ICMP time to live exceeded in transit (type 11, code 0)"),
    (QueuedError(errno.EHOSTUNREACH, 2, 3, 1, HERE), "unreachable", "no such host or gateway on the link (own ICMP, type 3, code 1)"),
    (QueuedError(errno.EHOSTUNREACH, 3, 1, 3, HERE), "unreachable", "no such host or gateway on the link (own ICMPv6, type 1, code 3)"),
    (QueuedError(errno.EHOSTUNREACH, 2, 3, 10, HERE), "prohibited", f"code 10) from {HERE}, this workstation itself"),
    (QueuedError(errno.ENETUNREACH, 1, 0, 0, None), "unreachable", "no route (Network is unreachable)"),
    (QueuedError(errno.EPROTO, 2, 12, 0, "10.71.1.1"), "local", "ICMP error (type 12, code 0) from 10.71.1.1"),
    (QueuedError(errno.EHOSTUNREACH, 2, 3, 77, "10.71.1.1"), "unreachable", "ICMP error (type 3, code 77) from 10.71.1.1"),
]


@pytest.mark.parametrize(("error", "kind", "words"), CASES, ids=[f"{error.origin}-{error.type}-{error.code}" for error, _, _ in CASES])
def test_each_error_becomes_a_failure(error: QueuedError, kind: str, words: str) -> None:
    """Kind by ICMP's own numbers, not by the error number they were flattened to; type, code and sender are the evidence (contract 4.4)."""
    failure = failure_of(error, "connect", HERE)
    assert failure is not None
    assert (failure.kind, failure.operation, failure.by) == (FailureKind(kind), "connect", error.offender)
    assert words in failure.detail


def test_what_is_no_word_on_the_port() -> None:
    """A packet too large for the path, time stamps of sent packets and zero-copy notices decline nothing."""
    nothing = [
        QueuedError(errno.EMSGSIZE, 2, 3, 4, "10.71.1.1"),
        QueuedError(errno.EMSGSIZE, 3, 2, 0, "fd71::1"),
        QueuedError(errno.EMSGSIZE, 1, 0, 0, None),
        QueuedError(errno.ENOMSG, 4, 0, 0, None),
        QueuedError(0, 5, 0, 1, None),
    ]
    assert failures_of(nothing, "receive", HERE) == []


@pytest.fixture
def refused_socket(address: str) -> Iterator[socket.socket]:
    """Yield a socket that asked for errors and sent one packet to a port of the address at which nobody listens."""
    with no_listener() as number, socket.socket(family(address), socket.SOCK_DGRAM) as sock:
        ask_for_errors(sock)
        sock.connect((address, number))
        sock.setblocking(False)
        sock.send(b"x")
        assert select.select([sock], (), (), 5)[0]
        yield sock


@linux_only
@pytest.mark.parametrize("address", LOOPBACKS)
def test_a_real_queue(refused_socket: socket.socket, address: str) -> None:
    """The kernel says who refused, once; then the queue is empty."""
    with pytest.raises(ConnectionRefusedError):
        refused_socket.recv(1)
    (error,) = read_errors(refused_socket)
    assert (error.errno, error.offender) == (errno.ECONNREFUSED, address)
    assert read_errors(refused_socket) == []


@linux_only
@pytest.mark.parametrize("address", ["127.0.0.1"])
def test_errors_are_no_longer_wanted(refused_socket: socket.socket) -> None:
    """Taking the wish back empties the queue."""
    ask_for_errors(refused_socket, wanted=False)
    assert read_errors(refused_socket) == []


@linux_only
def test_a_flood_of_errors_is_read_in_portions() -> None:
    """One call reads so many and no more."""
    with no_listener() as number, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        ask_for_errors(sock)
        sock.connect(("127.0.0.1", number))
        sock.setblocking(False)
        sent = 0
        while sent < MOST_ERRORS + 10:
            try:
                sent += sock.send(b"x")
            except ConnectionRefusedError:
                continue
        assert [len(read_errors(sock)), len(read_errors(sock)), len(read_errors(sock))] == [MOST_ERRORS, sent - MOST_ERRORS, 0]


def test_other_systems_have_no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of the socket there, and nothing is found."""
    monkeypatch.setattr(error_queue, "MSG_ERRQUEUE", 0)
    with no_listener() as number, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        before = sock.getsockopt(*IP_RECVERR) if sys.platform.startswith("linux") else 0
        ask_for_errors(sock)
        assert (sock.getsockopt(*IP_RECVERR) if sys.platform.startswith("linux") else 0) == before
        sock.connect(("127.0.0.1", number))
        assert read_errors(sock) == []


@pytest.mark.parametrize(
    ("system", "release", "tells"),
    [
        ("linux", "5.8.0", True),
        ("linux", "6.18.44-x", True),
        ("linux", "5.4.0-150-generic", False),
        ("linux", "", False),
        ("darwin", "24.1", False),
    ],
)
def test_which_systems_tell_an_rst_from_icmp(system: str, release: str, tells: bool) -> None:
    """TCP sockets queue ICMP errors since Linux 5.8 (kernel commit 45af29ca761c); before, a refusal may have been either."""
    assert tells_rst_from_icmp(system, release) is tells
