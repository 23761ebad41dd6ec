"""One row per run, for whatever reads tables: names and kinds of the columns, and the CSV of them (docs/compile.md)."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import BinaryIO, Final, Literal

from nra.model.document import Run
from nra.model.verdict import Verdict
from nra.model.voice import Voice
from nra.report.cells import clean, guarded_list
from nra.report.entry import Entry
from nra.report.view import firewall_verdict

BOM: Final = "\ufeff"
METRICS: Final = {
    "Up Jitter": "up_jitter_ms",
    "Down Jitter": "down_jitter_ms",
    "Up Packet Loss": "up_loss_percent",
    "Down Packet Loss": "down_loss_percent",
    "Up Packet Discards": "up_discard_percent",
    "Down Packet Discards": "down_discard_percent",
    "Up Packet Order": "up_order_percent",
    "Down Packet Order": "down_order_percent",
    "Round Trip Average Time": "round_trip_avg_ms",
    "Upstream MOS Score": "up_mos",
    "Downstream MOS Score": "down_mos",
}
"""Label -> name of the column, which is the run document's key."""

Value = str | float | int | bool | datetime | None
Kind = Literal["text", "number", "count", "flag", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's kind, and what a run puts into it; None where the run does not have it."""

    kind: Kind
    fill: Callable[[Entry], Value]


def csv_table(entries: Iterable[Entry], file: BinaryIO) -> None:
    """Write the runs as CSV: UTF-8 with byte-order mark, CRLF, a dot in numbers, no cell a formula, empty for what is absent."""
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    text.write(BOM)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow(map(_cell, values(entry)))
    text.flush()
    text.detach()


def values(entry: Entry) -> Iterator[Value]:
    """Yield the run's row."""
    return (column.fill(entry) for column in COLUMNS.values())


def started_utc(entry: Entry) -> datetime | None:
    """Return when the run began in UTC, without a zone; None where a text report was edited so that nobody knows."""
    try:
        moment = datetime.fromisoformat(entry.view.fact("Started"))
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _cell(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}Z"
    return guarded_list(clean(value)) if isinstance(value, str) else "" if value is None else repr(value)


def _fact(name: str) -> Column:
    return Column("text", lambda entry: entry.view.fact(name) or None)


def _run(kind: Kind, fill: Callable[[Run], Value]) -> Column:
    return Column(kind, lambda entry: fill(entry.document.run) if entry.document else None)


def _voice(kind: Kind, fill: Callable[[Voice], Value]) -> Column:
    return Column(kind, lambda entry: fill(entry.document.voice) if entry.document and entry.document.voice else None)


def _metric(label: str) -> Column:
    return Column("number", lambda entry: row.value if (row := entry.row(label)) else None)


def _verdict(label: str) -> Column:
    return Column("text", lambda entry: str(row.verdict) if (row := entry.row(label)) else None)


def _required(entry: Entry, *verdicts: Verdict) -> list[str]:
    rows = (row for row in entry.view.firewall if row.required and (not verdicts or row.verdict in verdicts))
    return [f"{row.port} {row.protocol} {row.destination}" for row in rows]


COLUMNS: Final[dict[str, Column]] = {
    "run_id": _fact("Run id"),
    "overall": _fact("Overall"),
    "organization": _fact("Organization"),
    "org": Column("text", lambda entry: entry.org),
    "site": _fact("Site"),
    "seat": _fact("Seat"),
    "case": _fact("Case"),
    "workstation": _fact("Workstation"),
    "local_address": _run("text", lambda run: run.host.local_address),
    "region": _fact("Region"),
    "started_utc": Column("time", started_utc),
    "day": Column("text", lambda entry: f"{moment:%Y-%m-%d}" if (moment := started_utc(entry)) else None),
    "voip": Column("text", lambda entry: str(entry.voip)),
    "firewall": Column("text", lambda entry: str(firewall_verdict(entry.view))),
    "failed": Column("count", lambda entry: entry.failed),
    **{name: _metric(label) for label, name in METRICS.items()},
    **{f"{name}_verdict": _verdict(label) for label, name in METRICS.items()},
    "required_ports": Column("count", lambda entry: len(_required(entry))),
    "required_ports_open": Column("count", lambda entry: len(_required(entry, Verdict.PASS))),
    "required_ports_failed": Column("text", lambda entry: "; ".join(_required(entry, Verdict.FAIL)) or None),
    "meaning": Column("text", lambda entry: entry.view.meaning[0] if entry.view.meaning else None),
    "measured_by": _fact("Measured by"),
    "server": _fact("Server"),
    "basis": _voice("text", lambda voice: str(voice.basis)),
    "codec": _voice("text", lambda voice: voice.codec),
    "calls": _voice("count", lambda voice: voice.calls),
    "dscp": _voice("count", lambda voice: voice.dscp),
    "calls_at_once": Column("text", lambda entry: entry.calls_at_once or None),
    "sent": _voice("count", lambda voice: voice.sent),
    "not_sent": _voice("count", lambda voice: voice.not_sent),
    "lost_unknown": _voice("count", lambda voice: voice.lost_unknown),
    "steady": _voice("flag", lambda voice: voice.instrument.steady),
    "interrupted": _run("flag", lambda run: run.used.interrupted),
    "findings": Column("count", lambda entry: len(entry.document.findings) if entry.document else None),
    "operating_system": _run("text", lambda run: " ".join(filter(None, (run.host.os, run.host.os_version)))),
    "thresholds": _fact("Thresholds"),
    "tool_version": _fact("Tool version"),
    "file": Column("text", lambda entry: entry.file),
}
"""Name -> what stands under it, in CSV and Parquet alike."""
