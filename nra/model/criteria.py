"""Limits are data: which number, which operator, from where WARN begins (catalogue/data/thresholds-*.toml)."""

from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """How a value is held against its limit: the limit itself fails under `<` and `>`, passes under `<=` and `>=`."""

    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One row: a value meets it when `value operator limit`; it is warned of unless `value operator warn` holds too."""

    key: str
    label: str
    unit: str
    operator: Operator
    limit: float
    warn: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """A named profile of limits: where they come from and when that was last checked (ISO date)."""

    name: str
    source: str
    checked: str
    limits: tuple[Criterion, ...]
