"""A sheet whose rows go to disk as they come: openpyxl's write-only sheet, whose rows alone are written here.

openpyxl makes an object and a small XML tree of every cell, which takes two thirds of the time of ten thousand runs. So it
writes the sheet without rows (views, columns, filter, print set-up, charts), and the rows are put in where they belong.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

LETTERS: Final = tuple(get_column_letter(index) for index in range(1, 16_384 + 1))
NO_ROWS: Final = re.compile(rb"<sheetData\s*/>|<sheetData>\s*</sheetData>")


class StreamSheet(WriteOnlyWorksheet):
    """A write-only sheet that takes rows of held values and style numbers."""

    column_dimensions: Any  # the type stubs leave out what a write-only sheet sets up as every sheet does
    auto_filter: Any
    conditional_formatting: Any
    row_breaks: Any
    _writer: Any

    def __init__(self, parent: Workbook, title: str) -> None:
        """Make the sheet; its rows lie in a temporary file until the workbook is saved."""
        super().__init__(parent, title)
        self._stream = tempfile.TemporaryFile(prefix="nra-")  # noqa: SIM115 - closed by close()
        self.rows_written = 0

    def put_row(self, cells: Sequence[tuple[str | float | None, int]], height_points: float) -> None:
        """Write the next row: what each cell holds, and the number of its style in the workbook."""
        self.rows_written += 1
        row = self.rows_written
        written = "".join([_cell(f"{letter}{row}", held, style) for letter, (held, style) in zip(LETTERS, cells, strict=False)])
        self._stream.write(f'<row r="{row}" ht="{height_points:g}" customHeight="1">{written}</row>'.encode())

    def discard(self) -> None:
        """Let go of the rows."""
        self._stream.close()

    def close(self) -> None:
        """Write the rest of the sheet around the rows."""
        super().close()
        around = Path(self._writer.out)
        whole = around.read_bytes()
        gap = NO_ROWS.search(whole)
        if gap is None:
            raise RuntimeError("openpyxl wrote a sheet without a place for rows")
        with around.open("wb") as file, self._stream:
            file.write(whole[: gap.start()] + b"<sheetData>")
            self._stream.seek(0)
            shutil.copyfileobj(self._stream, file, 1 << 20)
            file.write(b"</sheetData>" + whole[gap.end() :])


def stream_book() -> Workbook:
    """Return a workbook that takes stream sheets only."""
    return Workbook(write_only=True)


def add_stream_sheet(book: Workbook, title: str) -> StreamSheet:
    """Add a sheet at the end of a write-only workbook."""
    sheet = StreamSheet(book, title)
    cast("Any", book)._add_sheet(sheet)  # create_sheet knows openpyxl's own kinds alone
    return sheet


def discard(book: Workbook) -> None:
    """Let go of the rows of a workbook that will not be saved."""
    for sheet in book.worksheets:
        cast("StreamSheet", sheet).discard()


def _cell(place: str, held: str | float | None, style: int) -> str:
    if isinstance(held, str) and held:
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(held)}</t></is></c>'
    return f'<c r="{place}" s="{style}"/>' if held is None or held == "" else f'<c r="{place}" s="{style}"><v>{held!r}</v></c>'
