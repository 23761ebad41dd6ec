"""The same rows, several printers: every number passes `cells`, every sentence `sentences`; printers only lay out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # numpy comes with it, and `nra report --help` needs only the names of the formats
    from nra.model.document import RunDocument


@dataclass(frozen=True, slots=True)
class Printer:
    """One format: the extension of its files and the function that prints a run."""

    extension: str
    render: "Callable[[RunDocument], bytes]"


def _text(document: "RunDocument") -> bytes:
    from nra.report.text import render

    return render(document)


def _workbook(document: "RunDocument") -> bytes:
    from nra.report.excel import workbook

    return workbook([document])


def _html(document: "RunDocument") -> bytes:
    from nra.report.html import render

    return render(document)


def _junit(document: "RunDocument") -> bytes:
    from nra.report.junit import of_run

    return of_run(document)


PRINTERS: Final = {
    "txt": Printer("txt", _text),
    "xlsx": Printer("xlsx", _workbook),
    "html": Printer("html", _html),
    "junit": Printer("junit.xml", _junit),
}
"""What `--format` offers beside json, which is the run document itself (`nra.archive.document.encode`)."""
