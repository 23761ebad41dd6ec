"""A voice stream on the fake network, and what its paths say became of each packet: plain Python, nothing of nra.scoring.

A packet's number, SSID and the reflector's number are read from its first octets by RFC 8762's own offsets.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from nra.catalogue import codecs
from nra.model.observation import Observation
from nra.model.plan import Target, Task, VoiceParameters
from nra.model.sample import VoiceSample
from nra.model.voice import Direction, Voice
from nra.probes import voice_stream
from nra.probes.parts.probe import Watch
from nra.reflector.core import Reflector, Request
from nra.reflector.guard import Guard
from nra.scoring.voice import score_voice
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Impairment, Passage, Path, Peer

HOST, PORT = "192.0.2.1", 20862
MS = 1_000_000
HOUR_NS = 3600 * 1_000_000_000
KEY = bytes(range(32))
INTERVAL_MS = 20


def reflecting(reflector: Reflector | None = None, *, offset_ns: int = 0, tos: int = 46 << 2) -> Peer:
    """Return a Session-Reflector as a peer, its clock ahead by `offset_ns`; without a rate limit unless it has its own."""
    mirror = reflector or Reflector(guard=Guard(rate_limit=0))

    def peer(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        there_ns = now_ns + offset_ns
        request = Request(payload=payload, source=source, destination=HOST, destination_port=PORT, received_ns=there_ns, ttl=57, tos=tos)
        response = mirror.answer(request, there_ns)
        return None if response is None else response.payload

    return peer


def stream_task(host: str = HOST, probe: str = "voice_stream", **changes: Any) -> Task:
    """Return a task of ten seconds of G.711."""
    values: dict[str, Any] = {
        "duration_s": 10.0,
        "interval_ms": float(INTERVAL_MS),
        "codec": "g711",
        "payload_bytes": 172,
        "calls": 1,
        "dscp": 46,
    }
    return Task(probe=probe, target=Target(host=host, port=PORT), parameters=VoiceParameters(**(values | changes)))


def world(peer: Peer | None = None, up: Impairment | None = None, down: Impairment | None = None, host: str = HOST) -> FakeNetwork:
    """Return a network with one reflector behind impaired paths of 20 and 25 ms."""
    return FakeNetwork(
        udp={(host, PORT): peer or reflecting()},
        up=Path(up or Impairment(delay_ms=20)),
        down=Path(down or Impairment(delay_ms=25)),
    )


def half_bad(where: str, impairment: Impairment, peer: Peer | None = None) -> FakeNetwork:
    """Return a network of which one direction ("up" or "down") is impaired."""
    return world(peer, **{"up": None, "down": None, where: impairment})  # type: ignore[arg-type]


def observed(net: FakeNetwork, task: Task, watch: Watch | None = None) -> Observation:
    """Return what comes of the task."""
    return asyncio.run(voice_stream.PROBE.run(task, net, watch or Watch()))


def sampled(net: FakeNetwork, watch: Watch | None = None, **changes: Any) -> VoiceSample:
    """Return the sample of a stream through the network."""
    value = observed(net, stream_task(**changes), watch).value
    assert isinstance(value, VoiceSample)
    return value


def scored(sample: VoiceSample) -> Voice:
    """Return the sample's numbers."""
    return score_voice(sample, codecs())


@dataclass
class Way:
    """One direction of one or more calls: how many set out and arrived, and the delay and number of each first copy that arrived."""

    expected: int = 0
    received: int = 0
    duplicates: int = 0
    reordered: int = 0
    jitters_ns: list[float] = field(default_factory=list)

    def add(self, expected: int, copies: Sequence["Copy"], distinct: int) -> None:
        """Take in one call's copies as they arrived; `distinct` is how many packets they are copies of."""
        firsts = first_copies(copies)
        self.expected += expected
        self.received += len(firsts)
        self.duplicates += len(copies) - distinct
        highest = -1
        for copy in firsts:
            self.reordered += copy.departure < highest
            highest = max(highest, copy.departure)
        jitter = 0.0
        for one, other in pairwise(firsts):
            jitter += (abs(other.delay_ns - one.delay_ns) - jitter) / 16
            self.jitters_ns.append(jitter)

    @property
    def lost(self) -> int:
        """How many set out and did not arrive."""
        return self.expected - self.received


@dataclass(frozen=True)
class Copy:
    """A copy that arrived: its probe, the number under which it set out, when it arrived and after how long."""

    sequence: int
    departure: int
    arrived_ns: int
    delay_ns: int


def first_copies(copies: Sequence[Copy]) -> list[Copy]:
    """Return the first copy of each probe, in order of arrival."""
    seen: set[int] = set()
    return [copy for copy in copies if not (copy.sequence in seen or seen.add(copy.sequence))]  # type: ignore[func-returns-value]


@dataclass
class Truth:
    """What the paths did to the stream."""

    up: Way
    down: Way
    rtts_ns: list[int]

    @property
    def rtt_avg_ms(self) -> float:
        """The mean round trip over first replies."""
        return sum(self.rtts_ns) / len(self.rtts_ns) / MS


def truth_of(net: FakeNetwork, *, slots: int = 500, calls: int = 1, sealed: bool = False) -> Truth:
    """Return what became of the stream on the network's last port, up to the moment when the measurement ended."""
    port, end_ns = net.ports[-1], net.clock.now_ns()
    before = sum(len(each.sent) for each in net.ports[:-1])
    sent = [(sending.channel, passage) for (_, sending), passage in zip(port.sent, net.up.passages[before:], strict=True)]
    start_ns = sent[0][1].came_ns
    probes = [(call, passage) for call, passage in sent if passage.came_ns < start_ns + slots * INTERVAL_MS * MS]
    truth = Truth(Way(), Way(), [])
    for call in range(calls):
        ups = [passage for channel, passage in probes if channel == call]
        _add_call(truth, ups, net.down.passages, end_ns, sealed=sealed)
    return truth


def _add_call(truth: Truth, ups: list[Passage], downs: list[Passage], end_ns: int, *, sealed: bool) -> None:
    ssid = slice(26, 28) if sealed else slice(14, 16)
    sender = slice(48, 52) if sealed else slice(24, 28)
    mine, sent_ns = ups[0].head[ssid], {number(passage.head[0:4]): passage.came_ns for passage in ups}
    reached = sorted(
        (Copy(number(p.head[0:4]), number(p.head[0:4]), left, left - p.came_ns) for p in ups for left in p.left_ns if left <= end_ns),
        key=lambda copy: copy.arrived_ns,
    )
    answers = [p for p in downs if p.head[ssid] == mine and number(p.head[sender]) in sent_ns]
    returned = sorted(
        (
            Copy(number(p.head[sender]), number(p.head[0:4]), left, left - p.came_ns)
            for p in answers
            for left in p.left_ns
            if left <= end_ns
        ),
        key=lambda copy: copy.arrived_ns,
    )
    there = {copy.sequence for copy in reached}
    truth.up.add(len(ups), reached, len(there))
    truth.down.add(len(there), returned, len({copy.departure for copy in returned}))
    truth.rtts_ns += [copy.arrived_ns - sent_ns[copy.sequence] for copy in first_copies(returned)]


def number(octets: bytes) -> int:
    """Return a field of the wire."""
    return int.from_bytes(octets)


def agree(voice: Voice, truth: Truth) -> None:
    """Assert that all counts equal the truth, and jitter and round trip to the nanosecond."""
    for seen, way in ((voice.up, truth.up), (voice.down, truth.down)):
        assert counts(seen) == (way.expected, way.received, way.lost, way.duplicates, way.reordered)
        assert seen.jitter_ms is not None
        assert abs(seen.jitter_ms - sum(way.jitters_ns) / len(way.jitters_ns) / MS) < 1e-6
    assert voice.round_trip.avg_ms is not None
    assert abs(voice.round_trip.avg_ms - truth.rtt_avg_ms) < 1e-6
    assert voice.lost_unknown == 0


def counts(way: Direction) -> tuple[int | None, ...]:
    """Return the counts of one direction."""
    return way.expected, way.received, way.lost, way.duplicates, way.reordered


def after(packets: int, then: Callable[[bytes, int, tuple[str, int]], bytes | None], peer: Peer) -> Peer:
    """Return a peer that behaves otherwise once it has seen so many packets."""
    seen: Counter[str] = Counter()

    def changing(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        seen["packets"] += 1
        return (peer if seen["packets"] <= packets else then)(payload, now_ns, source)

    return changing


def silent(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
    """Answer nothing."""
    return None
