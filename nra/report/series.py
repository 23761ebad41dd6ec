"""The running summary of a series of runs: one line per run, then how far the numbers spread; tab-separated as the text report is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from nra.model.criteria import Operator
from nra.model.document import Metric, RunDocument
from nra.model.fleet import Refusal
from nra.model.verdict import Overall, Verdict
from nra.report.cells import clean, guarded, number
from nra.report.entry import refusal_of
from nra.report.text import BOM
from nra.report.view import PortRow, outline

TITLE: Final = "Network readiness over time"
RUNS: Final = ("Started", "Overall")
AFTER_RUNS: Final = ("What failed", "File")
SPREAD: Final = ("Measurement", "Unit", "Runs", "Best", "Median", "Worst", "Worst at", "In breach", "In breach %")
NOT_THERE: Final = "no result"
INTERRUPTED: Final = "interrupted by the user"
NO_VERDICT: Final = {Refusal.BUSY: "no verdict: this workstation was too unsteady", Refusal.INTERRUPTED: f"no verdict: {INTERRUPTED}"}
LESS_IS_BETTER: Final = (Operator.LESS, Operator.AT_MOST)

Line = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run of the series: when it started (UTC, as in the reports), its document (None: it gave none, and why), and its file.

    `clock` is how far the clock on the wall here was from UTC then, as in "UTC+01:00".
    """

    at: str
    document: RunDocument | None
    file: str
    problem: str = ""
    clock: str = ""


def render(entries: Sequence[Entry], planned: int | None, missed: int, *, interrupted: bool = False) -> bytes:
    """Return the summary of what was measured so far: UTF-8 with byte-order mark, CRLF."""
    sections = [list(_head(entries, planned, missed, interrupted=interrupted)), list(_runs(entries)), list(_spread(entries))]
    text = "\r\n\r\n".join("\r\n".join("\t".join(guarded(clean(cell)) for cell in line) for line in lines) for lines in sections if lines)
    return f"{BOM}{text}\r\n".encode()


def _head(entries: Sequence[Entry], planned: int | None, missed: int, *, interrupted: bool) -> Iterator[Line]:
    yield (TITLE,)
    run = next((entry.document.run for entry in entries if entry.document), None)
    if run is not None:
        yield "Organization", run.org.name
        yield "Site", run.site or ""
        yield "Seat", run.seat or ""
        yield "Workstation", run.host.name
        yield "Region", run.region
        yield "Tool version", run.tool_version
    yield "First run", entries[0].at
    yield "Last run", entries[-1].at
    yield "Clock on the wall here", ", then ".join(dict.fromkeys(entry.clock for entry in entries if entry.clock))
    ended = f" ({INTERRUPTED})" if interrupted else ""
    yield "Runs", f"{len(entries)}" + (f" of {planned}" if planned is not None else "") + ended
    yield "Missed", f"{missed}" + (" (this workstation slept, was switched off or was busy)" if missed else "")


def _labels(entries: Sequence[Entry]) -> list[Metric]:
    """Return one metric of each kind, as they stand in the fullest document."""
    return max((list(entry.document.metrics) for entry in entries if entry.document), key=len, default=[])


def _runs(entries: Sequence[Entry]) -> Iterator[Line]:
    kinds = _labels(entries)
    yield ("Runs",)
    yield *RUNS, *(f"{kind.label} ({kind.unit})" for kind in kinds), *AFTER_RUNS
    for entry in entries:
        if entry.document is None:
            yield entry.at, NOT_THERE, *("" for _ in kinds), entry.problem, entry.file
            continue
        values = {metric.key: number(metric.value, metric.unit) for metric in entry.document.metrics}
        failed = "; ".join(filter(None, (*_failed(entry.document), entry.problem)))
        yield entry.at, entry.document.verdict, *(values.get(kind.key, "") for kind in kinds), failed, entry.file


def outcome(entries: Sequence[Entry]) -> str:
    """Return how many runs there were and what they came to, in one line."""
    counted = [(word, sum(entry.document is not None and entry.document.verdict is word for entry in entries)) for word in Overall]
    counted_all = [*counted, (NOT_THERE, sum(entry.document is None for entry in entries))]
    return f"{len(entries)} run{'' if len(entries) == 1 else 's'}: {', '.join(f'{count} {word}' for word, count in counted_all if count)}"


def _failed(document: RunDocument) -> Iterator[str]:
    """Yield what failed, or why there is no verdict: rows of voice that prove nothing are not what failed."""
    shown = outline(document)
    refusal = refusal_of(shown, document)
    if refusal:
        yield NO_VERDICT[refusal]
    else:
        yield from (row.measurement for row in shown.voip if row.verdict is Verdict.FAIL)
        if document.verdict is Overall.INCONCLUSIVE:
            missing = sum(row.verdict is Verdict.NOT_MEASURED for row in shown.voip)
            yield f"not measured: {missing} of {len(shown.voip)} measurements" if missing else ""
            yield from (f"{row.protocol} {row.port} to {row.destination}: {row.state}" for row in shown.firewall if _is_unproven(row))
    yield from (f"{row.protocol} {row.port} to {row.destination}: {row.state}" for row in shown.firewall if row.verdict is Verdict.FAIL)


def _is_unproven(row: PortRow) -> bool:
    return row.required and row.verdict is Verdict.NOT_MEASURED


def _spread(entries: Sequence[Entry]) -> Iterator[Line]:
    kinds = _labels(entries)
    if not kinds:
        return
    proven = [entry for entry in entries if entry.document and refusal_of(outline(entry.document), entry.document) is None]
    yield ("Spread",)
    yield SPREAD
    for kind in kinds:
        found = [
            (metric.value, entry.at, metric.verdict is Verdict.FAIL)
            for entry in proven
            if entry.document
            for metric in entry.document.metrics
            if metric.key == kind.key and metric.value is not None
        ]
        if not found:
            yield kind.label, kind.unit, "0", *("" for _ in SPREAD[3:])
            continue
        ordered = sorted(found, key=lambda each: each[0], reverse=not _less_is_better(entries, kind.key))
        values = [value for value, _, _ in ordered]
        breaches = sum(failed for _, _, failed in found)
        numbers = (number(value, kind.unit) for value in (values[0], median(values), values[-1]))
        yield kind.label, kind.unit, str(len(found)), *numbers, ordered[-1][1], str(breaches), number(100 * breaches / len(found), "%")


def _less_is_better(entries: Sequence[Entry], key: str) -> bool:
    limits = (limit for entry in entries if entry.document for limit in entry.document.thresholds.limits if limit.key == key)
    return next((limit.operator in LESS_IS_BETTER for limit in limits), True)
