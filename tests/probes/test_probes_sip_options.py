"""SIP OPTIONS as a check of a port (RFC 3261 11): any answer to our own request opens it."""

import asyncio
from typing import Any

import pytest
from voice_world import HOST

from nra.model.failure import FailureKind
from nra.model.observation import Answer, Observation
from nra.model.plan import CheckParameters, Target, Task
from nra.probes import BUILTIN
from nra.probes.parts.probe import Watch
from nra.probes.parts.sip_question import SipQuestion
from nra.reflector.responders.answers import sip_stream_answer
from nra.reflector.responders.sip import sip_answer
from nra.testing.fake_network import FakeNetwork, TcpScript

PROBES = {probe.name: probe for probe in BUILTIN}
SOURCE = ("192.0.2.10", 50000)


def asked(probe: str, net: FakeNetwork) -> Observation:
    """Return what comes of a check of port 5060."""
    task = Task(probe=probe, target=Target(host=HOST, port=5060), parameters=CheckParameters())
    return asyncio.run(PROBES[probe].run(task, net, Watch()))


def server(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
    """Answer as our responders do, which never answer with more than they got."""
    answer = sip_answer(payload, source)
    assert answer is None or len(answer) <= len(payload)
    return answer


def test_an_answer_over_udp() -> None:
    """200 to OPTIONS makes the port open, with what the server said."""
    seen = asked("sip_options", FakeNetwork(udp={(HOST, 5060): server}))
    assert isinstance(seen.value, Answer), seen.failure
    assert (seen.value.said, seen.value.address) == ("SIP 200 OK", HOST)


def test_an_answer_over_tcp() -> None:
    """The same over TCP."""
    net = FakeNetwork(tcp={(HOST, 5060): TcpScript(answer=lambda request: sip_stream_answer(request, SOURCE) or b"")})
    seen = asked("sip_options_tcp", net)
    assert isinstance(seen.value, Answer), seen.failure
    assert seen.value.said == "SIP 200 OK"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"])
def test_something_else_over_tcp_is_another_protocol(answer: bytes) -> None:
    """A middlebox that accepts in the server's place does not know our branch."""
    seen = asked("sip_options_tcp", FakeNetwork(tcp={(HOST, 5060): TcpScript(answer=answer)}))
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.WRONG_PROTOCOL


def test_silence_is_told_in_sip_s_words() -> None:
    """Three requests, no answer."""
    seen = asked("sip_options", FakeNetwork())
    assert seen.failure is not None
    assert (seen.failure.kind, seen.failure.operation) == (FailureKind.NO_ANSWER, "SIP OPTIONS")


@pytest.mark.parametrize(("old", "new"), [(b"branch=z9hG4bK", b"branch=z9hG4bKx"), (b"OPTIONS", b"INVITE")])
def test_an_answer_to_somebody_else_s_request_is_none(old: bytes, new: bytes) -> None:
    """The branch and the method say whose it is (17.1.3)."""
    question = SipQuestion(HOST, 5060, "UDP")
    answer: Any = sip_answer(question.ask(7), SOURCE)
    assert question.understand(answer) is not None
    assert question.understand(answer.replace(old, new)) is None


def test_a_late_answer_is_timed_from_its_own_question() -> None:
    """Each try has a branch of its own."""
    question = SipQuestion(HOST, 5060, "UDP")
    first, second = question.ask(1), question.ask(2)
    for request, asked_ns in ((second, 2), (first, 1)):
        understood = question.understand(sip_answer(request, SOURCE) or b"")
        assert understood is not None
        assert understood[1] == asked_ns
