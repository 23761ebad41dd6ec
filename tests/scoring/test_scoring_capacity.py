"""What one stream of the search came to: the network is blamed only where nothing else can be."""

from dataclasses import replace
from typing import Any

import pytest
from samples import CODECS, GENESYS, losing, quiet_instrument, stamp_sample, steady

from nra.model.capacity import Outcome
from nra.model.criteria import Criterion, Operator
from nra.model.document import CapacityStep
from nra.model.failure import Failure, FailureKind
from nra.model.sample import column
from nra.model.voice import Voice
from nra.scoring.assess import voice_rows
from nra.scoring.capacity import breaking_row, failed_step, gravest_row, judged_step, used_up
from nra.scoring.voice import score_voice

PROBES = 500


def voice(up_lost: int = 0, down_lost: int = 0, **changes: Any) -> Voice:
    """Return a stream of one call that lost so many packets each way."""
    ways = [losing(PROBES, range(0, 3 * lost, 3)) for lost in (up_lost, down_lost)]
    return score_voice(stamp_sample(*ways, recorded=True, **changes), CODECS)


def step(heard: Voice, refused: int = 0) -> CapacityStep:
    """Return it judged."""
    return judged_step(1, heard, voice_rows(heard, GENESYS), GENESYS, refused)


def test_inside_all_limits_it_is_carried() -> None:
    """A warning is no breach."""
    assert step(voice()).outcome is Outcome.CARRIED
    assert step(voice(up_lost=4)).outcome is Outcome.CARRIED


@pytest.mark.parametrize(("lost", "key"), [((20, 0), "up_loss_percent"), ((0, 30), "down_loss_percent")])
def test_outside_one_it_is_breached_in_that_direction(lost: tuple[int, int], key: str) -> None:
    """The row that broke is named, with its direction; the other direction shows what was nearest to its limit."""
    judged = step(voice(*lost))
    assert judged.outcome is Outcome.BREACHED
    broke = breaking_row([judged], GENESYS)
    assert broke is not None
    assert broke.key == key


def test_an_unsteady_workstation_is_not_the_network() -> None:
    """Even where limits broke: whose delay it was nobody knows."""
    judged = step(voice(up_lost=30, instrument=quiet_instrument(local_drops=3)))
    assert (judged.outcome, judged.note) == (Outcome.WORKSTATION, "this workstation dropped 3 arrivals of its own")
    late = quiet_instrument(send_late_ns=column([6_000_000] * 10))
    assert step(voice(instrument=late)).outcome is Outcome.WORKSTATION


def test_a_reflector_that_would_not_answer_is_not_the_network() -> None:
    """It says how many it received and did not answer; where all rows are well that does not matter."""
    assert step(voice(up_lost=30), refused=30).outcome is Outcome.REFLECTOR
    assert step(voice(), refused=1).outcome is Outcome.CARRIED


def test_a_far_end_that_fell_silent_decides_nothing() -> None:
    """It may have died, or somebody cut the flow off: not the line's capacity."""
    judged = step(voice(down_lost=160, silent_since_s=1.5))
    assert (judged.outcome, judged.note) == (Outcome.UNDECIDED, "no answer from 1.5 s on")


def test_too_few_packets_decide_nothing() -> None:
    """What cannot be judged is not carried."""
    few = score_voice(stamp_sample(steady(50), steady(50)), CODECS)
    assert step(few).outcome is Outcome.UNDECIDED
    assert "small sample" in (step(few).note or "")


@pytest.mark.parametrize(("kind", "outcome"), [(FailureKind.LOCAL, Outcome.WORKSTATION), (FailureKind.NO_ANSWER, Outcome.UNDECIDED)])
def test_a_stream_that_never_was(kind: FailureKind, outcome: Outcome) -> None:
    """No socket is this machine's own limit; silence decides nothing."""
    judged = failed_step(7, Failure(kind=kind, operation="open", detail="why"))
    assert (judged.calls, judged.outcome, judged.note, judged.sent) == (7, outcome, "why", None)


@pytest.mark.parametrize(
    ("operator", "unit", "limit", "value", "share"),
    [
        (Operator.LESS, "%", 1.0, 0.5, 0.5),
        (Operator.LESS, "ms", 150.0, 300.0, 2.0),
        (Operator.AT_LEAST, "%", 98.0, 99.0, 0.5),
        (Operator.AT_LEAST, "MOS", 3.6, 4.41, 0.0),
        (Operator.LESS, "%", 0.0, 0.0, 0.0),
    ],
)
def test_how_much_of_a_limit_is_used_up(operator: Operator, unit: str, limit: float, value: float, share: float) -> None:
    """0 at the best that can be, 1 at the limit, more beyond: only so rows of different units can be compared."""
    criterion = Criterion(key="k", label="K", unit=unit, operator=operator, limit=limit)
    assert used_up(value, criterion) == pytest.approx(share)


def test_the_gravest_row_is_that_with_the_worst_verdict_then_the_fullest() -> None:
    """A row without a value is no row here."""
    rows = voice_rows(voice(up_lost=20), GENESYS)
    up = [row for row in rows if row.key.startswith("up_")]
    gravest = gravest_row(up, GENESYS)
    assert gravest is not None
    assert gravest.key == "up_loss_percent"
    assert gravest_row([replace(row, value=None) for row in up], GENESYS) is None
    assert gravest_row([], GENESYS) is None
