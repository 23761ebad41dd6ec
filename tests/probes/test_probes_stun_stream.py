"""The round trip by STUN: polite to other people's servers, and true."""

import asyncio
from itertools import count

import pytest
from test_probes_udp_echo import most_in_a_second
from voice_world import HOST, PORT, scored, stream_task

from nra.model.sample import VoiceSample
from nra.model.verdict import Basis
from nra.probes import stun_stream
from nra.probes.parts.probe import Watch
from nra.reflector.responders import stun_answer
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Impairment, Path, Peer
from nra.wire.stun import ErrorCode, decode_message, encode_binding_error


def server(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
    """Answer Binding requests."""
    return stun_answer(payload, source)


def sampled(net: FakeNetwork, interval_ms: float = 20.0) -> VoiceSample:
    """Return the sample of ten seconds."""
    value = asyncio.run(stun_stream.PROBE.run(stream_task(probe="stun_stream", interval_ms=interval_ms), net, Watch())).value
    assert isinstance(value, VoiceSample)
    return value


def network(peer: Peer = server, up: Impairment | None = None) -> FakeNetwork:
    """Return a network with a STUN server."""
    return FakeNetwork(udp={(HOST, PORT): peer}, up=Path(up or Impairment(delay_ms=30)), down=Path(Impairment(delay_ms=30)))


@pytest.mark.parametrize("delay_ms", [0, 30])
@pytest.mark.parametrize("lost", [0, 2], ids=["first try", "third try"])
def test_at_most_ten_requests_in_any_second(lost: int, delay_ms: float) -> None:
    """The opening question counts too, and a request may be late by half an interval."""
    net = network(up=Impairment(delay_ms=delay_ms, loss_runs=(range(lost),)))
    net.down = Path(Impairment(delay_ms=delay_ms))
    stall = iter([53_000_000] + [0] * 1000)
    net.before_send = lambda now_ns: net.clock.advance_to(now_ns + (next(stall) if len(net.ports) > 1 else 0))
    sampled(net)
    assert most_in_a_second([at_ns for port in net.ports for at_ns, _ in port.sent]) <= 10


def test_the_round_trip_is_true() -> None:
    """60 ms, with the loss that the path wrote down; errors are answers too, both went there and back."""

    def refusing(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
        return encode_binding_error(decode_message(payload).transaction, ErrorCode(500, "Server Error"))

    for peer in (server, refusing):
        net = network(peer, Impairment(delay_ms=30, loss_runs=(range(20, 25),)))
        voice = scored(sampled(net))
        assert voice.basis is Basis.ROUND_TRIP
        assert (voice.round_trip.lost, voice.round_trip.avg_ms, voice.interval_ms, voice.calls) == (5, 60.0, 106.0, 1)


def test_a_slower_interval_stays() -> None:
    """Only what is faster than the rule is slowed down."""
    assert sampled(network(), interval_ms=200.0).interval_ms == 200.0


def test_answers_to_others_are_not_ours() -> None:
    """A request that comes back, or an answer with another transaction, is nobody's reply."""
    asked = count()

    def parrot(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        number = next(asked)  # 0 is the opening question
        stranger = payload[:8] + bytes(12)
        return {1: payload, 2: stun_answer(stranger, source)}.get(number % 3, stun_answer(payload, source))

    voice = scored(sampled(network(parrot)))
    assert voice.round_trip.lost == sum(number % 3 in (1, 2) for number in range(1, voice.sent + 1))
