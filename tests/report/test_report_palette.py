"""The page's colours: contrast as WCAG 2.2 computes it, in light and dark."""

import re
from collections.abc import Mapping

import pytest

from nra.model.verdict import Overall, Verdict
from nra.report.palette import DARK, GRAPHIC_PAIRS, KINDS, LIGHT, TEXT_PAIRS, declarations

SCHEMES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2.2, definition)."""
    channels = [int(colour[first : first + 2], 16) / 255 for first in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2, definition)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_is_that_of_the_standard() -> None:
    """Black on white is 21 to 1, a colour on itself 1 to 1, and #767676 is the lightest grey that white text's rule lets pass."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert contrast("#767676", "#ffffff") > 4.5 > contrast("#777777", "#ffffff")


@SCHEMES
def test_text_can_be_read(colours: Mapping[str, str]) -> None:
    """Text has 4.5 to 1 on every ground that it stands on (WCAG 2.2, 1.4.3 AA)."""
    assert {(one, other) for one, other in TEXT_PAIRS if contrast(colours[one], colours[other]) < 4.5} == set()


@SCHEMES
def test_lines_can_be_seen(colours: Mapping[str, str]) -> None:
    """Lines of charts, table rules and the focus ring have 3 to 1 (WCAG 2.2, 1.4.11 AA)."""
    assert {(one, other) for one, other in GRAPHIC_PAIRS if contrast(colours[one], colours[other]) < 3} == set()


def test_both_schemes_name_the_same_colours() -> None:
    """What is set in light is set in dark, as #rrggbb."""
    assert LIGHT.keys() == DARK.keys()
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in (*LIGHT.values(), *DARK.values()))
    assert declarations({"ink": "#000000", "page": "#ffffff"}) == "--ink: #000000; --page: #ffffff;"


def test_every_verdict_has_a_colour() -> None:
    """Each word has ink and fill, in a pair that is checked."""
    assert {*Verdict, *Overall} == KINDS.keys()
    assert {(f"{kind}-ink", f"{kind}-fill") for kind in KINDS.values()} <= set(TEXT_PAIRS)
