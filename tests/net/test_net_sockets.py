"""Small things that sockets need: families, scopes, room for many of them."""

import socket
import sys

import pytest

from nra.net.sockets import family_of, household, make_room, socket_address


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
