"""The gate's answer for people: the verdict in one sentence, what failed where, worst first, what was waived and until when."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from nra.model.judgement import Case, Change, Comparison, JudgedRun, Judgement
from nra.model.observation import PortState
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
MOST_NAMES: Final = 5
UNSTEADY: Final = "this workstation was too unsteady to measure with: its voice rows prove nothing"
INTERRUPTED: Final = "the run was interrupted: what passed proves nothing"
TOLERATED: Final = "the policy allows that of so many runs"


def summary(judgement: Judgement) -> str:
    """Return the answer as plain lines, the verdict first."""
    sections = (
        [f"{judgement.verdict}: {sentence(judgement)}"],
        list(_demands(judgement)),
        list(_runs(judgement.runs)),
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
    limit = f"limit {case.limit}{unit_after(case.unit)}" if case.half == "voice" else f"expected {case.limit}"
    expected = f" ({limit})" if case.limit and case.state is not PortState.OPEN else ""
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


def _runs(runs: Iterable[JudgedRun]) -> Iterator[str]:
    """Yield each workstation once, those that came to word for word the same together, and each advice once for all of them."""
    advised: set[str] = set()
    same: dict[object, list[list[JudgedRun]]] = {}
    for group in alike(run for run in runs if run.verdict is not Overall.PASS):
        said = tuple(line for cases in grouped(group) for line in _told(cases, len(group), None))
        same.setdefault((group[0].verdict, group[0].region, group[0].tolerated, _state(group), said), []).append(group)
    for groups in same.values():
        yield clean(f"{groups[0][0].verdict}: {_whose(groups)}" + (f"; {TOLERATED}" if groups[0][0].tolerated else ""))
        yield from (f"  {line}" for line in _state(groups[0]))
        for cases in grouped(groups[0]):
            yield from _told(cases, len(groups[0]), advised)


def _whose(groups: Sequence[Sequence[JudgedRun]]) -> str:
    first = groups[0][0]
    count = sum(map(len, groups))
    if len(groups) > 1:
        return f"{_listed([place(group[0]) for group in groups], 'workstations')}, {first.region}, {count} runs"
    when = f"{first.started_at} ({first.file})"
    return f"{place(first)}, {first.region}, {when if count == 1 else f'{count} runs, the first {when}'}"


def _state(runs: Iterable[JudgedRun]) -> tuple[str, ...]:
    runs = list(runs)
    states = ((UNSTEADY, any(run.unsteady for run in runs)), (INTERRUPTED, any(run.interrupted for run in runs)))
    return tuple(text for text, happened in states if happened)


def alike(runs: Iterable[JudgedRun]) -> list[list[JudgedRun]]:
    """Return the runs of one workstation that came to the same verdict together, in the order given."""
    found: dict[object, list[JudgedRun]] = {}
    for run in runs:
        found.setdefault((place(run).casefold(), run.region, run.verdict, run.tolerated), []).append(run)
    return list(found.values())


def grouped(runs: Iterable[JudgedRun]) -> list[list[Case]]:
    """Return what counts, the gravest first: one row or port of several runs together, and all that is not measured for one reason."""
    found: dict[object, list[Case]] = {}
    for run in runs:
        for case in run.cases:
            if case.verdict in COUNTED and case.required and case.waiver is None:
                missing = case.verdict is Verdict.NOT_MEASURED and case.note
                found.setdefault((case.verdict, case.note if missing else case.name), []).append(case)
    return sorted(found.values(), key=lambda cases: COUNTED.index(cases[0].verdict))


def heading(cases: Sequence[Case], runs: int) -> str:
    """Return a group of cases as one line: the worst of one row or port and how often it was, or the names of several."""
    names = list(dict.fromkeys(case.name for case in cases))
    if len(names) > 1:
        return clean(_listed(names, "rows and ports"))
    which = "" if worst(cases).value is None or len(cases) == 1 else ", the worst is shown"
    return words(worst(cases)) + ("" if runs == 1 else f"; in {len(cases)} of {runs} runs{which}")


def _told(cases: Sequence[Case], runs: int, advised: set[str] | None) -> Iterator[str]:
    """Yield one group's line, its reason, and its advice unless that was given before; without `advised` none."""
    first = worst(cases)
    yield f"  {first.verdict}  {heading(cases, runs)}"
    if first.note:
        yield f"    {clean(first.note)}"
    if advised is not None and first.advice and first.verdict is not Verdict.WARN and first.advice not in advised:
        advised.add(first.advice)
        yield f"    {clean(first.advice)}"


def worst(cases: Iterable[Case]) -> Case:
    """Return the case with the worst value among those of one row; of ports the first."""

    def badness(case: Case) -> float:
        return 0.0 if case.value is None else case.value if case.limit.startswith("<") else -case.value

    return max(cases, key=badness)


def _listed(names: Sequence[str], what: str) -> str:
    more = len(names) - MOST_NAMES
    return f"{len(names)} {what}: {', '.join(names[:MOST_NAMES])}" + (f" and {more} more" if more > 0 else "")


def _compared(comparisons: Iterable[Comparison]) -> Iterator[str]:
    told = list(comparisons)
    if told:
        yield "Compared with the baseline:"
    same = "support no conclusion"
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
    """Yield each waiver in use with what it covers, one line for all workstations, and those that nothing needs."""
    used: dict[tuple[Waiver, str], list[tuple[str, Case]]] = {}
    for run in judgement.runs:
        for case in run.cases:
            if case.waiver is not None:
                used.setdefault((case.waiver, case.name), []).append((place(run), case))
    for (waiver, _), cases in used.items():
        where, case = cases[0]
        places = list(dict.fromkeys(name for name, _ in cases))
        if len(cases) > 1:
            more = f" and {len(places) - MOST_NAMES} more" if len(places) > MOST_NAMES else ""
            where = f"{len(cases)} times at {', '.join(places[:MOST_NAMES])}{more}"
        yield f"WAIVED: {where}: {words(case)}: {until(waiver)}"
    for waiver in judgement.waivers_unused:
        yield clean(f"WAIVER WITHOUT USE: {waiver.what}{_where(waiver)}: {until(waiver)}")


def _where(waiver: Waiver) -> str:
    """Return where a waiver holds, with a blank before it; empty for everywhere."""
    return "".join(f" {word} {name}" for word, name in (("at", waiver.site), ("for", waiver.workstation)) if name)


def _at(site: str | None, workstation: str) -> str:
    return clean(" / ".join(filter(None, (site, workstation))))
