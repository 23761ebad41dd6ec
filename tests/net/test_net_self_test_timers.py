"""How late each way of waiting is, on a clock set by hand, and that each really waits."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest
from self_test_world import Hand

from nra.net.self_test.timerfd import NoTimerfd, timerfd
from nra.net.self_test.timers import METHODS, Wait, lateness

MS = 1_000_000


def method(wait: Wait) -> AbstractContextManager[Wait]:
    """Lend this wait."""

    @contextmanager
    def lent() -> Iterator[Wait]:
        yield wait

    return lent()


def test_lateness_is_waking_up_after_the_due_time() -> None:
    """Median, 99th percentile and maximum by nearest rank, in ms."""
    clock, waits = Hand(), iter(range(1000))

    def wait(wait_s: float) -> None:
        clock.now += round(wait_s * 1e9) + next(waits) % 100 * MS // 10

    reading = lateness("sleep", 890 * MS, methods={"sleep": lambda: method(wait)}, now_ns=clock)
    assert reading.key == "timer.sleep"
    assert reading.evidence == "median 4.900, largest 9.900 ms of 100 waits"
    assert reading.value == 9.8


def test_a_timer_of_ticks_shows_its_ticks() -> None:
    """Windows wakes who waits with a time-out at its next tick of 15.6 ms."""
    clock = Hand(now_ns=0)

    def wait(wait_s: float) -> None:
        due_ns = clock.now + round(wait_s * 1e9)
        clock.now = -(-due_ns // 15_625_000) * 15_625_000

    reading = lateness("select", 500 * MS, methods={"select": lambda: method(wait)}, now_ns=clock)
    assert reading.value is not None
    assert 10 < reading.value <= 15.625


def test_a_wait_whose_time_is_over_before_it_begins_is_short_not_negative() -> None:
    """The program may lose its turn between two readings of the clock; `select` and `sleep` refuse a negative time."""
    clock, asked = Hand(cost_ns=10 * MS), list[float]()
    lateness("sleep", 500 * MS, methods={"sleep": lambda: method(asked.append)}, now_ns=clock)
    assert set(asked) == {0.0}


def test_a_method_that_hardly_ever_comes_back_was_not_measured() -> None:
    """One wait of ten seconds is no distribution; it is waited for once."""
    clock = Hand()

    def wait(_wait_s: float) -> None:
        clock.now += 10_000 * MS

    reading = lateness("event", 500 * MS, methods={"event": lambda: method(wait)}, now_ns=clock)
    assert (reading.value, reading.exists) == (None, True)
    assert reading.evidence == "only 1 waits came to their end in 0.5 s"


def test_the_user_may_stop_it() -> None:
    """No further wait begins."""
    assert lateness("sleep", 1 << 62, stop=lambda: True).value is None


@pytest.mark.parametrize("name", METHODS)
def test_each_method_of_this_system_waits(name: str) -> None:
    """A wait takes as long as was asked for at least; the loop's clock may round by a tick of its own."""
    try:
        with METHODS[name]() as wait:
            before_ns = time.perf_counter_ns()
            wait(0.005)
            assert time.perf_counter_ns() - before_ns > 4 * MS
            wait(0.0)
    except NoTimerfd as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("platform", ["win32", "darwin", "freebsd14"])
def test_a_system_without_timerfd_says_so(platform: str) -> None:
    """The row is skipped with the reason, and nothing is tried."""
    reading = lateness("timerfd", MS, methods={"timerfd": partial(timerfd, platform)})
    assert (reading.value, reading.exists, reading.evidence) == (None, False, f"{platform} has no timerfd")
