"""What a policy demands of all runs together: freshness, sites, and what is worth knowing beside it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from gate_world import PLAIN, TODAY, named, waiver, with_jitter

from nra.model.document import RunDocument
from nra.model.policy import Policy
from nra.model.verdict import Overall, Verdict
from nra.scoring.gate import Named, judge_all
from nra.scoring.gate_baseline import gone_sites
from nra.scoring.gate_demands import no_run_of
from nra.testing.canned import canned_run


def told(runs: list[Named], policy: Policy = PLAIN, gone: tuple[str, ...] = ()) -> dict[str, tuple[Verdict, str]]:
    """Return each demand with its text."""
    return {each.name: (each.verdict, each.text) for each in judge_all(runs, policy, TODAY, gone=gone).demands}


@pytest.mark.parametrize(("kinds", "of"), [(("firewall-only",), "1 of 1"), (("good", "firewall-only"), "1 of 2")])
def test_a_skipped_half_is_told(kinds: tuple[str, ...], of: str) -> None:
    """Ready then means the other half alone; it changes no verdict."""
    runs = named(*kinds)
    assert told(runs)["Skipped"] == (Verdict.INFO, f"voice was skipped in {of} runs: nothing is known about it there")
    assert judge_all(runs, PLAIN, TODAY).verdict is Overall.PASS
    assert "Skipped" not in told(named("good", "bad"))


def without_ports(document: RunDocument) -> RunDocument:
    """Return the run as it is with `--only voice`."""
    asked = replace(document.run.asked, only="voice")
    return replace(document, run=replace(document.run, asked=asked), firewall=None)


def test_a_firewall_that_was_not_asked_for_is_a_skipped_case() -> None:
    """So that it is skipped in JUnit too; required by the policy it is a hole."""
    runs = [("a.json", without_ports(canned_run("good")))]
    judged = judge_all(runs, PLAIN, TODAY)
    assert [case.verdict for case in judged.runs[0].cases if case.half == "firewall"] == [Verdict.SKIPPED]
    assert (judged.verdict, told(runs)["Skipped"][1][:8]) == (Overall.PASS, "firewall")
    assert judge_all(runs, replace(PLAIN, measured=("firewall",)), TODAY).verdict is Overall.INCONCLUSIVE


def test_other_limits_at_the_time_of_measuring_are_told() -> None:
    """The run's own report may say FAIL where the gate says PASS; it changes no verdict."""
    (file, document), other = named("good", "good")
    edge = replace(document, thresholds=replace(document.thresholds, name="teams-edge"))
    text = "1 of 2 runs were held to teams-edge when they were measured; here the limits of the policy count"
    assert told([(file, edge), other])["Thresholds"] == (Verdict.INFO, text)
    assert "Thresholds" not in told(named("good", "bad"))


@pytest.mark.parametrize(("days", "verdict"), [(14, Verdict.PASS), (15, Verdict.NOT_MEASURED)])
def test_old_runs_prove_nothing_of_today(days: int, verdict: Verdict) -> None:
    """Fourteen days are fourteen days; without a limit no age is asked for."""
    start = f"{TODAY - timedelta(days=days):%Y-%m-%d}T23:59:59Z"
    runs = [*named("good"), ("old.json", canned_run("good", host="PC-7", site="Munich", started_at=start))]
    assert told(runs, replace(PLAIN, max_age_days=14))["Age of runs"][0] is verdict
    if verdict is not Verdict.PASS:
        assert f"the oldest is 15 days old (PC-7 at Munich, {start})" in told(runs, replace(PLAIN, max_age_days=14))["Age of runs"][1]
    assert "Age of runs" not in told(runs)


def test_a_run_without_a_readable_time_is_too_old() -> None:
    """Absent is never young."""
    document = canned_run("good")
    strange = replace(document, run=replace(document.run, started_at="yesterday"))
    verdict, text = told([("a.json", strange)], replace(PLAIN, max_age_days=14))["Age of runs"]
    assert (verdict, "of unknown age" in text) == (Verdict.NOT_MEASURED, True)


@pytest.mark.parametrize(("days", "verdict"), [(1, Verdict.PASS), (2, Verdict.NOT_MEASURED)])
def test_a_run_from_the_future_has_no_age(days: int, verdict: Verdict) -> None:
    """A clock that is years ahead would keep a run young for years."""
    start = f"{TODAY + timedelta(days=days):%Y-%m-%d}T00:00:00Z"
    runs = [("a.json", canned_run("good", started_at=start))]
    assert told(runs, replace(PLAIN, max_age_days=14))["Age of runs"][0] is verdict


def test_a_self_test_is_told() -> None:
    """It changes no verdict, but nobody shall take it for a network that is ready."""
    (file, document), other = named("good", "good")
    runs = [(file, replace(document, run=replace(document.run, region="local"))), other]
    verdict, text = told(runs)["Self-test"]
    assert (verdict, text.startswith("region local in 1 of 2 runs: no network was measured there")) == (Verdict.INFO, True)
    assert "Self-test" not in told([other])


def test_a_required_site_without_a_run_is_no_verdict() -> None:
    """With the name that was perhaps meant; in whatever capitals it is met."""
    runs = named("good")
    missing = judge_all(runs, replace(PLAIN, required_sites=("munich", "Munch", "Leeds")), TODAY)
    texts = [each.text for each in missing.demands if each.name == "Required site"]
    assert texts == ["no run is of site Munch (did you mean Munich?)", "no run is of site Leeds"]
    assert missing.verdict is Overall.INCONCLUSIVE
    assert told(runs, replace(PLAIN, required_sites=("munich",)))["Required site"][0] is Verdict.PASS


def test_a_site_that_only_the_baseline_has_is_told() -> None:
    """It does not vanish: perhaps nobody measured there."""
    now, before = (
        with_jitter([2.0]),
        [*with_jitter([2.0], site=" munich"), *with_jitter([2.0], site="Leeds"), *with_jitter([2.0], site=None)],
    )
    assert gone_sites(before, now) == ("Leeds",)
    assert told(named("good"), gone=("Leeds",))["Baseline"][0] is Verdict.INFO
    assert "site Leeds is in the baseline alone" in told(named("good"), gone=("Leeds",))["Baseline"][1]


def test_a_name_of_which_there_is_a_run_is_not_missing() -> None:
    """Blanks and capitals do not count."""
    assert no_run_of("site", "Bonn", [None, "bonn "]) == ""
    assert no_run_of("workstation", "PC-1", []) == "no run is of workstation PC-1"


def test_a_waiver_for_a_place_without_a_run_is_told() -> None:
    """With the name that was perhaps meant; one for a place that is there is not."""
    waivers = (replace(waiver("up_mos"), site="Munch"), replace(waiver("up_mos"), site="munich", workstation="pc-1"))
    found = [each.text for each in judge_all(named("good"), replace(PLAIN, waivers=waivers), TODAY).demands if each.name == "Waiver"]
    assert found == ["up_mos, owner net team: no run is of site Munch (did you mean Munich?)"]
