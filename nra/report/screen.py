"""What the terminal shows when a run is over: the verdict in a sentence, then VOIP on the left and Firewall on the right.

Nothing is printed here: one function returns something for rich to draw, the other plain lines for everything that is no terminal.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from nra.model.document import RunDocument
from nra.model.region import Side
from nra.model.verdict import Verdict
from nra.report.view import PortRow, View, VoipRow, view

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

VOIP: Final = ("VOIP", "Result", "Expectation", "Verdict", "Note")
FIREWALL: Final = ("Firewall", "Service", "Required", "Verdict", "State", "Destination")  # what may be long stands last
REFLECTOR: Final = ("At the reflector", *FIREWALL[1:])
TRIED: Final = ("Calls until breach", "Outcome", "Up", "Down", "Round trip", "Note")
LOADED: Final = ("Change under load", "Direction", "Mbit/s", "Calls that fit", "Jitter (ms)", "Loss (%)", "MOS", "Round trip (ms)")
VERDICT_COLUMN, OUTCOME_COLUMN = 3, 1
STYLES: Final = {
    "PASS": "bold green",
    "WARN": "bold yellow",
    "FAIL": "bold red",
    "NOT MEASURED": "bold magenta",
    "INCONCLUSIVE": "bold magenta",
    "SKIPPED": "dim",
    "INFO": "cyan",
    "carried": "bold green",
    "breached": "bold red",
    "workstation": "bold magenta",
    "reflector": "bold magenta",
    "undecided": "bold magenta",
    "interrupted": "dim",
}
"""Colour only beside the word."""

_Rows = tuple[Sequence[str], list[Sequence[str]]]


def summary(document: RunDocument) -> "RenderableType":
    """Return the summary for a rich console; the tables stand side by side where the terminal is wide enough."""
    from rich.columns import Columns
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    shown = view(document)
    verdict = Text.assemble((shown.overall, STYLES[shown.overall]), "  ", (shown.meaning[0], "bold"))
    halves = [Group(*(_table(headings, rows) for headings, rows in half)) for half in _halves(shown)]
    tried = [_table(headings, rows, OUTCOME_COLUMN) for headings, rows in _tried(shown)]
    tried += [_table(headings, rows, None) for headings, rows in _loaded(shown)]
    sentences = [Text(sentence, style="dim") for sentence in shown.meaning[1:]]
    return Group(Padding(verdict, (1, 0)), Columns(halves, padding=(1, 4)), *tried, *sentences, Text(), *map(Text, shown.advice))


def plain(document: RunDocument) -> str:
    """Return the same as plain lines, VOIP before Firewall."""
    shown = view(document)
    blocks = [[f"{shown.overall}: {shown.meaning[0]}"]]
    blocks += [_aligned([headings, *rows]) for half in (*_halves(shown), _tried(shown), _loaded(shown)) for headings, rows in half]
    blocks += [list(shown.meaning[1:]), list(shown.advice)]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _halves(shown: View) -> list[list[_Rows]]:
    """Return the tables of VOIP and those of Firewall, without empty ones; a column of notes only where there are some."""
    columns = len(VOIP) if any(row.note for row in shown.voip) else len(VOIP) - 1
    asked = [] if all(row.verdict is Verdict.SKIPPED for row in shown.voip) else shown.voip
    voip: list[_Rows] = [(VOIP[:columns], [_voip(row)[:columns] for row in asked])]
    sides = ((FIREWALL, Side.SERVICE), (REFLECTOR, Side.REFLECTOR))
    ports: list[_Rows] = [(headings, [_port(row) for row in shown.ports(side)]) for headings, side in sides]
    halves = ([table for table in half if table[1]] for half in (voip, ports))
    return [half for half in halves if half]


def _tried(shown: View) -> list[_Rows]:
    """Return the streams of the search for a breach as one table; no table without a search, no notes where none has one."""
    columns = len(TRIED) if any(row.note for row in shown.tried) else len(TRIED) - 1
    rows: list[Sequence[str]] = [(str(row.calls), row.outcome, row.up, row.down, row.round_trip, row.note)[:columns] for row in shown.tried]
    return [(TRIED[:columns], rows)] if rows else []


def _loaded(shown: View) -> list[_Rows]:
    """Return what was measured under load as one table: where, how fast, and the differences that matter; no table without any."""
    rows: list[Sequence[str]] = [
        (row.load, row.direction, row.mbit_s, row.calls, row.jitter, row.loss, row.mos, row.round_trip)
        for row in shown.loaded
        if row.direction
    ]
    return [(LOADED, rows)] if rows else []


def _voip(row: VoipRow) -> Sequence[str]:
    unit = "" if row.unit == "MOS" else f" {row.unit}"
    return row.measurement, f"{row.result}{unit}" if row.result else row.verdict.lower(), row.expectation, row.verdict, row.note


def _port(row: PortRow) -> Sequence[str]:
    required = "yes" if row.required else "no"
    return f"{row.port} {row.protocol}", row.service_alone, required, row.verdict, row.state, row.destination


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], styled: int | None = VERDICT_COLUMN) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in headings:
        table.add_column(heading, overflow="fold")  # a host that is cut off is no host
    for row in rows:
        cells = [Text(cell) for cell in row]  # as text: a name such as [red] is no markup
        if styled is not None:
            cells[styled].stylize(STYLES[row[styled]])
        table.add_row(*cells)
    return table


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip() for row in rows]
