"""All runs together against a policy: how many there must be, how many may fail, which waivers still hold."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from nra.model.document import RunDocument
from nra.model.judgement import GATE_SCHEMA, Change, Comparison, Demand, JudgedRun, Judgement
from nra.model.policy import Policy
from nra.model.verdict import Overall, Verdict
from nra.scoring.gate_run import judge_run, plain, same_name

Named = tuple[str, RunDocument]
"""A run document and the file in which it stands."""

GRAVITY: Final = (Overall.FAIL, Overall.INCONCLUSIVE, Overall.WARN, Overall.PASS)
OF_DEMAND: Final = {Verdict.FAIL: Overall.FAIL, Verdict.NOT_MEASURED: Overall.INCONCLUSIVE, Verdict.WARN: Overall.WARN}


def judge_all(
    named: Sequence[Named], policy: Policy, today: date, *, comparisons: Sequence[Comparison] = (), changes: Sequence[Change] = ()
) -> Judgement:
    """Return the judgement of all runs by the policy on that day, the worst run first."""
    runs = _tolerated([judge_run(document, file, policy, today) for file, document in named], policy)
    runs.sort(key=lambda run: (run.tolerated, GRAVITY.index(run.verdict), run.site or "", run.workstation, run.started_at))
    demands = (*_enough(runs, policy), *_failures(runs, policy), *_waivers(policy, today), *_sites(runs, policy))
    demands += tuple(_regressions(comparisons, policy))
    found = {OF_DEMAND[demand.verdict] for demand in demands if demand.verdict in OF_DEMAND}
    found |= {Overall.WARN if run.tolerated else run.verdict for run in runs}
    used = {case.waiver for run in runs for case in run.cases if case.waiver}
    return Judgement(
        schema=GATE_SCHEMA,
        verdict=next((verdict for verdict in GRAVITY if verdict in found), Overall.INCONCLUSIVE),
        policy=policy.name,
        judged_on=today.isoformat(),
        runs=tuple(runs),
        demands=demands,
        waivers_unused=tuple(waiver for waiver in policy.waivers if waiver.expires >= today and waiver not in used),
        comparisons=tuple(comparisons),
        changes=tuple(changes),
    )


def workstation_of(run: JudgedRun) -> tuple[str, str]:
    """Return by what a workstation is told from others: its site and its name."""
    return plain(run.site), plain(run.workstation)


def _tolerated(runs: Sequence[JudgedRun], policy: Policy) -> list[JudgedRun]:
    """Return the runs, marked where the policy allows as many to fail, or to have no verdict, as did."""
    allowed = {Overall.FAIL: policy.failed_runs, Overall.INCONCLUSIVE: policy.inconclusive_runs}
    counts = Counter(run.verdict for run in runs)
    return [replace(run, tolerated=run.verdict in allowed and counts[run.verdict] <= allowed[run.verdict]) for run in runs]


def _enough(runs: Sequence[JudgedRun], policy: Policy) -> Iterator[Demand]:
    per_workstation = Counter(map(workstation_of, runs))
    yield _at_least("Runs", len(runs), policy.runs, "")
    yield _at_least("Workstations", len(per_workstation), policy.workstations, "")
    if per_workstation and policy.runs_per_workstation > 1:
        fewest, count = min(per_workstation.items(), key=lambda each: (each[1], each[0]))
        name = next(run.workstation for run in runs if workstation_of(run) == fewest)
        yield _at_least("Runs of each workstation", count, policy.runs_per_workstation, f" ({name})")


def _at_least(name: str, there: int, wanted: int, of: str) -> Demand:
    verdict = Verdict.PASS if there >= wanted else Verdict.NOT_MEASURED
    return Demand(name=name, verdict=verdict, text=f"{there}{of}, at least {wanted} required")


def _failures(runs: Sequence[JudgedRun], policy: Policy) -> Iterator[Demand]:
    limits = (
        ("Failed runs", Overall.FAIL, policy.failed_runs, Verdict.FAIL),
        ("Runs without a verdict", Overall.INCONCLUSIVE, policy.inconclusive_runs, Verdict.NOT_MEASURED),
    )
    for name, verdict, allowed, otherwise in limits:
        count = sum(run.verdict is verdict for run in runs)
        yield Demand(
            name=name, verdict=Verdict.PASS if count <= allowed else otherwise, text=f"{count} of {len(runs)}, at most {allowed} allowed"
        )


def _waivers(policy: Policy, today: date) -> Iterator[Demand]:
    for waiver in policy.waivers:
        if waiver.expires < today:
            where = "".join(f" {preposition} {name}" for preposition, name in (("at", waiver.site), ("for", waiver.workstation)) if name)
            text = f"{waiver.what}{where}, owner {waiver.owner}: expired {waiver.expires}; mend it, or have it renewed ({waiver.reason})"
            yield Demand(name="Expired waiver", verdict=Verdict.FAIL, text=text)


def _sites(runs: Sequence[JudgedRun], policy: Policy) -> Iterator[Demand]:
    for each in policy.sites:
        if not any(same_name(each.site, run.site) for run in runs):
            yield Demand(name="Limits of a site", verdict=Verdict.INFO, text=f"no run is of site {each.site}: its limits were not used")


def _regressions(comparisons: Sequence[Comparison], policy: Policy) -> Iterator[Demand]:
    verdict = Verdict.FAIL if policy.fail_on_regression else Verdict.INFO
    for each in comparisons:
        if each.regression:
            yield Demand(name="Regression", verdict=verdict, text=f"{each.label}{f' at {each.site}' if each.site else ''}: {each.text}")
