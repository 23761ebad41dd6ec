"""Holding a number against its limit."""

import operator
from typing import Final

from nra.model.criteria import Criterion, Operator
from nra.model.verdict import Verdict

_HOLDS: Final = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


def judge(value: float | None, criterion: Criterion) -> Verdict:
    """Return FAIL outside the limit, WARN inside it but outside the WARN limit, else PASS; NOT MEASURED without a value."""
    if value is None:
        return Verdict.NOT_MEASURED
    holds = _HOLDS[criterion.operator]
    if not holds(value, criterion.limit):
        return Verdict.FAIL
    return Verdict.PASS if criterion.warn is None or holds(value, criterion.warn) else Verdict.WARN


def limit_text(criterion: Criterion) -> str:
    """Return the limit in words, such as "< 30"."""
    return f"{criterion.operator} {criterion.limit:g}"
