"""What a policy demands of all runs together: how many, how fresh, of which sites, how many may fail, which waivers still hold."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

from nra.model.judgement import Comparison, Demand, JudgedRun
from nra.model.policy import Policy
from nra.model.region import SELF_TEST
from nra.model.verdict import Overall, Verdict
from nra.scoring.gate_run import plain, same_name, workstation_of


def demands_of(
    runs: Sequence[JudgedRun], policy: Policy, today: date, *, comparisons: Sequence[Comparison], gone: Sequence[str]
) -> Iterator[Demand]:
    """Yield everything that is demanded, met or not, and what is worth knowing beside it; `gone` are sites that only the baseline has."""
    yield from _enough(runs, policy)
    yield from _fresh(runs, policy, today)
    yield from _required_sites(runs, policy)
    yield from _failures(runs, policy)
    yield from _waivers(policy, today)
    yield from _sites(runs, policy)
    yield from _misplaced(runs, policy, today)
    yield from _skipped(runs)
    yield from _self_tests(runs)
    yield from _held_to_other_limits(runs)
    yield from _gone(gone)
    yield from _regressions(comparisons, policy)


def no_run_of(what: str, name: str, there: Iterable[str | None]) -> str:
    """Return that no run is of a site or workstation, with the name that was perhaps meant; empty where a run is."""
    names = [each for each in dict.fromkeys(there) if each]
    if any(same_name(name, each) for each in names):
        return ""
    by_plain = {plain(each): each for each in names}
    near = [by_plain[each] for each in difflib.get_close_matches(plain(name), list(by_plain), n=2)]
    return f"no run is of {what} {name}" + (f" (did you mean {' or '.join(near)}?)" if near else "")


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


def _fresh(runs: Sequence[JudgedRun], policy: Policy, today: date) -> Iterator[Demand]:
    """Yield whether every run is young enough; an older one proves nothing of today. A run without a readable time has no age.

    Neither has one from the future: its workstation's clock is wrong. A day is given, for clocks that are a little ahead.
    """
    if policy.max_age_days is None:
        return
    ages = [(age, run) for run in runs if (age := _age_days(run, today)) is None or age > policy.max_age_days]
    allowed = f"at most {policy.max_age_days} {'day' if policy.max_age_days == 1 else 'days'} allowed"
    if not ages:
        yield Demand(name="Age of runs", verdict=Verdict.PASS, text=allowed)
        return
    age, oldest = max(ages, key=lambda each: float("inf") if each[0] is None else each[0])
    old = "of unknown age" if age is None else f"{age} days old"
    which = f"{oldest.workstation}{f' at {oldest.site}' if oldest.site else ''}, {oldest.started_at}"
    text = f"{len(ages)} of {len(runs)} too old, {allowed}; the oldest is {old} ({which}): measure again, or leave old runs out"
    yield Demand(name="Age of runs", verdict=Verdict.NOT_MEASURED, text=text)


def _age_days(run: JudgedRun, today: date) -> int | None:
    try:
        moment = datetime.fromisoformat(run.started_at)
        days = (today - (moment.astimezone(UTC) if moment.tzinfo else moment).date()).days
        return days if days >= -1 else None
    except (ValueError, OverflowError):
        return None


def _required_sites(runs: Sequence[JudgedRun], policy: Policy) -> Iterator[Demand]:
    missing = [text for site in policy.required_sites if (text := no_run_of("site", site, (run.site for run in runs)))]
    for text in missing:
        yield Demand(name="Required site", verdict=Verdict.NOT_MEASURED, text=text)
    if policy.required_sites and not missing:
        yield Demand(name="Required site", verdict=Verdict.PASS, text=f"all {len(policy.required_sites)} are there")


def _misplaced(runs: Sequence[JudgedRun], policy: Policy, today: date) -> Iterator[Demand]:
    """Yield which waivers in force are for a site or workstation of which there is no run: perhaps a name is misspelt."""
    there = (("site", [run.site for run in runs]), ("workstation", [run.workstation for run in runs]))
    for waiver in (waiver for waiver in policy.waivers if waiver.expires >= today):
        for what, names in there:
            name = getattr(waiver, what)
            if name and (absent := no_run_of(what, name, names)):
                yield Demand(name="Waiver", verdict=Verdict.INFO, text=f"{waiver.what}, owner {waiver.owner}: {absent}")


def _skipped(runs: Sequence[JudgedRun]) -> Iterator[Demand]:
    """Yield which half was not asked for: ready then means only the other one."""
    for half in ("voice", "firewall"):
        count = sum(any(case.half == half and case.verdict is Verdict.SKIPPED for case in run.cases) for run in runs)
        if count:
            text = f"{half} was skipped in {count} of {len(runs)} runs: nothing is known about it there"
            yield Demand(name="Skipped", verdict=Verdict.INFO, text=text)


def _self_tests(runs: Sequence[JudgedRun]) -> Iterator[Demand]:
    """Yield how many runs measured the workstation alone: ready then says nothing of a network."""
    count = sum(run.region == SELF_TEST for run in runs)
    if count:
        text = f"region {SELF_TEST} in {count} of {len(runs)} runs: no network was measured there, unless a reflector elsewhere was named"
        yield Demand(name="Self-test", verdict=Verdict.INFO, text=text)


def _held_to_other_limits(runs: Sequence[JudgedRun]) -> Iterator[Demand]:
    """Yield which limits the runs were held to when they were measured, where their own reports may therefore say something else."""
    others = Counter(run.measured_against for run in runs if run.measured_against != run.thresholds)
    for name, count in sorted(others.items()):
        text = f"{count} of {len(runs)} runs were held to {name} when they were measured; here the limits of the policy count"
        yield Demand(name="Thresholds", verdict=Verdict.INFO, text=text)


def _gone(gone: Sequence[str]) -> Iterator[Demand]:
    for site in gone:
        text = f"site {site} is in the baseline alone: no run is of it now, so nothing of it was compared"
        yield Demand(name="Baseline", verdict=Verdict.INFO, text=text)


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
        if absent := no_run_of("site", each.site, (run.site for run in runs)):
            yield Demand(name="Limits of a site", verdict=Verdict.INFO, text=f"{absent}: its limits were not used")


def _regressions(comparisons: Sequence[Comparison], policy: Policy) -> Iterator[Demand]:
    verdict = Verdict.FAIL if policy.fail_on_regression else Verdict.INFO
    for each in comparisons:
        if each.regression:
            yield Demand(name="Regression", verdict=verdict, text=f"{each.label}{f' at {each.site}' if each.site else ''}: {each.text}")
