"""The public UDP beacon: its rules are kept in every second, and the round trip is true."""

import asyncio
from collections import defaultdict
from itertools import count
from typing import Any

import pytest
from voice_world import HOST, PORT, counts, scored, stream_task

from nra.model.failure import FailureKind
from nra.model.sample import VoiceSample
from nra.model.verdict import Basis
from nra.probes import udp_echo
from nra.probes.parts.probe import Watch
from nra.probes.udp_echo import FEWEST_PORTS, HELD_UP_MS, most_calls, source_ports
from nra.testing.fake_network import FIRST_PORT, FakeNetwork
from nra.testing.impairment import Impairment, Path

SECOND_NS = 1_000_000_000


def echo(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Return what came."""
    return payload


def beacon(up: Impairment | None = None, down: Impairment | None = None) -> FakeNetwork:
    """Return a network with a beacon 45 ms away and back."""
    return FakeNetwork(udp={(HOST, PORT): echo}, up=Path(up or Impairment(delay_ms=20)), down=Path(down or Impairment(delay_ms=25)))


def sampled(net: FakeNetwork, **changes: Any) -> VoiceSample:
    """Return the sample of a stream to the beacon."""
    value = asyncio.run(udp_echo.PROBE.run(stream_task(probe="udp_echo", **changes), net, Watch())).value
    assert isinstance(value, VoiceSample)
    return value


def most_in_a_second(times_ns: list[int]) -> int:
    """Return the most packets that any window of one second holds, its end not included."""
    first = most = 0
    for last, time_ns in enumerate(times_ns):
        while time_ns - times_ns[first] >= SECOND_NS:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize(
    ("interval_ms", "calls"),
    [
        (20.0, 1),
        (20.0, 3),
        (20.0, most_calls(20.0)),
        (5.0, most_calls(5.0)),
        (16.0, 1),
        (1000 / 51, 1),
        (33.3, 2),
        (30.0, 1),
        (333.0, 1),
        (1000.0, 40),
    ],
)
@pytest.mark.parametrize("stalls", [False, True], ids=["in time", "with stalls"])
def test_the_beacon_s_rules_hold_in_every_second(interval_ms: float, calls: int, stalls: bool) -> None:
    """At most 3 packets in any second from one source port, 1000 from all, 300 bytes each (AWS GameLift UDP ping beacons)."""
    net = beacon()
    if stalls:  # every now and then this workstation sends late, by up to half an interval and beyond
        sends = count()
        net.before_send = lambda now_ns: net.clock.advance_to(
            now_ns + round(interval_ms * 1e6 * (0, 0, 0.5, 0, 0.49, 2.3)[next(sends) % 6])
        )
    sampled(net, interval_ms=interval_ms, calls=calls, duration_s=3.0)
    by_port: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, port in enumerate(net.ports):
        for at_ns, sending in port.sent:
            by_port[number, FIRST_PORT + sending.channel].append(at_ns)
            assert len(sending.payload) <= 300
    assert max(map(most_in_a_second, by_port.values())) <= 3
    assert most_in_a_second(sorted(time_ns for times in by_port.values() for time_ns in times)) <= 1000


@pytest.mark.parametrize("held_ms", [9.0, 29.0, 49.0, 249.0, 1009.0])
@pytest.mark.parametrize("calls", [1, 3])
def test_a_packet_that_was_held_up_on_its_way_breaks_no_rule(calls: int, held_ms: float) -> None:
    """Between its stamp and the network a busy workstation may put any time: it comes close to the packets after it."""
    net, left_ns = beacon(), list[int]()

    def hold_up(now_ns: int) -> None:
        net.clock.advance_to(now_ns + round(held_ms * 1e6 * (len(left_ns) == 100 * calls)))
        left_ns.append(net.clock.now_ns())

    net.before_send = hold_up
    sampled(net, calls=calls, duration_s=5.0)
    by_port: dict[tuple[int, int], list[int]] = defaultdict(list)
    sources = [(number, sending.channel) for number, port in enumerate(net.ports) for _, sending in port.sent]
    for source, at_ns in zip(sources, left_ns, strict=True):
        by_port[source].append(at_ns)
    assert max(map(most_in_a_second, by_port.values())) <= 3


def test_twenty_one_source_ports_for_one_call() -> None:
    """50 packets/s at 3 per port, the first of which may be late."""
    assert source_ports(1, 20.0) == FEWEST_PORTS == 21
    assert source_ports(2, 20.0) == 41


@pytest.mark.parametrize(("interval_ms", "calls"), [(20.0, 1), (20.0, 3), (5.0, most_calls(5.0)), (33.3, 2)])
def test_a_packet_that_the_network_holds_up_breaks_no_rule(interval_ms: float, calls: int) -> None:
    """The beacon counts arrivals: whichever packet comes late by as much as a jittery network may make it, a port's are few enough."""
    net = beacon()
    sampled(net, interval_ms=interval_ms, calls=calls, duration_s=3.0)
    by_port: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, port in enumerate(net.ports):
        for at_ns, sending in port.sent:
            by_port[number, sending.channel].append(at_ns)
    for times in by_port.values():
        for place, time_ns in enumerate(times):
            late = sorted([*times[:place], time_ns + HELD_UP_MS * 1_000_000, *times[place + 1 :]])
            assert most_in_a_second(late) <= 3


def test_the_round_trip_is_true() -> None:
    """Round-trip loss, copies and mean are those of the paths; nothing is said of a direction (contract 3)."""
    net = beacon(
        Impairment(delay_ms=20, jitter_ms=8, loss=0.02, seed=2), Impairment(delay_ms=25, jitter_ms=8, loss=0.02, duplicate=0.02, seed=3)
    )
    sample = sampled(net)
    voice = scored(sample)
    returned = {passage.head[10:14]: min(passage.left_ns) for passage in net.down.passages[1:] if passage.left_ns}
    sent = {passage.head[10:14]: passage.came_ns for passage in net.up.passages[1:]}
    assert voice.basis is Basis.ROUND_TRIP
    assert (voice.sent, voice.round_trip.lost) == (500, 500 - len(returned))
    mean_ms = sum(returned[key] - sent[key] for key in returned) / len(returned) / 1e6
    assert voice.round_trip.avg_ms == pytest.approx(mean_ms, abs=1e-6)
    assert counts(voice.up) == counts(voice.down) == (500, len(returned), 500 - len(returned), voice.up.duplicates, voice.up.reordered)


def test_probes_are_as_large_as_voice_and_random() -> None:
    """172 octets, of which no two packets share the filling."""
    net = beacon()
    sample = sampled(net, duration_s=1.0)
    payloads = [sending.payload for _, sending in net.ports[-1].sent]
    assert {len(payload) for payload in payloads} == {sample.payload_bytes} == {172}
    assert len({payload[22:] for payload in payloads}) == len(payloads)


@pytest.mark.parametrize(("wanted", "size"), [(32, 32), (10, 22), (300, 300), (492, 300)])
def test_sizes_that_the_beacon_does_not_take_are_said(wanted: int, size: int) -> None:
    """A packet of another size than the codec's is another packet: the report says so."""
    sample = sampled(beacon(), payload_bytes=wanted, duration_s=1.0)
    assert sample.payload_bytes == size
    assert any("stand for" in remark for remark in sample.remarks) == (wanted != size)


def test_echoes_of_others_are_not_ours() -> None:
    """The nonce of the run keeps out what another program sent; the opening question is no probe of the stream."""

    def noisy(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
        return payload[:4] + bytes(4) + payload[8:] if payload[13] % 2 else payload

    net = FakeNetwork(udp={(HOST, PORT): noisy})
    assert scored(sampled(net, duration_s=2.0)).round_trip.lost == 50


def test_a_beacon_that_is_gone() -> None:
    """Silence is an observation after 1.5 s, and no stream is sent."""
    net = FakeNetwork()
    seen = asyncio.run(udp_echo.PROBE.run(stream_task(probe="udp_echo"), net, Watch()))
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.NO_ANSWER
    assert sum(len(port.sent) for port in net.ports) == 3
