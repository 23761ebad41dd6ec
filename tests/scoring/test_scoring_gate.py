"""All runs together against a policy."""

from dataclasses import replace
from datetime import date

import pytest
from gate_world import PLAIN, TODAY, named, waiver, with_jitter

from nra.catalogue import thresholds
from nra.model.judgement import Judgement
from nra.model.policy import Policy, SiteLimits
from nra.model.verdict import Overall, Verdict
from nra.scoring.gate import Named, judge_all
from nra.scoring.gate_baseline import compare


def judged(runs: list[Named], policy: Policy = PLAIN) -> Judgement:
    """Return the judgement of today."""
    return judge_all(runs, policy, TODAY)


def unmet(judgement: Judgement) -> list[str]:
    """Return the names of the demands that are not met."""
    return [each.name for each in judgement.demands if each.verdict in (Verdict.FAIL, Verdict.NOT_MEASURED)]


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        (("good", "good"), Overall.PASS),
        (("good", "close"), Overall.WARN),
        (("good", "round-trip"), Overall.INCONCLUSIVE),
        (("round-trip", "bad", "good"), Overall.FAIL),
        ((), Overall.INCONCLUSIVE),
    ],
)
def test_without_a_policy_every_run_must_pass(kinds: tuple[str, ...], verdict: Overall) -> None:
    """FAIL before INCONCLUSIVE before WARN before PASS; no run at all proves nothing."""
    assert judged(named(*kinds)).verdict is verdict


def test_the_worst_run_stands_first() -> None:
    """Whoever reads one line reads the one that matters."""
    found = [run.verdict for run in judged(named("good", "round-trip", "close", "bad")).runs]
    assert found == [Overall.FAIL, Overall.INCONCLUSIVE, Overall.WARN, Overall.PASS]


@pytest.mark.parametrize(
    ("change", "demand"),
    [
        ({"runs": 4}, "Runs"),
        ({"workstations": 3}, "Workstations"),
        ({"runs_per_workstation": 2}, "Runs of each workstation"),
    ],
)
def test_too_few_runs_are_no_verdict(change: dict[str, int], demand: str) -> None:
    """What is required and was not measured is INCONCLUSIVE, not PASS."""
    runs = [*named("good", "good", same_workstation=True), *named("good", "good")[1:]]
    assert judged(runs).verdict is Overall.PASS
    found = judged(runs, replace(PLAIN, **change))  # type: ignore[arg-type]
    assert (found.verdict, unmet(found)) == (Overall.INCONCLUSIVE, [demand])
    assert judged(runs, replace(PLAIN, runs=3, workstations=2)).verdict is Overall.PASS


def test_as_many_may_fail_as_the_policy_says() -> None:
    """A tolerated run is a remark; one more, and all of them count."""
    one, two = named("good", "bad"), named("good", "bad", "bad")
    policy = replace(PLAIN, failed_runs=1)
    assert judged(one, policy).verdict is Overall.WARN
    assert [run.tolerated for run in judged(one, policy).runs] == [False, True]
    assert (judged(two, policy).verdict, unmet(judged(two, policy))) == (Overall.FAIL, ["Failed runs"])
    assert not any(run.tolerated for run in judged(two, policy).runs)


def test_runs_without_a_verdict_are_counted_apart() -> None:
    """Allowing one to fail does not allow one to have no verdict."""
    runs = named("good", "round-trip")
    assert judged(runs, replace(PLAIN, failed_runs=1)).verdict is Overall.INCONCLUSIVE
    assert judged(runs, replace(PLAIN, inconclusive_runs=1)).verdict is Overall.WARN


def test_an_expired_waiver_fails_whatever_was_measured() -> None:
    """It names its owner, so that somebody mends or renews it."""
    policy = replace(PLAIN, waivers=(waiver("up_jitter_ms", date(2026, 11, 24)),))
    found = judged(named("good"), policy)
    assert (found.verdict, unmet(found)) == (Overall.FAIL, ["Expired waiver"])
    assert "owner net team: expired 2026-11-24" in next(each.text for each in found.demands if each.name == "Expired waiver")


def test_a_waiver_that_nothing_needs_is_told() -> None:
    """It can be taken out of the file."""
    used, unused = waiver("down_jitter_ms"), waiver("up_mos")
    found = judged(named("bad"), replace(PLAIN, waivers=(used, unused, waiver("down_loss_percent"), waiver("3478/UDP"))))
    assert found.waivers_unused == (unused,)
    assert found.verdict is Overall.WARN


def test_limits_for_a_site_without_a_run_are_told() -> None:
    """A typing mistake in a site's name must not loosen its limits in silence."""
    policy = replace(PLAIN, sites=(SiteLimits(site="Munihc", thresholds=thresholds()),))
    told = [each.text for each in judged(named("good"), policy).demands if each.verdict is Verdict.INFO]
    assert told == ["no run is of site Munihc (did you mean Munich?): its limits were not used"]


@pytest.mark.parametrize(("fails", "verdict"), [(False, Overall.PASS), (True, Overall.FAIL)])
def test_a_regression_fails_only_if_the_policy_says_so(*, fails: bool, verdict: Overall) -> None:
    """Else it is told."""
    policy = replace(PLAIN, fail_on_regression=fails)
    before, after = with_jitter([2.0, 2.1, 2.2, 2.3, 2.4]), with_jitter([9.0, 9.1, 9.2, 9.3, 9.4])
    runs = [(f"{number}.json", document) for number, document in enumerate(after)]
    found = judge_all(runs, policy, TODAY, comparisons=compare(before, after, policy))
    assert found.verdict is verdict
    told = next(each.text for each in found.demands if each.name == "Regression")
    assert told.startswith("Up Jitter at Munich: worse: median 2.2 before")
