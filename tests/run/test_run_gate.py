"""The gate as one call."""

from datetime import date

from nra.catalogue import thresholds
from nra.model.policy import Policy
from nra.model.verdict import Overall
from nra.run.gate import gate
from nra.testing.canned import canned_run

TODAY = date(2026, 11, 25)
PLAIN = Policy(name="plain", thresholds=thresholds())


def test_what_was_not_asked_for_is_not_compared() -> None:
    """Without a baseline no comparison, without runs from before no changes."""
    found = gate([("a.json", canned_run("good"))], PLAIN, TODAY)
    assert (found.verdict, found.comparisons, found.changes) == (Overall.PASS, (), ())


def test_the_runs_before_are_compared_but_not_judged() -> None:
    """After a change only what is now counts."""
    found = gate([("b.json", canned_run("good"))], PLAIN, TODAY, before=[("a.json", canned_run("bad"))])
    assert found.verdict is Overall.PASS
    assert [run.file for run in found.runs] == ["b.json"]
    assert "Down Packet Loss" in {change.name for change in found.changes}


def test_a_baseline_gives_a_comparison_of_every_row() -> None:
    """With what can be said of each, if only that the runs are too few."""
    found = gate([("b.json", canned_run("bad"))], PLAIN, TODAY, baseline=[("a.json", canned_run("good"))])
    assert len(found.comparisons) == 11
    assert {each.regression for each in found.comparisons} == {False}
