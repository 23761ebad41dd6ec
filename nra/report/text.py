"""The text report (contract 4.2): tab-separated, so that select-all, copy, paste into a spreadsheet gives columns; and its reader.

Sections stand in a fixed order, each after an empty line, those of the search for a breach and of the load
only where there were any. No cell holds a
tab or a line break (`cells.clean`) and no sentence is empty, so whatever people type as names, the report reads back as it was printed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from nra.model.capacity import Outcome
from nra.model.document import RunDocument
from nra.model.verdict import Overall, Verdict
from nra.report.calls import TriedRow
from nra.report.cells import guarded, parsed, unguarded
from nra.report.load import HEADER as LOADED_HEADER
from nra.report.load import TITLE as LOADED
from nra.report.load import load_row
from nra.report.view import Fact, PortRow, View, VoipRow, view

BOM: Final = "\ufeff"
VOIP_HEADER: Final = ("Measurement", "Result", "Unit", "Expectation", "Verdict", "Note")
FIREWALL_HEADER: Final = ("Port", "Protocol", "Service", "Destination", "Required", "State", "Verdict", "Evidence")
TRIED_HEADER: Final = ("Calls", "Outcome", "Up", "Down", "Round trip", "Note")
SECTIONS: Final = ("VOIP", "Firewall", "What this means", "What to do")
TRIED: Final = "Calls until breach"  # stands after Firewall in a report of a run that was asked for it
REQUIRED: Final = {"yes": True, "no": False}
OVERALL: Final = "Overall"

Row = TypeVar("Row")


class UnreadableReport(Exception):  # noqa: N818 - a foreign file is a result, not an accident
    """These bytes are no text report of nra; the message is one line and names what was missed."""


def render(document: RunDocument) -> bytes:
    """Return the text report: UTF-8 with byte-order mark, CRLF, the same bytes under every locale."""
    return print_view(view(document))


def print_view(shown: View) -> bytes:
    """Return the rows as a text report."""
    sections: tuple[list[Sequence[str]], ...] = (
        [(shown.title,), *((fact.name, fact.value) for fact in shown.facts)],
        [(SECTIONS[0],), VOIP_HEADER, *map(_voip_cells, shown.voip)],
        [(SECTIONS[1],), FIREWALL_HEADER, *map(_port_cells, shown.firewall)],
        *([[(TRIED,), TRIED_HEADER, *map(_tried_cells, shown.tried)]] if shown.tried else []),
        *_loaded_section(shown),
        [(SECTIONS[2],), *((sentence,) for sentence in shown.meaning)],
        [(SECTIONS[3],), *((sentence,) for sentence in shown.advice)],
    )
    text = "\r\n\r\n".join("\r\n".join("\t".join(map(guarded, line)) for line in lines) for lines in sections)
    return f"{BOM}{text}\r\n".encode()


def parse(data: bytes) -> View:
    """Return the rows that a text report holds; raises UnreadableReport.

    A missing byte-order mark, other line ends and blank ends of lines are forgiven: editors change them.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableReport(f"not UTF-8: {error.reason} at byte {error.start}") from None
    head, *rest = _sections(text)
    tried, loaded = (_taken_out(rest, title) for title in (TRIED, LOADED))
    if tuple(section[0] for section in rest) != tuple((name,) for name in SECTIONS):
        raise UnreadableReport(f"expected the sections {', '.join(SECTIONS)}")
    facts = tuple(Fact(name=name, value=value) for name, value in _padded(head[1:], 2))
    return View(
        title=head[0][0],
        overall=_overall(facts),
        facts=facts,
        voip=tuple(_rows(rest[0], VOIP_HEADER, _voip_row)),
        firewall=tuple(_rows(rest[1], FIREWALL_HEADER, _port_row)),
        meaning=tuple(line[0] for line in rest[2][1:]),
        advice=tuple(line[0] for line in rest[3][1:]),
        tried=() if tried is None else tuple(_rows(tried, TRIED_HEADER, _tried_row)),
        loaded=() if loaded is None else tuple(_rows(loaded, LOADED_HEADER, load_row)),
    )


def _voip_cells(row: VoipRow) -> Sequence[str]:
    return row.measurement, row.result, row.unit, row.expectation, row.verdict, row.note


def _port_cells(row: PortRow) -> Sequence[str]:
    return row.port, row.protocol, row.service, row.destination, "yes" if row.required else "no", row.state, row.verdict, row.evidence


def _tried_cells(row: TriedRow) -> Sequence[str]:
    return str(row.calls), row.outcome, row.up, row.down, row.round_trip, row.note


def _loaded_section(shown: View) -> list[list[Sequence[str]]]:
    return [[(LOADED,), LOADED_HEADER, *(row.cells for row in shown.loaded)]] if shown.loaded else []


def _taken_out(rest: list[list[tuple[str, ...]]], title: str) -> list[tuple[str, ...]] | None:
    """Take the section of that title out, where it stands next after Firewall."""
    return rest.pop(2) if len(rest) > 2 and rest[2][0] == (title,) else None


def _sections(text: str) -> list[list[tuple[str, ...]]]:
    """Return the sections between empty lines as lines of cells."""
    sections: list[list[tuple[str, ...]]] = [[]]
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.strip():
            sections[-1].append(tuple(map(unguarded, line.split("\t"))))
        elif sections[-1]:
            sections.append([])
    return [section for section in sections if section] or [[("",)]]


def _padded(lines: Sequence[tuple[str, ...]], width: int) -> Iterator[tuple[str, ...]]:
    """Return the lines with the empty cells at their ends that an editor may have cut off."""
    for line in lines:
        if len(line) > width:
            raise UnreadableReport(f"expected {width} columns, found {len(line)}: {line[0]}")
        yield line + ("",) * (width - len(line))


def _rows(section: Sequence[tuple[str, ...]], header: tuple[str, ...], row: Callable[[tuple[str, ...]], Row]) -> Iterator[Row]:
    if len(section) < 2 or section[1] != header:
        raise UnreadableReport(f"expected the columns {', '.join(header)}")
    for cells in _padded(section[2:], len(header)):
        try:
            yield row(cells)
        except (KeyError, ValueError) as error:
            raise UnreadableReport(f"line {cells[0]!r}: {error}") from None


def _voip_row(cells: tuple[str, ...]) -> VoipRow:
    measurement, result, unit, expectation, verdict, note = cells
    return VoipRow(
        measurement=measurement,
        result=result,
        unit=unit,
        expectation=expectation,
        verdict=Verdict(verdict),
        note=note,
        value=parsed(result),
    )


def _port_row(cells: tuple[str, ...]) -> PortRow:
    port, protocol, service, destination, required, state, verdict, evidence = cells
    return PortRow(
        port=port,
        protocol=protocol,
        service=service,
        destination=destination,
        required=REQUIRED[required],
        state=state,
        verdict=Verdict(verdict),
        evidence=evidence,
    )


def _tried_row(cells: tuple[str, ...]) -> TriedRow:
    calls, outcome, up, down, round_trip, note = cells
    return TriedRow(calls=int(calls), outcome=Outcome(outcome), up=up, down=down, round_trip=round_trip, note=note)


def _overall(facts: Sequence[Fact]) -> Overall:
    word = next((fact.value for fact in facts if fact.name == OVERALL), "")
    try:
        return Overall(word)
    except ValueError:
        raise UnreadableReport(f"expected a line {OVERALL!r} with one of {', '.join(Overall)}") from None
