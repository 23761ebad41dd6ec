"""A sheet that is one table: headings frozen, with a filter, ready for printing; for a few rows in memory or many on disk."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from nra.model.verdict import Overall, Verdict
from nra.report.cells import clean, risky
from nra.report.sheets.stream import StreamSheet
from nra.report.sheets.style import (
    FILLS,
    FONT,
    HEADER_HEIGHT_POINTS,
    NAVY,
    Content,
    Judged,
    Measured,
    cell_at,
    column_width,
    heading,
    heading_lines,
    height,
    holds,
    lines_in,
    numeric,
    page,
    put,
)

Sheet = Worksheet | StreamSheet
TITLE_LINE, PREFACE = "title line", "preface"
MOST_FROZEN: Final = 5  # lines above a table; more would leave no room for it on a small screen
SAMPLE: Final = 300  # rows by which columns get their widths
WIDEST_MEASURED: Final = 99999.9
LONGEST_ROWS: Final = 1_048_576  # of a sheet, in Excel
MOST_COLUMNS: Final = 16_384
LOUD: Final = (None, Verdict.FAIL, Verdict.WARN)  # what stands above a table in bold: a headline, and what somebody must act on


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A table's headings, columns that stay in sight, printed pages side by side, and lines of text that stand above it."""

    headings: Sequence[str]
    frozen_columns: int
    pages_wide: int = 1
    preface: Sequence[Content] = ()


@dataclass(slots=True)
class Table:
    """A sheet being filled; `sample` are rows by which the columns' widths and sides are chosen, all of them if there are few."""

    sheet: Sheet
    layout: Layout
    sample: Sequence[Sequence[Content]]
    widths: list[int] = field(init=False)
    rows: int = field(init=False, default=0)
    _looks: dict[Hashable, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Set the sheet up and write preface and headings: all that must stand before the rows."""
        layout, sample = self.layout, self.sample
        self.widths = [column_width(text, (row[index] for row in sample)) for index, text in enumerate(layout.headings)]
        for index, wide in enumerate(self.widths, start=1):
            self.sheet.column_dimensions[get_column_letter(index)].width = wide
        first = len(layout.preface) + 1
        frozen = first + 1 if len(layout.preface) <= MOST_FROZEN else 1
        self.sheet.freeze_panes = f"{get_column_letter(layout.frozen_columns + 1)}{frozen}"
        self.sheet.print_title_rows = f"{first}:{first}"
        if layout.pages_wide > 1:
            self.sheet.print_title_cols = f"A:{get_column_letter(layout.frozen_columns)}"
        page(cast("Worksheet", self.sheet), layout.pages_wide)  # a stream sheet has all that a page needs
        for number, text in enumerate(layout.preface):
            self._write([(text, PREFACE if number else TITLE_LINE)], height(1) if number else HEADER_HEIGHT_POINTS)
        over = [bool(sample) and numeric(sample[0][index]) for index in range(len(layout.headings))]
        lines = max((heading_lines(text, wide) for text, wide in zip(layout.headings, self.widths, strict=True)), default=1)
        points = max(HEADER_HEIGHT_POINTS, height(lines))
        self._write([(text, ("heading", right)) for text, right in zip(layout.headings, over, strict=True)], points)

    def add(self, row: Sequence[Content]) -> None:
        """Write one more row, as high as its text needs."""
        self.rows += 1
        points = height(max(map(_lines, row, self.widths)))
        if isinstance(self.sheet, StreamSheet):
            self.sheet.put_row([self._text(content) if content.__class__ is str else self._held(content, None) for content in row], points)
        else:
            self._write([(content, None) for content in row], points)

    def finish(self) -> None:
        """Set the filter over what has been written."""
        first, columns = len(self.layout.preface) + 1, len(self.layout.headings)
        self.sheet.auto_filter.ref = f"A{first}:{get_column_letter(columns)}{first + self.rows}"

    def _write(self, cells: Sequence[tuple[Content, Hashable]], points: float) -> None:
        if isinstance(self.sheet, StreamSheet):
            self.sheet.put_row([self._held(content, look) for content, look in cells], points)
            return
        line = self.sheet.max_row + 1 if self.sheet._cells else 1
        for index, (content, look) in enumerate(cells, start=1):
            _put(cell_at(self.sheet, line, index), content, look)
        self.sheet.row_dimensions[line].height = points

    def _text(self, text: Any) -> tuple[str, int]:  # noqa: ANN401 - a str, as most cells are: this is the way that must be short
        held = clean(text)
        style = None if risky(held) else self._looks.get("text")
        return (held, style) if style is not None else cast("tuple[str, int]", self._held(text, None))

    def _held(self, content: Content, look: Hashable) -> tuple[str | float | None, int]:
        """Return what the cell holds and the number of its style, which is made once for each look."""
        held = str(content) if isinstance(look, tuple) else holds(content)
        key = _look(content, held) if look is None else (look, isinstance(held, str) and risky(held), _verdict_of(content))
        style = self._looks.get(key)
        if style is None:
            scratch = Cell(cast("Worksheet", self.sheet), row=1, column=1)
            _put(scratch, content, look)
            style = self._looks[key] = scratch.style_id
        return held, style


def table(sheet: Sheet, layout: Layout, rows: Sequence[Sequence[Content]]) -> None:
    """Fill a sheet with one table."""
    filled = Table(sheet, layout, rows if len(rows) <= SAMPLE else [*rows[:SAMPLE], at_its_widest(rows[0])])
    for row in rows:
        filled.add(row)
    filled.finish()


def at_its_widest(row: Sequence[Content]) -> list[Content]:
    """Return the row with numbers as wide as any: one that is not in a sample must not show as ###."""
    return [
        replace(content, value=WIDEST_MEASURED, verdict=content.verdict and Verdict.FAIL) if isinstance(content, Measured) else content
        for content in row
    ]


def _lines(content: Content, wide: int) -> int:
    """Return how many lines the content takes: numbers are never broken, and half a column's width always fits on one."""
    if content.__class__ is Measured or content is None or isinstance(content, int | float):
        return 1
    text = content.text if isinstance(content, Judged) else str(content)
    return lines_in(text, wide) if 2 * len(text) > wide else 1


def _put(cell: Cell, content: Content, look: Hashable) -> None:
    if isinstance(look, tuple):
        heading(cell, str(content), over_numbers=bool(look[1]))
        return
    put(cell, content)
    if look is not None:  # a line above the table runs over the cells beside it
        ink = FILLS[content.verdict][1] if isinstance(content, Judged) else NAVY
        cell.fill, cell.border, cell.alignment = PatternFill(), Border(), Alignment(vertical="center")
        loud = _verdict_of(content) in LOUD
        cell.font = Font(name=FONT, size=14 if look == TITLE_LINE else 11, bold=loud, color=ink)


def _verdict_of(content: Content) -> Verdict | None:
    return content.verdict if isinstance(content, Judged) else None


def _look(content: Content, held: str | float | None) -> Hashable:
    """Return what decides how the content looks: equal for contents of one style."""
    kind = type(content).__name__
    if kind == "str":
        return "risky" if risky(str(held)) else "text"
    if isinstance(content, Measured):
        return kind, content.unit, content.unit_shown, content.verdict, isinstance(held, str)
    if isinstance(content, Judged):
        return kind, content.verdict, risky(str(held))
    return (kind, held) if isinstance(content, Verdict | Overall) else (kind,)
