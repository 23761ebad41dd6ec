"""The only formatter of numbers and the only washer of names; no locale is ever asked.

Names are typed by people: what would break a column, a line or an XML file becomes a space. A cell that a spreadsheet
would take for a formula when it is pasted, or whose leading quotation mark would swallow the cells after it, gets an
apostrophe in front: spreadsheets read that as "this is text", people see it as harmless, and `unguarded` takes it off
again. (A zero-width character would be invisible and stay in every copy and search for ever.)
"""

import math
import re
from typing import Final

NOT_MEASURED: Final = "not measured"
DECIMALS: Final = {"ms": 1, "s": 1, "points": 1}
DECIMALS_ELSE: Final = 2  # percent and MOS
SPOKEN_UNITS: Final = frozenset({"ms", "s", "%"})

# controls, line and paragraph separators, bidirectional marks and overrides, halves of characters, byte-order marks, non-characters
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_RISKY: Final = re.compile("'*[=+\\-@\"＝＋－＠＂]")
_RISKY_FIRST: Final = frozenset("'=+-@\"＝＋－＠＂")
_RISKY_PART: Final = re.compile('([;\t]\\s*)(?=[=+\\-@"＝＋－＠＂])')
_GUARDED: Final = re.compile("'+[=+\\-@\"＝＋－＠＂]")


def clean(text: str | None) -> str:
    """Return the text on one line without control characters, runs of white space as one space; empty for None."""
    if text and text.isprintable() and "  " not in text and text[0] != " " != text[-1]:
        return text  # most is: a blank is the only white space that counts as printable
    return " ".join(_UNPRINTABLE.sub(" ", text or "").split())


def number(value: float | None, unit: str, decimals: int | None = None) -> str:
    """Return the value with its unit's decimals (ms 1, percent and MOS 2) unless others are given, and a dot; empty for None."""
    if value is None:
        return ""
    if decimals is None:
        decimals = DECIMALS.get(unit, DECIMALS_ELSE)
    return f"{round(value, decimals) + 0.0:.{decimals}f}"  # + 0.0: there is no "-0.0 ms"


def quantity(value: float | None, unit: str) -> str:
    """Return value and unit as said in a sentence: `12.3 ms`, `3.10 %`, `4.21`, `not measured`."""
    if value is None:
        return NOT_MEASURED
    return f"{number(value, unit)} {unit}" if unit in SPOKEN_UNITS else number(value, unit)


def parsed(cell: str) -> float | None:
    """Return the number that `number` printed, None for an empty cell; ValueError for anything else."""
    if cell and not _NUMBER.fullmatch(cell):
        raise ValueError(f"expected a number with a dot, found {cell!r}")
    if cell and not math.isfinite(float(cell)):
        raise ValueError("expected a number that is finite")
    return float(cell) if cell else None


def risky(cell: str) -> bool:
    """Tell whether a spreadsheet could take the cell for a formula or for an open quotation."""
    return cell[:1] in _RISKY_FIRST and bool(_RISKY.match(cell)) and not _NUMBER.fullmatch(cell)


def guarded_list(cell: str) -> str:
    """Return a cell whose parts stay text as well where a spreadsheet cuts at semicolons, as it does in half of Europe."""
    return guarded(_RISKY_PART.sub(r"\1'", cell))


def guarded(cell: str) -> str:
    """Return the cell so that pasting it into a spreadsheet gives text: `=cmd()` becomes `'=cmd()`."""
    return f"'{cell}" if risky(cell) else cell


def unguarded(cell: str) -> str:
    """Return what `guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell
