"""How many calls to try next: doubled until a stream is not carried, then halved between the two; whatever decides is seen twice."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from nra.model.capacity import EndedBy, Outcome

TWICE: Final = 2
SPARE: Final = 6  # streams for a path that answers differently now and then
ENDED_BY: Final = {
    Outcome.BREACHED: EndedBy.LIMIT,
    Outcome.WORKSTATION: EndedBy.WORKSTATION,
    Outcome.REFLECTOR: EndedBy.REFLECTOR,
    Outcome.UNDECIDED: EndedBy.UNDECIDED,
}


class Search:
    """The search for the largest number of calls that is carried, up to `most`: it says what to try and is told what came of it.

    A number is settled by the first outcome that it shows twice. On the way a number that was carried once is good enough; the last one
    is tried again.
    """

    def __init__(self, most: int) -> None:
        """Nothing tried yet."""
        self._most = most
        self._seen: dict[int, list[Outcome]] = {}
        self._streams_left = most_streams(most)

    def next_calls(self) -> int | None:
        """Return how many calls to try now, None when there is nothing left to find out or no stream left to do it with."""
        return self._wanted() if self._streams_left else None

    def took(self, calls: int, outcome: Outcome) -> None:
        """Take down what came of a stream of so many calls."""
        self._seen.setdefault(calls, []).append(outcome)
        self._streams_left -= 1

    @property
    def carried(self) -> int:
        """The largest number of calls that was carried, below all that were not; 0 if none was."""
        return max((calls for calls in self._seen if self._is_carried(calls) and calls < (self.stopped_at or self._most + 1)), default=0)

    @property
    def confirmed(self) -> bool:
        """Whether that number was carried twice."""
        return self._settled(self.carried) is Outcome.CARRIED

    @property
    def stopped_at(self) -> int | None:
        """The smallest number of calls that twice was not carried, for the same reason; None if there is none."""
        return min((calls for calls in self._seen if self._settled(calls) not in (None, Outcome.CARRIED)), default=None)

    @property
    def ended_by(self) -> EndedBy:
        """Why no more calls are tried."""
        if self._wanted() is not None:
            return EndedBy.STREAMS if not self._streams_left else EndedBy.INTERRUPTED
        reason = None if self.stopped_at is None else self._settled(self.stopped_at)
        return EndedBy.MOST if reason is None else ENDED_BY[reason]

    def most_left(self) -> int:
        """Return how many streams will follow at most on a path that answers the same each time."""
        if self._wanted() is None:
            return 0
        pending = next(self._open(), None)
        worst = _worst(self.carried, self.stopped_at, self._most) if pending is None else 1 + _worst(self.carried, pending, self._most)
        return min(self._streams_left, worst)

    def _wanted(self) -> int | None:
        pending = next(self._open(), None)
        if pending is not None:
            return pending
        low, high = self.carried, self.stopped_at
        if high is None and low < self._most:
            return min(self._most, max(1, 2 * low))
        if high is not None and high - low > 1:
            return (low + high) // 2
        return low if low and not self.confirmed else None

    def _open(self) -> Iterator[int]:
        """Yield the number that was tried without being settled by it: one at most."""
        return (calls for calls in self._seen if self._settled(calls) is None and not self._is_carried(calls))

    def _is_carried(self, calls: int) -> bool:
        return self._settled(calls) is Outcome.CARRIED or self._seen[calls] == [Outcome.CARRIED]

    def _settled(self, calls: int) -> Outcome | None:
        """Return the first outcome that the number showed twice, None where there is none yet."""
        shown = Counter[Outcome]()
        for outcome in self._seen.get(calls, ()):
            shown[outcome] += 1
            if shown[outcome] == TWICE:
                return outcome
        return None


def most_streams(most: int) -> int:
    """Return how many streams a search up to `most` calls may take: what a path needs that answers the same each time, and some more."""
    return _worst(0, None, most) + SPARE


def _worst(low: int, high: int | None, most: int) -> int:
    """Return how many streams it may take from there: one for each number carried, two for each that is not, one to confirm."""
    if high is not None:
        return TWICE * (high - low - 1).bit_length() + 1
    streams, climbed = 0, 0
    while low < most:
        higher = min(most, max(1, 2 * low))
        climbed += 1
        streams = max(streams, climbed + 1 + _worst(low, higher, most))
        low = higher
    return max(streams, climbed + 1)
