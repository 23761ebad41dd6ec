"""Is the reflector's control channel there, and does it know us: asked beforehand, so that the ladder does not wait for it."""

import asyncio
from dataclasses import replace

import pytest
from control_world import ACCESS, KEY, PIN, quic_only
from voice_world import HOST

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Observation, Trust
from nra.model.plan import CheckParameters, Target, Task
from nra.probes import quic_control
from nra.probes.parts.probe import Watch
from nra.testing.fake_control import FakeControl
from nra.testing.fake_network import FakeNetwork

TASK = Task(probe="quic_control", target=Target(host=HOST, port=443), parameters=CheckParameters(control=ACCESS))


def observed(net: FakeNetwork) -> Observation:
    """Return what comes of the question."""
    return asyncio.run(quic_control.PROBE.run(TASK, net, Watch()))


def test_it_answers_whom_it_knows() -> None:
    """By the pinned key, after a handshake and a hello; the line is closed at once."""
    net = quic_only()
    answer = observed(net).value
    assert isinstance(answer, Answer)
    assert (answer.address, answer.trust, answer.said) == (HOST, Trust.PIN, "reflector's control channel over QUIC")
    assert answer.elapsed_ms == pytest.approx(30)
    assert [line.closed for line in net.control[HOST, 443].lines] == [True]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (FakeControl(pin="cd" * 32, key=KEY), FailureKind.TLS_UNTRUSTED),
        (FakeControl(pin=PIN, key=bytes(32)), FailureKind.REFUSED),
        (Failure(kind=FailureKind.NO_ANSWER, operation="quic handshake", detail="4 tries, no answer"), FailureKind.NO_ANSWER),
    ],
)
def test_whoever_else_is_there_is_a_failure(found: FakeControl | Failure, kind: FailureKind) -> None:
    """Somebody else's key, a key that is unknown, nobody: each is told apart."""
    net = quic_only()
    net.control[HOST, 443] = found
    failure = observed(net).failure
    assert failure is not None
    assert failure.kind is kind


def test_it_needs_access() -> None:
    """A question without a key is a mistake of ours, not of the network."""
    task = replace(TASK, parameters=CheckParameters())
    with pytest.raises(TypeError):
        asyncio.run(quic_control.PROBE.run(task, quic_only(), Watch()))
