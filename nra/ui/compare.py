"""Two runs side by side, row by row, with what changed from the first to the second."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from nra.model.document import RunDocument
from nra.model.verdict import Verdict
from nra.report.cells import number, quantity
from nra.report.view import PortRow, View, VoipRow, view

SAME: Final = "the same"
NOWHERE: Final = "–"
CIRCUMSTANCES: Final = ("Region", "Measured by", "Thresholds")  # who and where may differ: that is what is compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one run says in a row; no verdict where the run has no such row."""

    result: str = NOWHERE
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One row of both runs, and what changed in words."""

    name: str
    place: str = ""
    first: Side
    second: Side
    change: str


def unlike(first: View, second: View) -> tuple[str, ...]:
    """Return what was measured differently, or not at all in one of them: then a difference of the rows may come from that."""
    return tuple(
        f"{name}: A {first.fact(name) or NOWHERE}, B {second.fact(name) or NOWHERE}"
        for name in CIRCUMSTANCES
        if first.fact(name) != second.fact(name)
    )


def voip(first: RunDocument, second: RunDocument) -> tuple[Pair, ...]:
    """Return the rows of the VOIP column."""
    before, after = dict(_metrics(first)), dict(_metrics(second))
    return tuple(_metric_pair(before.get(key), after.get(key)) for key in dict.fromkeys([*before, *after]))


def firewall(first: RunDocument, second: RunDocument) -> tuple[Pair, ...]:
    """Return the rows of the Firewall column, by port, protocol, service and destination."""
    before, after = (_ports(view(document)) for document in (first, second))
    return tuple(_port_pair(key, before.get(key), after.get(key)) for key in dict.fromkeys([*before, *after]))


def _metrics(document: RunDocument) -> Iterator[tuple[str, VoipRow]]:
    for metric, row in zip(document.metrics, view(document).voip, strict=True):
        yield metric.key, row


def _metric_pair(before: VoipRow | None, after: VoipRow | None) -> Pair:
    name = next(row.measurement for row in (before, after) if row is not None)
    return Pair(name=name, first=_metric_side(before), second=_metric_side(after), change=_difference(before, after))


def _metric_side(row: VoipRow | None) -> Side:
    if row is None or row.value is None:
        return Side(verdict=None if row is None else row.verdict)
    return Side(result=quantity(row.value, row.unit), verdict=row.verdict)


def _difference(before: VoipRow | None, after: VoipRow | None) -> str:
    """Return how much the value rose or fell, as the rows round it; empty where one of them was not measured."""
    if before is None or after is None or before.value is None or after.value is None:
        return ""
    change = after.value - before.value
    if not float(number(change, after.unit)):
        return SAME
    return f"{'+' if change > 0 else '−'}{quantity(abs(change), after.unit)}"


def _ports(shown: View) -> dict[tuple[str, str, str, str], PortRow]:
    return {(row.port, row.protocol, row.service, row.destination): row for row in shown.firewall}


def _port_pair(key: tuple[str, str, str, str], before: PortRow | None, after: PortRow | None) -> Pair:
    first, second = _port_side(before), _port_side(after)
    there = [side for side, row in (("A", before), ("B", after)) if row is not None]
    change = f"only in {there[0]}" if len(there) == 1 else SAME if first == second else f"{first.result} → {second.result}"
    return Pair(name=" ".join(key[:3]), place=key[3], first=first, second=second, change=change)


def _port_side(row: PortRow | None) -> Side:
    return Side() if row is None else Side(result=row.result, verdict=row.verdict)
