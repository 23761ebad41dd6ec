"""Whose job it is: what the runs of a case say to do, by who can do it, the one with most to mend first."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from nra.model.document import Finding, RunDocument
from nra.model.fleet import FleetSummary
from nra.report.cells import clean
from nra.report.sentences import SEVERITIES

REACH: Final = "How far it reaches"
ANYBODY: Final = "Whoever looks into it"
MOST_JOBS: Final = 8  # of one owner
MOST_PLACES: Final = 5
OWNED: Final = re.compile(r"(\w+ team|At this workstation|Whoever [^:.]{1,60}): (.*)", re.DOTALL)
LEAD: Final = "may be the lead: "


@dataclass(slots=True)
class _Job:
    """One advice: how grave what asks for it is, what that was, and where it was seen."""

    severity: str
    reason: str
    hosts: list[str] = field(default_factory=list)


def jobs(runs: Sequence[RunDocument], fleet: FleetSummary) -> Iterator[tuple[str, list[str]]]:
    """Yield each owner with what he can do, each thing once, the gravest first; before them what tells how far the trouble reaches.

    What only informs is told too where it comes with advice: nothing fails by it, but it may be what leads to the cause.
    """
    reach = [f"{each.verdict}: {each.text}: {each.advice}" for each in fleet.statements if each.advice]
    if reach:
        yield REACH, reach
    owners = _by_owner(runs)
    for owner in sorted(owners, key=lambda owner: min(_gravity(job) for job in owners[owner].values())):
        told = sorted(owners[owner].items(), key=lambda item: _gravity(item[1]))
        lines = [f"{clean(advice)} ({_why(job, len(runs))})" for advice, job in told[:MOST_JOBS]]
        more = len(told) - MOST_JOBS
        yield owner, [*lines, f"{more} more, in the workbook"] if more > 0 else lines


def counted(hosts: Sequence[str], runs: int) -> str:
    """Return in how many of the runs something was seen, and at which workstations, the first few of them."""
    names = list(dict.fromkeys(hosts))
    more = f" and {len(names) - MOST_PLACES} more" if len(names) > MOST_PLACES else ""
    return f"in {len(hosts)} of {runs} run{'' if runs == 1 else 's'}: {', '.join(names[:MOST_PLACES])}{more}"


def _by_owner(runs: Sequence[RunDocument]) -> dict[str, dict[str, _Job]]:
    """Return every advice under its owner; findings begin theirs with who can act."""
    owners: dict[str, dict[str, _Job]] = {}
    for run in runs:
        told: set[tuple[str, str]] = set()
        for finding in sorted(run.findings, key=lambda finding: SEVERITIES.index(finding.severity)):
            named = OWNED.match(finding.advice)
            owner, advice = (named[1], named[2].strip()) if named else (ANYBODY, finding.advice.strip())
            if not advice or (owner, advice) in told:  # a run counts once, by the gravest that asks for it
                continue
            told.add((owner, advice))
            _put(owners.setdefault(owner, {}), advice, finding, run.run.host.name)
    return owners


def _put(told: dict[str, _Job], advice: str, finding: Finding, host: str) -> None:
    job = told.setdefault(advice, _Job(finding.severity, _reason(finding)))
    if SEVERITIES.index(finding.severity) < SEVERITIES.index(job.severity):
        job.severity, job.reason = finding.severity, _reason(finding)
    job.hosts.append(host)


def _gravity(job: _Job) -> tuple[int, int]:
    return SEVERITIES.index(job.severity), -len(job.hosts)


def _reason(finding: Finding) -> str:
    """Return what was seen; in words only where "What stands out" does not have them."""
    if finding.severity != "info":
        return finding.evidence.partition(";")[0]
    text = finding.text.rstrip(". ")
    return f"{text}: {finding.evidence}" if finding.evidence else text


def _why(job: _Job, runs: int) -> str:
    lead = LEAD if job.severity == "info" else ""
    return f"{job.severity.upper()}: {lead}{'; '.join(filter(None, (clean(job.reason), counted(job.hosts, runs))))}"
