"""Connecting: why nobody answered a SYN, and that what comes behind the answer ends nothing but by an RST."""

import asyncio
import errno
import os
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from loopback import no_listener, tcp_server

from nra.model.failure import Failure, FailureKind
from nra.net import connecting
from nra.net.clock import SystemClock
from nra.net.connecting import connect, not_connected
from nra.net.error_queue import IP_RECVERR, TELLS_RST_FROM_ICMP, QueuedError
from nra.net.ports import NetworkError

MS = 1_000_000
CLOCK = SystemClock()
HOST_PROHIBITED = QueuedError(errno.EHOSTUNREACH, 2, 3, 10, "192.0.2.1")
TOO_BIG = QueuedError(errno.EMSGSIZE, 2, 3, 4, "192.0.2.1")
WORDS = {errno.ECONNREFUSED: "Connection refused", errno.EHOSTUNREACH: "No route to host", errno.EACCES: "Permission denied"}


def connected(number: int, look: Callable[[socket.socket], object] = lambda _: None) -> object:
    """Return what `look` sees of a socket that connected to the port, or the failure."""

    async def run() -> object:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            assert await connect(CLOCK, sock, "127.0.0.1", number, CLOCK.now_ns() + 5000 * MS) > 0
            return look(sock)

    try:
        return asyncio.run(run())
    except NetworkError as error:
        return error.failure


def silence(sock: socket.socket) -> None:
    """Take what comes until the client goes."""
    while sock.recv(1000):
        pass


@pytest.mark.parametrize(
    ("number", "queued", "tells", "kind", "detail"),
    [
        (errno.ECONNREFUSED, [], True, "refused", "RST after 12.3 ms"),
        (errno.ECONNREFUSED, [], False, "refused", "Connection refused (RST or ICMP) after 12.3 ms"),
        (errno.ECONNREFUSED, [TOO_BIG], True, "refused", "RST after 12.3 ms"),
        (
            errno.EHOSTUNREACH,
            [HOST_PROHIBITED],
            True,
            "prohibited",
            "ICMP host administratively prohibited (type 3, code 10) from 192.0.2.1 after 12.3 ms",
        ),
        (errno.EHOSTUNREACH, [], True, "unreachable", "no route (No route to host)"),
        (errno.EHOSTUNREACH, [], False, "unreachable", "No route to host"),
        (errno.EACCES, [], True, "prohibited", "Permission denied"),
    ],
)
def test_why_nobody_connected(
    number: int, queued: list[QueuedError], tells: bool, kind: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ICMP error with its sender, else an RST, else no route; where the system does not tell these apart, it is not said."""
    monkeypatch.setattr(connecting, "read_errors", lambda _: queued)
    monkeypatch.setattr(connecting, "TELLS_RST_FROM_ICMP", tells)
    monkeypatch.setattr(os, "strerror", lambda number: WORDS.get(number, "something else"))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        failure = not_connected(sock, OSError(number, "Connect call failed ('192.0.2.9', 9)"), 12_345_678)
    assert (failure.kind, failure.detail) == (FailureKind(kind), detail)
    assert failure.by == ("192.0.2.1" if HOST_PROHIBITED in queued else None)


def test_a_port_at_which_nobody_listens() -> None:
    """Refused, by an RST where the system tells, and after how long."""
    with no_listener() as number:
        failure = connected(number)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.operation) == (FailureKind.REFUSED, "connect")
    what = "RST" if TELLS_RST_FROM_ICMP else r".+ \(RST or ICMP\)"
    assert re.fullmatch(what + r" after [0-9]+\.[0-9] ms", failure.detail)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has the option")
def test_an_open_connection_no_longer_asks() -> None:
    """Errors are asked for while connecting only: an open connection must ride them out (RFC 1122 4.2.3.9)."""
    with tcp_server(silence) as number:
        assert connected(number, lambda sock: sock.getsockopt(*IP_RECVERR)) == 0


def test_an_error_behind_the_answer_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connected is connected: an ICMP error that is reported together with the SYN/ACK is no failure to connect."""
    usual = asyncio.SelectorEventLoop.sock_connect

    async def late(self: asyncio.SelectorEventLoop, sock: socket.socket, address: Any) -> None:
        await usual(self, sock, address)
        raise OSError(errno.EHOSTUNREACH, "of the bare ACK")

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", late)
    with tcp_server(silence) as number:
        assert connected(number, lambda sock: sock.send(b"x")) == 1


def test_a_reset_behind_the_answer_is_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepted and cut at once: an RST, which SO_LINGER of no time makes, leaves nothing to ride out."""
    cut = threading.Event()

    def reset(sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        cut.set()

    def wait(_: socket.socket, *, wanted: bool = True) -> None:
        assert wanted or cut.wait(5)

    monkeypatch.setattr(connecting, "ask_for_errors", wait)
    with tcp_server(reset) as number:
        failure = connected(number)
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.RESET
