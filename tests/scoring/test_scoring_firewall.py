"""From what came of a question to a port to its row (contract 4.4)."""

from dataclasses import replace
from typing import Any

import pytest

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Elsewhere, Observation, PortState, Trust
from nra.model.plan import CheckParameters, PortQuestion, Target, Task
from nra.model.region import Service, Side
from nra.model.verdict import Verdict
from nra.scoring.firewall import (
    ALONE,
    NOBODY,
    PERHAPS,
    STATE_OF_FAILURE,
    check_port,
    control_answered,
    destination_of,
    verdict_of,
)

TASK = Task(probe="tls_handshake", target=Target(host="api.example", port=443), parameters=CheckParameters())


def service(port: str = "443", *, required: bool = True, ask: str = "tls") -> Service:
    """Return a row of the Firewall column."""
    return Service(
        port=port, protocol="TCP", service="HTTPS", purpose="sign-in", allow_to="*.example", host="api.example", required=required,
        ask=ask, profile="webrtc", source="test", checked="2026-11-22",
    )  # fmt: skip


def question(port: str = "443", *tasks: Task, required: bool = True, **changes: Any) -> PortQuestion:
    """Return a question to a port."""
    return PortQuestion(service=service(port, required=required), tasks=tasks or (TASK,), **changes)


def failed(kind: FailureKind, probe: str = "tls_handshake", detail: str = "as the system says", **more: Any) -> Observation:
    """Return a failed observation."""
    task = Task(probe=probe, target=TASK.target, parameters=TASK.parameters)
    return Observation(task=task, started_ns=0, ended_ns=1, failure=Failure(kind=kind, operation="connect", detail=detail, **more))


def answered(probe: str = "tls_handshake", host: str = "api.example", port: int = 443, **more: Any) -> Observation:
    """Return an answer."""
    task = Task(probe=probe, target=Target(host=host, port=port), parameters=TASK.parameters)
    return Observation(task=task, started_ns=0, ended_ns=1, value=Answer(address="192.0.2.1", elapsed_ms=12.34, said="TLSv1.3", **more))


UNTRUSTED = Failure(kind=FailureKind.TLS_UNTRUSTED, operation="TLS handshake", detail="another key than the announced one")
CONTROL = answered("dns_query", "dns.example", 53)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (FailureKind.NO_ANSWER, PortState.NO_ANSWER),
        (FailureKind.WRONG_PROTOCOL, PortState.NO_ANSWER),
        (FailureKind.TLS_FAILED, PortState.NO_ANSWER),
        (FailureKind.REFUSED, PortState.REFUSED),
        (FailureKind.RESET, PortState.REFUSED),
        (FailureKind.PROHIBITED, PortState.REFUSED),
        (FailureKind.BARRED, PortState.REFUSED),
        (FailureKind.NAME_NOT_FOUND, PortState.DNS_FAILED),
        (FailureKind.NAME_UNRESOLVED, PortState.DNS_FAILED),
        (FailureKind.TLS_UNTRUSTED, PortState.TLS_INTERCEPTED),
        (FailureKind.UNREACHABLE, PortState.UNREACHABLE),
        (FailureKind.LOCAL, PortState.UNREACHABLE),
        (FailureKind.STOPPED, PortState.UNREACHABLE),
    ],
)
def test_each_kind_of_failure_has_its_state(kind: FailureKind, state: PortState) -> None:
    """Declined, silent, nobody-there and never-reached are told apart; the evidence repeats operation and detail."""
    check = check_port(question(), [failed(kind)], [CONTROL])
    assert check.state is state
    assert check.evidence.startswith("connect: ")
    assert "as the system says" in check.evidence


def test_no_kind_of_failure_is_forgotten() -> None:
    """The table covers the closed list."""
    assert STATE_OF_FAILURE.keys() == set(FailureKind)


def test_silence_needs_a_control() -> None:
    """Without anybody who answered, silence is `unreachable`; what was reached needs no control."""
    silent = failed(FailureKind.NO_ANSWER)
    check = check_port(question(), [silent], [silent])
    assert (check.state, check.evidence.endswith(f"; {ALONE}")) == (PortState.UNREACHABLE, True)
    for kind, state in ((FailureKind.WRONG_PROTOCOL, PortState.NO_ANSWER), (FailureKind.REFUSED, PortState.REFUSED)):
        assert check_port(question(), [failed(kind)], []).state is state


def test_the_control_is_named_and_the_same_host_is_the_best() -> None:
    """Whoever reads the evidence sees who answered meanwhile; the host itself says more than somebody else's."""
    silent = failed(FailureKind.NO_ANSWER)
    near = answered("http_head", "api.example", 80)
    assert check_port(question(), [silent], [silent, CONTROL]).evidence.endswith("; meanwhile port 53 of dns.example answered (dns query)")
    assert check_port(question(), [silent], [silent, CONTROL, near]).evidence.endswith(
        "meanwhile port 80 of api.example answered (http head)"
    )


def test_a_question_is_not_its_own_control() -> None:
    """What was asked of the port itself cannot show that the network was there."""
    refused = failed(FailureKind.REFUSED)
    silent = replace(failed(FailureKind.NO_ANSWER), task=refused.task)
    assert check_port(question(), [silent], [silent, refused]).state is PortState.UNREACHABLE


def test_nobody_to_ask_and_an_answer() -> None:
    """`no_responder` proves nothing, `open` needs the right protocol's answer."""
    nobody = check_port(PortQuestion(service=service(), tasks=()), [], [CONTROL])
    assert (nobody.state, nobody.evidence, nobody.destination) == (PortState.NO_RESPONDER, NOBODY, "*.example")
    found = check_port(question(), [answered()], [])
    assert (found.state, found.evidence) == (PortState.OPEN, "IPv4 192.0.2.1: TLSv1.3 after 12.3 ms")
    nothing = Observation(task=TASK, started_ns=0, ended_ns=1)
    assert check_port(question(), [nothing], [CONTROL]).state is PortState.UNREACHABLE


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (FailureKind.NO_ANSWER, PortState.NO_RESPONDER),
        (FailureKind.REFUSED, PortState.NO_RESPONDER),
        (FailureKind.TLS_UNTRUSTED, PortState.TLS_INTERCEPTED),
        (FailureKind.NAME_NOT_FOUND, PortState.DNS_FAILED),
        (FailureKind.UNREACHABLE, PortState.UNREACHABLE),
    ],
)
def test_where_it_is_not_known_that_anybody_answers_silence_proves_nothing(kind: FailureKind, state: PortState) -> None:
    """Trap 10: a port at which nobody listens is not "blocked"; an answer there is an answer all the same."""
    check = check_port(question(sure=False), [failed(kind)], [CONTROL])
    assert (check.state, check.verdict in (Verdict.NOT_MEASURED, Verdict.FAIL)) == (state, True)
    assert (PERHAPS in check.evidence) is (state is PortState.NO_RESPONDER)
    assert check_port(question(sure=False), [answered()], []).state is PortState.OPEN


def test_a_root_that_only_this_workstation_trusts_is_an_interception() -> None:
    """The chain verifies against the system's store alone: somebody installed that root here (contract 4.4)."""
    check = check_port(question(), [answered(trust=Trust.SYSTEM, issuer="Inspection CA")], [])
    assert (check.state, check.verdict) == (PortState.TLS_INTERCEPTED, Verdict.FAIL)
    assert "only this workstation" in check.evidence
    for trust in (Trust.PUBLIC, Trust.PIN):
        assert check_port(question(), [answered(trust=trust)], []).state is PortState.OPEN


@pytest.mark.parametrize(
    ("other", "state"),
    [
        (Elsewhere(address="2001:db8::1", failure=UNTRUSTED), PortState.TLS_INTERCEPTED),
        (Elsewhere(address="2001:db8::1", said="TLSv1.3", elapsed_ms=9.0, trust=Trust.SYSTEM), PortState.TLS_INTERCEPTED),
        (Elsewhere(address="2001:db8::1", said="TLSv1.3", elapsed_ms=9.0, trust=Trust.PUBLIC), PortState.OPEN),
        (Elsewhere(address="2001:db8::1", failure=replace(UNTRUSTED, kind=FailureKind.NO_ANSWER)), PortState.OPEN),
    ],
)
def test_a_clean_family_does_not_hide_that_the_other_is_read(other: Elsewhere, state: PortState) -> None:
    """Browsers take either family: who reads along on one of them reads along."""
    check = check_port(question(), [answered(trust=Trust.PUBLIC, elsewhere=(other,))], [])
    assert check.state is state
    assert "IPv6 2001:db8::1" in check.evidence


def sample(port: int, kind: FailureKind | None = None) -> Observation:
    """Return what came of one port of a range."""
    seen = answered("stamp_echo", "reflector.example", port) if kind is None else failed(kind, detail="3 sent, no answer")
    return replace(seen, task=Task(probe="stamp_echo", target=Target(host="reflector.example", port=port), parameters=TASK.parameters))


def test_a_range_is_open_when_all_its_samples_are() -> None:
    """One row for a range, with how many of its ports answered."""
    seen = [sample(port) for port in (16384, 20480, 65535)]
    check = check_port(question("16384-65535", *(each.task for each in seen)), seen, [])
    assert (check.state, check.destination, check.connect_ms) == (PortState.OPEN, "reflector.example", 12.34)
    assert check.evidence == "3 of 3 ports asked answered (TLSv1.3 after 12.3 to 12.3 ms)"


def test_a_range_that_is_open_in_parts_names_the_others() -> None:
    """Half a range is a firewall with the old range: the verdict is FAIL and the evidence says which ports."""
    seen = [sample(16384), sample(20480), sample(49151, FailureKind.NO_ANSWER), sample(65535, FailureKind.NO_ANSWER)]
    check = check_port(question("16384-65535", *(each.task for each in seen)), seen, seen)
    assert (check.state, check.verdict) == (PortState.NO_ANSWER, Verdict.FAIL)
    assert check.evidence == (
        "2 of 4 ports asked answered (TLSv1.3 after 12.3 to 12.3 ms); 16384 to 20480 (2 asked): answered; "
        "49151 to 65535 (2 asked): connect: 3 sent, no answer"
    )


def test_a_range_that_is_silent_needs_a_control_from_elsewhere() -> None:
    """Its own ports cannot vouch for each other when none of them answered."""
    seen = [sample(16384, FailureKind.NO_ANSWER), sample(65535, FailureKind.NO_ANSWER)]
    asked = question("16384-65535", *(each.task for each in seen))
    assert check_port(asked, seen, seen).state is PortState.UNREACHABLE
    check = check_port(asked, seen, [*seen, CONTROL])
    assert check.state is PortState.NO_ANSWER
    assert check.evidence.endswith("meanwhile port 53 of dns.example answered (dns query)")


@pytest.mark.parametrize(("by", "told"), [("192.0.2.1", "host"), ("10.0.0.1", "way"), (None, None)])
def test_who_refuses_is_told_where_icmp_says_so(by: str | None, told: str | None) -> None:
    """The host itself (nobody listens there) or something before it (a firewall): two different people's job."""
    check = check_port(question(), [failed(FailureKind.REFUSED, by=by, address="192.0.2.1")], [])
    assert (check.state, check.refused_by, check.address) == (PortState.REFUSED, told, "192.0.2.1")


def test_what_the_workstation_itself_refuses_is_a_rule_whoever_would_answer() -> None:
    """The system's own firewall let nothing out: refused, also where nobody would answer."""
    check = check_port(question(sure=False), [failed(FailureKind.BARRED)], [])
    assert (check.state, check.refused_by, check.verdict) == (PortState.REFUSED, "workstation", Verdict.FAIL)


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
        ([failed(FailureKind.BARRED)], False),
    ],
)
def test_what_counts_as_a_control(seen: list[Observation | None], counts: bool) -> None:
    """Anything that came back over the network; a name from the resolver, or this machine's own firewall, did not."""
    assert control_answered(seen) is counts


def test_a_row() -> None:
    """What was asked, where, what came of it, what a rule must allow and who says so; times only of answers: absent is never zero."""
    check = check_port(question(), [answered()], [])
    assert (check.port, check.protocol, check.address, check.connect_ms, check.verdict) == ("443", "TCP", "192.0.2.1", 12.34, Verdict.PASS)
    assert (check.at, check.allow_to, check.source) == (Side.SERVICE, "*.example", "test")
    check = check_port(question(required=False, at=Side.REFLECTOR), [failed(FailureKind.REFUSED)], [])
    assert (check.address, check.connect_ms, check.verdict, check.required) == (None, None, Verdict.INFO, False)
    assert check.at is Side.REFLECTOR


def test_where_a_row_points() -> None:
    """The host; with the port where one stands for a range, in brackets where the host is an IPv6 address; else what a rule allows."""
    ipv6 = Task(probe="stamp_echo", target=Target(host="2001:db8::1", port=443), parameters=CheckParameters())
    assert destination_of(question()) == "api.example"
    assert destination_of(question("400-500")) == "api.example:443"
    assert destination_of(question("400-500", TASK, ipv6)) == "api.example"
    assert destination_of(question("400-500", ipv6)) == "[2001:db8::1]:443"
    assert destination_of(PortQuestion(service=service("400-500"), tasks=())) == "*.example"
    assert destination_of(PortQuestion(service=service(ask="resolve"), tasks=(TASK,))) == "*.example"


def test_a_question_that_the_user_stopped_accuses_nobody() -> None:
    """The row was not measured, whether it was one question or a part of a range; another's silence does not hide that."""
    stopped = failed(FailureKind.STOPPED, detail="interrupted")
    silent = failed(FailureKind.NO_ANSWER)
    for observations in ([stopped], [stopped, stopped], [stopped, silent], [stopped, answered()]):
        row = check_port(question("443", *(each.task for each in observations)), observations, observations[:1])
        assert (row.verdict, row.stopped, row.partly) == (Verdict.NOT_MEASURED, True, False)
        assert row.evidence.endswith("stopped (interrupted)")
    assert not check_port(question(), [silent], []).stopped
    assert not check_port(question(), [failed(FailureKind.LOCAL)], []).stopped
