"""The histogram of delays: what the bars become in the drawing, in the table and in words."""

from dataclasses import replace
from itertools import pairwise

import pytest

from nra.model.verdict import Basis
from nra.model.voice import DelayBin, Voice
from nra.report.drawing import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart
from nra.report.histogram import chart, packets
from nra.testing.canned import KINDS, canned_run
from nra.testing.canned_parts import delays


def voice_of(kind: str = "good") -> Voice:
    """Return the voice half of a canned run."""
    voice = canned_run(kind).voice
    assert voice is not None
    return voice


def with_delays(up: tuple[DelayBin, ...], down: tuple[DelayBin, ...] = ()) -> Voice:
    """Return a voice half with these bars."""
    voice = voice_of()
    return replace(voice, up=replace(voice.up, delays=up), down=replace(voice.down, delays=down))


def drawn(voice: Voice) -> Chart:
    """Return the chart, which must be there."""
    found = chart(voice)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", [kind for kind in KINDS if canned_run(kind).voice])
def test_bars_stay_in_the_frame_and_never_lie_on_each_other(kind: str) -> None:
    """Each bar stands on the axis, below the top, beside all others."""
    found = drawn(voice_of(kind))
    rects = sorted((rect for bars in found.bars for rect in bars.rects), key=lambda rect: rect.x)
    assert all(rect.x >= LEFT and rect.x + rect.width <= WIDTH - RIGHT and rect.y >= TOP for rect in rects)
    assert all(rect.y + rect.height == pytest.approx(HEIGHT - BOTTOM, abs=0.11) for rect in rects)
    assert all(one.x + one.width <= other.x for one, other in pairwise(rects))
    assert all(LEFT <= tick.at <= WIDTH - RIGHT for tick in found.across)


def test_each_direction_has_its_bars() -> None:
    """Up and down side by side; of the round trip, whose numbers both directions share, one."""
    assert [bars.name for bars in drawn(voice_of("bad")).bars] == ["Up", "Down"]
    trip = voice_of("round-trip")
    assert trip.basis is Basis.ROUND_TRIP
    assert [bars.name for bars in drawn(trip).bars] == ["Round trip"]


def test_one_late_packet_is_seen() -> None:
    """Of a million, the one that came too late has a bar, and the buffer that it missed is marked."""
    found = drawn(with_delays(delays(*(999_999, *[0] * 11, 1))))
    assert [rect.height >= 1 for rect in found.bars[0].rects] == [True, True]
    assert found.mark is not None
    half = "half of 1000000 packets within 0.5 ms"
    assert found.words == f"Up, above the least delay: {half}, 99 % within 0.5 ms, the last within 80 ms; 1 later than 60 ms."
    assert drawn(voice_of("good")).mark is None


def test_the_last_bar_has_no_end() -> None:
    """What is later than every mark is said so."""
    words = drawn(with_delays(delays(1, *[0] * 18, 1))).words
    late = "99 % not within 1000 ms, the last not within 1000 ms"
    assert words == f"Up, above the least delay: half of 2 packets within 0.5 ms, {late}; 1 later than 60 ms."


def test_the_numbers_behind_the_bars() -> None:
    """A row for each bar of the longer direction; what the other has no bar for is nothing there."""
    (table,) = packets(with_delays(delays(3, 2), delays(1, 0, 4)))
    assert table.headings == ("Delay", "Up (packets)", "Down (packets)")
    assert table.rows == [("0 to 0.5 ms", 3, 1), ("0.5 to 1 ms", 2, 0), ("1 to 2 ms", 0, 4)]


BROKEN = [
    (DelayBin(above_ms=0.0, most_ms=1.0, packets=-1),),
    (DelayBin(above_ms=0.0, most_ms=1.0, packets=0),),
    (DelayBin(above_ms=0.0, most_ms=None, packets=1), DelayBin(above_ms=1.0, most_ms=2.0, packets=1)),
    (DelayBin(above_ms=1.0, most_ms=0.0, packets=1), DelayBin(above_ms=0.0, most_ms=2.0, packets=1)),
    tuple(DelayBin(above_ms=float(index), most_ms=index + 1.0, packets=1) for index in range(10_000)),
    (DelayBin(above_ms=0.0, most_ms=0.25, packets=1), DelayBin(above_ms=0.25, most_ms=1e300, packets=1)),
]


@pytest.mark.parametrize("bins", BROKEN)
def test_what_is_no_histogram_is_not_drawn(bins: tuple[DelayBin, ...]) -> None:
    """A document from elsewhere may hold anything; bars that cannot be laid beside the other direction's are none either."""
    voice = with_delays(bins, delays(1, 2, 3))
    assert chart(voice) is None
    assert list(packets(voice)) == []


def test_without_packets_there_is_none() -> None:
    """Neither for a run in which nothing arrived nor for a document of a version before it."""
    assert chart(with_delays(())) is None
    assert list(packets(with_delays(()))) == []
