"""The page (HTML): the same result as one file that needs nothing else, no script and no network, to be read or printed.

`result.html` in `templates/` is the result alone, whatever page it stands in; `report.html` is the file around it. Everything that
was typed or came over the network passes `cells.clean` and Jinja's escaping: text is text.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from nra.model.document import RunDocument
from nra.model.region import Side
from nra.model.verdict import Basis, Verdict
from nra.model.voice import Direction, Voice
from nra.report import histogram
from nra.report.cells import clean, number, quantity
from nra.report.charts import bar, charts, seconds
from nra.report.explanations import Explanation, of_port, of_row
from nra.report.firewall_rules import service_first
from nra.report.load import HEADER as LOADED
from nra.report.palette import DARK, KINDS, LIGHT, declarations
from nra.report.qualities import Cell, Figure, Table, buffers, calls, codecs, costs, delays, worst
from nra.report.sentences import instrument_line, mos_cost_line, sentence
from nra.report.view import PortRow, View, VoipRow, view

if TYPE_CHECKING:
    from jinja2 import Environment

SIDES: Final = ((Side.SERVICE, "At the service"), (Side.REFLECTOR, "At your reflector"))
NO_NUMBER: Final = "–"  # the verdict beside it says why in words
LEAST_FULL_POINTS: Final = 10.0  # of R: the length of the longest bar, so that a tenth of a point does not look like a disaster


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a column: what was asked and where, what came of it (a number or words, and after what time), and what explains it."""

    name: str
    place: str = ""
    result: str
    number: bool = False
    time: str = ""
    expectation: str
    verdict: Verdict
    note: str = ""
    explanation: Explanation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What one impairment took in points of R each way, with the bars' lengths in percent."""

    name: str
    ways: tuple[tuple[str, float], ...]


def render(document: RunDocument) -> bytes:
    """Return the page: UTF-8, the same bytes under every locale, at most 300 KB for half a minute of voice."""
    return page("report.html", result(document))


def page(template: str, values: dict[str, Any]) -> bytes:
    """Return a page made by one of the templates, with the style sheet and its hash for the page's policy."""
    style = style_sheet()
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment().get_template(template).render(values, style=style, style_hash=f"sha256-{digest}").encode()


def result(document: RunDocument) -> dict[str, Any]:
    """Return all that the template `result.html` shows of a run, as text and plain values."""
    shown, voice = view(document), document.voice
    told = {shown.meaning[0]} | ({sentence(mos_cost_line(voice)), sentence(instrument_line(voice.instrument))} if voice else set())
    return {
        "shown": shown,
        "sentence": shown.meaning[0],
        "rows": _voip(shown, document),
        "ports": _firewall(shown, document),
        "skipped": document.run.asked.only,
        "quality": _quality(voice) if voice else None,
        "tried": _printed(_tried(shown)) if shown.tried else None,
        "loaded": _printed(Table("By how much the call beside the load differs", LOADED, [row.cells for row in shown.loaded]))
        if shown.loaded
        else None,
        "facts": [fact for fact in shown.facts if fact.value],
        "meaning": [each for each in shown.meaning if each not in told],
        "thresholds": _thresholds(document),
    }


@cache
def environment() -> "Environment":
    """Return Jinja's environment over `templates/`: escaping is always on, a name that is missing is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("nra", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["kind"] = lambda word: KINDS[word]
    return made


@cache
def style_sheet() -> str:
    """Return the style sheet of everything that the templates show, light and dark."""
    kinds = sorted(set(KINDS.values()))
    return environment().get_template("style.css").render(light=declarations(LIGHT), dark=declarations(DARK), kinds=kinds)


def _voip(shown: View, document: RunDocument) -> list[Row]:
    return [_voip_row(row, of_row(metric)) for row, metric in zip(shown.voip, document.metrics, strict=True)]


def _voip_row(row: VoipRow, explanation: Explanation | None) -> Row:
    unit = "" if row.unit == "MOS" else f" {row.unit}"
    return Row(
        name=row.measurement,
        result=f"{row.result}{unit}" if row.result else NO_NUMBER,
        number=True,
        expectation=row.expectation,
        verdict=row.verdict,
        note=row.note,
        explanation=explanation,
    )


def _firewall(shown: View, document: RunDocument) -> list[tuple[str, list[Row]]]:
    """Return the tables of ports by whose host was asked, without empty ones."""
    checks = service_first(document.firewall or ())
    explained = list(zip(shown.firewall, map(of_port, checks), strict=True))
    tables = ((title, [_port_row(row, words) for row, words in explained if row.at is side]) for side, title in SIDES)
    return [(title, rows) for title, rows in tables if rows]


def _port_row(row: PortRow, explanation: Explanation) -> Row:
    return Row(
        name=f"{row.port} {row.protocol} {row.service_alone}",
        place=row.destination,
        result=row.result,
        time=quantity(row.connect_ms, "ms") if row.connect_ms is not None else "",
        expectation="open" if row.required else "optional",
        verdict=row.verdict,
        explanation=explanation,
    )


def _quality(voice: Voice) -> dict[str, Any]:
    """Return what stands below the two columns: what the MOS lost, the charts with their numbers, delays and buffers."""
    ways = {"Up": voice.up, "Down": voice.down} if voice.basis is Basis.DIRECTION else {"Round trip": voice.up}
    return {
        "costs": _costs(voice, ways),
        "costs_line": sentence(mos_cost_line(voice)),
        "charts": charts(voice),
        "seconds": seconds(voice),
        "histogram": histogram.chart(voice),
        "bars": [_printed(table) for table in histogram.packets(voice)],
        "instrument": sentence(instrument_line(voice.instrument)),
        "tables": [_printed(table) for table in (*delays(voice), *worst(voice), *calls(voice), *buffers(voice), *codecs(voice))],
    }


def _costs(voice: Voice, ways: dict[str, Direction]) -> dict[str, Any] | None:
    """Return the table of points of R that were lost, and the R and MOS that were left; None where the MOS is not known."""
    table = next(costs(voice), None)
    if table is None or all(direction.mos is None for direction in ways.values()):
        return None
    points = [[cell for cell in row[1:] if isinstance(cell, Figure)][: len(ways)] for row in table.rows]
    full = max(LEAST_FULL_POINTS, *(figure.value or 0.0 for row in points for figure in row))
    return {
        "ways": list(ways),
        "losses": [
            Loss(name=str(row[0]), ways=tuple((number(each.value, "points"), bar(each.value, full)) for each in figures))
            for row, figures in zip(table.rows, points, strict=True)
        ],
        "r": [number(direction.r_factor, "points") for direction in ways.values()],
        "mos": [number(direction.mos, "") for direction in ways.values()],
    }


def _tried(shown: View) -> Table:
    """Return the streams of the search for a breach."""
    rows = [(row.calls, row.outcome, row.up, row.down, row.round_trip, row.note) for row in shown.tried]
    return Table("One stream after the other", ("Calls", "Outcome", "Up", "Down", "Round trip", "Note"), rows)


def _printed(table: Table) -> dict[str, Any]:
    """Return the table as text, with which of its columns hold numbers."""
    numeric = [not isinstance(cell, str) for cell in table.rows[0]]
    return {
        "title": table.title,
        "headings": table.headings,
        "numeric": numeric,
        "rows": [[_text(cell) for cell in row] for row in table.rows],
    }


def _text(cell: Cell) -> str:
    return number(cell.value, cell.unit) if isinstance(cell, Figure) else clean(str(cell))


def _thresholds(document: RunDocument) -> dict[str, Any]:
    used = document.thresholds
    rows: Sequence[tuple[str, ...]] = [
        (
            clean(criterion.label),
            f"{criterion.operator} {criterion.limit:g}",
            "" if criterion.warn is None else f"{criterion.operator} {criterion.warn:g}",
            "" if criterion.unit == "MOS" else clean(criterion.unit),
        )
        for criterion in used.limits
    ]
    return {"name": clean(used.name), "source": clean(used.source), "checked": clean(used.checked), "rows": rows}
