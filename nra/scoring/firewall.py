"""From what came of the questions to a port to its state and verdict (contract 4.4): declined, silent and nobody-there are told apart."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from nra.model.document import FirewallCheck
from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Mappings, Observation, PortState, Trust
from nra.model.plan import CheckParameters, PortQuestion
from nra.model.verdict import Verdict
from nra.scoring import evidence

STOPPED: Final = "stopped (interrupted)"
NOBODY: Final = "nobody is known there who would answer without credentials: not proof of anything"
PERHAPS: Final = "whether anybody answers there is not known: not proof of anything"
KEY_PERHAPS: Final = "the host is there, so the key or the port may be wrong, or a firewall drops it: not proof of anything"
ALONE: Final = "nothing else answered either"
ONE_PORT: Final = "one port of the range alone was asked: a reflector with responders is asked at many"

STATE_OF_FAILURE: Final[dict[FailureKind, PortState]] = {
    FailureKind.NO_ANSWER: PortState.NO_ANSWER,  # only with a control that answered
    FailureKind.WRONG_PROTOCOL: PortState.NO_ANSWER,  # somebody accepted, but the right protocol did not answer
    FailureKind.TLS_FAILED: PortState.NO_ANSWER,
    FailureKind.REFUSED: PortState.REFUSED,
    FailureKind.RESET: PortState.REFUSED,
    FailureKind.PROHIBITED: PortState.REFUSED,
    FailureKind.BARRED: PortState.REFUSED,
    FailureKind.NAME_NOT_FOUND: PortState.DNS_FAILED,
    FailureKind.NAME_UNRESOLVED: PortState.DNS_FAILED,
    FailureKind.TLS_UNTRUSTED: PortState.TLS_INTERCEPTED,
    FailureKind.UNREACHABLE: PortState.UNREACHABLE,
    FailureKind.LOCAL: PortState.UNREACHABLE,
    FailureKind.STOPPED: PortState.UNREACHABLE,
}

BLOCKED: Final = (PortState.REFUSED, PortState.NO_ANSWER, PortState.TLS_INTERCEPTED)
REACHED_BY: Final = (FailureKind.REFUSED, FailureKind.RESET, FailureKind.WRONG_PROTOCOL, FailureKind.TLS_UNTRUSTED, FailureKind.TLS_FAILED)


def answered(seen: Observation | None) -> bool:
    """Tell whether anything at all came back from the network for a question; the resolver's word is not the network's."""
    if seen is None or seen.task.probe == "name_resolution":
        return False
    return seen.value is not None if seen.failure is None else seen.failure.kind in REACHED_BY


def vouches(seen: Observation, silent: Observation) -> bool:
    """Tell whether an outcome shows that a question which met silence meanwhile could have been answered.

    A refusal may come from the nearest box: it vouches for the host that was asked alone. Who told of a NAT was asked as one of several:
    its answers are not those of the task's own target.
    """
    if seen.task is silent.task or isinstance(seen.value, Mappings) or not answered(seen):
        return False
    refused = seen.failure is not None and seen.failure.kind is FailureKind.REFUSED
    return not refused or _same_host(seen, silent)


def control_answered(observations: Iterable[Observation | None]) -> bool:
    """Tell whether anything answered: without that, silence says nothing about a port."""
    return any(map(answered, observations))


def check_port(question: PortQuestion, observations: Sequence[Observation], controls: Sequence[Observation]) -> FirewallCheck:
    """Return the row for a question; there are no observations where there was nobody to ask.

    `controls` are the observations of the whole run: silence counts only where one of them shows that the network was there.
    """
    service = question.service
    judged = [_state(each, question, controls) for each in observations] or [(PortState.NO_RESPONDER, NOBODY)]
    state = _together([each for each, _ in judged])
    words = judged[0][1] if len(judged) == 1 else _of_range(observations, question, controls)
    stopped = state is PortState.UNREACHABLE and any(map(_was_stopped, observations))
    if stopped and not words.endswith(STOPPED):
        words = f"{words}; {STOPPED}"  # what a part of a range came to is no word on all of it
    answer = next((each.value for each in observations if isinstance(each.value, Answer)), None)
    failure = next((each.failure for each, (its, _) in zip(observations, judged, strict=False) if each.failure and its is state), None)
    return FirewallCheck(
        port=service.port,
        protocol=service.protocol,
        service=service.service,
        purpose=service.purpose,
        destination=destination_of(question),
        address=answer.address if answer else failure.address if failure else None,
        required=service.required,
        state=state,
        verdict=verdict_of(state, required=service.required),
        evidence=words,
        connect_ms=answer.elapsed_ms if answer and state is not PortState.NO_ANSWER else None,
        at=question.at,
        allow_to=service.allow_to,
        source=service.source,
        refused_by=_refused_by(failure) if state is PortState.REFUSED else None,
        partly=answer is not None and len(observations) > 1 and state is not PortState.OPEN and not stopped,
        stopped=stopped,
    )


def _state(seen: Observation, question: PortQuestion, controls: Sequence[Observation]) -> tuple[PortState, str]:
    """Return the state that one question's outcome comes to, and the evidence for it."""
    if isinstance(seen.value, Answer):
        alone = f"; {ONE_PORT}" if "-" in question.service.port and len(question.tasks) == 1 else ""
        return PortState.TLS_INTERCEPTED if _is_intercepted(seen.value) else PortState.OPEN, evidence.of_answer(seen.value) + alone
    if seen.failure is None:
        return PortState.UNREACHABLE, "nothing was observed"
    state, words = STATE_OF_FAILURE[seen.failure.kind], evidence.words(seen.failure)
    if seen.failure.kind is FailureKind.NO_ANSWER:
        control = _control(seen, controls)
        state, words = (PortState.NO_ANSWER, f"{words}; {control}") if control else (PortState.UNREACHABLE, f"{words}; {ALONE}")
    if question.sure or _rejected_by_rule(seen.failure) or state not in (PortState.REFUSED, PortState.NO_ANSWER):
        return state, words
    if not _is_alive(seen, controls):
        return PortState.NO_RESPONDER, f"{words}; {PERHAPS}"
    if state is PortState.NO_ANSWER and _bore_a_key(seen):
        return PortState.NO_RESPONDER, f"{words}; {KEY_PERHAPS}"
    return state, words


def _was_stopped(seen: Observation) -> bool:
    return seen.failure is not None and seen.failure.kind is FailureKind.STOPPED


def _bore_a_key(seen: Observation) -> bool:
    """Tell whether a question was authenticated: a reflector says nothing to whom it does not know."""
    return isinstance(seen.task.parameters, CheckParameters) and seen.task.parameters.key is not None


def _is_intercepted(answer: Answer) -> bool:
    """Tell whether somebody read along at any of the host's addresses: one clean family must not hide what happens on the other."""
    untrusted = any(each.failure is not None and each.failure.kind is FailureKind.TLS_UNTRUSTED for each in answer.elsewhere)
    return untrusted or Trust.SYSTEM in (answer.trust, *(each.trust for each in answer.elsewhere))


def _is_alive(seen: Observation, controls: Sequence[Observation]) -> bool:
    """Tell whether a reflector's host gave a sign of life over TCP: then it is not the reflector that is down."""
    return any(each.task.probe == "tcp_connect" and vouches(each, seen) and _same_host(each, seen) for each in controls)


def _same_host(one: Observation, other: Observation) -> bool:
    return one.task.target.host == other.task.target.host


def _rejected_by_rule(failure: Failure) -> bool:
    """Tell whether a rule rejects: then it does not matter whether anybody would answer behind it."""
    return failure.kind is FailureKind.PROHIBITED or _refused_by(failure) in ("way", "workstation")


def _control(silent: Observation, controls: Sequence[Observation]) -> str | None:
    """Return who answered while a question met silence, rather a port of the same host than another's; None where nobody did."""
    there = [each for each in controls if vouches(each, silent)]
    there.sort(key=lambda each: (each.task.target.host != silent.task.target.host, each.failure is not None))
    if not there:
        return None
    target, did = there[0].task.target, "answered" if there[0].failure is None else "did not stay silent"
    return f"meanwhile port {target.port} of {target.host} {did} ({there[0].task.probe.replace('_', ' ')})"


def _of_range(observations: Sequence[Observation], question: PortQuestion, controls: Sequence[Observation]) -> str:
    words = evidence.of_range(observations)
    silent = [each for each in observations if each.failure is not None and each.failure.kind is FailureKind.NO_ANSWER]
    if not silent or len(silent) < len(observations):
        return words
    return f"{words}; {_control(silent[0], [each for each in controls if each not in observations]) or ALONE}"


def _together(states: Sequence[PortState]) -> PortState:
    """Return the state of a range: open where every sample is, else what most of the others came to."""
    others = Counter(state for state in states if state is not PortState.OPEN)
    return others.most_common(1)[0][0] if others else PortState.OPEN


def _refused_by(failure: Failure | None) -> Literal["workstation", "host", "way"] | None:
    if failure is not None and failure.kind is FailureKind.BARRED:
        return "workstation"
    if failure is None or failure.by is None:
        return None
    return "host" if failure.by == failure.address else "way"


def verdict_of(state: PortState, *, required: bool) -> Verdict:
    """Return the verdict of a state; an optional port is never FAIL."""
    if state is PortState.OPEN:
        return Verdict.PASS
    if not required:
        return Verdict.INFO
    return Verdict.FAIL if state in BLOCKED else Verdict.NOT_MEASURED


def destination_of(question: PortQuestion) -> str:
    """Return the host that was asked, with its port where one stands for a range; where no host itself was asked, what a rule allows."""
    if not question.tasks or question.service.ask == "resolve":
        return question.service.allow_to
    target = question.tasks[0].target
    if len(question.tasks) > 1 or question.service.port == str(target.port):
        return target.host
    return f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"
