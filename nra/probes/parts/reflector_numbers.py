"""The numbers that a Session-Reflector gives its replies (RFC 8762 4.3), continued from 0 without wraps.

They count from 0 by the RFC. A reflector that goes on counting from an earlier session, or that is restarted while the
stream runs, is followed all the same: numbers stay in order, and what fell into the break cannot be told from loss.
One that begins anew soon after it began is known by its time: whoever counts never gives a smaller number later.
"""

from typing import Final

from nra.wire.timestamps import WORD

HEAD_START: Final = 1024  # further ahead of the probe's own number than copies explain: the reflector did not begin at 0
SET_BACK: Final = 50  # further behind than packets overtake each other: the reflector began anew
MOST_COPIES: Final = 16  # of every probe; a number beyond is no count of ours, and nothing is remembered for it


class ReflectorNumbers:
    """One call's numbers: `base` is what was taken off the reflector's own, `restarts` how often it began anew."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        self.base: int | None = None
        self.restarts = 0
        self._highest = -1
        self._highest_ns: int | None = None  # when the reflector sent that one
        self._newest_probe = -1

    def place(self, number: int, sequence: int, sent: int, t3_ns: int) -> int | None:
        """Return the number of the reply to probe `sequence` of `sent`, counted from 0; None for one that cannot be."""
        if self.base is None:
            self.base = number - sequence if number - sequence >= HEAD_START else 0
        placed = unwrap(number, self.base + max(0, self._highest)) - self.base
        is_later = self._highest_ns is not None and t3_ns > self._highest_ns
        if placed < self._highest - (0 if is_later else SET_BACK) and sequence > self._newest_probe:
            self.restarts += 1
            self.base += placed - self._highest - 1
            placed = self._highest + 1
        if not 0 <= placed <= most_numbers(sent):
            return None
        if placed > self._highest:
            self._highest, self._highest_ns = placed, t3_ns
        self._newest_probe = max(self._newest_probe, sequence)
        return placed

    def on_wire(self, placed: int) -> int | None:
        """Return the reflector's own number of what was placed here, None for one from before it began anew."""
        number = placed + (self.base or 0)
        return number & WORD if number >= 0 else None


def most_numbers(sent: int) -> int:
    """Return how many packets of so many that were sent can have come there and been answered, copies made on the way included."""
    return MOST_COPIES * sent + HEAD_START


def unwrap(number: int, near: int) -> int:
    """Return the 32-bit number continued beyond its wrap, nearest to `near` (RFC 1982)."""
    distance = (number - near + (1 << 31)) % (1 << 32) - (1 << 31)
    return near + distance
