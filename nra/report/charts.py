"""Line charts over time as plain geometry: numbers and text in, points of an SVG out; markup is the template's job."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nra.model.verdict import Basis
from nra.model.voice import Voice
from nra.report.cells import number, quantity
from nra.report.drawing import WIDTH, Chart, Line, Tick, height_of, nice, place_of, upward_axis

ROOM: Final = 24  # half of a label's width
MOST_POINTS: Final = 120
MOST_TICKS: Final = 6
Values = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """The numbers behind the charts; `step_s` seconds share one row, which holds the highest of each."""

    step_s: int
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Series:
    """One column of the seconds: which chart it belongs to, its name and kind, its values."""

    chart: str
    name: str
    kind: str
    values: Values


SPOKEN: Final = {"ms": "milliseconds", "%": "percent"}
CHARTS: Final = (("Jitter", "ms"), ("Packet loss", "%"), ("Round trip", "ms"))


def charts(voice: Voice) -> tuple[Chart, ...]:
    """Return a chart for each measurement that has values: jitter, packet loss, round trip, each direction a line."""
    step_s, columns = _columns(voice)
    of = ((title, unit, [column for column in columns if column.chart == title]) for title, unit in CHARTS)
    return tuple(_chart(title, unit, those, step_s) for title, unit, those in of if those)


def seconds(voice: Voice) -> Seconds | None:
    """Return the numbers that the charts show, None where there are none."""
    step_s, columns = _columns(voice)
    if not columns:
        return None
    units = dict(CHARTS)
    headings = tuple(f"{column.name} {column.chart.lower()}".strip().capitalize() + f" ({units[column.chart]})" for column in columns)
    rows = zip(*(column.values for column in columns), strict=True)
    shown = ((str(index * step_s), *map(number, row, [units[column.chart] for column in columns])) for index, row in enumerate(rows))
    return Seconds(step_s=step_s, headings=("From second", *headings), rows=tuple(shown))


def _columns(voice: Voice) -> tuple[int, list[_Series]]:
    """Return how many seconds share a point, and the columns that hold a value at all."""
    windows = voice.windows
    step_s = math.ceil(len(windows) / MOST_POINTS) or 1
    down = voice.basis is Basis.DIRECTION  # else both directions are the round trip's
    up = "Up" if down else ""
    found = [
        _Series("Jitter", up, "up", _highest([window.up.jitter_ms for window in windows], step_s)),
        _Series("Jitter", "Down", "down", _highest([window.down.jitter_ms if down else None for window in windows], step_s)),
        _Series("Packet loss", up, "up", _highest([window.up.loss_percent for window in windows], step_s)),
        _Series("Packet loss", "Down", "down", _highest([window.down.loss_percent if down else None for window in windows], step_s)),
        _Series("Round trip", "", "up", _highest([window.rtt_avg_ms for window in windows], step_s)),
    ]
    return step_s, [column for column in found if any(value is not None for value in column.values)]


def _highest(values: Values, step: int) -> Values:
    """Return the highest value of each so many, so that no bad second is averaged away; None where there is none."""
    if step == 1:
        return values
    groups = (values[first : first + step] for first in range(0, len(values), step))
    return [max((value for value in group if value is not None), default=None) for group in groups]


def _chart(title: str, unit: str, columns: Sequence[_Series], step_s: int) -> Chart:
    count = len(columns[0].values)
    top, upward = upward_axis(max(value for column in columns for value in column.values if value is not None))
    last = max(count - 1, 1)
    lines = tuple(Line(name=column.name, kind=column.kind, path=_path(column.values, last, top)) for column in columns)
    every = nice(last * step_s / MOST_TICKS, whole=True)
    across = range(0, (count - 1) * step_s + 1, int(every))
    return Chart(
        key=title.lower().replace(" ", "-"),
        title=title,
        unit=unit,
        name=f"{title} over time, in {SPOKEN[unit]}",
        lines=lines,
        across=tuple(_second(second, place_of(second / step_s, last)) for second in across),
        upward=upward,
        words=" ".join(_words(column, unit, step_s) for column in columns),
    )


def _second(second: int, at: float) -> Tick:
    """Return the mark of a second, its label to the left where it would leave the drawing."""
    return Tick(at=at, label=f"{second} s", anchor="end" if at > WIDTH - ROOM else "middle")


def _words(column: _Series, unit: str, step_s: int) -> str:
    """Return what the line shows, for those who do not see it."""
    known = [(value, index * step_s) for index, value in enumerate(column.values) if value is not None]
    least, (most, at) = min(known)[0], max(known, key=lambda found: found[0])
    name = f"{column.name}: " if column.name else "Round trip: "
    absent = len(column.values) - len(known)
    gaps = f", nothing known for {absent} of {len(column.values)} points" if absent else ""
    if number(least, unit) == number(most, unit):
        return f"{name}{quantity(most, unit)} throughout{gaps}."
    return f"{name}from {quantity(least, unit)} to {quantity(most, unit)}, highest at second {at}{gaps}."


def _path(values: Values, last: int, top: float) -> str:
    """Return the line as SVG path data; a value between two gaps is a dot (a round cap on a line without length)."""
    parts: list[str] = []
    drawing = False
    for index, value in enumerate(values):
        if value is not None:
            parts.append(f"{'L' if drawing else 'M'}{place_of(index, last):g} {height_of(value, top):g}")
            if not drawing and (index + 1 == len(values) or values[index + 1] is None):
                parts.append("h0")
        drawing = value is not None
    return "".join(parts)


def bar(value: float | None, full: float) -> float:
    """Return how long a bar of the value is, in percent of the full one."""
    return round(100 * min(max(value or 0.0, 0.0) / full, 1.0), 1)
