"""The lab's address translations, as two STUN servers on two addresses see the client."""

from itertools import product
from pathlib import Path
from time import sleep
from typing import Final

import pytest
from lab_nat import INNER_ADDRESS, LOCAL_PORTS, NATS, POOL, RENUMBERED, forget_after, symmetric
from lab_peers import GOOGLE_PORT, STUN_PORT, start_coturn
from lab_plain import stun, tcp, udp_socket
from lab_world import CLIENT_ADDRESS, MIDDLE, OUTER_ADDRESS, SECOND_ADDRESS, SERVER_ADDRESS, World

from nra.wire.stun import TransportAddress

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

SERVERS: Final = tuple(product((SERVER_ADDRESS, SECOND_ADDRESS), (STUN_PORT, GOOGLE_PORT)))


def start_servers(world: World) -> None:
    """Start STUN at all of the addresses and ports."""
    start_coturn(world, (SERVER_ADDRESS, SECOND_ADDRESS), [(address, GOOGLE_PORT) for address, _ in SERVERS[::2]])


def seen(world: World) -> tuple[int, list[TransportAddress]]:
    """Return the port of one socket of the client's, and as whom each of the servers, which are started, sees it."""
    start_servers(world)
    return as_seen_by_all(world)


def as_seen_by_all(world: World) -> tuple[int, list[TransportAddress]]:
    """Return the port of a new socket of the client's, and as whom each of the servers sees it."""
    with udp_socket(world, SERVER_ADDRESS) as sock:
        mapped = [stun(sock, *server) for server in SERVERS]
        port: int = sock.getsockname()[1]
    return port, mapped


def test_without_translation(world: World) -> None:
    """The client is known by its own address and port."""
    port, mapped = seen(world)
    assert mapped == [(CLIENT_ADDRESS, port)] * 4


@pytest.mark.parametrize(("kind", "added"), [("preserving", 0), ("doubled", 0), ("renumbering", RENUMBERED)])
def test_one_mapping_for_all(world: World, kind: str, added: int) -> None:
    """Endpoint-independent: whomever a socket asks, it is the same address and port (RFC 4787 4.1)."""
    NATS[kind](world)
    port, mapped = seen(world)
    assert mapped == [(OUTER_ADDRESS, port + added)] * 4
    assert kind != "renumbering" or port in LOCAL_PORTS


def test_a_mapping_for_each(world: World) -> None:
    """Symmetric: each address and each port that a socket asks sees another port.

    Ports are drawn by chance: two of a socket's are alike once in ten thousand times, but not those of two sockets.
    """
    symmetric(world)
    start_servers(world)
    mapped = [as_seen_by_all(world)[1] for _ in range(2)]
    assert {each.address for socket_s in mapped for each in socket_s} == {OUTER_ADDRESS}
    assert max(len({each.port for each in socket_s}) for socket_s in mapped) == len(SERVERS)


def test_several_public_addresses(world: World) -> None:
    """A pool: each of the server's addresses sees another address of the client's, ports kept."""
    NATS["pooled"](world)
    port, mapped = seen(world)
    assert mapped == [(POOL[server], port) for server, _ in SERVERS]


def test_two_translations(world: World) -> None:
    """The middle knows the client by the address that the first translation gave it."""
    NATS["doubled"](world)
    seen(world)
    with world.inside(MIDDLE):
        tracked = Path("/proc/thread-self/net/nf_conntrack").read_text("ascii")
    assert f"src={INNER_ADDRESS}" in tracked
    assert f"src={CLIENT_ADDRESS}" not in tracked


@pytest.mark.parametrize("kind", NATS)
def test_tcp_is_translated_too(world: World, kind: str) -> None:
    """A connection passes each of them, more than once."""
    NATS[kind](world)
    start_coturn(world, (SERVER_ADDRESS, SECOND_ADDRESS))
    assert {tcp(world, address, STUN_PORT).word for address, _ in SERVERS} == {"silent"}


def test_a_mapping_that_is_forgotten(world: World) -> None:
    """Unused for longer than it lasts, a socket has another port afterwards; before, it has the same.

    How long it lasts is decided packet by packet: a busy machine has the system's own time for the two answers, and what makes the
    mapping short is a packet that waits for none.
    """
    symmetric(world)
    start_coturn(world)
    with udp_socket(world, SERVER_ADDRESS) as sock:
        first, second = (stun(sock, SERVER_ADDRESS, STUN_PORT) for _ in range(2))
        forget_after(world, 1)
        sock.sendto(b"no question", (SERVER_ADDRESS, STUN_PORT))
        sleep(2.5)  # the kernel's own clock, by whole seconds, ends a mapping
        forget_after(world, 60)
        assert first == second != stun(sock, SERVER_ADDRESS, STUN_PORT)
