"""Small things that sockets need: families, scopes, room for many of them."""

import socket
import sys
from contextlib import nullcontext
from typing import Any

import pytest

from nra.net.ports import NetworkError
from nra.net.sockets import family_of, household, make_room, receive_buffer, send_now, socket_address


@pytest.mark.parametrize(
    ("address", "family"), [("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6), ("fe80::1%lo", socket.AF_INET6)]
)
def test_families(address: str, family: socket.AddressFamily) -> None:
    """A numeric address says which it is, with or without a zone."""
    assert family_of(address) == family


def test_addresses_as_the_socket_calls_take_them() -> None:
    """A zone becomes the scope number, by name or number."""
    assert socket_address("192.0.2.1", 5) == ("192.0.2.1", 5)
    assert socket_address("2001:db8::1", 5) == ("2001:db8::1", 5, 0, 0)
    assert socket_address("fe80::1%7", 5) == ("fe80::1", 5, 0, 7)
    index, name = socket.if_nameindex()[0]
    assert socket_address(f"fe80::1%{name}", 5) == ("fe80::1", 5, 0, index)
    with pytest.raises(OSError, match="no interface"):
        socket_address("fe80::1%none-such", 5)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
@pytest.mark.parametrize(
    ("soft", "hard", "sockets", "then"),
    [(256, 4096, 100, None), (256, 4096, 1000, 1064), (1024, 1050, 1000, 1050), (256, -1, 1000, 1064), (-1, -1, 1000, None)],
    ids=["enough", "raised", "up to the hard limit", "no hard limit", "no limit"],
)
def test_room_for_many_sockets(soft: int, hard: int, sockets: int, then: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The soft limit of open files is raised where it is in the way, never lowered (macOS starts with 256)."""
    import resource

    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "RLIM_INFINITY", -1)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: limits.append(both))
    make_room(sockets)
    assert limits == ([] if then is None else [(then, hard)])


class Refusing:
    """A socket that refuses so many datagrams before it takes one."""

    def __init__(self, times: int) -> None:
        """Take down what was sent."""
        self.times, self.sent = times, list[bytes]()

    def send(self, payload: bytes) -> int:
        """Refuse, or take it down."""
        if self.times:
            self.times -= 1
            raise ConnectionRefusedError
        self.sent.append(payload)
        return len(payload)


@pytest.mark.parametrize(("times", "told", "sent"), [(0, 0, 1), (1, 1, 1), (2, 2, 0)])
def test_each_refused_try_is_told(times: int, told: int, sent: int) -> None:
    """An error that an earlier datagram met costs one try; whoever counts datagrams hears of each try that was none."""
    refused: list[None] = []
    sock: Any = Refusing(times)
    with pytest.raises(NetworkError) if not sent else nullcontext():
        send_now(sock, b"x", lambda: refused.append(None))
    assert (len(refused), len(sock.sent)) == (told, sent)


def test_a_closed_socket_keeps_nothing() -> None:
    """What the system does not say is absent; what it grants is told."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        granted = receive_buffer(sock)
        assert granted is not None
        assert granted > 0
    assert receive_buffer(sock) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_who_counts_as_one_source(one: str, other: str, same: bool) -> None:
    """An IPv6 host has all of a /64 to call from."""
    assert (household(one) == household(other)) is same
