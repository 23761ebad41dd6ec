"""Numbers and rows that no run comes to."""

from dataclasses import replace
from typing import Any

import pytest

from nra.archive.plausible import MOST_COUNT, MOST_ROWS, implausible
from nra.model.document import RunDocument
from nra.testing.canned import KINDS, canned_run


def with_up(**changes: Any) -> RunDocument:
    """Return the good run with something else in the voice half's way up."""
    document = canned_run("good")
    assert document.voice is not None
    return replace(document, voice=replace(document.voice, up=replace(document.voice.up, **changes)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_is_possible(kind: str) -> None:
    """Whatever a run came to."""
    assert implausible(canned_run(kind)) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loss_percent": -0.5}, "Expected 0 to 100 percent - at `$.voice.up.loss_percent`"),
        ({"loss_percent": 100.5}, "Expected 0 to 100 percent - at `$.voice.up.loss_percent`"),
        ({"lost": -1}, "Expected a count, not less than 0 - at `$.voice.up.lost`"),
        ({"lost": MOST_COUNT}, "Expected counts of a usual size - at `$.voice.up.lost`"),
        ({"jitter_ms": -3.0}, "Expected a mean deviation, not less than 0 - at `$.voice.up.jitter_ms`"),
        ({"jitter_ms": 1e308}, "Expected a mean deviation, not less than 0 - at `$.voice.up.jitter_ms`"),
        ({"mos": 9.0}, "Expected a MOS, 1 to 5 - at `$.voice.up.mos`"),
        ({"expected": 1500, "received": 1500, "lost": 1}, "Expected at most 1500 packets, lost and received together - at `$.voice.up`"),
        ({"expected": 1500, "received": 1100, "lost": 400}, "Expected the share of 400 in 1500 - at `$.voice.up.loss_percent`"),
        ({"expected": 1500, "received": 1100, "lost": 15, "loss_percent": 1.0}, None),
        ({"expected": None, "received": None, "lost": MOST_COUNT - 1, "loss_percent": 0}, None),
    ],
)
def test_what_no_stream_comes_to_is_told_with_its_place(changes: dict[str, Any], said: str | None) -> None:
    """Shares beyond all and none, counts below nothing; what is signed elsewhere may be."""
    assert implausible(with_up(**changes)) == said


def test_no_more_rows_than_a_run_has() -> None:
    """As many as are allowed, and one more."""
    document = canned_run("bad")
    most = MOST_ROWS["$.findings"]
    assert implausible(replace(document, findings=document.findings[:1] * most)) is None
    assert implausible(replace(document, findings=document.findings[:1] * (most + 1))) == "Expected at most 1,000 - at `$.findings`"
