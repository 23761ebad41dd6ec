"""The sheet Charts: each measure across the workstations, median and worst beside the limit, drawn from the sheet Workstations."""

from typing import Final, cast

from openpyxl.cell.cell import Cell
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.axis import ChartLines, Scaling, TextAxis
from openpyxl.chart.legend import Legend
from openpyxl.chart.series import Series
from openpyxl.chart.series_factory import SeriesFactory
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from nra.model.fleet import MeasureKind
from nra.report.cells import SPOKEN_UNITS
from nra.report.sheets.charts import COLOURS, GRID, LINE_WIDTH_EMU, TITLE_SIZE, name_axis, sized
from nra.report.sheets.places import EACH_MEASURE, WORKSTATION
from nra.report.sheets.stream import StreamSheet
from nra.report.sheets.style import FONT, HEADER_HEIGHT_POINTS, NAVY, page

MOST_WORKSTATIONS: Final = 40
LIMIT_COLOUR: Final = "9C0006"
WIDTH_CM, HEIGHT_CM = 17, 8.5
ROWS_EACH, COLUMNS_EACH = 18, 9
PER_ROW, LINES_A_PAGE = 2, 2
NAME_COLUMN: Final = WORKSTATION.index("Workstation") + 1
LOWEST_MOS, HIGHEST_MOS = 1, 5


def add_fleet_charts(sheet: StreamSheet, spreads: StreamSheet, measures: tuple[MeasureKind, ...], workstations: int) -> None:
    """Draw each measure over the first rows of the sheet of spreads, which are the worst workstations."""
    shown = min(workstations, MOST_WORKSTATIONS)
    which = f"the {shown} worst of {workstations} workstations" if shown < workstations else f"all {workstations} workstations"
    _title(sheet, f"Each measure over {which}: median and worst of its runs beside the limit")
    page(cast("Worksheet", sheet))
    for number, measure in enumerate(measures if shown else ()):
        first = len(WORKSTATION) + 1 + number * EACH_MEASURE
        chart = _bars(spreads, first, shown + 1)
        chart += _limit(spreads, first + 2, shown + 1)
        _dress(chart, measure)
        line, place = divmod(number, PER_ROW)
        cast("Worksheet", sheet).add_chart(chart, f"{get_column_letter(1 + place * COLUMNS_EACH)}{3 + line * ROWS_EACH}")
        if line and line % LINES_A_PAGE == 0 and place == 0:
            sheet.row_breaks.append(Break(id=2 + line * ROWS_EACH))


def _bars(spreads: StreamSheet, first: int, last_row: int) -> BarChart:
    chart = BarChart()
    chart.type, chart.grouping, chart.gapWidth = "col", "clustered", 60
    for column, name, colour in zip((first, first + 1), ("median", "worst"), COLOURS, strict=True):
        chart.series.append(_series(spreads, column, last_row, name))
        chart.series[-1].graphicalProperties = GraphicalProperties(solidFill=colour)
    chart.set_categories(Reference(spreads, min_col=NAME_COLUMN, min_row=2, max_row=last_row))
    return chart


def _limit(spreads: StreamSheet, column: int, last_row: int) -> LineChart:
    chart = LineChart()
    chart.series.append(_series(spreads, column, last_row, "limit"))
    line = chart.series[-1]
    line.smooth = False
    line.marker.symbol = "none"
    line.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=LIMIT_COLOUR, w=LINE_WIDTH_EMU, prstDash="dash"))
    return chart


def _series(spreads: StreamSheet, column: int, last_row: int, name: str) -> Series:
    values = Reference(cast("Worksheet", spreads), min_col=column, min_row=2, max_row=last_row)
    return cast("Series", SeriesFactory(values, title=name))


def _dress(chart: BarChart, measure: MeasureKind) -> None:
    """Give the chart its words, axes and size."""
    chart.title = sized(f"{measure.label} (expected {measure.expectation})" if measure.expectation else measure.label, TITLE_SIZE)
    chart.legend = Legend()
    chart.legend.position = "b"
    chart.x_axis = TextAxis(axId=10, crossAx=100, tickLblPos="low")
    chart.y_axis.majorGridlines = ChartLines(spPr=GraphicalProperties(ln=LineProperties(solidFill=GRID)))
    chart.y_axis.scaling = _scaling(measure)
    name_axis(chart.x_axis, "", "General")
    name_axis(chart.y_axis, measure.unit, "General")
    chart.width, chart.height = WIDTH_CM, HEIGHT_CM


def _scaling(measure: MeasureKind) -> Scaling:
    """Return the axis from 0 for what is best at 0, the whole scale for MOS; shares near 100 % would all look alike from 0."""
    if measure.unit not in SPOKEN_UNITS:
        return Scaling(min=LOWEST_MOS, max=HIGHEST_MOS)
    return Scaling() if measure.more_is_better else Scaling(min=0.0)


def _title(sheet: StreamSheet, text: str) -> None:
    cell = Cell(cast("Worksheet", sheet), row=1, column=1)
    cell.font = Font(name=FONT, size=14, bold=True, color=NAVY)
    sheet.put_row([(text, cell.style_id)], HEADER_HEIGHT_POINTS)
