"""The delays of a run as bars: how many packets came how much later than the fastest, as plain geometry and in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from nra.model.verdict import Basis
from nra.model.voice import DelayBin, Voice
from nra.report.drawing import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Bars, Chart, Rect, Tick, place_of, upward_axis
from nra.report.qualities import Cell, Table

BUFFER_MS: Final = 60.0  # of the de-jitter buffer on which a stream is judged: what came later was discarded
MOST_BARS: Final = 40
FEWEST_BARS: Final = 6  # a bar as wide as the drawing looks like a wall
SHARE: Final = 0.8  # of a bin's width that its bars take up
LEAST_HEIGHT: Final = 1.5  # of a bar that holds a packet at all: the one late packet is what one looks for
LABEL_ROOM: Final = 30
MARK_ROOM: Final = 100
SAID: Final = (("half of {} packets", 50), ("99 %", 99), ("the last", 100))


@dataclass(frozen=True, slots=True)
class _Way:
    name: str
    kind: str
    bins: Sequence[DelayBin]

    @property
    def total(self) -> int:
        return sum(each.packets for each in self.bins)

    def packets(self, index: int) -> int:
        return self.bins[index].packets if index < len(self.bins) else 0


def chart(voice: Voice) -> Chart | None:
    """Return the bars of the delay above the least, a pair for each bin where both directions are known; None where nothing is."""
    ways = _ways(voice)
    if not ways:
        return None
    longest = max((way.bins for way in ways), key=len)
    count = max(len(longest), FEWEST_BARS)
    top, upward = upward_axis(max(100 * each.packets / way.total for way in ways for each in way.bins))
    return Chart(
        key="histogram",
        title="Delay above the least",
        unit="ms, % of packets",
        name="Histogram of the delay above the least, in percent of the packets",
        bars=tuple(Bars(name=way.name, kind=way.kind, rects=_rects(way, place, len(ways), count, top)) for place, way in enumerate(ways)),
        across=_across(longest, count),
        upward=upward,
        mark=_buffer(longest, count),
        words=" ".join(map(_words, ways)),
    )


def packets(voice: Voice) -> Iterator[Table]:
    """Yield how many packets each bar stands for, if that is known."""
    ways = _ways(voice)
    longest: Sequence[DelayBin] = max((way.bins for way in ways), key=len, default=())
    rows: list[tuple[Cell, ...]] = [(_between(each), *(way.packets(index) for way in ways)) for index, each in enumerate(longest)]
    if rows:
        yield Table("Packets by delay above the least", ("Delay", *(f"{way.name} (packets)" for way in ways)), rows)


def _ways(voice: Voice) -> list[_Way]:
    """Return the directions whose bars are known; nothing where their bars are not the same or are no histogram (a foreign document)."""
    if voice.basis is Basis.DIRECTION:
        ways = [_Way("Up", "up", voice.up.delays), _Way("Down", "down", voice.down.delays)]
    else:
        ways = [_Way("Round trip", "up", voice.up.delays)]
    known = [way for way in ways if way.bins]
    edges = [[(each.above_ms, each.most_ms) for each in way.bins] for way in known]
    alike = all(one == other for pair in pairwise(edges) for one, other in zip(*pair, strict=False))
    return known if alike and all(_is_histogram(way.bins) for way in known) else []


def _is_histogram(bins: Sequence[DelayBin]) -> bool:
    joined = all(one.most_ms == other.above_ms and one.above_ms < other.above_ms for one, other in pairwise(bins))
    counted = all(each.packets >= 0 for each in bins) and any(each.packets for each in bins)
    return joined and counted and len(bins) <= MOST_BARS


def _rects(way: _Way, place: int, ways: int, count: int, top: float) -> tuple[Rect, ...]:
    width = (WIDTH - LEFT - RIGHT) / count * SHARE / ways
    full = HEIGHT - TOP - BOTTOM
    return tuple(
        Rect(
            x=round(place_of(index + (1 - SHARE) / 2, count) + place * width, 1),
            y=round(HEIGHT - BOTTOM - height, 1),
            width=round(width - 0.5, 1),
            height=round(height, 1),
        )
        for index, each in enumerate(way.bins)
        if each.packets
        for height in [max(LEAST_HEIGHT, full * 100 * each.packets / way.total / top)]
    )


def _across(bins: Sequence[DelayBin], count: int) -> tuple[Tick, ...]:
    """Return the marks between the bars, only so many that their labels do not touch."""
    edges = [each.above_ms for each in bins] + [each.most_ms for each in bins[-1:] if each.most_ms is not None]
    every = -(-LABEL_ROOM * count // (WIDTH - LEFT - RIGHT))
    ticks = [Tick(at=place_of(index, count), label=f"{edge:g}") for index, edge in enumerate(edges)]
    return tuple(ticks[::every])


def _buffer(bins: Sequence[DelayBin], count: int) -> Tick | None:
    """Return the mark of the buffer, None where no packet came so late."""
    at = next((index for index, each in enumerate(bins) if each.above_ms == BUFFER_MS), None)
    if at is None:
        return None
    place = place_of(at, count)
    return Tick(at=place, label=f"{BUFFER_MS:g} ms buffer", anchor="end" if place > WIDTH - RIGHT - MARK_ROOM else "start")


def _words(way: _Way) -> str:
    """Return what the bars show, for those who do not see them."""
    reached = ", ".join(f"{said.format(way.total)} {_reach(way, percent)}" for said, percent in SAID)
    late = sum(each.packets for each in way.bins if each.above_ms >= BUFFER_MS)
    return f"{way.name}, above the least delay: {reached}; {late or 'none'} later than {BUFFER_MS:g} ms."


def _reach(way: _Way, percent: int) -> str:
    """Return within what delay so many percent of the packets came, as far as the bars tell."""
    seen = accumulate(each.packets for each in way.bins)
    bar = next(each for each, packets in zip(way.bins, seen, strict=True) if 100 * packets >= percent * way.total)
    return f"not within {bar.above_ms:g} ms" if bar.most_ms is None else f"within {bar.most_ms:g} ms"


def _between(each: DelayBin) -> str:
    return f"more than {each.above_ms:g} ms" if each.most_ms is None else f"{each.above_ms:g} to {each.most_ms:g} ms"
