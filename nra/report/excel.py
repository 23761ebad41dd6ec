"""The workbook (contract 4.3): the same sheets for one run and for many; openpyxl is imported only when it is asked for."""

from collections.abc import Sequence
from io import BytesIO

from nra.model.document import RunDocument
from nra.report.view import View


def workbook(runs: Sequence[RunDocument | View]) -> bytes:
    """Return an .xlsx file of the runs, worst first: run documents, or the rows that a text report was read back to.

    Sheets Summary, VOIP, Firewall, Findings, Runs, Thresholds, and one of its own for each of the first runs measured
    by a document. No text typed by people can become a formula.
    """
    from nra.report.sheets.book import build

    file = BytesIO()
    build(runs).save(file)
    return file.getvalue()
