"""Several calls at once in words: how they differed, how many the path carries, and the streams that show it."""

from dataclasses import dataclass
from typing import Final

from nra.model.capacity import EndedBy, Outcome
from nra.model.document import Capacity, Metric
from nra.model.voice import CallQuality, Voice
from nra.report.cells import SPOKEN_UNITS, clean, quantity

NOT_THE_NETWORK: Final = {
    EndedBy.WORKSTATION: "with {more} this workstation, not the network, is the limit",
    EndedBy.REFLECTOR: "with {more} the reflector, not the network, is the limit",
    EndedBy.UNDECIDED: "with {more} it could not be decided",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRow:
    """One stream of the search for a breach, as printed."""

    calls: int
    outcome: Outcome
    up: str
    down: str
    round_trip: str
    note: str


def tried_rows(capacity: Capacity | None) -> tuple[TriedRow, ...]:
    """Return the streams of the search in the order in which they were sent; none without a search."""
    return tuple(
        TriedRow(
            calls=step.calls,
            outcome=step.outcome,
            up=_row(step.up),
            down=_row(step.down),
            round_trip=_row(step.round_trip),
            note=clean(step.note),
        )
        for step in (capacity.steps if capacity else ())
    )


def capacity_line(capacity: Capacity | None) -> str:
    """Return how many calls the path carries and what is in the way of more, empty where nobody asked."""
    if capacity is None:
        return ""
    if capacity.ended_by is EndedBy.METHOD:
        return "How many calls this path carries was not measured: no reflector gave a stream, and public endpoints are no place for it"
    if capacity.carried is None:
        return f"How many calls this path carries could not be measured: {_reason(capacity) or 'no stream came to its end'}"
    twice = " (seen twice)" if capacity.confirmed else " (seen once, not confirmed)"
    if capacity.ended_by is EndedBy.LIMIT:
        carries = f"carries {_calls(capacity.carried)} at once" if capacity.carried else "does not carry a single call"
    else:
        carries = f"carries at least {_calls(capacity.carried)} at once"
    return f"This path {carries}{twice}: {_reason(capacity)}; each stream took {capacity.step_s:g} s"


def carried_words(capacity: Capacity | None) -> str:
    """Return how many calls the path carries as short as a cell wants it, empty where nobody asked or nothing was found."""
    if capacity is None or capacity.carried is None or capacity.ended_by is EndedBy.METHOD:
        return ""
    return f"{capacity.carried}" if capacity.ended_by is EndedBy.LIMIT else f"at least {capacity.carried}"


def ranked(voice: Voice) -> tuple[tuple[str, CallQuality], ...]:
    """Return the worst, the median (of three or more) and the best of several calls, by the MOS of their worse direction, then by loss."""
    if len(voice.per_call) < 2:
        return ()
    ordered = sorted(voice.per_call, key=_goodness)
    median = (("median", ordered[(len(ordered) - 1) // 2]),) if len(ordered) > 2 else ()
    return ("worst", ordered[0]), *median, ("best", ordered[-1])


def calls_line(voice: Voice) -> str:
    """Return how far several calls at once differed; empty for a single one."""
    parts = [f"{name} call {call.call}: {_call(call)}" for name, call in ranked(voice)]
    return f"Of {len(voice.per_call)} calls at once (numbered from 0), by MOS up and down: {'; '.join(parts)}" if parts else ""


def _call(call: CallQuality) -> str:
    moses = f"{quantity(call.up.mos, '')} and {quantity(call.down.mos, '')}"
    return f"{moses} (loss {quantity(call.up.loss_percent, '%')} and {quantity(call.down.loss_percent, '%')})"


def _goodness(call: CallQuality) -> tuple[float, float, int]:
    """A call without a MOS is worse than all that have one."""
    moses = [0.0 if each.mos is None else each.mos for each in (call.up, call.down)]
    losses = [100.0 if each.loss_percent is None else each.loss_percent for each in (call.up, call.down)]
    return min(moses), -max(losses), -call.call


def _reason(capacity: Capacity) -> str:
    more = _calls(capacity.stopped_at or 0)
    if capacity.ended_by is EndedBy.LIMIT:
        row = capacity.broke
        broke = "a limit breaks" if row is None else f"{clean(row.label)} {_value(row)} breaks its limit of {clean(row.limit)}{_unit(row)}"
        return f"with {more}, {broke}"
    if capacity.ended_by is EndedBy.MOST:
        return "no more were tried, and no limit broke"
    if capacity.ended_by is EndedBy.INTERRUPTED:
        return "the search was interrupted"
    if capacity.ended_by is EndedBy.STREAMS:
        return "the path answered differently each time, until all streams were used up"
    note = next((step.note for step in reversed(capacity.steps) if step.calls == capacity.stopped_at and step.note), None)
    return NOT_THE_NETWORK[capacity.ended_by].format(more=more) + (f" ({clean(note)})" if note else "")


def _row(metric: Metric | None) -> str:
    return "" if metric is None else clean(f"{metric.label} {_value(metric)} (limit {metric.limit}{_unit(metric)})")


def _value(metric: Metric) -> str:
    return quantity(metric.value, metric.unit)


def _unit(metric: Metric) -> str:
    return f" {metric.unit}" if metric.unit in SPOKEN_UNITS else ""


def _calls(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"
