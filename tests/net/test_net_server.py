"""Bound sockets for whoever answers: what is told of a request, and where and how the reply goes."""

import socket
import sys
from collections.abc import Callable

import pytest
from loopback import LOOPBACKS, family

from nra.net import server as room
from nra.net.batched_server import BatchedServerPort
from nra.net.clock import SystemClock
from nra.net.ports import NetworkError
from nra.net.server import Datagram, ServerPort, every_address
from nra.net.sockets import set_dscp
from nra.net.stamps import ask_for_control, read_control

CLOCK = SystemClock()
LINUX = sys.platform.startswith("linux")


@pytest.mark.parametrize("address", LOOPBACKS)
def test_what_is_told_of_a_request(address: str) -> None:
    """Source, own address, when it came, TTL and TOS; the reply goes back from the same address with the marking asked for."""
    port = ServerPort(CLOCK, [(address, 0)])
    try:
        with socket.socket(family(address), socket.SOCK_DGRAM) as client:
            ask_for_control(client)
            client.settimeout(5)
            set_dscp(client, 46)
            client.connect(port.bound[0])
            before_ns = CLOCK.now_ns()
            client.send(b"request")
            (request,) = port.receive(5)
            assert (request.payload, request.source[:2], request.channel) == (b"request", client.getsockname()[:2], 0)
            assert before_ns < request.received_ns <= CLOCK.now_ns()
            if LINUX:
                assert (request.local, request.tos) == (address, 46 << 2)
                assert request.ttl is not None
            for dscp in (10, 10, 0):
                assert port.reply(request, b"reply", dscp)
                payload, ancillary, _, source = client.recvmsg(100, 256)
                assert (payload, source[:2]) == (b"reply", port.bound[0])
                assert read_control(ancillary).tos in (dscp << 2, None)
    finally:
        port.close()


def test_requests_wait_on_several_sockets() -> None:
    """Each datagram says on which of the bound addresses it came."""
    port = ServerPort(CLOCK, [("127.0.0.1", 0), ("127.0.0.1", 0)])
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for channel, bound in enumerate(port.bound):
                client.sendto(bytes((channel,)), bound)
            taken: list[Datagram] = []
            while len(taken) < 2:
                taken += port.receive(5)
            assert sorted((request.channel, request.payload[0]) for request in taken) == [(0, 0), (1, 1)]
        assert port.receive(0) == []
    finally:
        port.close()


@pytest.mark.skipif(not LINUX, reason="only Linux spreads senders over processes")
@pytest.mark.parametrize("make", [ServerPort, BatchedServerPort])
def test_what_waits_can_be_passed_over(make: Callable[[SystemClock, list[tuple[str, int]]], ServerPort]) -> None:
    """What came until now is gone, also what is larger than anybody reads; what comes from then on is there."""
    port = make(CLOCK, [("127.0.0.1", 0), ("127.0.0.1", 0)])
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for bound in port.bound * 3:
                client.sendto(bytes(5000), bound)
            port.pass_over()
            port.pass_over()
            client.sendto(b"new", port.bound[1])
            assert [request.payload for request in port.receive(5)] == [b"new"]
    finally:
        port.close()


def test_a_reply_that_the_system_will_not_send() -> None:
    """It is told, not raised: a server goes on."""
    port = ServerPort(CLOCK, [("127.0.0.1", 0)])
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", port.bound[0])
            (request,) = port.receive(5)
        assert not port.reply(request, bytes(70_000), 0)
    finally:
        port.close()


def test_without_recvmsg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows: no own address, no TTL, our own stamp, and replies all the same."""
    port = ServerPort(CLOCK, [("127.0.0.1", 0)])
    monkeypatch.setattr(port, "_stamped", False)
    monkeypatch.setattr(room, "LINUX", False)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.sendto(b"x", port.bound[0])
            (request,) = port.receive(5)
            assert (request.local, request.ttl, request.tos) == (None, None, None)
            assert port.reply(request, b"y", 0)
            assert client.recv(10) == b"y"
    finally:
        port.close()


def test_an_address_that_is_not_ours() -> None:
    """The system's reason; what was bound before is closed again (warnings are errors here)."""
    with pytest.raises(NetworkError, match="bind"):
        ServerPort(CLOCK, [("127.0.0.1", 0), ("192.0.2.1", 0)])


def test_all_addresses_are_those_that_can_be_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv4 always, IPv6 where this system has it; both at once, one does not take the other's port."""
    port = ServerPort(CLOCK, [(address, 0) for address in every_address()])
    assert [bound[0] for bound in port.bound] == list(every_address())
    port.close()

    def no_ipv6(*_: object) -> socket.socket:
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr("nra.net.server.socket.socket", no_ipv6)
    assert every_address() == ("0.0.0.0",)
