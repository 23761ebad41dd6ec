"""One port for several processes: a source is always with the same one, all of them get some."""

import socket

import pytest
from loopback import LOOPBACKS, family

from nra.net.sharing import can_share, spread_by_source

pytestmark = pytest.mark.skipif(not can_share(), reason="only Linux spreads sources over processes")
SHARERS = 3


def sharers(address: str) -> list[socket.socket]:
    """Return sockets that share a port, as processes would have them."""
    found: list[socket.socket] = []
    port = 0
    for _ in range(SHARERS):
        sock = socket.socket(family(address), socket.SOCK_DGRAM)
        sock.setblocking(False)
        if port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((address, port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # of the first one only now: else it is given a port that others share
        port = sock.getsockname()[1]
        found.append(sock)
    return found


def taken_by(sockets: list[socket.socket]) -> set[int]:
    """Return which of them have datagrams, and read all of these."""
    takers = set()
    for number, sock in enumerate(sockets):
        try:
            while sock.recv(10):
                takers.add(number)
        except BlockingIOError:
            pass
    return takers


@pytest.mark.parametrize("address", LOOPBACKS)
def test_a_source_s_ports_all_come_to_one(address: str) -> None:
    """A NAT that moves a session to another port does not move it to another process."""
    sockets = sharers(address)
    spread_by_source(sockets[0], SHARERS)
    try:
        for _ in range(30):
            with socket.socket(family(address), socket.SOCK_DGRAM) as sender:
                sender.sendto(b"x", sockets[0].getsockname())
        assert len(taken_by(sockets)) == 1
    finally:
        for sock in sockets:
            sock.close()


def test_the_sources_are_spread() -> None:
    """Neighbours among addresses come to different ones, each always to its own."""
    sockets = sharers("127.0.0.1")
    spread_by_source(sockets[0], SHARERS)
    found: dict[str, set[int]] = {}
    try:
        for _ in range(2):
            for number in range(1, 40):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                    sender.bind((f"127.0.0.{number}", 0))
                    sender.sendto(b"x", sockets[0].getsockname())
                found.setdefault(f"127.0.0.{number}", set()).update(taken_by(sockets))
        assert {len(takers) for takers in found.values()} == {1}
        counts = [sum(taker in takers for takers in found.values()) for taker in range(SHARERS)]
        assert min(counts) >= 6
    finally:
        for sock in sockets:
            sock.close()
