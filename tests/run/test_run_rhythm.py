"""When a series of runs measures, in seconds since it began."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.run.rhythm import Rhythm, Series

HALF_HOUR_S = 1800.0


def begun(rhythm: Rhythm, ends_s: list[float]) -> tuple[list[float], int]:
    """Return when runs begin of which each ends so long after the start, and how many slots were missed."""
    series, begins = Series(rhythm), []
    for now_s in [0.0, *ends_s]:
        next_s = series.next_s(now_s)
        if next_s is None:
            break
        begins.append(next_s)
    return begins, series.missed


@pytest.mark.parametrize(
    ("rhythm", "ends_s", "begins_s", "missed"),
    [
        pytest.param((HALF_HOUR_S, 3, None), [35, 1835, 3635], [0, 1800, 3600], 0, id="on an absolute grid"),
        pytest.param((HALF_HOUR_S, 4, None), [4000, 4035], [0, 4000, 5400], 1, id="a little late after sleep, one slot skipped"),
        pytest.param((HALF_HOUR_S, 4, None), [4600], [0, 5400], 2, id="too late for a slot: the next"),
        pytest.param((HALF_HOUR_S, 4, None), [90_000], [0], 3, id="slept past the end"),
        pytest.param((HALF_HOUR_S, None, 4000.0), [35, 1835, 3635], [0, 1800, 3600], 0, id="until a time of day"),
        pytest.param((HALF_HOUR_S, 2, 90_000.0), [35, 1835], [0, 1800], 0, id="whichever ends first"),
        pytest.param((0.0, 3, None), [35, 70, 105], [0, 35, 70], 0, id="one right after the other"),
        pytest.param((0.0, None, 60.0), [35, 70], [0, 35], 0, id="one after the other until a time of day"),
        pytest.param((20.0, 3, None), [30, 70], [0, 30], 1, id="a run that takes longer than the interval"),
    ],
)
def test_slots(rhythm: tuple[float, int | None, float | None], ends_s: list[float], begins_s: list[float], missed: int) -> None:
    """A slot missed by more than half an interval is skipped and counted; nothing is made up for in a burst."""
    every_s, times, until_s = rhythm
    assert begun(Rhythm(every_s=every_s, times=times, until_s=until_s), [float(end) for end in ends_s]) == (begins_s, missed)


@given(
    st.floats(1, 86_400),
    st.integers(1, 50),
    st.lists(st.floats(0, 100_000), min_size=1, max_size=60),
)
def test_every_slot_is_measured_or_missed(every_s: float, times: int, naps_s: list[float]) -> None:
    """However long the workstation sleeps: in order, never twice, and in the end all slots are accounted for."""
    series, begins, now_s = Series(Rhythm(every_s=every_s, times=times, until_s=None)), [], 0.0
    for nap_s in [*naps_s, every_s * times * 2]:
        next_s = series.next_s(now_s)
        if next_s is None:
            break
        assert next_s >= now_s
        begins.append(next_s)
        now_s = next_s + nap_s
    while series.next_s(max(now_s, every_s * times * 2)) is not None:
        raise AssertionError("a series that is over goes on")
    assert len(begins) + series.missed == times
    assert begins == sorted(begins)
