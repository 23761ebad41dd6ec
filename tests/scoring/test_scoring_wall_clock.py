"""A clock that is wrong by years is a finding."""

import pytest

from nra.scoring.wall_clock import wall_clock


@pytest.mark.parametrize("started_at", ["2026-11-25T10:00:00Z", "2030-01-01T00:00:00Z", "2036-01-01T00:00:00+00:00"])
def test_a_clock_that_may_be_right_is_not_spoken_of(started_at: str) -> None:
    """Minutes and days cannot be told from here."""
    assert wall_clock(started_at) == ()


@pytest.mark.parametrize("started_at", ["1970-01-01T00:00:17Z", "2009-01-01T00:00:00Z", "2080-01-06T00:00:00Z"])
def test_a_clock_that_cannot_be_right_is_a_warning(started_at: str) -> None:
    """Before the program was made (an empty battery), or decades later: what it says and what it costs."""
    (finding,) = wall_clock(started_at)
    assert (finding.where, finding.severity) == ("workstation", "warn")
    assert started_at in finding.text
    assert "certificates" in finding.advice
