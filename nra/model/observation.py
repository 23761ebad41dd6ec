"""An observation: what happened when a task was carried out; a value or a failure, never an opinion."""

from dataclasses import dataclass
from enum import StrEnum

from nra.model.failure import Failure
from nra.model.plan import Task
from nra.model.sample import VoiceSample


class PortState(StrEnum):
    """What became of the question put to a port (contract 4.4)."""

    OPEN = "open"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    NO_RESPONDER = "no_responder"
    DNS_FAILED = "dns_failed"
    TLS_INTERCEPTED = "tls_intercepted"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A port answered in the right protocol: from which address, after how long, and what it said of itself."""

    address: str
    elapsed_ms: float
    said: str
    tries: int = 1
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What came of one task: `value` or `failure`, one of them; times are monotonic nanoseconds."""

    task: Task
    started_ns: int
    ended_ns: int
    value: VoiceSample | Answer | None = None
    failure: Failure | None = None
    address: str | None = None
    tries: int = 0
