"""The reflector's clock against ours: where it drifts or is set while it measures, that is taken off its stamps again.

An offset between the two clocks cancels in everything that is published; an offset that changes does not. What betrays it: it makes
one direction longer by exactly what it takes from the other, at once, and leaves the round trip alone. No network does that. Whatever
could as well be the network's is left to the network.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nra.model.sample import ABSENT, Int64Column
from nra.scoring.distinct import first_rows

FloatColumn = NDArray[np.float64]

WINDOW: Final = 25  # replies on either side of a step, whose smallest delays are compared
LEAST_STEP_NS: Final = 2_000_000
NEAR: Final = 100  # replies on either side of a step that no drift has carried far apart
ROUNDS: Final = 3  # steps are measured without the drift, and the drift without the steps: each makes the other truer
ABOVE_NOISE: Final = 6.0  # how far a step must stand out of the median change of the smallest round trip
STEP_TOLERANCE: Final = 0.25  # by what share of a step the two directions may disagree about it
MOST_STEPS: Final = 8  # a clock that is set more often is no clock
LEAST_DRIFT_NS: Final = 100_000  # over the whole stream: less hides behind the stamps' own error
RARE: Final = 3  # of the smallest delays are luck: what lies between them and the smallest is not known of a drift either
MOST_DRIFT: Final = 1e-3  # two bad crystals differ by 2e-4, NTP slews by 5e-4 (RFC 5905)
BLOCKS: Final = 64  # of the stream, whose smallest delays say how it drifts
BESIDE: Final = np.array([0.5, 1.5])  # of the drift that fits best: these must fit worse
CLEARLY: Final = 0.125  # of what the drift comes to: without jitter it would be a half
_COARSE: Final = np.linspace(-MOST_DRIFT, MOST_DRIFT, 401)
_FINE: Final = np.linspace(-1, 1, 101) * (_COARSE[1] - _COARSE[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFault:
    """What one call's stamps say of the reflector's clock against ours: how it drifts, and the steps by which it was set."""

    drift_ppm: float = 0.0
    steps_ns: tuple[int, ...] = ()


STEADY: Final = ClockFault()


@dataclass(frozen=True, slots=True, eq=False)
class _Replies:
    """One call's replies in the reflector's order: its numbers, when each probe was sent (s), and the delays (ns) each way."""

    number: Int64Column
    sent_s: FloatColumn
    up: FloatColumn
    down: FloatColumn

    def less(self, offset_ns: FloatColumn) -> "_Replies":
        """Return them as they would be if the clock had not been ahead by so much more at each."""
        return _Replies(self.number, self.sent_s, self.up - offset_ns, self.down + offset_ns)


def ahead_ns(
    t1_ns: Int64Column, t2_ns: Int64Column, t3_ns: Int64Column, t4_ns: Int64Column, number: Int64Column
) -> tuple[Int64Column, ClockFault]:
    """Return by how much more than at the start the reflector's clock was ahead of ours at each of one call's rows, and why.

    `number` is the reflector's own; the columns, like the result, have the shape (rows,), ABSENT where nothing is known.
    """
    answered = np.flatnonzero((t2_ns != ABSENT) & (t3_ns != ABSENT) & (t4_ns != ABSENT) & (number != ABSENT))
    if not len(answered):
        return np.zeros(len(t1_ns), dtype=np.int64), STEADY
    numbers, first = first_rows(number.take(answered))
    rows, begin_ns = answered.take(first), int(t1_ns[answered].min())
    sent_ns = t1_ns.take(rows)
    up, down = t2_ns.take(rows) - sent_ns, t4_ns.take(rows) - t3_ns.take(rows)
    replies = _Replies(numbers, (sent_ns - begin_ns) / 1e9, (up - up[0]).astype(np.float64), (down - down[0]).astype(np.float64))
    places, steps, drift = _fault(replies)
    if not places and not drift:
        return np.zeros(len(t1_ns), dtype=np.int64), STEADY
    ahead = drift * (t1_ns - begin_ns)
    for place, step_ns in zip(places, steps, strict=True):
        ahead += np.where(number >= numbers[place], step_ns, 0.0)
    return np.rint(ahead).astype(np.int64), ClockFault(drift_ppm=drift * 1e6, steps_ns=tuple(round(step) for step in steps))


def _fault(replies: _Replies) -> tuple[list[int], list[float], float]:
    """Return before which replies the clock was set and by how much (ns), and the share by which it is fast."""
    places, drift = _step_places(replies.up, replies.down), 0.0
    for _ in range(ROUNDS if places else 1):
        steps = _step_sizes(replies.less(drift * 1e9 * replies.sent_s), places, NEAR)
        drift = _drift(replies.less(_staircase(len(replies.number), places, steps)))
    steps = _step_sizes(replies.less(drift * 1e9 * replies.sent_s), places, len(replies.number))
    kept = [(place, step) for place, step in zip(places, steps, strict=True) if abs(step) >= LEAST_STEP_NS / 2]
    return [place for place, _ in kept], [step for _, step in kept], drift


def _staircase(length: int, places: list[int], steps: list[float]) -> FloatColumn:
    offset_ns = np.zeros(length)
    for place, step_ns in zip(places, steps, strict=True):
        offset_ns[place:] += step_ns
    return offset_ns


def _step_places(up: FloatColumn, down: FloatColumn) -> list[int]:
    """Return before which replies the clock was set: there the smallest delays of both directions change at once, the opposite way."""
    if len(up) < 2 * WINDOW or min(_most_rise(up), _most_rise(down)) < LEAST_STEP_NS:
        return []
    rise_up, rise_down = _rises(up), _rises(down)
    apart = np.maximum(np.minimum(rise_up, -rise_down), np.minimum(-rise_up, rise_down))
    trip = np.abs(rise_up + rise_down)
    least = max(LEAST_STEP_NS, ABOVE_NOISE * float(np.median(trip)))
    apart[(trip > STEP_TOLERANCE * apart) | (apart < least)] = 0
    places: list[int] = []
    while apart.any():
        place = int(apart.argmax())
        places.append(place + WINDOW)
        apart[max(0, place - WINDOW) : place + WINDOW] = 0
    return sorted(places) if len(places) <= MOST_STEPS else []


def _rises(delays: FloatColumn) -> FloatColumn:
    """Return by how much the smallest delay of a window is above that of the window before, from the second window on."""
    least, reach = delays, 1
    while reach < WINDOW:
        further = min(reach, WINDOW - reach)
        least, reach = np.minimum(least[:-further], least[further:]), reach + further
    return least[WINDOW:] - least[:-WINDOW]


def _most_rise(delays: FloatColumn) -> float:
    """Return what no rise is above, soon: every window holds a block of half its length, whose smallest delay is none below its own."""
    half = (WINDOW + 1) // 2
    blocks = delays[: len(delays) // half * half].reshape(-1, half)
    return float(blocks.min(axis=1).max() - delays.min())


def _step_sizes(replies: _Replies, places: list[int], reach: int) -> list[float]:
    """Return the size of each step (ns), by the smallest delays among so many replies on either side, not beyond the next step."""
    sizes = []
    for before, place, after in zip([0, *places], places, [*places[1:], len(replies.number)], strict=False):
        earlier, later = slice(max(before, place - reach), place), slice(place, min(after, place + reach))
        rise_up, rise_down = (float(delays[later].min() - delays[earlier].min()) for delays in (replies.up, replies.down))
        sizes.append((rise_up - rise_down) / 2)
    return sizes


def _drift(replies: _Replies) -> float:
    """Return by which share the clock is fast: that which leaves the most room between the two directions' smallest delays.

    Half as much and half as much again must leave clearly less: where one direction grows more than the other shrinks, much of it
    is the network's, nobody knows how much, and 0 is returned.
    """
    if len(replies.number) < BLOCKS:
        return 0.0
    edges = np.arange(BLOCKS + 1) * len(replies.number) // BLOCKS
    sent_s = replies.sent_s[(edges[:-1] + edges[1:]) // 2]
    up, down = np.minimum.reduceat(replies.up, edges[:-1]), np.minimum.reduceat(replies.down, edges[:-1])
    if float((up + down).min() - (up.min() + down.min())) < LEAST_DRIFT_NS - 1:  # each room is below the smallest sum, whatever the drift
        return 0.0
    room = _room(sent_s, up, down, _COARSE)
    doubt_ns = sum(float(np.ptp(np.partition(delays, RARE)[: RARE + 1])) for delays in (replies.up, replies.down))
    if room.max() - room[len(_COARSE) // 2] <= max(LEAST_DRIFT_NS, doubt_ns):
        return 0.0
    near = _COARSE[room.argmax()] + _FINE
    room = _room(sent_s, up, down, near)
    drift = float(near[room.argmax()])
    less = room.max() - _room(sent_s, up, down, drift * BESIDE)
    return drift if less.min() > abs(drift) * 1e9 * float(np.ptp(sent_s)) * CLEARLY else 0.0


def _room(sent_s: FloatColumn, up: FloatColumn, down: FloatColumn, drifts: FloatColumn) -> FloatColumn:
    """Return for each drift the smallest round trip (ns) that the smallest delays of both directions allow, wherever they were met."""
    trends_ns = np.multiply.outer(drifts * 1e9, sent_s)
    room: FloatColumn = (up - trends_ns).min(axis=1) + (down + trends_ns).min(axis=1)
    return room
