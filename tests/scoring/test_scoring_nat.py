"""What two servers' words say of a NAT, and what they cannot say (RFC 4787 4.1, RFC 5780 4.3)."""

from typing import Final

import pytest

from nra.model.observation import Mapped, Mappings
from nra.scoring.nat import NatKind, nat_behaviour

LOCAL: Final = ("192.168.1.10", 50000)
PUBLIC: Final = ("203.0.113.7", 1024)
A, B = "198.51.100.1", "198.51.100.2"
GOOGLE, AMAZON = "74.125.250.129", "18.153.0.1"  # public in the registry's eyes, unlike addresses for documentation


def mapped(server: str, address: str, port: int, server_port: int = 3478) -> Mapped:
    """Return one server's word."""
    return Mapped(server=server, server_port=server_port, address=address, port=port)


def mappings(*seen: Mapped, local: tuple[str, int] = LOCAL) -> Mappings:
    """Return what several servers said."""
    return Mappings(local_address=local[0], local_port=local[1], seen=seen)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        ((mapped(A, *LOCAL), mapped(B, *LOCAL)), NatKind.NONE),
        ((mapped(A, *LOCAL),), NatKind.NONE),
        ((mapped(A, *PUBLIC), mapped(B, *PUBLIC)), NatKind.INDEPENDENT),
        ((mapped(A, PUBLIC[0], LOCAL[1]), mapped(B, PUBLIC[0], LOCAL[1])), NatKind.INDEPENDENT),
        ((mapped(A, *PUBLIC), mapped(B, PUBLIC[0], 1025)), NatKind.SYMMETRIC),
        ((mapped(A, *PUBLIC), mapped(B, "203.0.113.8", 1024)), NatKind.SYMMETRIC),
        ((mapped(A, LOCAL[0], 1024), mapped(B, LOCAL[0], 1025)), NatKind.SYMMETRIC),
        ((mapped(A, *PUBLIC, 3478), mapped(A, PUBLIC[0], 1025, 3479)), NatKind.SYMMETRIC),
        ((mapped(A, *PUBLIC, 3478), mapped(A, *PUBLIC, 3479)), NatKind.UNTESTED),
        ((mapped(A, *PUBLIC),), NatKind.UNTESTED),
        ((), NatKind.UNTESTED),
    ],
    ids=[
        "both see our own address",
        "one sees our own address",
        "one mapping",
        "one mapping, port preserved",
        "another port",
        "another address",
        "ports alone are changed",
        "one address, two ports, two mappings",
        "one address, two ports, one mapping",
        "one answer",
        "no answer",
    ],
)
def test_kinds(seen: tuple[Mapped, ...], kind: NatKind) -> None:
    """Equal mappings at two addresses prove no dependence, one address proves nothing, any difference proves dependence."""
    assert nat_behaviour(mappings(*seen)).kind is kind


@pytest.mark.parametrize("inside", ["192.168.1.20", "10.0.0.1", "100.64.0.1"])
def test_a_server_on_this_side_of_the_nat_says_nothing_of_it(inside: str) -> None:
    """A reflector inside sees our own address, or that of a first NAT: comparing it with one outside would make each NAT symmetric."""
    for word in (mapped(inside, *LOCAL), mapped(inside, "10.0.0.7", 7)):
        both = nat_behaviour(mappings(word, mapped(GOOGLE, *PUBLIC), mapped(AMAZON, *PUBLIC)))
        assert (both.kind, [each.server for each in both.compared]) == (NatKind.INDEPENDENT, [GOOGLE, AMAZON])
        assert nat_behaviour(mappings(word, mapped(GOOGLE, *PUBLIC))).kind is NatKind.UNTESTED


def test_who_alone_sees_no_nat_stands_on_this_side_of_it() -> None:
    """Also at an address that looks public: a site may use such addresses inside."""
    assert nat_behaviour(mappings(mapped(GOOGLE, *LOCAL), mapped(AMAZON, *PUBLIC))).kind is NatKind.UNTESTED


def test_servers_inside_are_better_than_none() -> None:
    """Where all are private they are compared with each other."""
    assert nat_behaviour(mappings(mapped("10.0.0.1", *PUBLIC), mapped("10.0.0.2", PUBLIC[0], 7))).kind is NatKind.SYMMETRIC


@pytest.mark.parametrize(
    ("local", "public", "shared"),
    [
        ("100.64.0.0", PUBLIC[0], True),
        ("100.127.255.255", PUBLIC[0], True),
        (LOCAL[0], "100.100.1.2", True),
        ("100.63.255.255", PUBLIC[0], False),
        ("100.128.0.0", PUBLIC[0], False),
        (LOCAL[0], PUBLIC[0], False),
        ("2001:db8::1", "2001:db8::1", False),
    ],
)
def test_addresses_that_providers_share(local: str, public: str, shared: bool) -> None:
    """100.64.0.0/10 on either side is a hint to a carrier-grade NAT (RFC 6598)."""
    assert nat_behaviour(mappings(mapped(A, public, 1024), local=(local, 50000))).shared is shared
