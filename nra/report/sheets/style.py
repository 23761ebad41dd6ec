"""How the sheets look: one font, verdict cells filled and worded, columns wide enough, landscape pages."""

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from nra.model.verdict import Overall, Verdict
from nra.report.cells import DECIMALS, DECIMALS_ELSE, SPOKEN_UNITS, clean, number, risky
from nra.report.view import TITLE

FONT: Final = "Calibri"
INK, NAVY, GREY, PALE = "262626", "1F3864", "D9D9D9", "F2F2F2"
FILLS: Final = {  # verdict -> (fill, ink)
    "PASS": ("C6EFCE", "006100"),
    "WARN": ("FFEB9C", "7F6000"),
    "FAIL": ("FFC7CE", "9C0006"),
    "NOT MEASURED": ("D9D9D9", "404040"),
    "INCONCLUSIVE": ("D9D9D9", "404040"),
    "SKIPPED": ("EDEDED", "595959"),
    "INFO": ("DDEBF7", "1F4E79"),
}
NARROWEST, WIDEST, MARGIN = 9, 64, 4  # column widths in characters; the margin leaves room for the filter button
HEADER_HEIGHT_POINTS, LINE_HEIGHT_POINTS, PADDING_POINTS, TALLEST_POINTS = 34, 15, 3, 400
LINE: Final = Border(bottom=Side(style="thin", color=GREY))
BODY: Final = Font(name=FONT, size=11, color=INK)
HEAD: Final = Font(name=FONT, size=11, bold=True, color="FFFFFF")
HEAD_FILL: Final = PatternFill("solid", start_color=NAVY)
PAINT: Final = {word: PatternFill("solid", start_color=fill) for word, (fill, _) in FILLS.items()}
WORD_FONTS: Final = {word: Font(name=FONT, size=11, bold=True, color=ink) for word, (_, ink) in FILLS.items()}
NUMBER_FONTS: Final = {word: Font(name=FONT, size=11, color=ink) for word, (_, ink) in FILLS.items()}
WRAPPED: Final = Alignment(vertical="top", wrap_text=True)
RIGHT: Final = Alignment(horizontal="right", vertical="top", indent=1)
HEAD_LEFT: Final = Alignment(vertical="center", wrap_text=True)
HEAD_RIGHT: Final = Alignment(horizontal="right", vertical="center", wrap_text=True, indent=1)


@dataclass(frozen=True, slots=True)
class Measured:
    """A number that stays a number: shown with its unit's decimals, and with unit and verdict in words on request."""

    value: float | None
    unit: str = ""
    verdict: Verdict | None = None
    unit_shown: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A text under a verdict's colour; the text names the verdict."""

    text: str
    verdict: Verdict


Content = str | Verdict | Overall | Measured | Judged | int | float | bool | None


def put(cell: Cell, content: Content) -> None:
    """Write the content: text is always text, never a formula; None leaves the cell empty."""
    cell.font, cell.border, cell.alignment = BODY, LINE, RIGHT if numeric(content) else WRAPPED
    if isinstance(content, Measured):
        _look_like_a_number(cell, content)
    elif isinstance(content, Judged):
        paint(cell, content.verdict)
    elif isinstance(content, Verdict | Overall):
        paint(cell, content)
    held = holds(content)
    if isinstance(held, str):
        put_text(cell, held)
    else:
        cell.value = held


def holds(content: Content) -> str | float | None:
    """Return what a cell holds of the content: a number, or washed text, empty for nothing."""
    if isinstance(content, str):
        return clean(content)
    if isinstance(content, Measured):
        return content.value if content.value is not None else str(content.verdict or "")
    if isinstance(content, Judged):
        return clean(content.text)
    return ("no", "yes")[content] if isinstance(content, bool) else content if content is not None else ""


def put_text(cell: Cell, text: str) -> None:
    """Write text as text, whatever it begins with, without characters that XML forbids."""
    washed = clean(text)
    if washed:
        cell.value = washed
        cell.data_type = "s"  # openpyxl takes "=..." for a formula and "#N/A" for an error
        if risky(washed):
            cell.quotePrefix = True  # keeps it text when somebody edits the cell


def paint(cell: Cell, verdict: str) -> None:
    """Fill the cell in the verdict's colour."""
    cell.fill, cell.font = PAINT[verdict], WORD_FONTS[verdict]


def heading(cell: Cell, text: str, *, over_numbers: bool = False) -> None:
    """Write a column's heading, on the side where its numbers stand; a line break in it is kept."""
    put_text(cell, text)
    if "\n" in text:
        cell.value = "\n".join(map(clean, text.split("\n")))
        cell.data_type = "s"
    cell.font, cell.fill, cell.alignment = HEAD, HEAD_FILL, HEAD_RIGHT if over_numbers else HEAD_LEFT


def numeric(content: Content) -> bool:
    """Tell whether the content stands on the right, as numbers do; yes and no are words."""
    return isinstance(content, Measured | int | float) and not isinstance(content, bool)


def page(sheet: Worksheet, pages_wide: int = 1) -> None:
    """Set the sheet up for landscape A4, so many pages wide and as many long as it takes."""
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages_wide, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.HeaderFooter.oddHeader = HeaderFooterItem(left=_HeaderFooterPart(f"{TITLE}: &A"))
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(right=_HeaderFooterPart("&P / &N"))


def shown(content: Content) -> str:
    """Return about what the cell will show, to measure its width."""
    if isinstance(content, Measured):
        return f"{number(content.value, content.unit)}{_suffix(content)}" if content.value is not None else str(content.verdict or "")
    return content.text if isinstance(content, Judged) else str("" if content is None else content)


def width(text: str) -> int:
    """Return how many columns of a fixed font the text takes: East Asian characters and emoji take two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def lines_in(text: str, wide: float) -> int:
    """Return how many lines the text takes in a column of that width, words kept whole (about)."""
    return math.ceil(1.05 * width(text) / wide) or 1


def heading_lines(title: str, wide: int) -> int:
    """Return how many lines the title takes: its own, each of them broken where it is too long beside the filter's button."""
    return sum(lines_in(line, wide - MARGIN) for line in title.split("\n"))


def height(lines: int) -> float:
    """Return the height of a row of so many lines in points; Excel allows 409."""
    return min(TALLEST_POINTS, LINE_HEIGHT_POINTS * lines + PADDING_POINTS)


def column_width(title: str, contents: Iterable[Content]) -> int:
    """Return a width at which each line of the title takes two at most, no word is broken and no number shows as ###."""
    words = max(map(width, title.split()), default=0)
    widest = max((width(shown(content)) for content in contents), default=0)
    return min(max(words, math.ceil(0.6 * width(title)), widest, NARROWEST) + MARGIN, WIDEST)


def _look_like_a_number(cell: Cell, measured: Measured) -> None:
    if measured.verdict:
        cell.fill, cell.font = PAINT[measured.verdict], NUMBER_FONTS[measured.verdict]
    if measured.value is not None:
        suffix = _suffix(measured)
        cell.number_format = "0." + "0" * DECIMALS.get(measured.unit, DECIMALS_ELSE) + (f'"{suffix}"' if suffix else "")


def _suffix(measured: Measured) -> str:
    unit = f" {measured.unit}" if measured.unit_shown and measured.unit in SPOKEN_UNITS else ""
    return unit + (f"  {measured.verdict}" if measured.verdict else "")


def cell_at(sheet: Worksheet, row: int, index: int) -> Cell:
    """Return the cell; rows and columns count from 1."""
    return cast("Cell", sheet.cell(row, index))  # a merged cell only where something was merged before
