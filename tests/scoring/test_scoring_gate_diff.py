"""What changed between two measurements of a workstation."""

from gate_world import PLAIN, TODAY, named

from nra.model.judgement import Change, JudgedRun
from nra.model.verdict import Verdict
from nra.scoring.gate import Named
from nra.scoring.gate_diff import changes
from nra.scoring.gate_run import judge_run


def judged(runs: list[Named]) -> list[JudgedRun]:
    """Return the runs, judged."""
    return [judge_run(document, file, PLAIN, TODAY) for file, document in runs]


def between(before: list[Named], after: list[Named]) -> dict[str, Change]:
    """Return the changes by name."""
    return {change.name: change for change in changes(judged(before), judged(after))}


def test_a_port_that_was_opened_stands_there_with_both_states() -> None:
    """State and verdict before and after."""
    found = between(named("bad"), named("good"))
    port = found["3478 UDP STUN/TURN to netdiag.euc1.pure.cloud"]
    assert (port.before, port.after) == ("no answer", "open")
    assert (port.verdict_before, port.verdict_after) == (Verdict.FAIL, Verdict.PASS)


def test_numbers_are_told_as_reports_print_them() -> None:
    """A row whose verdict stayed is told when its printed number changed."""
    found = between(named("bad"), named("good"))
    assert (found["Down Packet Loss"].before, found["Down Packet Loss"].after) == ("3.00 %", "0.00 %")
    assert (found["Upstream MOS Score"].verdict_before, found["Upstream MOS Score"].verdict_after) == (Verdict.PASS, Verdict.PASS)


def test_changed_verdicts_come_first() -> None:
    """What got worse before what got better, before what stayed."""
    found = changes(judged(named("good")), judged(named("bad")))
    kinds = [(change.verdict_before is change.verdict_after, change.verdict_after is Verdict.PASS) for change in found]
    assert kinds == sorted(kinds)


def test_nothing_changed() -> None:
    """The same numbers, measured again."""
    assert changes(judged(named("good")), judged(named("good"))) == ()


def test_the_last_run_of_each_side_counts() -> None:
    """A morning of failures before the change does not hide that it works now."""
    before, after = named("good", "bad", same_workstation=True), named("bad", "good", same_workstation=True)
    assert between(before, after)["Down Packet Loss"].after == "0.00 %"


def test_a_workstation_that_was_measured_on_one_side_only_is_told() -> None:
    """Nothing can be compared, which is worth knowing."""
    found = between(named("good"), named("good", "good"))
    assert (found["Run"].workstation, found["Run"].before, found["Run"].after) == ("PC-2", "not there", "measured")
    assert between(named("good", "good"), named("good"))["Run"].after == "not there"


def test_a_row_that_could_no_longer_be_measured_is_told() -> None:
    """In words, not as a number."""
    assert between(named("good"), named("blocked"))["Up Jitter"].after == "not measured"
