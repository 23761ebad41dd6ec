"""Voice in QUIC on the fake network: the same figures as by STAMP, and the record over the stream makes them complete."""

import asyncio
from dataclasses import replace

import pytest
from control_world import ACCESS, KEY, PIN, quic_only
from voice_world import HOST, agree, scored, stream_task, truth_of

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Observation
from nra.model.plan import Target, Task
from nra.model.sample import ReflectorFacts, VoiceSample
from nra.model.verdict import Basis
from nra.probes import quic_stream
from nra.probes.parts.probe import Watch
from nra.testing.fake_control import FakeControl
from nra.testing.fake_network import FakeNetwork, refusal
from nra.testing.impairment import Impairment
from nra.wire import control
from nra.wire.control import Over

TASK = replace(stream_task(probe="quic_stream", control=ACCESS), target=Target(host=HOST, port=ACCESS.port))
IMPAIRMENTS = {
    "loss": Impairment(delay_ms=20, jitter_ms=12, loss=0.03, seed=7),
    "jitter": Impairment(delay_ms=20, jitter_ms=40, loss=0.02, seed=3),
    "order": Impairment(delay_ms=20, jitter_ms=3, reorder=0.06, reorder_ms=70, loss=0.01, seed=5),
}


def observed(net: FakeNetwork, task: Task = TASK) -> Observation:
    """Return what comes of the task."""
    return asyncio.run(quic_stream.PROBE.run(task, net, Watch()))


def sampled(net: FakeNetwork, task: Task = TASK) -> VoiceSample:
    """Return the sample."""
    value = observed(net, task).value
    assert isinstance(value, VoiceSample)
    return value


@pytest.mark.parametrize("name", IMPAIRMENTS)
@pytest.mark.parametrize("where", ["up", "down"])
def test_every_figure_equals_the_truth(name: str, where: str) -> None:
    """Whatever the paths do to the datagrams, each direction's figures are what they did."""
    net = quic_only(**{where: IMPAIRMENTS[name]})
    sample = sampled(net)
    assert (sample.method, sample.port, sample.remarks) == ("quic", 443, ())
    assert sample.reflector == ReflectorFacts(version="1.0", engine="batched", workers=2, stamps="kernel", sessions=1, load=0.25, cpus=2)
    voice = scored(sample)
    assert voice.basis is Basis.DIRECTION
    assert (voice.up.duplicates, voice.down.duplicates) == (None, None)  # QUIC drops copies: none counted is not none there
    agree(replace(voice, up=replace(voice.up, duplicates=0), down=replace(voice.down, duplicates=0)), truth_of(net))


def test_the_tail_is_known_although_the_closing_was_lost() -> None:
    """What is lost at the end takes the closing exchange with it; the record comes on a stream, so the direction is proven all the same."""
    net = quic_only(down=Impairment(delay_ms=20, loss_runs=(range(400, 10_000),)))
    voice = scored(sampled(net))
    assert voice.lost_unknown == 0
    assert (voice.up.lost, voice.down.lost) == (0, 100)


def test_several_calls_share_one_connection() -> None:
    """Each call is a session of its own, told apart by its SSID."""
    net = quic_only(up=Impairment(delay_ms=10, loss=0.02, seed=4))
    assert isinstance(TASK.parameters.duration_s, float)  # type: ignore[union-attr]
    sample = sampled(net, replace(TASK, parameters=replace(TASK.parameters, calls=3)))  # type: ignore[arg-type]
    assert [ledger.sent for ledger in sample.ledgers] == [500, 500, 500]
    assert all(ledger.fates_known for ledger in sample.ledgers)
    assert len(net.control[HOST, 443].lines) == 1  # type: ignore[union-attr]


def test_what_was_asked_on_the_stream() -> None:
    """The counts of all calls at once, the records of what is missing alone, over this connection's own datagrams."""
    net = quic_only(down=Impairment(delay_ms=20, loss_runs=(range(10, 12),)))
    sampled(net)
    asked = net.control[HOST, 443].asked  # type: ignore[union-attr]
    counts, record, facts = asked
    assert facts == control.Facts()
    assert isinstance(counts, control.Counts)
    assert isinstance(record, control.Record)
    assert (counts.calls, counts.over, record.over) == (1, Over.QUIC, Over.QUIC)
    assert [(span.first, span.count) for span in record.spans] == [(10, 2), (500, 2)]  # our own two questions


def test_without_the_record_the_closing_exchange_is_enough() -> None:
    """A reflector that falls silent on its streams costs a remark, not the measurement."""
    net = quic_only()
    found = net.control[HOST, 443]
    assert isinstance(found, FakeControl)
    found.answer = lambda _request, _now_ns: refusal(FailureKind.NO_ANSWER, "quic control")
    sample = sampled(net)
    assert sample.remarks == ("the reflector's own record could not be had over QUIC (quic control: as the script says)",)
    assert scored(sample).down.loss_percent == 0


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (FakeControl(pin="cd" * 32, key=KEY), FailureKind.TLS_UNTRUSTED),
        (FakeControl(pin=PIN, key=bytes(32)), FailureKind.REFUSED),
        (refusal(FailureKind.NO_ANSWER), FailureKind.NO_ANSWER),
        (Failure(kind=FailureKind.LOCAL, operation="import", detail="aioquic is not installed"), FailureKind.LOCAL),
    ],
)
def test_no_way_in_is_a_failed_observation(found: FakeControl | Failure, kind: FailureKind) -> None:
    """Another key, an unknown user, silence, a package that is missing: none of them is an exception."""
    net = quic_only()
    net.control[HOST, 443] = found
    failure = observed(net).failure
    assert failure is not None
    assert failure.kind is kind


def test_the_line_is_closed() -> None:
    """When the stream is over nobody keeps the connection."""
    net = quic_only()
    sampled(net)
    assert [line.closed for line in net.control[HOST, 443].lines] == [True]  # type: ignore[union-attr]
