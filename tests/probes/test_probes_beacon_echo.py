"""The check of a beacon: our own packet comes back, within the beacon's rules."""

import asyncio
from collections.abc import Callable
from typing import Final

import pytest
from test_probes_udp_echo import most_in_a_second

from nra.model.failure import FailureKind
from nra.model.observation import Answer, Observation
from nra.model.plan import CheckParameters, Target, Task
from nra.probes.beacon_echo import PROBE, VOICE_BYTES
from nra.probes.parts.echo_question import OPENING_CALL, EchoQuestion, read_echo
from nra.probes.parts.probe import Watch
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Impairment, Path, Peer
from nra.wire.beacon import MIN_SIZE, EchoProbe, encode_echo

BEACON: Final = ("192.0.2.1", 7770)


def echo(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Return what came."""
    return payload


def observed(peer: Peer | None = echo, lost: int = 0) -> tuple[Observation, FakeNetwork]:
    """Return what the probe makes of a beacon 10 ms away, and the network."""
    net = FakeNetwork(udp={BEACON: peer} if peer else {}, up=Path(Impairment(delay_ms=10, loss_runs=(range(lost),))))
    task = Task(probe="beacon_echo", target=Target(host=BEACON[0], port=BEACON[1]), parameters=CheckParameters())
    return asyncio.run(PROBE.run(task, net, Watch())), net


@pytest.mark.parametrize("lost", [0, 2])
def test_an_echo_is_an_answer(lost: int) -> None:
    """The time is that of the try which came back."""
    seen, _ = observed(lost=lost)
    assert seen.value == Answer(address=BEACON[0], elapsed_ms=10.0, said="echo", tries=1 + lost)


def test_what_is_asked_is_as_large_as_voice_and_within_the_rules() -> None:
    """172 octets, at most three in any second from one source port (AWS GameLift UDP ping beacons)."""
    _, net = observed(None)
    assert {len(sending.payload) for port in net.ports for _, sending in port.sent} == {VOICE_BYTES}
    assert [most_in_a_second([at_ns for at_ns, _ in port.sent]) for port in net.ports] == [3]


@pytest.mark.parametrize(
    "spoil",
    [lambda _: b"", lambda payload: payload[:4] + bytes(4) + payload[8:], lambda payload: payload[:21], lambda _: b"HTTP/1.1 400\r\n"],
    ids=["empty", "another's nonce", "cut", "another protocol"],
)
def test_what_is_no_echo_of_ours_opens_nothing(spoil: Callable[[bytes], bytes]) -> None:
    """A stray datagram is no beacon."""
    seen, _ = observed(lambda payload, _now, _source: spoil(payload))
    assert seen.failure is not None
    assert (seen.failure.kind, seen.failure.operation) == (FailureKind.NO_ANSWER, "echo request")


def test_the_question_is_no_packet_of_a_stream() -> None:
    """It is a probe of a call that no stream has, and times itself."""
    question = EchoQuestion(7, MIN_SIZE)
    payload = question.ask(5)
    assert read_echo(payload, 7) == EchoProbe(7, OPENING_CALL, 0, 5)
    assert question.understand(payload) == (EchoProbe(7, OPENING_CALL, 0, 5), 5)
    assert question.understand(encode_echo(EchoProbe(8, OPENING_CALL, 0, 5), MIN_SIZE)) is None
