"""Limits: the operators matter."""

import pytest
from samples import GENESYS

from nra.model.criteria import Criterion, Operator
from nra.model.verdict import Verdict
from nra.scoring.criteria import judge, limit_text

CRITERIA = {criterion.key: criterion for criterion in GENESYS.limits}


@pytest.mark.parametrize(
    ("key", "value", "verdict"),
    [
        ("up_jitter_ms", 19.999, Verdict.PASS),
        ("up_jitter_ms", 20, Verdict.WARN),
        ("up_jitter_ms", 29.999, Verdict.WARN),
        ("up_jitter_ms", 30, Verdict.FAIL),
        ("up_loss_percent", 0.0, Verdict.PASS),
        ("up_loss_percent", 0.5, Verdict.WARN),
        ("up_loss_percent", 1.0, Verdict.FAIL),
        ("up_discard_percent", 2, Verdict.WARN),
        ("up_discard_percent", 5, Verdict.FAIL),
        ("up_order_percent", 99.5, Verdict.PASS),
        ("up_order_percent", 99.49, Verdict.WARN),
        ("up_order_percent", 98, Verdict.WARN),
        ("up_order_percent", 97.99, Verdict.FAIL),
        ("round_trip_avg_ms", 150, Verdict.FAIL),
        ("round_trip_avg_ms", 100, Verdict.WARN),
        ("up_mos", 4.0, Verdict.PASS),
        ("up_mos", 3.6, Verdict.WARN),
        ("up_mos", 3.599, Verdict.FAIL),
        ("up_mos", None, Verdict.NOT_MEASURED),
    ],
)
def test_edges(key: str, value: float | None, verdict: Verdict) -> None:
    """The limit itself fails where it says < and passes where it says >=, and the WARN bands begin where the contract says."""
    assert judge(value, CRITERIA[key]) is verdict


@pytest.mark.parametrize(
    ("operator", "at_the_limit"), [("<", Verdict.FAIL), ("<=", Verdict.PASS), (">", Verdict.FAIL), (">=", Verdict.PASS)]
)
def test_every_operator(operator: str, at_the_limit: Verdict) -> None:
    """Strict operators exclude the limit; without a WARN band there is no WARN."""
    assert judge(5.0, Criterion(key="k", label="l", unit="ms", operator=Operator(operator), limit=5.0)) is at_the_limit


@pytest.mark.parametrize(("key", "text"), [("up_jitter_ms", "< 30"), ("up_order_percent", ">= 98"), ("up_mos", ">= 3.6")])
def test_limit_text(key: str, text: str) -> None:
    """Limits are written without needless digits."""
    assert limit_text(CRITERIA[key]) == text
