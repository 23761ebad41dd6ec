"""Whose packets were not answered, for operators who asked for it: addresses are kept nowhere else beyond their session."""

from collections import Counter
from typing import Final

MOST: Final = 1000  # pairs of reason and address between two readings: whoever forges sources must not fill our memory


class Suspects:
    """How often packets of a source were dropped, reason by reason, since it was last read."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._counts: Counter[tuple[str, str]] = Counter()

    def note(self, reason: str, address: str, count: int = 1) -> None:
        """Count packets of a source; one too many sources are counted for nobody."""
        if (reason, address) in self._counts or len(self._counts) < MOST:
            self._counts[reason, address] += count

    def take(self) -> list[tuple[str, str, int]]:
        """Return reason, address and count, the most first, and begin anew."""
        counts, self._counts = self._counts, Counter()
        return [(reason, address, count) for (reason, address), count in counts.most_common()]
