"""The template (`nra compile --template`): a workbook into which text reports are pasted by hand, one sheet each.

A text report is tab-separated, so pasted at A1 of a sheet it fills columns; formulas look its lines up by their names and
bring them into a row of the summary. The sheets are formatted as text beforehand: Excel would otherwise make dates of numbers
where the comma is the decimal mark. The numbers in the summary are numbers again in every locale.
"""

from io import BytesIO

from nra.report.sheets.paste import build_template


def template_workbook() -> bytes:
    """Return the template as an .xlsx file, two invented reports in it."""
    file = BytesIO()
    build_template().save(file)
    return file.getvalue()
