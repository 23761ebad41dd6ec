"""What a row is, why calls suffer, what causes it, what to do: sentences from `explanations.toml`, by row or by port and state."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from nra.model.document import FirewallCheck, Metric
from nra.model.observation import PortState
from nra.report.cells import clean

WHAT, WHY, CAUSES, DO = "What it is", "Why calls suffer", "Likely causes", "What to do"
ANSWER: Final = "What the answer means"
OPTIONAL: Final = "But it is optional: calls work without it."
DIRECTED: Final = ("up", "down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Sentences under headings, for those who ask."""

    about: str
    paragraphs: tuple[tuple[str, str], ...]


def of_row(metric: Metric) -> Explanation | None:
    """Return what is to be said about a row of the VOIP column, None where nothing is known of its kind."""
    way, _, name = metric.key.partition("_")
    directed = way in DIRECTED
    found = _sentences()["rows"].get(name if directed else metric.key)
    if found is None:
        return None
    what = " ".join(filter(None, (found["what"], _sentences()["ways"][way] if directed else "")))
    return Explanation(
        about=clean(metric.label), paragraphs=((WHAT, what), (WHY, found["why"]), (CAUSES, found["causes"]), (DO, found["do"]))
    )


def of_port(check: FirewallCheck) -> Explanation:
    """Return what is to be said about a row of the Firewall column; an unknown service has its purpose only."""
    state = _sentences()["stopped"] if check.stopped else _sentences()["states"][check.state]
    purpose = clean(check.purpose)
    paragraphs = (
        (WHAT, f"{purpose[:1].upper()}{purpose[1:]}." if purpose else ""),
        (WHY, _sentences()["services"].get(check.service, "")),
        ("Seen", clean(check.evidence)),
        (ANSWER, state["what"]),
        (CAUSES, state["causes"]),
        (DO, state["do"] if check.required or check.state is PortState.OPEN else f"{state['do']} {OPTIONAL}"),
        ("A rule must let through", clean(check.allow_to)),
        ("Source", clean(check.source)),
    )
    about = f"{clean(check.port)} {clean(check.protocol)} to {clean(check.destination) or 'an unknown place'}"
    return Explanation(about=about, paragraphs=tuple((name, text) for name, text in paragraphs if text))


@cache
def _sentences() -> dict[str, Any]:
    return tomllib.loads(resources.files("nra.report").joinpath("explanations.toml").read_text("utf-8"))
