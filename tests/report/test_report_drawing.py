"""The frame of every chart."""

import pytest

from nra.report.drawing import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, height_of, nice, place_of, upward_axis


@pytest.mark.parametrize("highest", [0.0, 1e-12, 0.3, 1.0, 7.0, 99.9, 12345.6])
def test_an_axis_begins_at_zero_and_ends_at_a_mark(highest: float) -> None:
    """Its end is not below the highest value, and its labels are few and different."""
    top, ticks = upward_axis(highest)
    assert top >= highest
    assert (ticks[0].label, ticks[0].at, ticks[-1].at) == ("0", HEIGHT - BOTTOM, TOP)
    assert 2 <= len({tick.label for tick in ticks}) == len(ticks) <= 6


def test_marks_are_round_numbers() -> None:
    """1, 2 or 5 times a power of ten; whole ones where that is asked for."""
    assert [nice(value) for value in (0.03, 1.0, 1.1, 2.5, 7.0)] == pytest.approx([0.05, 1.0, 2.0, 5.0, 10.0])
    assert nice(0.2, whole=True) == 1.0


def test_the_frame_is_filled() -> None:
    """From one end to the other, and from the bottom to the top."""
    assert (place_of(0, 3), place_of(3, 3)) == (LEFT, WIDTH - RIGHT)
    assert (height_of(0, 9), height_of(9, 9)) == (HEIGHT - BOTTOM, TOP)
