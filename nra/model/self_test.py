"""The self-test of a workstation as an instrument (`nra-doctor/1`, docs/doctor.md): what was read, and what it came to."""

from dataclasses import dataclass
from typing import Final

from nra.model.document import Host
from nra.model.verdict import Overall, Verdict

SCHEMA: Final = "nra-doctor/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was seen of one thing, in the unit of its row; without a value `evidence` says why there is none.

    `exists` is False where this system has no such thing, so that nothing could have been read.
    """

    key: str
    value: float | None = None
    evidence: str = ""
    exists: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One row: `key` is `part.name`, `limit` is in words such as "< 5 ms", `advice` is None where there is nothing to do."""

    key: str
    label: str
    value: float | None
    unit: str
    limit: str
    verdict: Verdict
    evidence: str
    meaning: str
    advice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """All of one self-test; `duration_s` is how long timers and noise floor were each watched, as asked for."""

    schema: str
    verdict: Overall
    tool_version: str
    started_at: str
    elapsed_s: float
    duration_s: float
    interrupted: bool
    host: Host
    checks: tuple[Check, ...]
