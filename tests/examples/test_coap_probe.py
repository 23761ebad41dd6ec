"""The example probe on the fake network, tested as docs/adding-a-probe.md says that every probe is."""

import asyncio
import runpy
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Observation
from nra.model.plan import CheckParameters, Target, Task
from nra.probes import BUILTIN
from nra.probes.parts.probe import Watch
from nra.testing.fake_network import FakeNetwork, refusal
from nra.testing.impairment import Impairment, Peer
from nra.testing.impairment import Path as Way
from nra.wire.errors import MalformedMessage

COAP: Final[dict[str, Any]] = runpy.run_path(str(Path(__file__).resolve().parents[2] / "examples" / "coap_probe.py"))
DEVICE: Final = ("192.0.2.1", 5683)
TASK: Final = Task(probe="coap_ping", target=Target(host="door.example", port=5683), parameters=CheckParameters())


def serve(request: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Answer as a device does: a Reset with the same message ID (RFC 7252 4.3)."""
    return b"\x70\x00" + request[2:]


def observed(peer: Peer | Failure | None, **up: Any) -> Observation:
    """Return what the probe makes of a device."""
    net = FakeNetwork(names={"door.example": ("192.0.2.1",)}, udp={} if peer is None else {DEVICE: peer}, up=Way(Impairment(**up)))
    observation: Observation = asyncio.run(COAP["PROBE"].run(TASK, net, Watch()))
    return observation


def kind_of_failure(observation: Observation) -> FailureKind | None:
    """Return of which kind the failure is, None when there was an answer."""
    return None if observation.failure is None else observation.failure.kind


def test_the_ping_is_an_empty_confirmable_message() -> None:
    """Four octets: version 1, type 0, no token, code 0.00, the message ID (RFC 7252 3 and 4.3)."""
    assert COAP["encode_ping"](0xABCD) == bytes.fromhex("4000abcd")


def test_a_device_that_answers_is_an_answer() -> None:
    """The answer names its address, says what came and after how long."""
    answer = observed(serve, delay_ms=7.5).value
    assert isinstance(answer, Answer)
    assert (answer.address, answer.said, answer.tries) == ("192.0.2.1", "CoAP Reset", 1)
    assert answer.elapsed_ms == pytest.approx(7.5)


def test_a_lost_ping_is_sent_again() -> None:
    """The time is that of the try which was answered, not of the first."""
    answer = observed(serve, delay_ms=7.5, loss_runs=(range(2),)).value
    assert isinstance(answer, Answer)
    assert answer.tries == 3
    assert answer.elapsed_ms == pytest.approx(7.5)


@pytest.mark.parametrize("reply", ["", "70 00", "60 00 00 00", "70 01 00 00", "71 00 00 00 01", "70 00 00 00 ff"])
def test_somebody_elses_answer_is_none(reply: str) -> None:
    """Too short, another type or code, a token where none may be, octets left over: the port is not taken for open."""
    octets = bytes.fromhex(reply)
    assert kind_of_failure(observed(lambda ping, *_: octets[:2] + ping[2:] if len(octets) == 4 else octets)) is FailureKind.NO_ANSWER


def test_an_answer_to_another_ping_is_none() -> None:
    """A Reset with an ID that was never asked with is no answer to us."""
    others = bytes.fromhex("7000")
    assert kind_of_failure(observed(lambda ping, *_: others + bytes(octet ^ 0xFF for octet in ping[2:]))) is FailureKind.NO_ANSWER


def test_silence_and_refusal_are_observations() -> None:
    """A bad network is a result, not an exception."""
    assert kind_of_failure(observed(None)) is FailureKind.NO_ANSWER
    assert kind_of_failure(observed(refusal(FailureKind.REFUSED))) is FailureKind.REFUSED


@given(st.binary(max_size=6))
@settings(max_examples=200)
def test_arbitrary_octets_are_read_or_refused(data: bytes) -> None:
    """Only MalformedMessage may come out of a decoder."""
    try:
        message_id = COAP["decode_reset"](data)
    except MalformedMessage:
        return
    assert data == b"\x70\x00" + message_id.to_bytes(2)


def test_the_list_is_the_built_in_one_and_the_example() -> None:
    """Being in the tuple is all the registration there is."""
    assert COAP["PROBES"] == (*BUILTIN, COAP["PROBE"])
