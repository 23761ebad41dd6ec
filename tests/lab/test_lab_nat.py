"""The NAT probe through the kernel's own NAT: each kind is told as what it is."""

from pathlib import Path
from typing import Final

import pytest
from lab_world import CLIENT, MIDDLE, SECOND_ADDRESS, SERVER, SERVER_ADDRESS, World, need, start_reflector

pytestmark = pytest.mark.namespaces

STUN_PORTS: Final = (3478, 19302)
CLIENT_ADDRESS: Final = "10.71.1.2"
OUTSIDE: Final = "10.71.2.1"
CARRIER: Final = "100.64.0.7"
SERVERS: Final = (f"{SERVER_ADDRESS}:3478", f"{SECOND_ADDRESS}:3478")


def translate(world: World, how: str) -> None:
    """Let the middle translate what goes to the server, in the words of nft."""
    need("nft")
    world.run(MIDDLE, "nft", "add table ip lab")
    world.run(MIDDLE, "nft", "add chain ip lab out { type nat hook postrouting priority srcnat; }")
    world.run(MIDDLE, "nft", f'add rule ip lab out oifname "m2" {how}')


def said(world: World, *servers: str) -> list[str]:
    """Return what the client says of the NAT: kind, whose addresses, then server and mapped address for each answer."""
    start_reflector(world, "--responders")
    ended = world.python(CLIENT, str(Path(__file__).with_name("ask_nat.py")), *servers).end(20)
    assert ended.code == 0, ended.err
    return ended.out.splitlines()


@pytest.mark.parametrize(
    ("how", "kind", "mapped"),
    [
        (None, "no NAT", CLIENT_ADDRESS),
        ("masquerade", "endpoint-independent or port-preserving", OUTSIDE),
        ("masquerade fully-random", "symmetric", OUTSIDE),
    ],
    ids=["no NAT", "port-preserving", "symmetric"],
)
def test_each_kind_of_nat_is_told(world: World, how: str | None, kind: str, mapped: str) -> None:
    """Two addresses of one machine are two servers; fully-random draws a port per connection, as symmetric NATs do."""
    if how:
        translate(world, how)
    assert said(world, *SERVERS) == [kind, "own", f"{SERVER_ADDRESS} {mapped}", f"{SECOND_ADDRESS} {mapped}"]


@pytest.mark.parametrize(("how", "kind"), [("masquerade", "not testable"), ("masquerade fully-random", "symmetric")])
def test_two_ports_of_one_address(world: World, how: str, kind: str) -> None:
    """They can show that a NAT is symmetric, not that it is not."""
    translate(world, how)
    assert said(world, *(f"{SERVER_ADDRESS}:{port}" for port in STUN_PORTS)) == [kind, "own", *[f"{SERVER_ADDRESS} {OUTSIDE}"] * 2]


def test_an_address_that_providers_share_is_a_hint(world: World) -> None:
    """The server sees one of 100.64.0.0/10 (RFC 6598)."""
    translate(world, f"snat to {CARRIER}")
    world.run(SERVER, "ip", "route", "add", CARRIER, "via", OUTSIDE)
    assert said(world, *SERVERS)[:2] == ["endpoint-independent or port-preserving", "shared"]
