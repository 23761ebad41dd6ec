"""From what came of a question to a port to its row (contract 4.4)."""

import pytest

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Observation, PortState
from nra.model.plan import CheckParameters, PortQuestion, Target, Task
from nra.model.region import Service
from nra.model.verdict import Verdict
from nra.scoring.firewall import NOBODY, STATE_OF_FAILURE, check_port, control_answered, destination_of, state_of, verdict_of

TASK = Task(probe="tls_handshake", target=Target(host="api.example", port=443), parameters=CheckParameters())


def service(port: str = "443", *, required: bool = True) -> Service:
    """Return a row of the Firewall column."""
    return Service(
        port=port, protocol="TCP", service="HTTPS", purpose="sign-in", host="api.example", required=required, ask="tls", profile="webrtc",
        source="test", checked="2026-11-22",
    )  # fmt: skip


def failed(kind: FailureKind, probe: str = "tls_handshake", detail: str = "as the system says") -> Observation:
    """Return a failed observation."""
    task = Task(probe=probe, target=TASK.target, parameters=TASK.parameters)
    return Observation(task=task, started_ns=0, ended_ns=1, failure=Failure(kind=kind, operation="connect", detail=detail))


def answered(probe: str = "tls_handshake") -> Observation:
    """Return an answer."""
    task = Task(probe=probe, target=TASK.target, parameters=TASK.parameters)
    return Observation(task=task, started_ns=0, ended_ns=1, value=Answer(address="192.0.2.1", elapsed_ms=12.34, said="TLSv1.3"))


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (FailureKind.NO_ANSWER, PortState.NO_ANSWER),
        (FailureKind.WRONG_PROTOCOL, PortState.NO_ANSWER),
        (FailureKind.TLS_FAILED, PortState.NO_ANSWER),
        (FailureKind.REFUSED, PortState.REFUSED),
        (FailureKind.RESET, PortState.REFUSED),
        (FailureKind.PROHIBITED, PortState.REFUSED),
        (FailureKind.NAME_NOT_FOUND, PortState.DNS_FAILED),
        (FailureKind.NAME_UNRESOLVED, PortState.DNS_FAILED),
        (FailureKind.TLS_UNTRUSTED, PortState.TLS_INTERCEPTED),
        (FailureKind.UNREACHABLE, PortState.UNREACHABLE),
        (FailureKind.LOCAL, PortState.UNREACHABLE),
        (FailureKind.STOPPED, PortState.UNREACHABLE),
    ],
)
def test_each_kind_of_failure_has_its_state(kind: FailureKind, state: PortState) -> None:
    """Declined, silent, nobody-there and never-reached are told apart; the evidence repeats operation, kind and detail."""
    seen, evidence = state_of(failed(kind), control=True)
    assert seen is state
    assert evidence == f"connect: {kind.value.replace('_', ' ')} (as the system says)"


def test_no_kind_of_failure_is_forgotten() -> None:
    """The table covers the closed list."""
    assert STATE_OF_FAILURE.keys() == set(FailureKind)


def test_silence_needs_a_control() -> None:
    """Without anybody who answered, silence is `unreachable`; what was reached needs no control."""
    state, evidence = state_of(failed(FailureKind.NO_ANSWER), control=False)
    assert (state, evidence.endswith("; nothing else answered either")) == (PortState.UNREACHABLE, True)
    assert state_of(failed(FailureKind.WRONG_PROTOCOL), control=False)[0] is PortState.NO_ANSWER
    assert state_of(failed(FailureKind.REFUSED), control=False)[0] is PortState.REFUSED


def test_nobody_to_ask_and_an_answer() -> None:
    """`no_responder` proves nothing, `open` needs the right protocol's answer."""
    assert state_of(None, control=True) == (PortState.NO_RESPONDER, NOBODY)
    assert state_of(answered(), control=False) == (PortState.OPEN, "TLSv1.3 after 12.3 ms")
    nothing = Observation(task=TASK, started_ns=0, ended_ns=1)
    assert state_of(nothing, control=True)[0] is PortState.UNREACHABLE


@pytest.mark.parametrize(
    ("state", "required", "optional"),
    [
        (PortState.OPEN, Verdict.PASS, Verdict.PASS),
        (PortState.REFUSED, Verdict.FAIL, Verdict.INFO),
        (PortState.NO_ANSWER, Verdict.FAIL, Verdict.INFO),
        (PortState.TLS_INTERCEPTED, Verdict.FAIL, Verdict.INFO),
        (PortState.NO_RESPONDER, Verdict.NOT_MEASURED, Verdict.INFO),
        (PortState.DNS_FAILED, Verdict.NOT_MEASURED, Verdict.INFO),
        (PortState.UNREACHABLE, Verdict.NOT_MEASURED, Verdict.INFO),
    ],
)
def test_the_verdict_table(state: PortState, required: Verdict, optional: Verdict) -> None:
    """Contract 4.4, to the letter; an optional port is never FAIL."""
    assert (verdict_of(state, required=True), verdict_of(state, required=False)) == (required, optional)


@pytest.mark.parametrize(
    ("seen", "counts"),
    [
        ([], False),
        ([None], False),
        ([answered()], True),
        ([answered("name_resolution")], False),
        ([failed(FailureKind.NO_ANSWER), failed(FailureKind.UNREACHABLE), failed(FailureKind.NAME_NOT_FOUND)], False),
        ([failed(FailureKind.NO_ANSWER), failed(FailureKind.REFUSED)], True),
        ([failed(FailureKind.RESET)], True),
        ([failed(FailureKind.TLS_UNTRUSTED)], True),
        ([failed(FailureKind.WRONG_PROTOCOL)], True),
        ([failed(FailureKind.PROHIBITED)], False),
    ],
)
def test_what_counts_as_a_control(seen: list[Observation | None], counts: bool) -> None:
    """Anything that came back over the network; a name from the resolver, or this machine's own firewall, did not."""
    assert control_answered(seen) is counts


def test_a_row() -> None:
    """What was asked, where, what came of it; times only of answers: absent is never zero."""
    check = check_port(PortQuestion(service=service(), task=TASK), answered(), control=True)
    assert (check.port, check.protocol, check.address, check.connect_ms, check.verdict) == ("443", "TCP", "192.0.2.1", 12.34, Verdict.PASS)
    check = check_port(PortQuestion(service=service(required=False), task=TASK), failed(FailureKind.REFUSED), control=True)
    assert (check.address, check.connect_ms, check.verdict, check.required) == (None, None, Verdict.INFO, False)


def test_where_a_row_points() -> None:
    """The host; with the port where a range was asked at one of its ports, in brackets where the host is an IPv6 address."""
    assert destination_of(PortQuestion(service=service(), task=TASK)) == "api.example"
    assert destination_of(PortQuestion(service=service("400-500"), task=TASK)) == "api.example:443"
    assert destination_of(PortQuestion(service=service("400-500"), task=None)) == "api.example"
    ipv6 = Task(probe="stamp_echo", target=Target(host="2001:db8::1", port=443), parameters=CheckParameters())
    assert destination_of(PortQuestion(service=service("400-500"), task=ipv6)) == "[2001:db8::1]:443"
