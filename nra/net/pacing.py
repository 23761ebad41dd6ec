"""Meeting a packet's moment: woken shortly before it, the rest spun away; one row per system.

Measured on Linux 6.18 (two virtual cores, 20 ms between slots): `select` alone is late by 0.14 ms in the median, without the timer
slack by 0.09 ms, a timerfd by as much as `select`; woken 0.2 ms early and spun by 0.0003 ms, for 1 % of one core. Waking earlier
than that bought nothing. Beside processes that take every core all of these are late by milliseconds, and a shorter scheduler slice
(sched_setattr) only had us interrupted between stamp and packet. What is spun is nobody else's: a spinning thread keeps the
interpreter, so only what comes as regularly as a call is spun for.
"""

import contextlib
import sys
import time
from typing import Final, NamedTuple, Protocol

from nra.net.ports import Clock

MS: Final = 1_000_000
GLANCE_NS: Final = 100 * MS  # how long at most until a request to stop is noticed
PACKED_NS: Final = MS // 2  # slots no further apart than this are slept to, arrivals read once for each: a wake-up for each would cost more
CLOSE_NS: Final = 2 * MS  # slots no further apart than this are not spun for: it would take a tenth of a core and more
APART_NS: Final = 150 * MS  # slots further apart than this are no stream's: an inquiry's next try may be late

PR_SET_TIMERSLACK: Final = 29  # linux/prctl.h; 50 us unless set, of this thread alone, and no right is needed
LEAST_SLACK_NS: Final = 1

EARLY_NS: Final = {"linux": 200_000}
OTHERS_EARLY_NS: Final = 1 * MS  # not measured; Windows' high-resolution timers tick by half a millisecond


class Pacing(NamedTuple):
    """How early to wake up before a slot, and what the run document says of it."""

    early_ns: int
    words: str


def pacing_of(platform: str) -> Pacing:
    """Return what is best on a system."""
    early_ns = EARLY_NS.get(platform, OTHERS_EARLY_NS)
    slack = ", without timer slack" if platform == "linux" else ""
    return Pacing(early_ns, f"woken {early_ns / MS:g} ms early{slack}, then spun (slots within {CLOSE_NS // MS} ms: neither)")


PACING: Final = pacing_of(sys.platform)


def sharpen_timers(platform: str = sys.platform) -> None:
    """Have this thread's sleeps end when they should, where the system would rather let them end together with others."""
    if platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, LEAST_SLACK_NS, 0, 0, 0)


class Pacer(Protocol):
    """Tells a machine's loop how long to listen, and holds it until the slot."""

    def listen_until_ns(self, due_ns: int) -> int:
        """Return until when to listen for arrivals; a time in the past where those that are there are enough."""
        ...

    def hold(self, due_ns: int) -> None:
        """Wait for the slot, if it is at hand."""
        ...


class Unhurried:
    """Listens until the slot: late by what a wake-up takes, exact on a clock that is set by hand."""

    def __init__(self, clock: Clock) -> None:
        """Go by this clock."""
        self._clock = clock

    def listen_until_ns(self, due_ns: int) -> int:
        """Return the slot, or when to look up for a request to stop."""
        return min(due_ns, self._clock.now_ns() + GLANCE_NS)

    def hold(self, due_ns: int) -> None:
        """Do not wait."""


class Punctual:
    """Wakes up early and spins where slots are as far apart as those of a few calls, sleeps to them where they are those of very many.

    Where they are those of very many, arrivals are read once for each slot: the kernel has stamped them, so they may wait.
    """

    def __init__(self, clock: Clock, early_ns: int = PACING.early_ns) -> None:
        """Know nothing of the machine's rhythm yet."""
        self._clock = clock
        self._early_ns = early_ns
        self._due_ns = 0
        self._are_packed = self._are_spun_for = False

    def listen_until_ns(self, due_ns: int) -> int:
        """Return when to wake up for the slot, or to look up for a request to stop."""
        if due_ns != self._due_ns:
            apart_ns, self._due_ns = due_ns - self._due_ns, due_ns
            self._are_packed = apart_ns <= PACKED_NS
            self._are_spun_for = CLOSE_NS < apart_ns <= APART_NS
        wake_ns = due_ns
        if self._are_packed:
            wake_ns -= PACKED_NS
        elif self._are_spun_for:
            wake_ns -= self._early_ns
        return min(wake_ns, self._clock.now_ns() + GLANCE_NS)

    def hold(self, due_ns: int) -> None:
        """Sleep or spin until the slot, if it is at hand."""
        left_ns = due_ns - self._clock.now_ns()
        if self._are_packed:
            if 0 < left_ns <= PACKED_NS:
                time.sleep(left_ns / 1e9)
        elif self._are_spun_for and left_ns <= self._early_ns:
            while self._clock.now_ns() < due_ns:
                pass
