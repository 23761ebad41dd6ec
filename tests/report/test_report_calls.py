"""Several calls at once in words: how many the path carries, whose limit it was, which call was worst."""

from dataclasses import replace

import pytest

from nra.model.capacity import EndedBy, Outcome
from nra.model.document import Capacity
from nra.model.voice import CallDirection, CallQuality
from nra.report.calls import calls_line, capacity_line, ranked, tried_rows
from nra.report.sentences import meaning
from nra.report.view import view
from nra.testing.canned import canned_run

RUN = canned_run("until-breach")


def capacity(**changes: object) -> Capacity:
    """Return the canned search with changes."""
    assert RUN.capacity is not None
    return replace(RUN.capacity, **changes)  # type: ignore[arg-type]


def test_the_number_stands_beside_the_verdict_with_what_broke() -> None:
    """How many calls, seen twice, and the limit with its value and direction: the second sentence of the report."""
    assert meaning(RUN)[1] == (
        "This path carries 5 calls at once (seen twice): with 6 calls, Up Packet Loss 6.63 % breaks its limit of < 1 %; "
        "each stream took 10 s."
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ended_by": EndedBy.MOST, "carried": 20, "stopped_at": None}, "at least 20 calls at once (seen twice): no more were tried"),
        (
            {"ended_by": EndedBy.WORKSTATION},
            "at least 5 calls at once (seen twice): with 6 calls this workstation, not",
        ),
        ({"ended_by": EndedBy.REFLECTOR}, "with 6 calls the reflector, not the network, is the limit"),
        ({"ended_by": EndedBy.UNDECIDED}, "at least 5 calls at once (seen twice): with 6 calls it could not be decided"),
        (
            {"ended_by": EndedBy.INTERRUPTED, "confirmed": False},
            "at least 5 calls at once (seen once, not confirmed): the search was",
        ),
        ({"ended_by": EndedBy.INTERRUPTED, "carried": None}, "could not be measured: the search was interrupted"),
        ({"ended_by": EndedBy.STREAMS}, "answered differently each time"),
        ({"ended_by": EndedBy.METHOD, "carried": None}, "no reflector gave a stream"),
        ({"carried": 0, "stopped_at": 1}, "does not carry a single call (seen twice): with 1 call, Up Packet Loss"),
        ({"carried": 1, "stopped_at": 2}, "carries 1 call at once"),
    ],
)
def test_each_end_has_its_words(changes: dict[str, object], words: str) -> None:
    """The network is blamed only where a limit broke; every other end says at least how many."""
    assert words in capacity_line(capacity(**changes))


def test_the_workstation_s_own_reason_is_told() -> None:
    """What made the stream worthless stands in brackets."""
    reason = "312 of 32000 packets could not be sent in time"
    steps = [replace(step, outcome=Outcome.WORKSTATION, note=reason) if step.calls == 6 else step for step in capacity().steps]
    assert f"is the limit ({reason})" in capacity_line(capacity(ended_by=EndedBy.WORKSTATION, steps=tuple(steps)))


def test_nothing_is_said_where_nobody_asked() -> None:
    """A run without a search has neither sentence nor rows; a single call is not compared with itself."""
    single = canned_run("good")
    assert single.voice is not None
    assert (capacity_line(None), tried_rows(None), calls_line(single.voice), view(single).tried) == ("", (), "", ())


def test_the_streams_are_listed_in_order() -> None:
    """Calls, outcome and the row nearest to its limit each way: a reader can check the number."""
    rows = tried_rows(RUN.capacity)
    assert [row.calls for row in rows] == [1, 2, 4, 8, 8, 6, 6, 5, 5]
    assert (rows[3].outcome, rows[3].up, rows[3].down) == (
        Outcome.BREACHED,
        "Up Packet Loss 29.75 % (limit < 1 %)",
        "Down Jitter 3.4 ms (limit < 30 ms)",
    )


def test_worst_median_and_best_call_are_named() -> None:
    """By the MOS of each call's worse direction; a call without a MOS is the worst of all."""
    assert RUN.voice is not None
    assert [(name, call.call) for name, call in ranked(RUN.voice)] == [("worst", 1), ("median", 2), ("best", 0)]
    assert "worst call 1: 4.41 and 4.38 (loss 0.00 % and 0.40 %)" in calls_line(RUN.voice)
    dead = CallQuality(call=3, up=CallDirection(), down=CallDirection(), rtt_avg_ms=None)
    assert ranked(replace(RUN.voice, per_call=(*RUN.voice.per_call, dead)))[0] == ("worst", dead)
