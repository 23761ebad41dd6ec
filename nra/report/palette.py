"""The colours of the page, light and dark: data, so that a test can compute the contrast of every pair that is used."""

from collections.abc import Mapping
from typing import Final

LIGHT: Final = {
    "page": "#ffffff",
    "panel": "#f5f7f9",
    "ink": "#1b2026",
    "muted": "#4d5762",
    "line": "#c8d0d8",
    "edge": "#75808c",
    "focus": "#0a4fb3",
    "up": "#0b5fa5",
    "down": "#b04300",
    "pass-ink": "#0a5420",
    "pass-fill": "#d8f1df",
    "warn-ink": "#664200",
    "warn-fill": "#ffeabd",
    "fail-ink": "#96000c",
    "fail-fill": "#ffdcdb",
    "unknown-ink": "#4b2a78",
    "unknown-fill": "#eae2f6",
    "skipped-ink": "#48515b",
    "skipped-fill": "#e8ecef",
    "info-ink": "#0d477a",
    "info-fill": "#dceafa",
}
DARK: Final = {
    "page": "#14181d",
    "panel": "#1c2229",
    "ink": "#e9edf0",
    "muted": "#aeb8c2",
    "line": "#3a434d",
    "edge": "#88939f",
    "focus": "#8ab8ff",
    "up": "#6cb6ff",
    "down": "#ff9d5c",
    "pass-ink": "#a5e8b8",
    "pass-fill": "#123d20",
    "warn-ink": "#ffd98a",
    "warn-fill": "#453000",
    "fail-ink": "#ffb9b4",
    "fail-fill": "#5a1215",
    "unknown-ink": "#d8c4f5",
    "unknown-fill": "#3a2758",
    "skipped-ink": "#c3ccd5",
    "skipped-fill": "#2c343d",
    "info-ink": "#a9d2ff",
    "info-fill": "#12365c",
}
KINDS: Final = {
    "PASS": "pass",
    "WARN": "warn",
    "FAIL": "fail",
    "NOT MEASURED": "unknown",
    "INCONCLUSIVE": "unknown",
    "SKIPPED": "skipped",
    "INFO": "info",
}
"""Verdict -> whose ink and fill it has; the word is always there too."""

TEXT_PAIRS: Final = (
    ("fail-ink", "page"),
    *((ink, ground) for ink in ("ink", "muted", "focus") for ground in ("page", "panel")),
    *((f"{kind}-ink", f"{kind}-fill") for kind in dict.fromkeys(KINDS.values())),
)
"""Which text stands on which ground: 4.5 to 1 at least (WCAG 2.2, 1.4.3 AA)."""

GRAPHIC_PAIRS: Final = tuple((graphic, ground) for graphic in ("up", "down", "edge", "focus") for ground in ("page", "panel"))
"""Which lines and marks must be seen on which ground: 3 to 1 at least (WCAG 2.2, 1.4.11 AA)."""


def declarations(colours: Mapping[str, str]) -> str:
    """Return the colours as CSS custom properties."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
