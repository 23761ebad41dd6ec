"""The gate's answer for people: the verdict in one sentence, what failed where, worst first, what was waived and until when."""

from collections.abc import Iterable, Iterator
from typing import Final

from nra.model.judgement import Case, Change, Comparison, JudgedRun, Judgement
from nra.model.policy import Waiver
from nra.model.verdict import Overall, Verdict
from nra.report.cells import clean, number, quantity
from nra.report.sentences import unit_after

OPENING: Final = {
    Overall.PASS: "Ready",
    Overall.WARN: "Ready, with remarks",
    Overall.FAIL: "Not ready",
    Overall.INCONCLUSIVE: "No verdict: something required could not be measured",
}
COUNTED: Final = (Verdict.FAIL, Verdict.NOT_MEASURED, Verdict.WARN)
UNSTEADY: Final = "this workstation was too unsteady to measure with: its voice rows prove nothing"
INTERRUPTED: Final = "the run was interrupted: what passed proves nothing"
TOLERATED: Final = "the policy allows that of so many runs"


def summary(judgement: Judgement) -> str:
    """Return the answer as plain lines, the verdict first."""
    sections = (
        [f"{judgement.verdict}: {sentence(judgement)}"],
        list(_demands(judgement)),
        [line for run in judgement.runs for line in _run(run)],
        list(_compared(judgement.comparisons)),
        list(_waived(judgement)),
    )
    return "\n".join(line for lines in sections for line in lines)


def sentence(judgement: Judgement) -> str:
    """Return the verdict as one sentence: what it means, and how many of how many runs came to what."""
    counts = [(sum(run.verdict is verdict for run in judgement.runs), words) for verdict, words in _COUNTS]
    told = ", ".join(f"{count} {words}" for count, words in counts if count)
    of = f"{len(judgement.runs)} run{'' if len(judgement.runs) == 1 else 's'}"
    return clean(f"{OPENING[judgement.verdict]}: of {of} {told} (policy: {judgement.policy})")


_COUNTS: Final = (
    (Overall.FAIL, "failed"),
    (Overall.INCONCLUSIVE, "without a verdict"),
    (Overall.WARN, "passed close to a limit"),
    (Overall.PASS, "passed"),
)


def place(run: JudgedRun) -> str:
    """Return whose run it is: site and workstation."""
    return clean(" / ".join(filter(None, (run.site, run.workstation))))


def seen(case: Case) -> str:
    """Return what was seen: a number with its unit, unrounded where rounding would contradict the verdict, or a port's state."""
    if case.state is not None:
        return case.state.replace("_", " ")
    if case.value is not None and number(float(case.limit.split()[-1]), case.unit) == number(case.value, case.unit):
        return f"{case.value!r}{unit_after(case.unit)}"
    return quantity(case.value, case.unit)


def words(case: Case) -> str:
    """Return the case as one line: name, what was seen, what was expected."""
    expected = f" (limit {case.limit}{unit_after(case.unit)})" if case.limit and case.half == "voice" else ""
    return clean(f"{case.name} {seen(case)}{expected}")


def until(waiver: Waiver) -> str:
    """Return who answers for a waiver, until when and why."""
    return clean(f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}")


def differences(changes: Iterable[Change]) -> str:
    """Return what changed between two measurements, one line each, changed verdicts first."""
    lines = [f"{_at(change.site, change.workstation)}: {clean(change.name)}: {_from_to(change)}" for change in changes]
    return "\n".join(["Changed:", *(f"  {line}" for line in lines)] if lines else ["Changed: nothing that a report would show"])


def _from_to(change: Change) -> str:
    if change.verdict_before is change.verdict_after or change.verdict_before is None or change.verdict_after is None:
        return f"{change.before} -> {change.after}" + (f" ({change.verdict_after})" if change.verdict_after else "")
    return f"{change.before} ({change.verdict_before}) -> {change.after} ({change.verdict_after})"


def _demands(judgement: Judgement) -> Iterator[str]:
    for demand in judgement.demands:
        if demand.verdict is not Verdict.PASS:
            yield clean(f"{demand.verdict}: {demand.name}: {demand.text}")


def _run(run: JudgedRun) -> Iterator[str]:
    if run.verdict is Overall.PASS:
        return
    yield clean(f"{run.verdict}: {place(run)}, {run.region}, {run.started_at} ({run.file})" + (f"; {TOLERATED}" if run.tolerated else ""))
    if run.unsteady:
        yield f"  {UNSTEADY}"
    if run.interrupted:
        yield f"  {INTERRUPTED}"
    cases = [case for case in run.cases if case.verdict in COUNTED and case.required and case.waiver is None]
    for case in sorted(cases, key=lambda case: COUNTED.index(case.verdict)):
        yield f"  {case.verdict}  {words(case)}"
        if case.note:
            yield f"    {clean(case.note)}"
        if case.advice and case.verdict is not Verdict.WARN:
            yield f"    {clean(case.advice)}"


def _compared(comparisons: Iterable[Comparison]) -> Iterator[str]:
    told = list(comparisons)
    if told:
        yield "Compared with the baseline:"
    same = "runs before and"
    for text in dict.fromkeys(each.text for each in told if same in each.text):
        rows = [each for each in told if each.text == text]
        yield f"  {len(rows)} rows{_of_sites(rows)}: {text}"
    for each in sorted(told, key=lambda each: not each.regression):
        if same not in each.text:
            yield f"  {clean(each.label)}{_of_sites([each])}: {each.text}"


def _of_sites(rows: Iterable[Comparison]) -> str:
    sites = [clean(site) for site in dict.fromkeys(row.site for row in rows) if site]
    return f" at {', '.join(sites)}" if sites else ""


def _waived(judgement: Judgement) -> Iterator[str]:
    for run in judgement.runs:
        for case in run.cases:
            if case.waiver is not None:
                yield f"WAIVED: {place(run)}: {words(case)}: {until(case.waiver)}"
    for waiver in judgement.waivers_unused:
        yield clean(f"WAIVER WITHOUT USE: {waiver.what}: {until(waiver)}")


def _at(site: str | None, workstation: str) -> str:
    return clean(" / ".join(filter(None, (site, workstation))))
