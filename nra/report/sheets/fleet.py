"""The six sheets about all runs (contract 4.3), each a table whose columns are named beside what fills them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from openpyxl.worksheet.worksheet import Worksheet

from nra.model.document import RunDocument
from nra.model.region import Side
from nra.model.verdict import Overall, Verdict
from nra.report.cells import clean
from nra.report.sheets.style import Content, Judged, Measured, table
from nra.report.view import PortRow, View, VoipRow, firewall_verdict, voip_verdict

WORST_FIRST: Final = (Overall.FAIL, Overall.INCONCLUSIVE, Overall.WARN, Overall.PASS)
SEVERITY_VERDICTS: Final = {"fail": Verdict.FAIL, "warn": Verdict.WARN, "info": Verdict.INFO}
UP_MOS, DOWN_MOS = "Upstream MOS Score", "Downstream MOS Score"


@dataclass(frozen=True, slots=True)
class Entry:
    """One run: its rows, and its document where there is one (a text report has none)."""

    view: View
    document: RunDocument | None

    def gravity(self) -> tuple[int, int, str]:
        """Return the key that sorts the worst run first, then by workstation."""
        verdicts = [row.verdict for row in self.view.voip] + [row.verdict for row in self.view.firewall]
        return WORST_FIRST.index(self.view.overall), -verdicts.count(Verdict.FAIL), self.view.fact("Workstation")

    def row(self, label: str) -> VoipRow | None:
        """Return the VOIP row with that label, None if the run has none."""
        return next((row for row in self.view.voip if row.measurement == label), None)


def _fact(name: str) -> Callable[[Entry], Content]:
    return lambda entry: entry.view.fact(name)


def _mos(label: str) -> Callable[[Entry], Content]:
    def fill(entry: Entry) -> Content:
        row = entry.row(label)
        return Measured(row.value, row.unit, row.verdict, unit_shown=True) if row else None

    return fill


WHO: Final[dict[str, Callable[[Entry], Content]]] = {
    "Overall": lambda entry: entry.view.overall,
    "Workstation": _fact("Workstation"),
    "Organization": _fact("Organization"),
    "Site": _fact("Site"),
    "Seat": _fact("Seat"),
    "Region": _fact("Region"),
    "Started": _fact("Started"),
}
SUMMARY: Final[dict[str, Callable[[Entry], Content]]] = {
    **WHO,
    "VOIP": lambda entry: voip_verdict(entry.view),
    "Firewall": lambda entry: firewall_verdict(entry.view),
    UP_MOS: _mos(UP_MOS),
    DOWN_MOS: _mos(DOWN_MOS),
    "What this means": lambda entry: entry.view.meaning[0] if entry.view.meaning else "",
}
"""Heading -> what the run puts under it."""


def _of(fill: Callable[[RunDocument], Content]) -> Callable[[Entry], Content]:
    return lambda entry: fill(entry.document) if entry.document else None


RUNS: Final[dict[str, Callable[[Entry], Content]]] = {
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


def _columns(columns: dict[str, Callable[[Entry], Content]], entries: Sequence[Entry]) -> list[list[Content]]:
    return [[fill(entry) for fill in columns.values()] for entry in entries]


def _summary(sheet: Worksheet, entries: Sequence[Entry]) -> None:
    table(sheet, list(SUMMARY), _columns(SUMMARY, entries), frozen_columns=2)


def _runs(sheet: Worksheet, entries: Sequence[Entry]) -> None:
    table(sheet, list(RUNS), _columns(RUNS, entries), frozen_columns=2, pages_wide=4)


def _voip(sheet: Worksheet, entries: Sequence[Entry]) -> None:
    labels = list(dict.fromkeys(row.measurement for entry in entries for row in entry.view.voip))
    columns = {name: WHO[name] for name in ("Overall", "Workstation", "Site", "Started")} | {label: _mos(label) for label in labels}
    table(sheet, list(columns), _columns(columns, entries), frozen_columns=2)


def _firewall(sheet: Worksheet, entries: Sequence[Entry]) -> None:
    """Ports as rows, workstations as columns; a port is the same row where destination and need are the same."""
    answers = [{_port(row): row for row in entry.view.firewall} for entry in entries]
    sides = {port: row.at for answer in answers for port, row in answer.items()}
    ports = sorted(sides, key=lambda port: sides[port] is Side.REFLECTOR)
    workstations = [f"{entry.view.fact('Workstation')}\n{entry.view.fact('Started')}" for entry in entries]
    rows: list[Sequence[Content]] = [[*port, *(_answer(answer.get(port)) for answer in answers)] for port in ports]
    table(sheet, ["Port", "Protocol", "Service", "Required", "Destination", *workstations], rows, frozen_columns=3)


def _findings(sheet: Worksheet, entries: Sequence[Entry]) -> None:
    rows: list[Sequence[Content]] = [
        [
            SEVERITY_VERDICTS[finding.severity],
            *(WHO[name](entry) for name in ("Workstation", "Site", "Seat", "Started")),
            finding.where,
            finding.text,
            finding.evidence,
            finding.advice,
        ]
        for entry in entries
        if entry.document
        for finding in entry.document.findings
    ]
    headings = ["Severity", "Workstation", "Site", "Seat", "Started", "Where", "What was found", "Evidence", "What to do"]
    table(sheet, headings, rows, frozen_columns=2)


def _thresholds(sheet: Worksheet, entries: Sequence[Entry]) -> None:
    profiles = dict.fromkeys(entry.document.thresholds for entry in entries if entry.document)
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
    table(sheet, ["Profile", "Measurement", "Unit", "PASS or WARN if", "PASS if", "Source", "Checked"], rows, frozen_columns=2)


def _port(row: PortRow) -> tuple[str, str, str, str, str]:
    return row.port, row.protocol, row.service, "yes" if row.required else "no", row.destination


def _answer(row: PortRow | None) -> Content:
    return Judged(f"{row.verdict}: {clean(row.state)}", row.verdict) if row else "not checked"


SHEETS: Final[tuple[tuple[str, Callable[[Worksheet, Sequence[Entry]], None]], ...]] = (
    ("Summary", _summary),
    ("VOIP", _voip),
    ("Firewall", _firewall),
    ("Findings", _findings),
    ("Runs", _runs),
    ("Thresholds", _thresholds),
)
"""Title -> what fills the sheet, in the contract's order."""
