"""A sheet whose rows go to disk as they come: openpyxl's write-only sheet, whose rows alone are written here.

openpyxl makes an object and a small XML tree of every cell, which takes two thirds of the time of ten thousand runs. So it
writes the sheet without rows (views, columns, filter, print set-up, charts), and the rows are put in where they belong.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet._writer import ALL_TEMP_FILES

LETTERS: Final = tuple(get_column_letter(index) for index in range(1, 16_384 + 1))
LONGEST_TEXT: Final = 32_767  # of a cell; openpyxl cuts there too, or Excel would call the file damaged
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
        """Let go of the rows, and of what openpyxl has begun to write."""
        with suppress(OSError):  # what was still to be written may not fit
            self._stream.close()
        if self._writer is not None and self._writer.out in ALL_TEMP_FILES:
            self._writer.cleanup()

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


def save(book: Workbook, file: BinaryIO) -> None:
    """Save the workbook into an open file; raises OSError where it does not fit, and then once only.

    A ZipFile that could not write tries again when Python tidies up, and the second failure would be shown as a traceback.
    """
    once = _FailsOnce(file)
    book.save(cast("BinaryIO", once))
    if once.error is not None:
        raise once.error


class _FailsOnce:
    """A file that takes everything, and remembers the first failure."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        if self.error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self.error = error
        return len(data)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a file can do
        return getattr(self._file, name)


def discard(book: Workbook) -> None:
    """Let go of the rows of a workbook that will not be saved."""
    for sheet in book.worksheets:
        cast("StreamSheet", sheet).discard()


def _cell(place: str, held: str | float | None, style: int) -> str:
    if not held and held != 0:
        return f'<c r="{place}" s="{style}"/>'
    if not isinstance(held, str):
        return f'<c r="{place}" s="{style}"><v>{held!r}</v></c>'
    held = held[:LONGEST_TEXT]
    if "&" in held or "<" in held or ">" in held:
        held = escape(held)
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{held}</t></is></c>'
