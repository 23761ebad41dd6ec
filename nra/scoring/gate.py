"""All runs together against a policy: each judged, which failures are tolerated, and what all of it comes to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from nra.model.document import RunDocument
from nra.model.judgement import GATE_SCHEMA, Change, Comparison, JudgedRun, Judgement
from nra.model.policy import Policy
from nra.model.verdict import Overall, Verdict
from nra.scoring.gate_demands import demands_of
from nra.scoring.gate_run import judge_run

Named = tuple[str, RunDocument]
"""A run document and the file in which it stands."""

GRAVITY: Final = (Overall.FAIL, Overall.INCONCLUSIVE, Overall.WARN, Overall.PASS)
OF_DEMAND: Final = {Verdict.FAIL: Overall.FAIL, Verdict.NOT_MEASURED: Overall.INCONCLUSIVE, Verdict.WARN: Overall.WARN}


def judge_all(
    named: Sequence[Named],
    policy: Policy,
    today: date,
    *,
    comparisons: Sequence[Comparison] = (),
    changes: Sequence[Change] = (),
    gone: Sequence[str] = (),
) -> Judgement:
    """Return the judgement of all runs by the policy on that day, the worst run first; `gone` are sites that only the baseline has."""
    runs = _tolerated([judge_run(document, file, policy, today) for file, document in named], policy)
    runs.sort(key=lambda run: (run.tolerated, GRAVITY.index(run.verdict), run.site or "", run.workstation, run.started_at))
    demands = tuple(demands_of(runs, policy, today, comparisons=comparisons, gone=gone))
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


def _tolerated(runs: Sequence[JudgedRun], policy: Policy) -> list[JudgedRun]:
    """Return the runs, marked where the policy allows as many to fail, or to have no verdict, as did."""
    allowed = {Overall.FAIL: policy.failed_runs, Overall.INCONCLUSIVE: policy.inconclusive_runs}
    counts = Counter(run.verdict for run in runs)
    return [replace(run, tolerated=run.verdict in allowed and counts[run.verdict] <= allowed[run.verdict]) for run in runs]
