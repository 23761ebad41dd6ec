"""One run held against a policy: judged again from what was measured; the verdicts that stand in the document are never asked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from nra.model.criteria import Thresholds
from nra.model.document import FirewallCheck, RunDocument
from nra.model.judgement import Case, JudgedRun
from nra.model.observation import PortState
from nra.model.policy import Policy, Waiver
from nra.model.verdict import Verdict
from nra.scoring.assess import come_to, voice_rows
from nra.scoring.findings import findings, of_row
from nra.scoring.firewall import verdict_of

NEEDS_WAIVER: Final = (Verdict.FAIL, Verdict.NOT_MEASURED)
NOT_ASKED: Final = "the run did not ask this port"
UNCHECKED: Final = "the firewall was not checked"
MUST_MEASURE: Final = "the policy requires this half to be measured"
STRICT: Final = "close to the limit, which the policy counts as failure"
MEASURE_BOTH: Final = "Measure again without --only, with --services that include every port of the policy."


def judge_run(document: RunDocument, file: str, policy: Policy, today: date) -> JudgedRun:
    """Return the run with every row and port judged by the policy on that day."""
    run, voice = document.run, document.voice
    thresholds = thresholds_at(policy, run.site)
    cases = [*_rows(document, thresholds), *_ports(document, policy)]
    judged = tuple(_waived(_strictly(_demanded(case, policy), policy), policy, document, today) for case in cases)
    counted = [case for case in judged if case.waiver is None]
    unsteady = voice is not None and not voice.instrument.steady
    return JudgedRun(
        id=run.id,
        file=file,
        organization=run.org.name,
        site=run.site,
        workstation=run.host.name,
        region=run.region,
        started_at=run.started_at,
        thresholds=thresholds.name,
        measured_against=document.thresholds.name,
        verdict=come_to(
            {case.verdict for case in counted if case.half == "voice"},
            {case.verdict for case in counted if case.half == "firewall" and case.required},
            unsteady=unsteady,
            interrupted=run.used.interrupted,
        ),
        cases=judged,
        unsteady=unsteady,
        interrupted=run.used.interrupted,
    )


def thresholds_at(policy: Policy, site: str | None) -> Thresholds:
    """Return the limits that hold at a site; names of sites are compared without regard to case and blanks around them."""
    return next((each.thresholds for each in policy.sites if same_name(each.site, site)), policy.thresholds)


def plain(name: str | None) -> str:
    """Return a name that people typed as it is compared: without regard to case and blanks around it; empty for none."""
    return (name or "").strip().casefold()


def same_name(one: str, other: str | None) -> bool:
    """Tell whether two names that people typed mean the same; no name means nothing."""
    return plain(one) == plain(other) != ""


def workstation_of(run: JudgedRun) -> tuple[str, str]:
    """Return by what a workstation is told from others: its site and its name."""
    return plain(run.site), plain(run.workstation)


def covers(waiver: Waiver, case: Case, run: RunDocument) -> bool:
    """Tell whether a waiver is about this row or port of this workstation."""
    at_site = waiver.site is None or same_name(waiver.site, run.run.site)
    at_seat = waiver.workstation is None or same_name(waiver.workstation, run.run.host.name)
    return same_name(waiver.what, case.key) and at_site and at_seat


def _rows(document: RunDocument, thresholds: Thresholds) -> Iterator[Case]:
    voice = document.voice
    why = next((metric.note for metric in document.metrics if metric.note), None)
    skipped = document.run.asked.only == "firewall"
    for metric in voice_rows(voice, thresholds, skipped=skipped, why_absent=None if voice else why):
        advised = voice is not None and metric.value is not None and metric.verdict in (Verdict.FAIL, Verdict.WARN)
        yield Case.of_metric(metric, of_row(metric, voice).advice if advised and voice is not None else "")


def _ports(document: RunDocument, policy: Policy) -> Iterator[Case]:
    checks = document.firewall or ()
    wanted = set(map(str.upper, policy.ports))
    yield from (_port(check) for check in _required_anew(checks, wanted))
    for missing in sorted(wanted - {port_key(check) for check in checks}):
        yield _unasked(missing, missing, NOT_ASKED)
    if not checks and not wanted:
        unchecked = _unasked("firewall", "Firewall", UNCHECKED)
        was_skipped = document.run.asked.only == "voice"
        yield replace(unchecked, verdict=Verdict.SKIPPED, note="", advice="") if was_skipped else unchecked


def port_key(check: FirewallCheck) -> str:
    """Return a port as policies name it, such as `3478/UDP`."""
    return f"{check.port}/{check.protocol}".upper()


def _required_anew(checks: Sequence[FirewallCheck], wanted: set[str]) -> Iterator[FirewallCheck]:
    """Yield the checks, required also where the policy says so, each with the verdict that its state comes to.

    Where nobody is known at one place who would answer (no proof of anything), the same port's other places decide.
    """
    for check in checks:
        same = [each for each in checks if port_key(each) == port_key(check)]
        decided_elsewhere = check.state is PortState.NO_RESPONDER and any(each.state is not PortState.NO_RESPONDER for each in same)
        by_policy = port_key(check) in wanted and not any(each.required for each in same) and not decided_elsewhere
        required = check.required or by_policy
        yield replace(check, required=required, verdict=verdict_of(check.state, required=required))


def _port(check: FirewallCheck) -> Case:
    found = findings(None, (), [check])
    return Case.of_check(check, found[0].advice if found else "")


def _unasked(key: str, name: str, why: str) -> Case:
    return Case(
        half="firewall",
        key=key,
        name=name,
        verdict=Verdict.NOT_MEASURED,
        limit="open",
        note=why,
        advice=f"At this workstation: {MEASURE_BOTH}",
    )


def _demanded(case: Case, policy: Policy) -> Case:
    """Return a row that was skipped as one that is missing, where the policy requires its half."""
    if case.verdict is Verdict.SKIPPED and case.half in policy.measured:
        return replace(case, verdict=Verdict.NOT_MEASURED, note=MUST_MEASURE, advice=f"At this workstation: {MEASURE_BOTH}")
    return case


def _strictly(case: Case, policy: Policy) -> Case:
    if policy.strict and case.verdict is Verdict.WARN:
        return replace(case, verdict=Verdict.FAIL, note="; ".join(filter(None, (case.note, STRICT))))
    return case


def _waived(case: Case, policy: Policy, document: RunDocument, today: date) -> Case:
    if case.verdict not in NEEDS_WAIVER or not case.required:
        return case
    in_force = (waiver for waiver in policy.waivers if waiver.expires >= today and covers(waiver, case, document))
    return replace(case, waiver=next(in_force, None))
