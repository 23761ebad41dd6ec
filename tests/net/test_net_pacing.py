"""How slots are met: the rhythm decides between spinning, sleeping and neither."""

import ctypes
import sys
import threading

import pytest

from nra.net.clock import SystemClock
from nra.net.pacing import APART_NS, CLOSE_NS, GLANCE_NS, PACKED_NS, Pacer, Punctual, Unhurried, pacing_of, sharpen_timers
from nra.testing.manual_clock import ManualClock

MS = 1_000_000
EARLY_NS = 200_000
PR_GET_TIMERSLACK = 30


class Ticking(ManualClock):
    """A clock that moves on by a microsecond whenever it is read."""

    def now_ns(self) -> int:
        """Return the time, later each time."""
        self.advance_to(super().now_ns() + 1000)
        return super().now_ns()


@pytest.fixture
def clock() -> Ticking:
    """Return a clock that moves when it is read."""
    return Ticking()


@pytest.fixture
def slept_ns(clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that takes down how long was slept; sleeping moves the clock."""
    slept: list[int] = []

    def sleep(wait_s: float) -> None:
        slept.append(round(wait_s * 1e9))
        clock.advance_to(clock.now_ns() + slept[-1])

    monkeypatch.setattr("nra.net.pacing.time.sleep", sleep)
    return slept


def at_rhythm(clock: Ticking, apart_ns: int) -> tuple[Punctual, int]:
    """Return a pacer that knows slots so far apart, and its next slot, which is that far ahead."""
    pacer = Punctual(clock, EARLY_NS)
    due_ns = clock.now_ns()
    pacer.listen_until_ns(due_ns)
    pacer.listen_until_ns(due_ns + apart_ns)
    return pacer, due_ns + apart_ns


@pytest.mark.parametrize("apart_ns", [20 * MS, CLOSE_NS + 1, APART_NS])
def test_a_call_s_slots_are_woken_for_early_and_spun_to(clock: Ticking, slept_ns: list[int], apart_ns: int) -> None:
    """Listening ends a little before the slot; what is left is spun, and ends at it."""
    pacer, due_ns = at_rhythm(clock, apart_ns)
    wake_ns = pacer.listen_until_ns(due_ns)
    assert wake_ns == min(due_ns - EARLY_NS, clock.now_ns() + GLANCE_NS - 1000)
    clock.advance_to(due_ns - EARLY_NS)
    pacer.hold(due_ns)
    assert 0 <= ManualClock.now_ns(clock) - due_ns <= 2000
    assert slept_ns == []


def test_an_arrival_in_between_is_dealt_with_at_once(clock: Ticking, slept_ns: list[int]) -> None:
    """Long before the slot nothing is held: the machine gets its turn and listens again."""
    pacer, due_ns = at_rhythm(clock, 20 * MS)
    before_ns = clock.now_ns()
    pacer.hold(due_ns)
    assert ManualClock.now_ns(clock) - before_ns < 10_000
    assert slept_ns == []


@pytest.mark.parametrize("apart_ns", [100_000, PACKED_NS])
def test_slots_of_very_many_calls_are_slept_to(clock: Ticking, slept_ns: list[int], apart_ns: int) -> None:
    """What has arrived is read without waiting, then the interpreter is given up until the slot."""
    pacer, due_ns = at_rhythm(clock, apart_ns)
    assert pacer.listen_until_ns(due_ns) < clock.now_ns()
    pacer.hold(due_ns)
    assert ManualClock.now_ns(clock) >= due_ns
    assert len(slept_ns) == 1


@pytest.mark.parametrize("apart_ns", [PACKED_NS + 1, CLOSE_NS])
def test_slots_of_several_calls_are_listened_to(clock: Ticking, slept_ns: list[int], apart_ns: int) -> None:
    """Nothing is spun, which would take too much of a core, and arrivals are read as they come."""
    pacer, due_ns = at_rhythm(clock, apart_ns)
    assert pacer.listen_until_ns(due_ns) == due_ns
    clock.advance_to(due_ns - EARLY_NS)
    pacer.hold(due_ns)
    assert ManualClock.now_ns(clock) < due_ns
    assert slept_ns == []


def test_a_slot_of_many_calls_that_is_far_away_is_listened_for(clock: Ticking, slept_ns: list[int]) -> None:
    """Before the first slot, and after calls were skipped, arrivals end the wait."""
    pacer, due_ns = at_rhythm(clock, 100_000)
    pacer.listen_until_ns(due_ns + 50 * MS)
    pacer.listen_until_ns(due_ns + 50 * MS + 100_000)
    assert pacer.listen_until_ns(due_ns + 50 * MS + 100_000) == due_ns + 50 * MS + 100_000 - PACKED_NS
    pacer.hold(due_ns + 50 * MS + 100_000)
    assert slept_ns == []


@pytest.mark.parametrize("apart_ns", [APART_NS + 1, 500 * MS])
def test_an_inquiry_is_not_spun_for(clock: Ticking, slept_ns: list[int], apart_ns: int) -> None:
    """Next tries are far apart: a stream beside them must not lose the interpreter to a spin."""
    pacer, due_ns = at_rhythm(clock, apart_ns)
    clock.advance_to(due_ns - MS)
    assert pacer.listen_until_ns(due_ns) == due_ns
    before_ns = clock.now_ns()
    pacer.hold(due_ns)
    assert (ManualClock.now_ns(clock) - before_ns < 10_000, slept_ns) == (True, [])


def test_a_slot_that_has_passed_is_not_waited_for(clock: Ticking, slept_ns: list[int]) -> None:
    """Late is late: nothing is slept or spun."""
    for apart_ns in (100_000, 20 * MS):
        pacer, due_ns = at_rhythm(clock, apart_ns)
        clock.advance_to(due_ns + MS)
        pacer.hold(due_ns)
    assert slept_ns == []


@pytest.mark.parametrize("kind", [Unhurried, Punctual])
def test_a_request_to_stop_is_noticed(clock: Ticking, kind: type[Unhurried] | type[Punctual]) -> None:
    """No wait is longer than a glance."""
    pacer: Pacer = kind(clock)
    now_ns = clock.now_ns()
    assert pacer.listen_until_ns(now_ns + 60_000 * MS) - now_ns <= GLANCE_NS + 10_000


def test_on_a_clock_set_by_hand_nothing_is_held() -> None:
    """The unhurried pacer listens until the slot itself."""
    clock = ManualClock()
    pacer = Unhurried(clock)
    assert pacer.listen_until_ns(clock.now_ns() + 20 * MS) == clock.now_ns() + 20 * MS
    pacer.hold(clock.now_ns() + 20 * MS)


@pytest.mark.parametrize(("platform", "early_ns", "words"), [("linux", 200_000, "0.2 ms"), ("win32", MS, "1 ms"), ("darwin", MS, "1 ms")])
def test_each_system_has_its_pacing_and_says_so(platform: str, early_ns: int, words: str) -> None:
    """The run document tells how slots were met."""
    made = pacing_of(platform)
    assert made.early_ns == early_ns
    assert f"woken {words} early" in made.words
    assert ("slack" in made.words) == (platform == "linux")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="timer slack is Linux'")
def test_timers_are_sharpened_for_this_thread_alone() -> None:
    """The kernel's 50 us of slack become 1 ns; the thread that started this one keeps its own (prctl(2))."""
    libc = ctypes.CDLL(None)
    slack_ns = []

    def look() -> None:
        sharpen_timers()
        slack_ns.append(libc.prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join(5)
    assert slack_ns == [1]
    assert libc.prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) > 1


def test_other_systems_timers_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is called there."""
    monkeypatch.setattr(ctypes, "CDLL", None)
    sharpen_timers("win32")


def test_the_real_clock_is_met() -> None:
    """Never early, whatever the rhythm."""
    clock = SystemClock()
    for apart_ns in (100_000, MS, 3 * MS):
        pacer = Punctual(clock)
        due_ns = clock.now_ns()
        pacer.listen_until_ns(due_ns)
        for _ in range(5):
            due_ns += apart_ns
            while clock.now_ns() < pacer.listen_until_ns(due_ns):
                pass
            pacer.hold(due_ns)
            assert clock.now_ns() >= due_ns
