"""A session opened before a STAMP stream and its record fetched afterwards: what they add, and that a stream goes on without them."""

from dataclasses import replace

import pytest
from control_world import ACCESS, KEY, PIN, Reflecting, controlled
from msgspec.structs import replace as replace_struct
from voice_world import HOST, agree, observed, sampled, scored, stream_task, truth_of

from nra.model.failure import Failure, FailureKind
from nra.model.plan import VoiceParameters
from nra.model.sample import VoiceSample
from nra.probes.parts.control_session import SPARE_S
from nra.testing.fake_control import FakeControl
from nra.testing.fake_network import FakeNetwork, refusal
from nra.testing.impairment import Impairment
from nra.wire import control

LOSSY = Impairment(delay_ms=20, jitter_ms=4, duplicate=0.05, loss=0.03, seed=3)


def channel(net: FakeNetwork) -> FakeControl:
    """Return the network's control channel."""
    found = net.control[HOST, ACCESS.port]
    assert isinstance(found, FakeControl)
    return found


def true(net: FakeNetwork, sample: VoiceSample) -> None:
    """Assert that the figures are what the paths did, copies on the way up, which are taken for replays there, among them."""
    agree(scored(sample), truth_of(net, sealed=True))


@pytest.mark.parametrize("where", ["up", "down"])
def test_every_figure_equals_the_truth(where: str) -> None:
    """With SSIDs and a key of its own and the reflector's record, each direction's figures are what the paths did."""
    net = controlled(up=LOSSY if where == "up" else None, down=LOSSY if where == "down" else None)
    sample = sampled(net, key=KEY, control=ACCESS)
    assert (sample.method, sample.remarks) == ("stamp", ())
    true(net, sample)


def test_a_fresh_key_is_used_and_given_back() -> None:
    """No packet of the stream is made with the user's own key, and what was opened is closed."""
    there = Reflecting()
    net = controlled(there=there)
    sampled(net, key=KEY, control=ACCESS, calls=2)
    opened, counts, *_, closed = channel(net).asked
    assert isinstance(opened, control.Open)
    assert isinstance(counts, control.Counts)
    assert isinstance(closed, control.Close)
    assert (opened.calls, counts.calls, closed.ssid) == (2, 2, counts.ssid)
    assert opened.seconds == 10 + 2 + SPARE_S
    assert len(there.grants) == 0
    assert [line.closed for line in channel(net).lines] == [True, True]


def test_a_lost_tail_is_known() -> None:
    """The last packets and the whole closing exchange are lost on the way back: the record tells that they arrived."""
    net = controlled(down=Impairment(delay_ms=20, loss_runs=(range(401, 10_000),)))
    voice = scored(sampled(net, key=KEY, control=ACCESS))
    assert voice.lost_unknown == 0
    assert (voice.up.lost, voice.down.lost) == (0, 100)


def test_copies_are_no_losses() -> None:
    """A probe that the network copied on the way up is answered once; losses on the way back are of probes, and known one by one."""
    net = controlled(up=Impairment(delay_ms=20, duplicate=0.2, seed=2), down=Impairment(delay_ms=20, loss=0.1, seed=9))
    true(net, sampled(net, key=KEY, control=ACCESS))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "quic handshake: no answer"),
        (Failure(kind=FailureKind.LOCAL, operation="import", detail="aioquic is not installed"), "import: aioquic is not installed"),
        (FakeControl(pin="cd" * 32, key=KEY), "quic handshake: another key than the pinned one"),
        (FakeControl(pin=PIN, key=bytes(32)), "quic control: the reflector does not know this key"),
        (FakeControl(pin=PIN, key=KEY), "quic control: no answer in time"),
        (FakeControl(pin=PIN, key=KEY, answer=lambda _request, _now_ns: control.Closed()), "quic control: Closed is no answer to Open"),
    ],
)
def test_without_the_channel_the_stream_is_measured_and_that_is_said(found: FakeControl | Failure | None, told: str) -> None:
    """Everything still works with a bare STAMP reflector."""
    net = controlled()
    del net.control[HOST, ACCESS.port]
    if found is not None:
        net.control[HOST, ACCESS.port] = found
    sample = sampled(net, key=KEY, control=ACCESS)
    assert sample.remarks == (f"the reflector's control channel (UDP 443) was of no use ({told}): measured without it",)
    is_other = "another key" in told
    assert sample.unlike_pin == (f"UDP 443 of {HOST}: another key than the pinned one" if is_other else None)
    assert scored(sample).up.loss_percent == 0


def test_a_channel_that_is_gone_afterwards_costs_a_remark() -> None:
    """The stream was closed as without it; that its record could not be had is said."""
    net = controlled()
    answer = channel(net).answer

    def until_closed(request: control.Request, now_ns: int) -> control.Told | Failure:
        return answer(request, now_ns) if isinstance(request, control.Open) else refusal(FailureKind.NO_ANSWER, "quic control", "gone")

    channel(net).answer = until_closed
    sample = sampled(net, key=KEY, control=ACCESS)
    assert sample.remarks == ("the reflector's own record could not be had over QUIC (quic control: gone)",)
    assert scored(sample).up.loss_percent == 0


def test_records_that_are_not_what_was_asked_for_are_not_used() -> None:
    """A reflector of another mind is no reason to believe anything."""
    net = controlled(down=Impairment(delay_ms=20, loss=0.05))
    answer = channel(net).answer

    def strange(request: control.Request, now_ns: int) -> control.Told | Failure:
        if isinstance(request, control.Record):
            return control.Recorded(senders=[1], times_ns=[1], toses=[1])
        return answer(request, now_ns)

    channel(net).answer = strange
    sample = sampled(net, key=KEY, control=ACCESS)
    assert "not as many records as were asked for" in sample.remarks[0]
    voice = scored(sample)
    assert voice.up.duplicates is None
    agree(replace(voice, up=replace(voice.up, duplicates=0)), truth_of(net, sealed=True))


@pytest.mark.parametrize("lie", ["received", "transmitted"])
def test_impossible_counts_are_not_used(lie: str) -> None:
    """A reflector that says it answered more than was ever sent is asked nothing more; the stream's result stays."""
    net = controlled(down=Impairment(delay_ms=20, loss=0.05))
    answer = channel(net).answer

    def boasting(request: control.Request, now_ns: int) -> control.Told | Failure:
        told = answer(request, now_ns)
        return replace_struct(told, **{lie: [(1 << 63) - 1]}) if isinstance(told, control.Counted) else told

    channel(net).answer = boasting
    sample = sampled(net, key=KEY, control=ACCESS)
    assert sample.remarks == ("the reflector's own record could not be had over QUIC (quic control: impossible counts)",)
    assert not any(isinstance(request, control.Record) for request in channel(net).asked)
    assert scored(sample).up.loss_percent == 0


def test_a_key_alone_asks_for_no_channel() -> None:
    """Without a pin nobody would know whose channel it is."""
    net = controlled()
    value = observed(net, stream_task(key=KEY)).value
    assert isinstance(value, VoiceSample)
    assert channel(net).asked == []
    assert VoiceParameters(duration_s=1, interval_ms=20, codec="g711", payload_bytes=172, calls=1, dscp=0).control is None
