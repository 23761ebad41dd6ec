"""The lab's firewalls, each seen by plain sockets with and without its rule."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab_filters import (
    NAMES_ONLY,
    REJECTIONS,
    allow_only,
    drop_from,
    let_pass,
    nothing_passes,
    only_names_pass,
    refuse_in_client,
    reject,
    reject_rarely,
    without_ipv4,
    without_ipv6,
)
from lab_plain import PATIENCE_S, Seen, tcp, udp, udp_socket
from lab_world import CLIENT, MIDDLE_ADDRESS, MIDDLE_ADDRESS_6, SERVER, SERVER_ADDRESS, SERVER_ADDRESS_6, World

pytestmark = pytest.mark.namespaces

both_families = pytest.mark.parametrize("address", [SERVER_ADDRESS, SERVER_ADDRESS_6], ids=["IPv4", "IPv6"])
PORT_7000 = {"udp": "udp dport 7000", "tcp": "tcp dport 7000"}
SECOND_SYN_S = 5.0  # when TCP heeds an error over IPv6: after 1 s, and then some
UNREACHABLE = {  # how: UDP's ICMP error in each family, TCP's error
    "port-unreachable": ((3, 3), (1, 4), "ECONNREFUSED", "ECONNREFUSED"),
    "admin-prohibited": ((3, 13), (1, 1), "EHOSTUNREACH", "EACCES"),
    "host-unreachable": ((3, 1), (1, 3), "EHOSTUNREACH", "EHOSTUNREACH"),
    "no-route": ((3, 0), (1, 0), "ENETUNREACH", "ENETUNREACH"),
}


@contextmanager
def listening(world: World, *ports: int, place: str = SERVER) -> Iterator[dict[int, socket.socket]]:
    """Have UDP sockets that answer nothing on ports, both families, and TCP sockets that accept."""
    with world.inside(place):
        udps = {port: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for port in ports}
        tcps = [socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) for port in ports]
    try:
        for port, sock in udps.items():
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind(("::", port))
            sock.settimeout(PATIENCE_S)
        yield udps
    finally:
        for each in (*udps.values(), *tcps):
            each.close()


def arrived(sock: socket.socket) -> bool:
    """Tell whether a datagram came, or comes: a busy kernel hands it on after the call that sent it."""
    try:
        return bool(sock.recv(100))
    except TimeoutError:
        return False


def answered(sock: socket.socket) -> bool:
    """Answer the datagram that came, or comes, and tell whether one did."""
    try:
        _, source = sock.recvfrom(100)
    except TimeoutError:
        return False
    sock.sendto(b"!", source)
    return True


@both_families
def test_a_world_without_a_filter(world: World, address: str) -> None:
    """A port that listens is silent by UDP and connects by TCP; one that does not is refused by both."""
    with listening(world, 7000) as sockets:
        assert udp(world, address, 7000) == Seen("silent")
        assert arrived(sockets[7000])
        assert tcp(world, address, 7000).word == "silent"
        refused = udp(world, address, 7001)
        assert (refused.word, refused.by) == ("ECONNREFUSED", address)
        assert tcp(world, address, 7001) == Seen("ECONNREFUSED")


@both_families
def test_dropped(world: World, address: str) -> None:
    """Nothing comes back, nothing arrives, and other ports are as they were."""
    world.drop(*PORT_7000.values())
    with listening(world, 7000, 7001) as sockets:
        assert udp(world, address, 7000) == Seen("silent")
        assert not arrived(sockets[7000])
        assert tcp(world, address, 7000) == Seen("no handshake")
        assert tcp(world, address, 7001) == Seen("silent")


@both_families
def test_rejected_with_a_reset(world: World, address: str) -> None:
    """TCP is refused as by the host itself."""
    with listening(world, 7000):
        assert tcp(world, address, 7000) == Seen("silent")
        reject(world, "tcp reset", PORT_7000["tcp"])
        assert tcp(world, address, 7000) == Seen("ECONNREFUSED")


@both_families
@pytest.mark.parametrize("how", UNREACHABLE)
def test_rejected_by_icmp(world: World, address: str, how: str) -> None:
    """The ICMP message of that name reaches UDP and ends a TCP connect (RFC 792, RFC 4443 3.1)."""
    ours = UNREACHABLE[how][":" in address], UNREACHABLE[how][2 + (":" in address)]
    reject(world, how, *PORT_7000.values())
    with listening(world, 7000):
        seen = udp(world, address, 7000)
        assert (seen.icmp, seen.word) == ours
        assert seen.by == (MIDDLE_ADDRESS_6 if ":" in address else MIDDLE_ADDRESS)
        assert tcp(world, address, 7000, patience_s=SECOND_SYN_S) == Seen(ours[1])


@both_families
def test_every_packet_is_rejected(world: World, address: str) -> None:
    """The kernel's own limit on ICMP, six and then one a second, does not hold for the middle."""
    reject(world, "port-unreachable", PORT_7000["udp"])
    assert [udp(world, address, 7000, patience_s=0.1).word for _ in range(20)] == ["ECONNREFUSED"] * 20


@both_families
def test_rejected_rarely(world: World, address: str) -> None:
    """Of a burst the first is told, the others hear nothing."""
    reject_rarely(world, "admin-prohibited", PORT_7000["udp"])
    words = [udp(world, address, 7000, patience_s=0.05).word for _ in range(5)]
    assert words[0] == UNREACHABLE["admin-prohibited"][2 + (":" in address)]
    assert words[1:] == ["silent"] * 4


@both_families
def test_only_what_is_allowed(world: World, address: str) -> None:
    """Allowed ports work both ways, the rest is dropped."""
    allow_only(world, PORT_7000["tcp"], "udp dport 7001")
    with listening(world, 7000, 7001) as sockets:
        assert tcp(world, address, 7000) == Seen("silent")
        assert tcp(world, address, 7001) == Seen("no handshake")
        assert udp(world, address, 7001) == udp(world, address, 7000) == Seen("silent")
        assert [arrived(sockets[port]) for port in (7000, 7001)] == [False, True]


def test_the_rest_can_be_rejected(world: World) -> None:
    """An allow-list may say no aloud; exceptions that were made before still hold."""
    let_pass(world, "udp dport 7001")
    allow_only(world, PORT_7000["udp"], otherwise=REJECTIONS["admin-prohibited"])
    with listening(world, 7000, 7001, 7002):
        assert [udp(world, SERVER_ADDRESS, port).word for port in (7000, 7001, 7002)] == ["silent", "silent", "EHOSTUNREACH"]


@both_families
@pytest.mark.parametrize(
    ("place", "rule", "reached"),
    [(None, "", True), (CLIENT, "udp dport 7000", False), (SERVER, "udp sport 7000", True)],
    ids=["neither", "requests", "answers"],
)
def test_one_direction(world: World, address: str, place: str | None, rule: str, reached: bool) -> None:
    """Requests or answers alone are dropped: the client hears nothing either way, the server knows which."""
    if place:
        drop_from(world, place, rule)
    with listening(world, 7000) as sockets, udp_socket(world, address) as client:
        client.sendto(b"?", (address, 7000))
        assert answered(sockets[7000]) is reached
        client.settimeout(PATIENCE_S)
        if place is None:
            assert client.recv(10) == b"!"
        else:
            with pytest.raises(TimeoutError):
                client.recv(10)


def test_answers_without_a_filter_come(world: World) -> None:
    """With the rule for the other protocol the answers of TCP pass, with its own they do not."""
    with listening(world, 7000):
        drop_from(world, SERVER, "udp sport 7000")
        assert tcp(world, SERVER_ADDRESS, 7000) == Seen("silent")
        drop_from(world, SERVER, "tcp sport 7000")
        assert tcp(world, SERVER_ADDRESS, 7000) == Seen("no handshake")


@both_families
def test_nothing_passes(world: World, address: str) -> None:
    """Nobody beyond answers, nor does the middle itself, and nobody says why."""
    with listening(world, 7000), listening(world, 7000, place="middle"):
        assert tcp(world, MIDDLE_ADDRESS, 7000) == Seen("silent")
        nothing_passes(world)
        for host in (address, MIDDLE_ADDRESS):
            assert tcp(world, host, 7000) == Seen("no handshake")
            assert udp(world, host, 7001) == Seen("silent")


def test_only_names_pass(world: World) -> None:
    """Port 53 of anybody can be asked, no other."""
    only_names_pass(world)
    with listening(world, 53, 80) as sockets:
        assert tcp(world, SERVER_ADDRESS, 53) == Seen("silent")
        assert tcp(world, SERVER_ADDRESS, 80) == Seen("no handshake")
        assert udp(world, SERVER_ADDRESS, 53) == udp(world, SERVER_ADDRESS, 80) == Seen("silent")
        assert [arrived(sockets[port]) for port in (53, 80)] == [True, False]
    assert len(NAMES_ONLY) == 2


def test_the_clients_own_firewall(world: World) -> None:
    """It stops UDP with an error, TCP without a word, and nothing else."""
    with listening(world, 7000):
        assert udp(world, SERVER_ADDRESS, 7000) == tcp(world, SERVER_ADDRESS, 7000) == Seen("silent")
        refuse_in_client(world, *PORT_7000.values())
        assert udp(world, SERVER_ADDRESS, 7000) == Seen("EPERM")
        assert tcp(world, SERVER_ADDRESS, 7000) == Seen("no handshake")
        assert udp(world, SERVER_ADDRESS, 7001).word == "ECONNREFUSED"


@pytest.mark.parametrize("gone", ["IPv4", "IPv6"])
def test_one_family_alone(world: World, gone: str) -> None:
    """Of a family that is gone the kernel knows no way, the other works as before."""
    {"IPv4": without_ipv4, "IPv6": without_ipv6}[gone](world)
    with listening(world, 7000):
        words = {"IPv4": udp(world, SERVER_ADDRESS, 7000).word, "IPv6": udp(world, SERVER_ADDRESS_6, 7000).word}
    assert words.pop(gone) == "ENETUNREACH"
    assert list(words.values()) == ["silent"]
