"""What changed at each workstation between two runs of it, such as before and after a change of the firewall."""

from collections.abc import Iterator, Sequence
from typing import Final

from nra.model.judgement import Case, Change, JudgedRun
from nra.model.verdict import Verdict
from nra.scoring.gate_run import workstation_of

ABSENT: Final = "not there"
DECIMALS: Final = {"ms": 1}  # differences that no report would show are none
DECIMALS_ELSE: Final = 2


def changes(before: Sequence[JudgedRun], after: Sequence[JudgedRun]) -> tuple[Change, ...]:
    """Return the ports whose state and the rows whose verdict or number changed, by the last run of each workstation on either side."""
    then, now = _latest(before), _latest(after)
    found = [change for name in dict.fromkeys((*now, *then)) for change in _between(then.get(name), now.get(name))]
    return tuple(sorted(found, key=lambda change: (change.verdict_before is change.verdict_after, change.verdict_after is Verdict.PASS)))


def _latest(runs: Sequence[JudgedRun]) -> dict[tuple[str, str], JudgedRun]:
    return {workstation_of(run): run for run in sorted(runs, key=lambda run: run.started_at)}


def _between(then: JudgedRun | None, now: JudgedRun | None) -> Iterator[Change]:
    run = now or then
    if run is None:
        return
    if then is None or now is None:
        missing, there = ABSENT, "measured"
        before, after = (missing, there) if then is None else (there, missing)
        yield Change(
            site=run.site, workstation=run.workstation, name="Run", before=before, after=after, verdict_before=None, verdict_after=None
        )
        return
    old, new = _by_name(then), _by_name(now)
    for name in dict.fromkeys((*new, *old)):
        one, other = old.get(name), new.get(name)
        if _seen(one) != _seen(other) or (one and one.verdict) is not (other and other.verdict):
            yield Change(
                site=run.site,
                workstation=run.workstation,
                name=name,
                before=_seen(one),
                after=_seen(other),
                verdict_before=one.verdict if one else None,
                verdict_after=other.verdict if other else None,
            )


def _by_name(run: JudgedRun) -> dict[str, Case]:
    return {case.name: case for case in run.cases}


def _seen(case: Case | None) -> str:
    """Return what was seen, as reports print it."""
    if case is None:
        return ABSENT
    if case.state is not None:
        return case.state.replace("_", " ")
    if case.value is None:
        return case.verdict.lower()
    unit = "" if case.unit == "MOS" else f" {case.unit}"
    return f"{case.value:.{DECIMALS.get(case.unit, DECIMALS_ELSE)}f}{unit}"
