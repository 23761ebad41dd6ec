"""The relay on loopback: what comes, goes and stays, and that the record says the same."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from nra.testing.impairment import Cause, Impairment
from nra.testing.relay import Relay
from nra.testing.relay_orders import Orders
from nra.testing.relay_record import Crossing, read_record, write_record

LOOPBACK = "127.0.0.1"
PATIENCE_S = 5.0
SILENCE_S = 0.05


@contextmanager
def relaying(orders: Orders) -> Iterator[tuple[Relay, socket.socket, socket.socket]]:
    """Run a relay between a client socket, connected to it, and a peer socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        peer.bind((LOOPBACK, 0))
        relay = Relay((LOOPBACK, 0), (LOOPBACK, peer.getsockname()[1]), orders)
        client.connect(relay.bound)
        client.settimeout(PATIENCE_S)
        peer.settimeout(PATIENCE_S)
        over = threading.Event()
        thread = threading.Thread(target=relay.run, args=(over.is_set,))
        thread.start()
        try:
            yield relay, client, peer
        finally:
            over.set()
            thread.join()


def test_there_and_back_again() -> None:
    """A datagram reaches the peer, the answer reaches the client; both are recorded with arrival and departure."""
    with relaying(Orders()) as (relay, client, peer):
        client.send(b"question")
        payload, source = peer.recvfrom(100)
        peer.sendto(b"the answer", source)
        assert (payload, client.recv(100)) == (b"question", b"the answer")
    up, down = relay.crossings
    assert [(c.direction, c.number, c.size, c.head) for c in (up, down)] == [("up", 0, 8, b"question"), ("down", 0, 10, b"the answer")]
    assert up.client == down.client == f"{LOOPBACK} {client_port(up)}"
    for crossing in (up, down):
        assert len(crossing.left_ns) == 1
        assert crossing.came_ns < crossing.left_ns[0] <= crossing.gone_ns[0]
    assert up.left_ns[0] < down.came_ns


def client_port(crossing: Crossing) -> int:
    """Return the port of the client that a crossing belongs to."""
    return int(crossing.client.split()[1])


def test_what_is_lost_is_recorded_as_lost() -> None:
    """A packet whose number lies in a run to lose goes nowhere, the others do; copies are sent as often as decided."""
    orders = Orders(up=Impairment(loss_runs=(range(1, 2),), duplicate=1.0))
    with relaying(orders) as (relay, client, peer):
        for payload in (b"a", b"b", b"c"):
            client.send(payload)
        assert [peer.recv(10) for _ in range(4)] == [b"a", b"a", b"c", b"c"]
    assert [len(crossing.left_ns) for crossing in relay.crossings] == [2, 0, 2]
    assert [crossing.lost_to for crossing in relay.crossings] == [None, Cause.PLACED, None]


def test_a_delay_is_kept() -> None:
    """No copy leaves before its time."""
    with relaying(Orders(up=Impairment(delay_ms=20))) as (relay, client, peer):
        client.send(b"slow")
        peer.recv(10)
    (crossing,) = relay.crossings
    assert crossing.due_ns == (crossing.came_ns + 20_000_000,)
    assert crossing.left_ns[0] >= crossing.due_ns[0]


def test_clients_have_sockets_of_their_own_and_lose_them() -> None:
    """Two clients come from two ports, as from a NAT; at the packet chosen for it one comes from another port, replies still arrive."""
    with relaying(Orders(rebind_after=3)) as (_, client, peer), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.connect(client.getpeername())
        sources = []
        for sender in (client, other, client):
            sender.send(b"x")
            sources.append(peer.recvfrom(10)[1])
        assert len(set(sources)) == 3
        for source in (sources[0], sources[2]):
            peer.sendto(b"y", source)
            assert client.recv(10) == b"y"


@pytest.mark.parametrize(("rewritten", "seen"), [(None, 46 << 2), (10, 10 << 2)])
def test_the_marking_is_kept_or_rewritten(rewritten: int | None, seen: int) -> None:
    """The DSCP leaves as it came unless another was ordered."""
    with relaying(Orders(dscp_up=rewritten)) as (relay, client, peer):
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        client.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 46 << 2)
        client.send(b"x")
        _, ((_, _, tos),), _, _ = peer.recvmsg(10, 100)
    assert (tos[0], relay.crossings[0].tos) == (seen, 46 << 2)


def test_the_record_comes_back(tmp_path: Path) -> None:
    """Whatever was written is read again."""
    sent = Crossing(
        direction="up",
        number=1,
        client="a 1",
        size=3,
        head=b"\0\xff",
        tos=184,
        came_ns=5,
        due_ns=(6, 7),
        left_ns=[8],
        gone_ns=[9],
        lost_to=None,
    )
    lost = replace(sent, number=2, due_ns=(), left_ns=[], gone_ns=[], lost_to=Cause.QUEUE)
    write_record(tmp_path / "record", [sent, lost])
    assert read_record(tmp_path / "record") == (sent, lost)
    assert [path.name for path in tmp_path.iterdir()] == ["record"]
