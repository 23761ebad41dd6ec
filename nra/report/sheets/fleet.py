"""The sheets that list runs (contract 4.3), each a table whose columns are named beside what fills them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nra.model.criteria import Thresholds
from nra.model.document import RunDocument
from nra.model.verdict import Verdict
from nra.report.entry import Entry
from nra.report.sheets.style import Content, Measured
from nra.report.sheets.table import Layout, Sheet, table
from nra.report.view import firewall_verdict

SEVERITY_VERDICTS: Final = {"fail": Verdict.FAIL, "warn": Verdict.WARN, "info": Verdict.INFO}
UP_MOS, DOWN_MOS = "Upstream MOS Score", "Downstream MOS Score"

Fill = Callable[[Entry], Content]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A sheet that lists runs: its layout, and the rows that one run gives it."""

    title: str
    layout: Layout
    rows: Callable[[Entry], Sequence[Sequence[Content]]]


def _fact(name: str) -> Fill:
    return lambda entry: entry.view.fact(name)


def _mos(label: str) -> Fill:
    def fill(entry: Entry) -> Content:
        row = entry.row(label)
        return Measured(row.value, row.unit, row.verdict, unit_shown=True) if row else None

    return fill


WHO: Final[dict[str, Fill]] = {
    "Overall": lambda entry: entry.view.overall,
    "Workstation": _fact("Workstation"),
    "Organization": _fact("Organization"),
    "Site": _fact("Site"),
    "Seat": _fact("Seat"),
    "Region": _fact("Region"),
    "Started": _fact("Started"),
}
SUMMARY: Final[dict[str, Fill]] = {
    **WHO,
    "VOIP": lambda entry: entry.voip,
    "Firewall": lambda entry: firewall_verdict(entry.view),
    UP_MOS: _mos(UP_MOS),
    DOWN_MOS: _mos(DOWN_MOS),
    "Calls at once": lambda entry: entry.calls_at_once,
    "What this means": lambda entry: entry.view.meaning[0] if entry.view.meaning else "",
}
"""Heading -> what the run puts under it."""


def _of(fill: Callable[[RunDocument], Content]) -> Fill:
    return lambda entry: fill(entry.document) if entry.document else None


RUNS: Final[dict[str, Fill]] = {
    **WHO,
    "Run id": _fact("Run id"),
    "Case": _fact("Case"),
    "Ended": _of(lambda document: document.run.ended_at),
    "Duration": _fact("Duration"),
    "Interrupted": _of(lambda document: document.run.used.interrupted),
    "Measured by": _fact("Measured by"),
    "Why this method": _of(lambda document: document.run.used.why),
    "Server": _fact("Server"),
    "Operating system": _of(lambda document: " ".join(filter(None, (document.run.host.os, document.run.host.os_version)))),
    "Machine": _of(lambda document: document.run.host.machine),
    "Local address": _of(lambda document: document.run.host.local_address),
    "Codec": _of(lambda document: document.voice.codec if document.voice else None),
    "Interval (ms)": _of(lambda document: document.voice.interval_ms if document.voice else None),
    "Payload (bytes)": _of(lambda document: document.voice.payload_bytes if document.voice else None),
    "Calls": _of(lambda document: document.voice.calls if document.voice else None),
    "DSCP": _of(lambda document: document.voice.dscp if document.voice else None),
    "Sent": _of(lambda document: document.voice.sent if document.voice else None),
    "Not sent": _of(lambda document: document.voice.not_sent if document.voice else None),
    "Lost, direction unknown": _of(lambda document: document.voice.lost_unknown if document.voice else None),
    "Send stamps": _of(lambda document: document.voice.instrument.tx_stamps if document.voice else None),
    "Receive stamps": _of(lambda document: document.voice.instrument.rx_stamps if document.voice else None),
    "Instrument steady": _of(lambda document: document.voice.instrument.steady if document.voice else None),
    "Local drops": _of(lambda document: document.voice.instrument.local_drops if document.voice else None),
    "Thresholds": _fact("Thresholds"),
    "Configuration": _of(lambda document: document.run.used.config),
    "Tool version": _fact("Tool version"),
}
"""Heading -> what the run puts under it."""


def summary(more: Mapping[str, Fill], preface: Sequence[Content] = ()) -> Listing:
    """Return the sheet Summary, with more columns at the end and lines above it where there are many runs."""
    return _listing("Summary", {**SUMMARY, **more}, frozen_columns=2, preface=preface)


def voip(labels: Iterable[str]) -> Listing:
    """Return the sheet VOIP with a column for each label."""
    who = {name: WHO[name] for name in ("Overall", "Workstation", "Site", "Started")}
    return _listing("VOIP", who | {label: _mos(label) for label in labels}, frozen_columns=2)


def runs(more: Mapping[str, Fill]) -> Listing:
    """Return the sheet Runs, with more columns at the end where there are many runs."""
    return _listing("Runs", {**RUNS, **more}, frozen_columns=2, pages_wide=4)


def findings() -> Listing:
    """Return the sheet Findings: a row for each finding of each run; one that says so where only the text report is left."""
    return Listing(title="Findings", layout=Layout(headings=FINDINGS, frozen_columns=2), rows=_findings)


def thresholds(sheet: Sheet, profiles: Iterable[Thresholds]) -> None:
    """Fill the sheet Thresholds: each limit of each profile once."""
    rows = [
        [
            profile.name,
            criterion.label,
            criterion.unit,
            f"{criterion.operator} {criterion.limit:g}",
            "" if criterion.warn is None else f"{criterion.operator} {criterion.warn:g}",
            profile.source,
            profile.checked,
        ]
        for profile in profiles
        for criterion in profile.limits
    ]
    headings = ["Profile", "Measurement", "Unit", "PASS or WARN if", "PASS if", "Source", "Checked"]
    table(sheet, Layout(headings=headings, frozen_columns=2), rows)


def labels_of(entries: Iterable[Entry]) -> list[str]:
    """Return the labels of the VOIP rows, each once, in their order."""
    return list(dict.fromkeys(row.measurement for entry in entries for row in entry.view.voip))


def _listing(title: str, columns: Mapping[str, Fill], frozen_columns: int, pages_wide: int = 1, preface: Sequence[Content] = ()) -> Listing:
    fills = tuple(columns.values())
    layout = Layout(headings=tuple(columns), frozen_columns=frozen_columns, pages_wide=pages_wide, preface=preface)
    return Listing(title=title, layout=layout, rows=lambda entry: [[fill(entry) for fill in fills]])


FINDINGS_IN_TEXT: Final = "Only the text report of this run is left: what it found stands there in sentences"
FINDINGS: Final = ("Severity", "Workstation", "Site", "Seat", "Started", "Where", "What was found", "Evidence", "What to do")


def _findings(entry: Entry) -> list[Sequence[Content]]:
    who = [WHO[name](entry) for name in ("Workstation", "Site", "Seat", "Started")]
    if entry.document is None:
        return [[Verdict.INFO, *who, "", FINDINGS_IN_TEXT, entry.file, ""]]
    found = entry.document.findings
    return [[SEVERITY_VERDICTS[each.severity], *who, each.where, each.text, each.evidence, each.advice] for each in found]
