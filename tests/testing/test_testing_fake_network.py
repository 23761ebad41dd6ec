"""The fake network behaves as the wild does where nothing is scripted, and is exact where something is."""

import asyncio

import pytest

from nra.model.failure import FailureKind
from nra.model.region import ProxySetting
from nra.model.sample import StampKind
from nra.net.ports import Arrival, NetworkError, Refusal, TlsFacts, Transmission
from nra.testing.fake_network import FIRST_PORT, LOCAL_ADDRESS, FakeNetwork, TcpScript, refusal
from nra.testing.impairment import Impairment, Path
from nra.testing.manual_clock import MORNING_NS, ManualClock

MS = 1_000_000


def echo(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Return what came."""
    return payload


def failure_of(net: FakeNetwork, host: str) -> FailureKind:
    """Return why a name does not resolve within a second."""
    with pytest.raises(NetworkError) as caught:
        asyncio.run(net.resolve(host, net.clock.now_ns() + 1000 * MS))
    return caught.value.failure.kind


def test_the_clock_moves_forward_only() -> None:
    """A Monday morning, then whatever it is told, never back."""
    clock = ManualClock()
    assert clock.now_ns() == MORNING_NS
    clock.advance_to(MORNING_NS + 5)
    clock.advance_to(MORNING_NS)
    assert clock.now_ns() == MORNING_NS + 5


def test_names() -> None:
    """Scripted names have their addresses, numbers are their own, all others are not found; a silent resolver takes its time."""
    net = FakeNetwork(names={"a.example": ("192.0.2.1", "2001:db8::1"), "slow.example": refusal(FailureKind.NAME_UNRESOLVED, "resolve")})
    assert asyncio.run(net.resolve("a.example", 0)) == ("192.0.2.1", "2001:db8::1")
    assert asyncio.run(net.resolve("192.0.2.9", 0)) == ("192.0.2.9",)
    assert asyncio.run(net.resolve("2001:db8::9", 0)) == ("2001:db8::9",)
    assert failure_of(net, "b.example") is FailureKind.NAME_NOT_FOUND
    assert net.clock.now_ns() == MORNING_NS
    assert failure_of(net, "slow.example") is FailureKind.NAME_UNRESOLVED
    assert net.clock.now_ns() == MORNING_NS + 1000 * MS


def test_proxies() -> None:
    """None unless they are scripted."""
    setting = ProxySetting(scheme="https", address="proxy.example:8080", setting="system")
    assert FakeNetwork().proxies() == ()
    assert FakeNetwork(proxy_settings=(setting,)).proxies() == (setting,)


def test_packets_take_their_time_both_ways() -> None:
    """20 ms up, 30 ms down, stamped to the nanosecond; the wait jumps to the arrival and no further."""
    net = FakeNetwork(udp={("192.0.2.1", 9): echo}, up=Path(Impairment(delay_ms=20)), down=Path(Impairment(delay_ms=30)))
    port = net.open_datagrams("192.0.2.1", 9, channels=2, dscp=46)
    port.send(Transmission(channel=1, payload=b"x"))
    (event,) = port.receive(MORNING_NS + 1000 * MS)
    assert isinstance(event, Arrival)
    assert (event.channel, event.payload, event.received_ns, event.stamp) == (1, b"x", MORNING_NS + 50 * MS, StampKind.KERNEL)
    assert net.clock.now_ns() == MORNING_NS + 50 * MS
    assert list(port.receive(MORNING_NS + 60 * MS)) == []
    assert net.clock.now_ns() == MORNING_NS + 60 * MS
    assert (port.local_address, port.local_port(1), port.local_drops(), port.clock_steps_ns()) == (LOCAL_ADDRESS, FIRST_PORT + 1, 0, ())
    assert [passage.left_ns for passage in net.up.passages] == [(MORNING_NS + 20 * MS,)]
    port.close()
    assert net.ports[0].closed


def test_copies_and_losses_arrive_as_the_paths_say() -> None:
    """Events come in order of their times, whatever the order of sending."""
    net = FakeNetwork(udp={("192.0.2.1", 9): echo}, up=Path(Impairment(jitter_ms=80, duplicate=0.3, loss=0.2, seed=5)))
    port = net.open_datagrams("192.0.2.1", 9)
    for number in range(100):
        port.send(Transmission(channel=0, payload=bytes((number,))))
    times = []
    while events := port.receive(MORNING_NS + 1000 * MS):
        times += [event.received_ns for event in events if isinstance(event, Arrival)]
    assert times == sorted(left_ns for passage in net.up.passages for left_ns in passage.left_ns)


def test_ports_without_a_peer() -> None:
    """Nobody scripted is silent; a scripted refusal comes back as one, no route cannot be opened."""
    net = FakeNetwork(udp={("192.0.2.1", 9): refusal(FailureKind.REFUSED), ("192.0.2.2", 9): refusal(FailureKind.UNREACHABLE)})
    silent = net.open_datagrams("192.0.2.3", 9)
    silent.send(Transmission(channel=0, payload=b"x"))
    assert list(silent.receive(MORNING_NS + MS)) == []
    refusing = net.open_datagrams("192.0.2.1", 9)
    refusing.send(Transmission(channel=0, payload=b"x"))
    (event,) = refusing.receive(MORNING_NS + 2 * MS)
    assert isinstance(event, Refusal)
    assert event.failure.kind is FailureKind.REFUSED
    with pytest.raises(NetworkError):
        net.open_datagrams("192.0.2.2", 9)


def test_tcp_scripts() -> None:
    """A handshake takes its time, an exchange gives its answer, TLS its facts; without a script the SYN is not answered."""
    facts = TlsFacts(version="TLSv1.3", issuer=None, certificate_sha256=None)
    net = FakeNetwork(tcp={("192.0.2.1", 443): TcpScript(elapsed_ms=12.0, answer=bytes.upper, tls=facts)})

    async def use() -> tuple[int, bytes, TlsFacts]:
        connection, elapsed_ns = await net.connect("192.0.2.1", 443, MORNING_NS + 1000 * MS)
        answer = await connection.exchange(b"hello", bool, MORNING_NS)
        seen = await connection.secure("server.example", MORNING_NS)
        await connection.close()
        return elapsed_ns, answer, seen

    assert asyncio.run(use()) == (12 * MS, b"HELLO", facts)
    with pytest.raises(NetworkError) as caught:
        asyncio.run(net.connect("192.0.2.9", 443, MORNING_NS + 1000 * MS))
    assert caught.value.failure.kind is FailureKind.NO_ANSWER
    assert net.clock.now_ns() == MORNING_NS + 1000 * MS
