"""Two runs side by side."""

from dataclasses import replace

from nra.model.verdict import Verdict
from nra.report.view import view
from nra.testing.canned import canned_run
from nra.ui.compare import NOWHERE, firewall, unlike, voip


def test_every_row_of_either_run_is_there_once() -> None:
    """The eleven rows stay in their order, and what changed is said with its sign."""
    pairs = voip(canned_run("good"), canned_run("bad"))
    assert [pair.name for pair in pairs] == [metric.label for metric in canned_run("good").metrics]
    loss = next(pair for pair in pairs if pair.name == "Down Packet Loss")
    assert (loss.first.verdict, loss.second.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert loss.change.startswith("+")
    assert loss.change.endswith(" %")


def test_what_was_not_measured_has_no_difference() -> None:
    """Absent is never zero."""
    for pair in voip(canned_run("good"), canned_run("no-network")):
        assert (pair.second.result, pair.second.verdict, pair.change) == (NOWHERE, Verdict.NOT_MEASURED, "")


def test_a_run_is_the_same_as_itself() -> None:
    """No row changes, in either column."""
    run = canned_run("good")
    assert {pair.change for pair in (*voip(run, run), *firewall(run, run))} == {"the same"}


def test_runs_that_were_not_measured_alike_say_so() -> None:
    """Region, method and thresholds; a self-test beside a region is the plainest of them."""
    here = canned_run("good")
    assert unlike(view(here), view(canned_run("bad"))) == ()
    local = replace(here, run=replace(here.run, region="local"))
    assert unlike(view(local), view(here)) == ("Region: A local, B eu-central-1",)
    (told,) = unlike(view(here), view(replace(here, voice=None)))
    assert told.startswith("Measured by: A stamp (")
    assert told.endswith(", B –")


def test_ports_are_compared_by_what_they_are() -> None:
    """A port that only one run asked says so; one that changed says from what to what."""
    pairs = firewall(canned_run("good"), canned_run("blocked"))
    assert any("→" in pair.change for pair in pairs)
    alone = firewall(canned_run("good"), canned_run("interrupted"))
    assert {pair.change for pair in alone} >= {"the same"} or any(pair.change.startswith("only in") for pair in alone)
