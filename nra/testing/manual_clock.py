"""A clock that stands still until it is moved."""

from typing import Final

MORNING_NS: Final = 1_767_600_000_000_000_000  # 2026-01-05 08:00:00 UTC, a Monday


class ManualClock:
    """Time moves only by `advance_to`, never backwards."""

    def __init__(self, now_ns: int = MORNING_NS) -> None:
        """Stand at the given Unix time in nanoseconds."""
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Return the time that it was set to."""
        return self._now_ns

    def advance_to(self, time_ns: int) -> None:
        """Move forward to the time; the past is ignored."""
        self._now_ns = max(self._now_ns, time_ns)
