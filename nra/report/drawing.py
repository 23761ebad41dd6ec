"""What every chart is drawn of: its frame, marks, lines and bars as plain geometry; markup is the template's job."""

import math
from dataclasses import dataclass
from typing import Final

WIDTH, HEIGHT = 360, 190  # of the drawing, in its own units: about pixels, so that labels stay legible on a phone
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 10, 26  # room for the labels of the axes
LEAST: Final = 1e-9  # of any unit: below it a number is nothing
NICE: Final = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark of an axis: where it stands in the drawing, and what it says."""

    at: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart: its name, its kind (for colour and dashes), and its path; a second without a value is a gap."""

    name: str
    kind: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """One bar: its upper left corner and its size in the drawing."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """The bars of one direction: their name and kind (for colour and filling)."""

    name: str
    kind: str
    rects: tuple[Rect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart, ready to be drawn: lines or bars, a mark across them, its name to be read aloud, and what it shows in words."""

    key: str
    title: str
    unit: str
    name: str
    across: tuple[Tick, ...]
    upward: tuple[Tick, ...]
    words: str
    lines: tuple[Line, ...] = ()
    bars: tuple[Bars, ...] = ()
    mark: Tick | None = None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def upward_axis(highest: float) -> tuple[float, tuple[Tick, ...]]:
    """Return where the axis ends, at a mark, and its marks from zero on; an axis of nothing, or less than can be told, ends at 1."""
    most = highest if highest > LEAST else 1.0
    step = nice(most / 4)
    steps = math.ceil(most / step - 1e-9)
    top = step * steps
    values = (round(step * index, 10) for index in range(steps + 1))
    return top, tuple(Tick(at=height_of(value, top), label=f"{value:g}") for value in values)


def nice(least: float, *, whole: bool = False) -> float:
    """Return the next of 1, 2, 5 times a power of ten that is not less."""
    magnitude = 10.0 ** math.floor(math.log10(least)) if least > 0 else 1.0
    step = next(factor * magnitude for factor in NICE if factor * magnitude >= least * (1 - 1e-9))
    return max(1.0, step) if whole else step


def place_of(part: float, whole: float) -> float:
    """Return how far right something stands that is `part` of the way along the axis."""
    return round(LEFT + (WIDTH - LEFT - RIGHT) * part / whole, 1)


def height_of(value: float, top: float) -> float:
    """Return how far down a value stands, of an axis that ends at `top`."""
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)
