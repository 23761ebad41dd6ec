"""The self-test for people: a sentence, the rows by part, and what to do about those that are not as they should be."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from nra.model.self_test import Check, SelfTest
from nra.model.verdict import Overall, Verdict
from nra.report.cells import clean, number
from nra.report.screen import STYLES

if TYPE_CHECKING:
    from rich.console import RenderableType

PARTS: Final = {
    "clock": "Clocks",
    "timer": "Timers",
    "datagram": "Datagrams",
    "buffer": "Buffers",
    "files": "Sockets",
    "load": "Load",
    "noise": "Noise floor",
}
HEADINGS: Final = ("Result", "Expectation", "Verdict", "What was seen")
VERDICT_COLUMN: Final = 3
DECIMALS: Final = {"ms": 3, "µs": 3, "%": 0, "ppm": 0, "packets": 0, "sockets": 0, "bytes": 0}
NAMED: Final = 4  # rows that the sentence names
REMARKABLE: Final = (Verdict.FAIL, Verdict.NOT_MEASURED, Verdict.WARN, Verdict.INFO)
SENTENCES: Final = {
    Overall.PASS: ("This machine is fit to measure voice", ()),
    Overall.WARN: ("This machine is fit to measure voice, with reservations", (Verdict.WARN,)),
    Overall.FAIL: ("This machine is not fit to measure voice", (Verdict.FAIL,)),
    Overall.INCONCLUSIVE: ("Not everything could be examined", (Verdict.NOT_MEASURED,)),
}


def sentence(test: SelfTest) -> str:
    """Return the verdict as a sentence that names the rows that decided."""
    text, verdicts = SENTENCES[test.verdict]
    names = [clean(check.label) for check in test.checks if check.verdict in verdicts]
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    text += " (interrupted)" if test.interrupted else ""
    return f"{text}: {', '.join(names[:NAMED] + more)}." if names else f"{text}."


def tables(test: SelfTest) -> list[list[Sequence[str]]]:
    """Return a table for each part, its headings first."""
    parts = groupby(test.checks, lambda check: check.key.partition(".")[0])
    return [[(PARTS[part], *HEADINGS), *map(_cells, checks)] for part, checks in parts]


def remarks(test: SelfTest) -> list[str]:
    """Return what the rows that are not as they should be mean, and what to do, the gravest first; the same advice once."""
    rows = sorted((check for check in test.checks if check.verdict in REMARKABLE), key=lambda check: REMARKABLE.index(check.verdict))
    told: dict[tuple[Verdict, str], list[str]] = {}
    for check in rows:
        why = f"Why: {check.evidence}." if check.verdict is Verdict.NOT_MEASURED else check.meaning
        told.setdefault((check.verdict, f"{why} {check.advice or ''}"), []).append(check.label)
    return [clean(f"{verdict}: {', '.join(labels)}. {text}") for (verdict, text), labels in told.items()]


def plain(test: SelfTest) -> str:
    """Return it as plain lines."""
    rows = tables(test)
    widths = [max(map(len, column)) for column in zip(*(row for table in rows for row in table), strict=True)]
    blocks = [[f"{test.verdict}: {sentence(test)}"]]
    blocks += [["  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip() for row in table] for table in rows]
    return "\n\n".join("\n".join(block) for block in [*blocks, remarks(test)] if block)


def screen(test: SelfTest) -> "RenderableType":
    """Return the same for a rich console."""
    from rich import box
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("", *HEADINGS):
        table.add_column(heading, overflow="fold")
    for headings, *rows in tables(test):
        table.add_row(Text(headings[0], style="bold"))
        for row in rows:
            cells = [Text(cell) for cell in row]
            cells[VERDICT_COLUMN].stylize(STYLES[row[VERDICT_COLUMN]])
            table.add_row(*cells)
        table.add_section()
    verdict = Text.assemble((test.verdict, STYLES[test.verdict]), "  ", (sentence(test), "bold"))
    return Group(Padding(verdict, (1, 0)), table, *(Text(remark, style="dim") for remark in remarks(test)))


def _cells(check: Check) -> Sequence[str]:
    result = "" if check.value is None else f"{number(check.value, check.unit, DECIMALS[check.unit])} {check.unit}"
    return clean(check.label), result, clean(check.limit), check.verdict, clean(check.evidence)
