"""The rules are data: complete, unambiguous, and each reaches every verdict that it promises."""

from nra.model.verdict import Verdict
from nra.scoring.doctor_rules import LATE_MS, RULES


def test_each_row_has_one_rule_with_a_reason_and_an_advice() -> None:
    """Nobody is told a verdict without why it matters and what to do."""
    keys = [rule.key for rule in RULES]
    assert len(set(keys)) == len(keys)
    labels = [rule.criterion.label for rule in RULES]
    assert len(set(labels)) == len(labels)
    assert all(rule.meaning.endswith(".") and rule.advice.endswith(".") for rule in RULES)


def test_a_rule_that_cannot_fail_has_one_limit() -> None:
    """A second limit would say "at worst" of something that never gets worse than WARN."""
    assert [rule.key for rule in RULES if rule.gravest is not Verdict.FAIL and rule.criterion.warn is not None] == []


def test_parts_stand_together() -> None:
    """A printer makes one table of neighbours with the same part."""
    parts = [rule.key.partition(".")[0] for rule in RULES]
    changes = [part for part, before in zip(parts, [None, *parts], strict=False) if part != before]
    assert len(changes) == len(set(changes))


def test_lateness_is_judged_as_in_a_run() -> None:
    """A packet is late from 5 ms on, here as there (nra/scoring/instrument.py)."""
    assert LATE_MS == 5
    assert {rule.criterion.limit for rule in RULES if rule.key.startswith("timer.") or rule.key == "noise.send_late"} == {LATE_MS}
