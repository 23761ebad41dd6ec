"""Charts as geometry: what the numbers become in the drawing."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from nra.model.voice import Voice
from nra.report.charts import MOST_POINTS, bar, charts, seconds
from nra.report.drawing import HEIGHT, LEFT, RIGHT, TOP, WIDTH
from nra.testing.canned import canned_run
from nra.testing.canned_parts import window


def voice_of(kind: str = "good") -> Voice:
    """Return the voice half of a canned run."""
    voice = canned_run(kind).voice
    assert voice is not None
    return voice


def with_round_trips(*values: float | None) -> Voice:
    """Return a voice half in which nothing but the round trip is known, one value a second."""
    return replace(voice_of(), windows=tuple(window(second, (None, None), (None, None), value) for second, value in enumerate(values)))


def points(path: str) -> list[tuple[float, float]]:
    """Return the points of a path."""
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path)]


def path_of(values: Sequence[float | None]) -> str:
    """Return the path that these round trips make."""
    (only,) = charts(with_round_trips(*values))
    return only.lines[0].path


def test_each_measurement_has_a_chart_with_a_line_each_way() -> None:
    """Jitter and loss have up and down, the round trip is one line."""
    found = charts(voice_of("bad"))
    assert [(chart.title, chart.unit) for chart in found] == [("Jitter", "ms"), ("Packet loss", "%"), ("Round trip", "ms")]
    assert [[line.name for line in chart.lines] for chart in found] == [["Up", "Down"], ["Up", "Down"], [""]]


def test_what_is_not_known_has_no_chart() -> None:
    """With method tcp or echo only the round trip is drawn, and without any second nothing."""
    assert [chart.title for chart in charts(voice_of("round-trip"))] == ["Round trip"]
    assert charts(replace(voice_of(), windows=())) == ()
    assert seconds(replace(voice_of(), windows=())) is None


def test_of_the_round_trip_both_directions_are_one_line() -> None:
    """With basis "round trip" up and down are the same numbers: they are drawn once and called by no direction."""
    voice = replace(voice_of("round-trip"), windows=(window(0, (1.0, 2.0), (1.0, 2.0), 30.0), window(1, (0.0, 2.0), (0.0, 2.0), 30.0)))
    assert [[line.name for line in chart.lines] for chart in charts(voice)] == [[""], [""], [""]]


def test_a_gap_is_a_gap() -> None:
    """A second without a value breaks the line and is never zero; a second between two gaps is a dot."""
    path = path_of([10.0, 20.0, None, 15.0, None, None, 12.0, 20.0])
    assert "".join(re.findall("[A-Za-z]", path)) == "MLMhML"
    assert len(points(path)) == 5


def test_the_scale_begins_at_zero_and_holds_the_highest() -> None:
    """The axis ends at a mark that is not below the highest value; nothing leaves the drawing."""
    (chart,) = charts(with_round_trips(0.0, 47.0, 13.0))
    assert [tick.label for tick in chart.upward] == ["0", "20", "40", "60"]
    first, second, third = points(chart.lines[0].path)
    assert first == pytest.approx((LEFT, chart.upward[0].at))
    assert (second[1], third[0]) == pytest.approx((TOP + (chart.upward[0].at - TOP) * 13 / 60, WIDTH - RIGHT), abs=0.1)


@pytest.mark.parametrize("values", [(0.0, 0.0), (0.0,), (5e-324, 5e-324), (1e-7, 2e-7), (99999.5, 1.0), (0.3, 0.1)])
def test_every_range_has_a_scale(values: Sequence[float]) -> None:
    """Nothing but zeros, one point, tiny and huge values are drawn inside the frame, with at most a handful of marks."""
    (chart,) = charts(with_round_trips(*values))
    assert all(TOP <= y <= HEIGHT for _, y in points(chart.lines[0].path))
    assert 2 <= len(chart.upward) <= 6
    assert len({tick.label for tick in chart.upward}) == len(chart.upward)


def test_a_long_run_shows_the_highest_of_each_stretch() -> None:
    """A day has no more points than two minutes, and its one bad second is still there."""
    voice = with_round_trips(*(900.0 if second == 50_000 else 20.0 for second in range(86_400)))
    (chart,), table = charts(voice), seconds(voice)
    assert len(points(chart.lines[0].path)) <= MOST_POINTS
    assert table is not None
    assert len(table.rows) <= MOST_POINTS
    assert table.step_s == 720
    assert ("49680", "900.0") in table.rows
    assert "highest at second 49680" in chart.words
    assert len(chart.across) <= 7


def test_the_words_say_what_the_lines_show() -> None:
    """Who does not see the chart reads its range, its peak and its gaps."""
    assert charts(with_round_trips(10.0, None, 30.0))[0].words == (
        "Round trip: from 10.0 ms to 30.0 ms, highest at second 2, nothing known for 1 of 3 points."
    )
    assert charts(with_round_trips(10.0, 10.0))[0].words == "Round trip: 10.0 ms throughout."
    assert charts(voice_of("bad"))[1].words.endswith("Down: from 0.00 % to 30.00 %, highest at second 12.")


def test_the_numbers_of_the_charts() -> None:
    """Each point stands in the table, rounded as everywhere; what is not known is an empty cell."""
    table = seconds(voice_of("bad"))
    assert table is not None
    assert table.headings == (
        "From second",
        "Up jitter (ms)",
        "Down jitter (ms)",
        "Up packet loss (%)",
        "Down packet loss (%)",
        "Round trip (ms)",
    )
    assert table.rows[12] == ("12", "20.3", "35.4", "0.00", "30.00", "70.1")
    gap = seconds(with_round_trips(1.0, None))
    assert gap is not None
    assert gap.rows[1] == ("1", "")


def test_bars_have_their_length_in_percent() -> None:
    """A bar never leaves its track, and what is not known has none."""
    assert [bar(value, 10.0) for value in (5.0, 20.0, 0.0, None, -1.0)] == [50.0, 100.0, 0.0, 0.0, 0.0]
