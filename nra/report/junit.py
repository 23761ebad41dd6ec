"""JUnit XML, as GitHub, GitLab, Jenkins and Azure read it: a suite per workstation, a case per row and port.

The format has no standard. What is written here is what the schemas of Ant and of Jenkins' xUnit plugin have in common: `failure` is FAIL,
`error` NOT MEASURED, `skipped` what was not asked for, what is waived and what the policy tolerates. So the file is red exactly where
the exit code is not 0.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as Xml  # only written here, never read

from nra.model.document import FirewallCheck, Metric, RunDocument
from nra.model.judgement import GATE_SCHEMA, Case, JudgedRun, Judgement
from nra.model.verdict import Overall, Verdict
from nra.report.cells import clean
from nra.report.gate import INTERRUPTED, TOLERATED, UNSTEADY, place, until, words

HALVES: Final = {"voice": "VOIP", "firewall": "Firewall"}
POLICY: Final = "policy"
NAMELESS: Final = "unnamed"
NO_TIME: Final = "1970-01-01T00:00:00"
SKIPPED, FAILURE, ERROR = "skipped", "failure", "error"

Outcome = tuple[str, str, str]
"""Element, message and text of what a case came to; the element is empty where it passed."""


def render(judgement: Judgement) -> bytes:
    """Return the whole judgement as JUnit XML in UTF-8; what the policy demands of all runs is a suite of its own."""
    suites = [_suite(runs, number) for number, runs in enumerate(_by_workstation(judgement.runs))]
    demands = [(POLICY, demand.name, _of_demand(demand.verdict, clean(demand.text))) for demand in judgement.demands]
    last = max((run.started_at for run in judgement.runs), default=NO_TIME)
    return _document([*suites, _made(POLICY, (len(suites), POLICY, last), (), demands, (clean(judgement.policy),))])


def of_run(document: RunDocument) -> bytes:
    """Return one run as JUnit XML, with the verdicts that stand in it."""
    return _document([_suite([_as_judged(document)], 0)])


def _document(suites: Sequence[Xml.Element]) -> bytes:
    root = Xml.Element("testsuites")
    root.extend(suites)
    Xml.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode").encode() + b"\n"


def _by_workstation(runs: Iterable[JudgedRun]) -> Iterator[Sequence[JudgedRun]]:
    found: dict[str, list[JudgedRun]] = {}
    for run in runs:
        found.setdefault(place(run).casefold(), []).append(run)
    yield from found.values()


def _suite(runs: Sequence[JudgedRun], number: int) -> Xml.Element:
    """Return the suite of one workstation; with several runs, each case says which it is of."""
    cases: list[tuple[str, str, Outcome]] = []
    for run in sorted(runs, key=lambda run: run.started_at):
        of = f" ({run.started_at}, {run.id[:8]})" if len(runs) > 1 else ""
        named = _dotless(place(run) or NAMELESS)
        cases += [(f"{named}.{HALVES[case.half]}", clean(f"{case.name}{of}"), _outcome(case, run)) for case in run.cases]
        if run.interrupted:
            outcome = (SKIPPED if run.tolerated else ERROR, INTERRUPTED, "")
            cases.append((f"{named}.Run", f"Run to its end{of}", outcome))
    table = [f"{case.verdict}\t{words(case)}" + (f"\t{until(case.waiver)}" if case.waiver else "") for run in runs for case in run.cases]
    about = number, clean(runs[0].workstation) or NAMELESS, max(run.started_at for run in runs)
    return _made(place(runs[0]) or NAMELESS, about, tuple(_properties(runs)), cases, table)


def _outcome(case: Case, run: JudgedRun) -> Outcome:
    text = "\n".join(clean(part) for part in (case.note, case.advice) if part)
    if case.waiver is not None:
        return SKIPPED, f"{words(case)}: {until(case.waiver)}", text
    if case.verdict is Verdict.SKIPPED:
        return SKIPPED, "not asked for", text
    if not case.required or case.verdict not in (Verdict.FAIL, Verdict.NOT_MEASURED):
        proves_nothing = run.unsteady and case.half == "voice"
        return (SKIPPED if run.tolerated else ERROR, UNSTEADY, text) if proves_nothing else ("", "", "")
    if run.tolerated:
        return SKIPPED, f"{words(case)}: {TOLERATED}", text
    if run.unsteady and case.half == "voice":
        return ERROR, f"{words(case)}: {UNSTEADY}", text
    return FAILURE if case.verdict is Verdict.FAIL else ERROR, words(case), text


def _of_demand(verdict: Verdict, text: str) -> Outcome:
    return {Verdict.FAIL: FAILURE, Verdict.NOT_MEASURED: ERROR}.get(verdict, ""), text, ""


def _made(
    name: str,
    about: tuple[int, str, str],
    properties: Sequence[tuple[str, str]],
    cases: Sequence[tuple[str, str, Outcome]],
    output: Iterable[str],
) -> Xml.Element:
    """Return a suite with its counts; `about` is its number, its host and when it was measured."""
    number, host, measured_at = about
    kinds = [element for _, _, (element, _, _) in cases]
    counts = {"tests": len(cases), "failures": kinds.count(FAILURE), "errors": kinds.count(ERROR), "skipped": kinds.count(SKIPPED)}
    suite = Xml.Element(
        "testsuite",
        {
            "name": name,
            "package": "nra",
            "id": str(number),
            "timestamp": _zoneless(measured_at),
            "hostname": host,
            **{key: str(count) for key, count in counts.items()},
            "time": "0",
        },
    )
    head = Xml.SubElement(suite, "properties")
    for key, value in (("schema", GATE_SCHEMA), *properties):
        Xml.SubElement(head, "property", {"name": key, "value": clean(value)})
    for classname, title, (element, message, text) in cases:
        case = Xml.SubElement(suite, "testcase", {"name": title, "classname": classname, "time": "0"})
        if element:
            kind = {} if element == SKIPPED else {"type": "FAIL" if element == FAILURE else "NOT MEASURED"}
            Xml.SubElement(case, element, {"message": message, **kind}).text = text or None
    Xml.SubElement(suite, "system-out").text = "\n".join(output)
    Xml.SubElement(suite, "system-err")
    return suite


def _properties(runs: Sequence[JudgedRun]) -> Iterator[tuple[str, str]]:
    for key, values in (
        ("organization", [run.organization for run in runs]),
        ("region", [run.region for run in runs]),
        ("thresholds", [run.thresholds for run in runs]),
        ("run", [run.id for run in runs]),
    ):
        for value in dict.fromkeys(values):
            yield key, value


def _zoneless(moment: str) -> str:
    """Return the time in UTC to the second; Ant's schema takes no zone."""
    parsed = datetime.fromisoformat(moment)
    return f"{(parsed.astimezone(UTC) if parsed.tzinfo else parsed):%Y-%m-%dT%H:%M:%S}"


def _dotless(name: str) -> str:
    """Return the name without dots: readers take what stands before the last one for a package."""
    return name.replace(".", "_")


def _as_judged(document: RunDocument) -> JudgedRun:
    run, voice = document.run, document.voice
    return JudgedRun(
        id=run.id,
        file="",
        organization=run.org.name,
        site=run.site,
        workstation=run.host.name,
        region=run.region,
        started_at=run.started_at,
        thresholds=document.thresholds.name,
        measured_against=document.thresholds.name,
        verdict=Overall(document.verdict),
        cases=(*(_row(metric, document) for metric in document.metrics), *(_port(check, document) for check in document.firewall or ())),
        unsteady=voice is not None and not voice.instrument.steady,
        interrupted=run.used.interrupted,
    )


def _row(metric: Metric, document: RunDocument) -> Case:
    mine = (finding.advice for finding in document.findings if finding.evidence.startswith(f"{metric.label} "))
    return Case.of_metric(metric, next(mine, ""))


def _port(check: FirewallCheck, document: RunDocument) -> Case:
    mine = (each.advice for each in document.findings if each.where == "firewall" and each.evidence and each.evidence == check.evidence)
    return Case.of_check(check, next(mine, ""))
