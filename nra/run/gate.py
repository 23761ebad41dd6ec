"""The gate: run documents against a policy, against a baseline, and before against after."""

from collections.abc import Sequence
from datetime import date

from nra.model.judgement import Judgement
from nra.model.policy import Policy
from nra.scoring.gate import Named, judge_all
from nra.scoring.gate_baseline import compare, gone_sites
from nra.scoring.gate_diff import changes
from nra.scoring.gate_run import judge_run


def gate(named: Sequence[Named], policy: Policy, today: date, *, baseline: Sequence[Named] = (), before: Sequence[Named] = ()) -> Judgement:
    """Return the judgement of the runs on that day; with a baseline what became worse, with runs from before what changed."""
    earlier, measured = [run for _, run in baseline], [run for _, run in named]
    compared = compare(earlier, measured, policy) if baseline else ()
    then, now = ([judge_run(document, file, policy, today) for file, document in side] for side in (before, named))
    changed = changes(then, now) if before else ()
    return judge_all(named, policy, today, comparisons=compared, changes=changed, gone=gone_sites(earlier, measured))
