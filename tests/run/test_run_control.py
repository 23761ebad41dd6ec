"""Whose silence it was: which control is asked, and what its answer means in words."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from run_world import settings

from nra.model.failure import UNKNOWN_KEY, Failure, FailureKind
from nra.model.observation import Answer, Observation
from nra.model.plan import CheckParameters, Plan, PortQuestion, Rung, Target, Task, VoiceParameters
from nra.model.sample import ABSENT, CallLedger, InstrumentSample, StampKind, StreamSample, VoiceSample, column
from nra.run.control import CONTROL_S, Climbed, control_task, explained, network_was_gone, until_silence, witness_task
from nra.run.far_end import Asked

VOICE = VoiceParameters(duration_s=30, interval_ms=20, codec="g711", payload_bytes=172, calls=1, dscp=46)
CONTROL = Task(probe="tcp_connect", target=Target(host="api.example", port=443), parameters=CheckParameters())
PLAN = Plan(voice=(), ports=(), control=CONTROL)
ROW = settings().services[0]


def stream(*answered: bool) -> StreamSample:
    """Return a stream of one probe a second, some of them answered."""
    absent = column([ABSENT] * len(answered))
    t1 = column(np.arange(len(answered)) * 1_000_000_000)
    t4 = column([sent + 5 if got else ABSENT for sent, got in zip(t1.tolist(), answered, strict=True)])
    return StreamSample(
        call=column([0] * len(answered)), sequence=column(np.arange(len(answered))), t1_ns=t1, t2_ns=absent, t3_ns=absent, t4_ns=t4,
        reflector_sequence=absent, ttl=absent, tos=absent, tos_up=absent,
    )  # fmt: skip


def sample(silent_since_s: float | None = None, method: str = "stamp", host: str = "reflector.example", **changes: Any) -> VoiceSample:
    """Return a measurement."""
    nothing = column()
    instrument = InstrumentSample(
        tx_stamps=StampKind.USER, rx_stamps=StampKind.USER, send_late_ns=nothing, receive_delay_ns=nothing, local_drops=0
    )
    made = VoiceSample(
        method=method, host=host, port=20862, address="192.0.2.1", local_address="", interval_ms=20, payload_bytes=172, codec="g711",
        dscp=46, calls=1, start_ns=0, stream=stream(True), instrument=instrument, silent_since_s=silent_since_s,
        ledgers=(CallLedger(call=0, sent=1, not_sent=0, stateful=True, reflected=1, fates_known=True),),
    )  # fmt: skip
    return replace(made, **changes)


def observed(probe: str, result: VoiceSample | FailureKind | None, host: str = "a.example", port: int = 1) -> Observation:
    """Return what came of a task: a sample, a failure, or (None) an answer."""
    parameters = VOICE if probe in ("voice_stream", "udp_echo", "stun_stream", "tcp_round_trip") else CheckParameters()
    task = Task(probe=probe, target=Target(host=host, port=port), parameters=parameters)
    value = (
        Answer(address="192.0.2.1", elapsed_ms=1.0, said="yes") if result is None else result if isinstance(result, VoiceSample) else None
    )
    failure = Failure(kind=result, operation="test", detail="test") if isinstance(result, FailureKind) else None
    return Observation(task=task, started_ns=0, ended_ns=1, value=value, failure=failure)


def climbed(*seen: Observation | None, method: str = "stamp") -> tuple[Climbed, ...]:
    """Return rungs with their observations."""
    return tuple((Rung(method=method, task=None if each is None else each.task, why="test"), each) for each in seen)


def ports(*seen: Observation) -> tuple[Asked, ...]:
    """Return port questions with their observations."""
    return tuple((PortQuestion(service=ROW, tasks=(each.task,)), (each,)) for each in seen)


SILENT = observed("voice_stream", sample(silent_since_s=12.0), "reflector.example")
NO_VOICE = observed("voice_stream", FailureKind.NO_ANSWER)


@pytest.mark.parametrize(
    ("voice", "asked", "host"),
    [
        (climbed(SILENT), ports(observed("tls_handshake", None, "web.example")), "web.example"),
        (climbed(SILENT), ports(observed("tls_handshake", FailureKind.NO_ANSWER, "web.example")), "api.example"),
        (climbed(SILENT), ports(observed("stamp_echo", None, "reflector.example")), "api.example"),
        (climbed(SILENT), (), "api.example"),
        (climbed(observed("voice_stream", sample())), (), None),
        (climbed(NO_VOICE), (), "api.example"),
        (climbed(NO_VOICE), ports(observed("tls_handshake", None, "web.example")), None),
        (climbed(NO_VOICE), ports(observed("tls_handshake", FailureKind.REFUSED, "web.example")), None),
        (climbed(observed("tcp_round_trip", FailureKind.NO_ANSWER), method="tcp"), (), None),
        (climbed(None), (), "api.example"),
        ((), (), None),
    ],
    ids=[
        "who answered before",
        "not who was silent before",
        "not the far end itself",
        "the plan's control",
        "nothing was silent",
        "no voice, nothing else asked",
        "another answer is a control",
        "a refusal too",
        "tcp was the control",
        "no rung could be tried",
        "voice not asked for",
    ],
)
def test_whom_to_ask(voice: tuple[Climbed, ...], asked: tuple[Asked, ...], host: str | None) -> None:
    """A control is asked only where silence is to be explained, away from whoever was silent, within two seconds."""
    task = control_task(PLAN, voice, asked)
    assert (None if task is None else task.target.host) == host
    if task is not None:
        assert isinstance(task.parameters, CheckParameters)
        assert task.parameters.deadline_s == CONTROL_S


def test_nobody_to_ask() -> None:
    """A plan without a control asks nobody."""
    assert control_task(Plan(voice=(), ports=()), climbed(SILENT), ()) is None


@pytest.mark.parametrize(
    ("voice", "asked", "control", "words"),
    [
        (
            climbed(SILENT),
            (),
            observed("tcp_connect", None, "api.example", 443),
            "from 12.0 s on; api.example port 443 answered afterwards",
        ),
        (climbed(SILENT), (), observed("tcp_connect", FailureKind.REFUSED), "the network was there"),
        (
            climbed(SILENT),
            ports(observed("tcp_connect", None)),
            observed("tcp_connect", FailureKind.NO_ANSWER),
            "the network itself was gone",
        ),
        (climbed(SILENT), (), observed("tcp_connect", FailureKind.NO_ANSWER), "had not been asked before"),
        (climbed(SILENT), (), observed("tcp_connect", FailureKind.NAME_UNRESOLVED), "had not been asked before"),
        (climbed(SILENT), (), None, "nobody was known"),
        (climbed(observed("voice_stream", sample())), (), None, None),
        (climbed(NO_VOICE), ports(observed("stun_binding", None)), None, "other UDP is answered"),
        (climbed(NO_VOICE), ports(observed("tls_handshake", None)), None, "from any of 1 places although TCP was answered"),
        (climbed(NO_VOICE, observed("udp_echo", FailureKind.NO_ANSWER, "b.example")), (), observed("tcp_connect", None), "any of 2 places"),
        (climbed(NO_VOICE), (), observed("tcp_connect", FailureKind.NO_ANSWER), "nothing answered at all"),
        (
            climbed(observed("voice_stream", FailureKind.NAME_UNRESOLVED)),
            ports(observed("tls_handshake", FailureKind.NAME_NOT_FOUND)),
            None,
            "no name could be resolved",
        ),
        (climbed(observed("voice_stream", FailureKind.REFUSED)), (), None, None),
        (climbed(NO_VOICE, observed("tcp_round_trip", sample(method="tcp"))), (), None, "although TCP was answered"),
        ((), (), None, None),
    ],
)
def test_what_silence_comes_to(
    voice: tuple[Climbed, ...], asked: tuple[Asked, ...], control: Observation | None, words: str | None
) -> None:
    """Reflector, UDP or the whole network: said only as far as something else was seen to answer (trap 9)."""
    said = explained(voice, asked, control)
    assert (said is None) == (words is None)
    assert words is None or (said is not None and words in said.text)


def test_only_a_control_that_fell_silent_means_that_the_network_was_gone() -> None:
    """No control proves nothing, nor does one that was never heard or was silent before; a refusal is an answer."""
    silent = observed("tcp_connect", FailureKind.NO_ANSWER)
    before = ports(observed("tcp_connect", None))
    assert network_was_gone(silent, before)
    assert not network_was_gone(silent, ())
    assert not network_was_gone(silent, ports(silent))
    assert not network_was_gone(silent, ports(observed("tcp_connect", None, "b.example")))
    assert not network_was_gone(observed("tcp_connect", FailureKind.REFUSED), before)
    assert not network_was_gone(observed("tcp_connect", None), before)
    assert not network_was_gone(None, before)


def test_a_stream_until_its_far_end_fell_silent() -> None:
    """What was sent after the last answered probe goes; losses before it stay."""
    cut = until_silence(sample(stream=stream(True, False, True, False, False)))
    assert cut.stream.sequence.tolist() == [0, 1, 2]
    assert until_silence(sample(stream=stream(False, False))).stream.sequence.tolist() == []


KEYED = replace(VOICE, key=bytes(32))


def unheard(parameters: VoiceParameters = KEYED, kind: FailureKind = FailureKind.NO_ANSWER) -> Climbed:
    """Return the rung of a reflector that was asked, and what came of it."""
    seen = observed("stamp_echo", kind, "reflector.example", 20862)
    return Rung(method="stamp", task=replace(seen.task, probe="voice_stream", parameters=parameters), why="test"), seen


def test_a_silent_reflectors_host_is_asked_by_another_protocol() -> None:
    """Once, and only where nothing is known of it yet; a refusal is no silence."""
    task = witness_task((unheard(),), ())
    assert task is not None
    assert (task.probe, task.target, task.parameters) == (
        "stun_binding",
        Target(host="reflector.example", port=3478),
        CheckParameters(deadline_s=CONTROL_S),
    )
    assert witness_task((unheard(),), [observed("stun_binding", None, "reflector.example")]) is None
    assert witness_task((unheard(),), [observed("stun_binding", None, "other.example")]) is not None
    assert witness_task((unheard(kind=FailureKind.REFUSED),), ()) is None
    assert witness_task((unheard(VOICE),), ()) is None
    assert witness_task((), ()) is None


@pytest.mark.parametrize("elsewhere", [(), climbed(observed("udp_echo", sample(method="echo")), method="echo")], ids=["nothing", "echo"])
def test_silence_never_means_that_a_key_was_refused(elsewhere: tuple[Climbed, ...]) -> None:
    """A host that answers otherwise leaves two explanations, of which neither is claimed; a silent one leaves more."""
    voice = (unheard(), *elsewhere)
    said = explained(voice, (), None, [observed("stun_binding", None, "reflector.example")])
    assert said is not None
    assert "reflector.example port 20862: no answer; the same host answers STUN, so the key or the port may be wrong" in said.text
    assert said.text.endswith("something else was measured in its place") == bool(elsewhere)
    for silent in (observed("stun_binding", FailureKind.NO_ANSWER, "reflector.example"), observed("stun_binding", None, "other.example")):
        otherwise = explained(voice, (), None, [silent])
        assert otherwise is not None
        assert "key" not in otherwise.text


@pytest.mark.parametrize("kind", [FailureKind.NO_ANSWER, FailureKind.REFUSED])
def test_a_reflector_that_was_measured_in_quic_is_there(kind: FailureKind) -> None:
    """It knows our key, so neither is in doubt: its STAMP port is, and a firewall's team is told which."""
    there = climbed(observed("quic_stream", replace(sample(method="quic"), port=443)), method="quic")
    said = explained((unheard(kind=kind), *there), (), None, [observed("stun_binding", None, "reflector.example")])
    assert said is not None
    assert said.text == "the reflector reflector.example answered at UDP 443 and not at UDP 20862: voice was measured in QUIC there"
    assert said.advice.startswith("Firewall team: allow UDP 20862")
    assert explained(there, (), None) is None


def test_without_a_key_silence_says_nothing_of_keys() -> None:
    """The host may be there for STUN alone."""
    said = explained((unheard(VOICE),), (), None, [observed("stun_binding", None, "reflector.example")])
    assert said is not None
    assert "key" not in said.text


def unknown_there() -> Climbed:
    """Return the rung of a control channel that did not know the key."""
    seen = observed("quic_control", FailureKind.REFUSED, "reflector.example", 443)
    seen = replace(seen, failure=Failure(kind=FailureKind.REFUSED, operation="quic control", detail=f"IPv4 192.0.2.1: {UNKNOWN_KEY}"))
    return Rung(method="quic", task=seen.task, why="test"), seen


@pytest.mark.parametrize("elsewhere", [(), climbed(observed("udp_echo", sample(method="echo")), method="echo")], ids=["nothing", "echo"])
@pytest.mark.parametrize("stun", [True, False])
def test_a_key_that_the_control_channel_does_not_know_is_named(elsewhere: tuple[Climbed, ...], stun: bool) -> None:
    """There the reflector itself said so: whatever else was seen, the key is what to look at first."""
    beside = [observed("stun_binding", None if stun else FailureKind.NO_ANSWER, "reflector.example")]
    said = explained((unheard(), unknown_there(), *elsewhere), ports(observed("dns_query", None)), None, beside)
    assert said is not None
    assert "over its control channel (UDP 443) it says that it does not know this key, so the key is the likely cause" in said.text
    assert "its port is blocked" not in said.text
    assert ("the same host answers STUN, so the key or the port may be wrong" in said.text) == stun
    assert said.text.endswith("something else was measured in its place") == bool(elsewhere)
    assert "compare the keys at both ends" in said.advice


def test_it_is_named_where_nothing_else_was_tried() -> None:
    """With --method quic."""
    said = explained((unknown_there(),), (), None)
    assert said is not None
    assert said.text.startswith("reflector reflector.example: no answer to voice; over its control channel")
