"""What was seen of a port, in words: what was sent how often, what came back after how many ms, from which address."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Elsewhere, Observation, Trust

MOST_WORDS: Final = 600  # characters: a ticket must stay readable whatever a server calls itself
TOLD_BY_ITSELF: Final = (
    FailureKind.NO_ANSWER,
    FailureKind.REFUSED,
    FailureKind.PROHIBITED,
    FailureKind.BARRED,
    FailureKind.UNREACHABLE,
    FailureKind.RESET,
)
"""Kinds of which the detail says all that there is to say."""
TRUSTED: Final = {
    Trust.SYSTEM: ", a root that only this workstation's own store trusts,",
    Trust.PIN: ", the very key that was expected,",
}
"""What is worth saying of a chain; that it leads to a public root is what everybody expects."""


def words(failure: Failure) -> str:
    """Return a failure as evidence."""
    if failure.kind in TOLD_BY_ITSELF:
        return f"{failure.operation}: {short(failure.detail)}"
    return f"{failure.operation}: {failure.kind.value.replace('_', ' ')} ({short(failure.detail)})"


def short(text: str) -> str:
    """Return what somebody on the network said of itself, cut where it stops being evidence."""
    return text if len(text) <= MOST_WORDS else f"{text[: MOST_WORDS - 3]}..."


def of_answer(answer: Answer) -> str:
    """Return what answered, and what became of the host's other addresses."""
    parts = [_from(answer.address, said(answer))]
    parts += [_from(other.address, _of_other(other)) for other in answer.elsewhere]
    return "; ".join(parts)


def said(answer: Answer) -> str:
    """Return what one address answered, after how long, and at which try if not the first."""
    try_number = f", to try {answer.tries}" if answer.tries > 1 else ""
    trusted = "" if answer.trust is None else TRUSTED.get(answer.trust, "")
    return f"{short(answer.said)}{trusted} after {answer.elapsed_ms:.1f} ms{try_number}"


def of_range(observations: Sequence[Observation]) -> str:
    """Return how many of a range's samples answered, and what the others came to, neighbours together."""
    answers = [each.value for each in observations if isinstance(each.value, Answer)]
    parts = [f"{len(answers)} of {len(observations)} ports asked answered"]
    if answers:
        times = sorted(answer.elapsed_ms for answer in answers)
        parts[0] += f" ({answers[0].said} after {times[0]:.1f} to {times[-1]:.1f} ms)"
    if len(answers) < len(observations):
        by_port = sorted(observations, key=lambda each: each.task.target.port)
        parts += [_stretch(what, list(those)) for what, those in groupby(by_port, _outcome)]
    return "; ".join(parts)


def _outcome(seen: Observation) -> str:
    return "answered" if seen.failure is None else words(seen.failure)


def _stretch(what: str, those: Sequence[Observation]) -> str:
    """Return what neighbouring samples came to, told once for all of them: this is where a rule begins or ends."""
    first, last = (those[place].task.target.port for place in (0, -1))
    return f"{first}: {what}" if first == last else f"{first} to {last} ({len(those)} asked): {what}"


def _of_other(other: Elsewhere) -> str:
    if other.failure is not None:
        return words(other.failure)
    if other.said is None or other.elapsed_ms is None:
        return "nothing"
    trusted = "" if other.trust is None else TRUSTED.get(other.trust, "")
    return f"{short(other.said)}{trusted} after {other.elapsed_ms:.1f} ms"


def _from(address: str, what: str) -> str:
    return f"{'IPv6' if ':' in address else 'IPv4'} {address}: {what}"
