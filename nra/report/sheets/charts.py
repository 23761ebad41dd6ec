"""Line charts beside the table of seconds, drawn so that Excel and LibreOffice both show axes, titles and gaps."""

from dataclasses import dataclass
from typing import Final

from openpyxl.chart import LineChart, Reference
from openpyxl.chart.axis import ChartLines, NumericAxis, TextAxis
from openpyxl.chart.legend import Legend
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RegularTextRun
from openpyxl.worksheet.worksheet import Worksheet

CHART_ROWS: Final = 11
WIDTH_CM: Final = 20
HEIGHT_CM: Final = 5.7
MOST_LABELS: Final = 30
LINE_WIDTH_EMU: Final = 22000
COLOURS: Final = ("1F77B4", "D9731A")  # blue up, orange down: told apart with every kind of colour vision
GRID: Final = "D9D9D9"
TITLE_SIZE, AXIS_SIZE = 1100, 900  # hundredths of a point


@dataclass(frozen=True, slots=True)
class Chart:
    """What one chart shows: the columns of the table of seconds, counted from 1."""

    title: str
    unit: str
    columns: tuple[int, ...]


CHARTS: Final = (Chart("Jitter", "ms", (3, 5)), Chart("Round trip", "ms", (6,)), Chart("Packet loss", "%", (2, 4)))


def add_chart(sheet: Worksheet, chart: Chart, header_row: int, last_row: int, anchor: str) -> None:
    """Draw the chart over the rows after `header_row` up to `last_row`; a second without a value is a gap, not a zero."""
    drawn = LineChart()
    for column, colour in zip(chart.columns, COLOURS, strict=False):
        drawn.add_data(Reference(sheet, min_col=column, min_row=header_row, max_row=last_row), titles_from_data=True)
        line = drawn.series[-1]
        line.smooth = False
        line.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=colour, w=LINE_WIDTH_EMU))
    drawn.set_categories(Reference(sheet, min_col=1, min_row=header_row + 1, max_row=last_row))
    drawn.display_blanks = "gap"
    drawn.legend = Legend()
    drawn.legend.position = "r"
    _axes(drawn, chart, seconds=last_row - header_row)
    drawn.width, drawn.height = WIDTH_CM, HEIGHT_CM
    sheet.add_chart(drawn, anchor)


def _axes(drawn: LineChart, chart: Chart, seconds: int) -> None:
    skip = max(1, seconds // MOST_LABELS)
    drawn.x_axis = TextAxis(axId=10, crossAx=100, tickLblSkip=skip, tickMarkSkip=skip, tickLblPos="low")
    drawn.y_axis.scaling.min = 0
    drawn.y_axis.majorGridlines = ChartLines(spPr=GraphicalProperties(ln=LineProperties(solidFill=GRID)))
    drawn.title = sized(chart.title, TITLE_SIZE)
    name_axis(drawn.x_axis, "second", "0")
    name_axis(drawn.y_axis, chart.unit, "General")


def name_axis(axis: TextAxis | NumericAxis, title: str, digits: str) -> None:
    """Show the axis with its title and small labels; without a title where there is nothing to say."""
    axis.delete = False  # openpyxl says nothing, and then newer Excel shows no axis
    axis.number_format = digits
    axis.title = sized(title, AXIS_SIZE) if title else None
    axis.txPr = RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=CharacterProperties(sz=AXIS_SIZE)), endParaRPr=CharacterProperties())])


def sized(text: str, size: int) -> Title:
    """Return a bold title of that size, in hundredths of a point."""
    look = CharacterProperties(sz=size, b=True)
    words = Paragraph(pPr=ParagraphProperties(defRPr=look), r=[RegularTextRun(rPr=look, t=text)])
    return Title(tx=Text(rich=RichText(p=[words])), overlay=False)
