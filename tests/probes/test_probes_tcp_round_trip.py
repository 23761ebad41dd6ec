"""The round trip by TCP handshakes: RTT and nothing else."""

import asyncio
from itertools import count

from voice_world import HOST, PORT, scored, stream_task

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Observation
from nra.model.sample import VoiceSample
from nra.probes import tcp_round_trip
from nra.probes.parts.probe import Watch
from nra.testing.fake_network import FakeNetwork, TcpScript, refusal


def observed(net: FakeNetwork, host: str = HOST, watch: Watch | None = None) -> Observation:
    """Return what comes of ten seconds of handshakes."""
    return asyncio.run(tcp_round_trip.PROBE.run(stream_task(host, "tcp_round_trip"), net, watch or Watch()))


def sample_of(seen: Observation) -> VoiceSample:
    """Return the sample."""
    assert isinstance(seen.value, VoiceSample)
    return seen.value


def test_handshakes_show_the_round_trip_only() -> None:
    """Four a second, each timed; loss, order, jitter and MOS stay unknown (contract 3)."""
    voice = scored(sample_of(observed(FakeNetwork(tcp={(HOST, PORT): TcpScript(elapsed_ms=37.0)}))))
    assert (voice.sent, voice.not_sent, voice.round_trip.avg_ms) == (40, 0, 37.0)
    assert (voice.up.loss_percent, voice.down.jitter_ms, voice.up.mos, voice.round_trip.loss_percent) == (None, None, None, None)


def test_a_handshake_that_fails_is_not_this_workstation_s_delay() -> None:
    """It is waited for a second; the slots that pass meanwhile are not `not_sent`: nobody was too slow to send."""
    script = TcpScript(elapsed_ms=20.0)
    net = FakeNetwork(tcp={(HOST, PORT): script})
    handshakes = count()

    class Flaky(FakeNetwork):
        """Loses the fifth handshake."""

        async def connect(self, address: str, port: int, deadline_ns: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
            """Connect, but for the fifth time in vain."""
            if next(handshakes) == 5:
                self.tcp = {}
            try:
                return await super().connect(address, port, deadline_ns)
            finally:
                self.tcp = {(HOST, PORT): script}

    net = Flaky(tcp={(HOST, PORT): script})
    sample = sample_of(observed(net))
    assert (sample.ledgers[0].sent, sample.ledgers[0].not_sent) == (37, 0)
    assert (scored(sample).round_trip.lost, scored(sample).round_trip.avg_ms) == (1, 20.0)


def test_the_first_address_that_accepts_is_measured() -> None:
    """A silent first address costs two seconds."""
    net = FakeNetwork(names={"api.example": ("192.0.2.66", HOST)}, tcp={(HOST, PORT): TcpScript()})
    began_ns = net.clock.now_ns()
    sample = sample_of(observed(net, "api.example"))
    assert (sample.address, sample.local_address) == (HOST, "")
    assert sample.start_ns - began_ns == 2_260_000_000  # two seconds, a handshake of 10 ms and one slot


def test_no_address_accepts() -> None:
    """The words name every address."""
    net = FakeNetwork(
        names={"api.example": ("192.0.2.66", HOST)}, tcp={(HOST, PORT): TcpScript(failure=refusal(FailureKind.REFUSED, "connect", "RST"))}
    )
    seen = observed(net, "api.example")
    assert isinstance(seen.failure, Failure)
    assert (seen.failure.kind, seen.failure.detail) == (FailureKind.REFUSED, "IPv4 192.0.2.66: no answer to SYN; IPv4 192.0.2.1: RST")


def test_an_interrupt_keeps_what_was_measured() -> None:
    """Two seconds of handshakes are a measurement."""
    net = FakeNetwork(tcp={(HOST, PORT): TcpScript()})
    until_ns = net.clock.now_ns() + 2_000_000_000
    sample = sample_of(observed(net, watch=Watch(stop=lambda: net.clock.now_ns() > until_ns)))
    assert sample.interrupted
    assert 5 <= sample.ledgers[0].sent <= 8


def test_an_interrupt_before_the_first_is_a_stopped_task() -> None:
    """Nothing was measured."""
    seen = observed(FakeNetwork(tcp={(HOST, PORT): TcpScript()}), watch=Watch(stop=lambda: True))
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.STOPPED
