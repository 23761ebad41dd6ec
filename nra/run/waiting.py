"""Waiting for the next run of a series, for hours perhaps, through sleep of the workstation and changes of its clock."""

import time
from collections.abc import Callable
from typing import Final

from nra.net.clock import standing_s

GLANCE_S: Final = 0.5  # how soon a request to stop is noticed
ASLEEP_S: Final = 10.0  # a glance that took so much longer was spent asleep
WAKING_S: Final = 20.0  # until the network is back: what is measured sooner would bill the waking to it


class Waiting:
    """Waits for a slot by a clock that goes on in sleep, and gives a network that has just woken up time to come back."""

    def __init__(
        self, stop: Callable[[], bool], clock_s: Callable[[], float] = standing_s, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        """Time counts from now on."""
        self._stop, self._clock_s, self._sleep = stop, clock_s, sleep
        self._start_s = clock_s()

    def now_s(self) -> float:
        """Return the time since the start."""
        return self._clock_s() - self._start_s

    def stopped(self) -> bool:
        """Tell whether the user wants to stop."""
        return self._stop()

    def until(self, due_s: float) -> bool:
        """Wait, and tell whether it is time; False when the user wants to stop."""
        while not self._stop():
            before_s = self.now_s()
            if before_s >= due_s:
                return True
            self._sleep(min(GLANCE_S, due_s - before_s))
            if self.now_s() - before_s > ASLEEP_S:
                due_s = max(due_s, self.now_s() + WAKING_S)
        return False
