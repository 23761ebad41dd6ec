"""The workstation as an instrument."""

import pytest
from samples import MS, quiet_instrument

from nra.model.failure import FailureKind
from nra.model.sample import InstrumentSample, NotTaken, column
from nra.scoring.instrument import instrument

GONE = NotTaken(kind=FailureKind.UNREACHABLE, why="no route", packets=5)


def late(count: int, of: int = 1000, ms: float = 5.001) -> InstrumentSample:
    """Return an instrument that sent some packets late."""
    return quiet_instrument(send_late_ns=column([round(ms * MS)] * count + [0] * (of - count)))


@pytest.mark.parametrize(
    ("sample", "not_sent", "steady", "reason"),
    [
        (quiet_instrument(), 0, True, None),
        (late(10), 0, True, None),
        (late(11), 0, False, "sent more than 5 ms late"),
        (late(1000, ms=5.0), 0, True, None),
        (quiet_instrument(), 10, True, None),
        (quiet_instrument(), 11, False, "could not be sent in time"),
        (quiet_instrument(not_taken=(GONE,)), 10, True, None),
        (
            quiet_instrument(not_taken=(GONE,)),
            11,
            False,
            "6 of 1000 packets could not be sent in time; 5 of 1000 packets were not taken",
        ),
        (quiet_instrument(local_drops=1), 0, False, "dropped 1 arrivals"),
        (quiet_instrument(local_drops=None), 0, True, None),
        (quiet_instrument(clock_steps_ns=(-3 * MS,)), 0, True, "the wall clock stepped by -3.0 ms"),
    ],
)
def test_what_makes_an_instrument_unsteady(sample: InstrumentSample, not_sent: int, steady: bool, reason: str | None) -> None:
    """More than 1 % of sends over 5 ms late, more than 1 % of slots not sent, or any drop of its own; a clock step is only told."""
    result = instrument(sample, 1000 - not_sent, not_sent)
    assert result.steady is steady
    assert result.note is None if reason is None else reason in (result.note or "")


def test_spread_by_nearest_rank() -> None:
    """Lateness and receive delay are shown in ms; stamps taken by this program itself have no receive delay."""
    result = instrument(quiet_instrument(send_late_ns=column(range(1, 201)) * MS, receive_delay_ns=column()), 200, 0)
    assert result.send_late_ms is not None
    assert (result.send_late_ms.p50, result.send_late_ms.p99, result.send_late_ms.max) == (100.0, 198.0, 200.0)
    assert result.receive_delay_ms is None


def test_the_instrument_is_told_in_full() -> None:
    """How long packets waited here on their way out, how slots were met and what each socket may keep stand in the document."""
    sample = quiet_instrument(send_delay_ns=column(range(1, 201)) * MS, pacing="woken early", receive_buffer_bytes=425_984)
    result = instrument(sample, 200, 0)
    assert result.send_delay_ms is not None
    assert (result.send_delay_ms.p50, result.send_delay_ms.p99, result.send_delay_ms.max) == (100.0, 198.0, 200.0)
    assert (result.pacing, result.receive_buffer_bytes) == ("woken early", 425_984)
    assert instrument(quiet_instrument(), 200, 0).send_delay_ms is None
