"""From what came of a question to a port to its state and verdict (contract 4.4): declined, silent and nobody-there are told apart."""

from collections.abc import Iterable
from typing import Final

from nra.model.document import FirewallCheck
from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Observation, PortState
from nra.model.plan import PortQuestion
from nra.model.sample import VoiceSample
from nra.model.verdict import Verdict

NOBODY: Final = "nobody is known there who would answer without credentials: not proof of anything"

STATE_OF_FAILURE: Final[dict[FailureKind, PortState]] = {
    FailureKind.NO_ANSWER: PortState.NO_ANSWER,  # only with a control that answered
    FailureKind.WRONG_PROTOCOL: PortState.NO_ANSWER,  # somebody accepted, but the right protocol did not answer
    FailureKind.TLS_FAILED: PortState.NO_ANSWER,
    FailureKind.REFUSED: PortState.REFUSED,
    FailureKind.RESET: PortState.REFUSED,
    FailureKind.PROHIBITED: PortState.REFUSED,
    FailureKind.NAME_NOT_FOUND: PortState.DNS_FAILED,
    FailureKind.NAME_UNRESOLVED: PortState.DNS_FAILED,
    FailureKind.TLS_UNTRUSTED: PortState.TLS_INTERCEPTED,
    FailureKind.UNREACHABLE: PortState.UNREACHABLE,
    FailureKind.LOCAL: PortState.UNREACHABLE,
    FailureKind.STOPPED: PortState.UNREACHABLE,
}

BLOCKED: Final = (PortState.REFUSED, PortState.NO_ANSWER, PortState.TLS_INTERCEPTED)
REACHED_BY: Final = (FailureKind.REFUSED, FailureKind.RESET, FailureKind.WRONG_PROTOCOL, FailureKind.TLS_UNTRUSTED, FailureKind.TLS_FAILED)


def control_answered(observations: Iterable[Observation | None]) -> bool:
    """Tell whether anything at all came back from the network: without that, silence says nothing about a port."""
    return any(
        isinstance(seen.value, Answer | VoiceSample) or (seen.failure is not None and seen.failure.kind in REACHED_BY)
        for seen in observations
        if seen is not None and seen.task.probe != "name_resolution"
    )


def check_port(question: PortQuestion, observation: Observation | None, *, control: bool) -> FirewallCheck:
    """Return the row for a question; `observation` is None where there was nobody to ask."""
    service = question.service
    state, evidence = state_of(observation, control=control)
    answer = observation.value if observation is not None and isinstance(observation.value, Answer) else None
    return FirewallCheck(
        port=service.port,
        protocol=service.protocol,
        service=service.service,
        purpose=service.purpose,
        destination=destination_of(question),
        address=answer.address if answer else None,
        required=service.required,
        state=state,
        verdict=verdict_of(state, required=service.required),
        evidence=evidence,
        connect_ms=answer.elapsed_ms if answer else None,
    )


def state_of(observation: Observation | None, *, control: bool) -> tuple[PortState, str]:
    """Return the state and the evidence for it."""
    if observation is None:
        return PortState.NO_RESPONDER, NOBODY
    if isinstance(observation.value, Answer):
        return PortState.OPEN, f"{observation.value.said} after {observation.value.elapsed_ms:.1f} ms"
    failure = observation.failure
    if failure is None:
        return PortState.UNREACHABLE, "nothing was observed"
    state = STATE_OF_FAILURE[failure.kind]
    if state is PortState.NO_ANSWER and failure.kind is FailureKind.NO_ANSWER and not control:
        return PortState.UNREACHABLE, f"{words(failure)}; nothing else answered either"
    return state, words(failure)


def words(failure: Failure) -> str:
    """Return the failure as evidence."""
    return f"{failure.operation}: {failure.kind.value.replace('_', ' ')} ({failure.detail})"


def verdict_of(state: PortState, *, required: bool) -> Verdict:
    """Return the verdict of a state; an optional port is never FAIL."""
    if state is PortState.OPEN:
        return Verdict.PASS
    if not required:
        return Verdict.INFO
    return Verdict.FAIL if state in BLOCKED else Verdict.NOT_MEASURED


def destination_of(question: PortQuestion) -> str:
    """Return the host that the row is about; where it is asked at another port of a range, that port too."""
    if question.task is None:
        return question.service.host
    target = question.task.target
    if question.service.port == str(target.port):
        return target.host
    return f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"
