"""What became of the quality, as small tables: the same rows for every printer that shows more than the contract's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nra.model.verdict import Basis
from nra.model.voice import CallDirection, Direction, Voice
from nra.report.calls import ranked


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a unit; None was not measured."""

    value: float | None
    unit: str = ""


Cell = str | int | Figure


@dataclass(frozen=True, slots=True)
class Table:
    """A small table: its title, its headings, and at least one row."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def buffers(voice: Voice) -> Iterator[Table]:
    """Yield what other de-jitter buffers would have done, if that is known."""
    names = dict.fromkeys(buffer.name for buffer in (*voice.up.buffers, *voice.down.buffers))
    rows = [(name, *_buffer(voice.up, name), *_buffer(voice.down, name)) for name in names]
    yield from _table("De-jitter buffers: discards (%) and mean delay (ms)", ("Buffer", "Up (%)", "Up (ms)", "Down (%)", "Down (ms)"), rows)


def worst(voice: Voice) -> Iterator[Table]:
    """Yield the worst 15 seconds each way, if they are known."""
    stretches = (("up", voice.worst_15s.up), ("down", voice.worst_15s.down))
    rows = [
        (way, int(found.start_s), Figure(found.loss_percent, "%"), Figure(found.jitter_ms, "ms"), Figure(found.mos))
        for way, found in stretches
        if found
    ]
    yield from _table("Worst 15 seconds", ("Direction", "From second", "Loss (%)", "Jitter (ms)", "MOS"), rows)


def calls(voice: Voice) -> Iterator[Table]:
    """Yield the worst, the median and the best of several calls at once."""
    rows = [(f"{name}: {call.call}", *_call(call.up), *_call(call.down)) for name, call in ranked(voice)]
    headings = ("Call", "Up loss (%)", "Up jitter (ms)", "Up MOS", "Down loss (%)", "Down jitter (ms)", "Down MOS")
    yield from _table(f"{voice.calls} calls at once", headings, rows)


def costs(voice: Voice) -> Iterator[Table]:
    """Yield how many points of R each impairment took, if that is known."""
    names = dict.fromkeys(cost.impairment for cost in (*voice.up.costs, *voice.down.costs))
    rows = [(name, _points(voice.up, name), _points(voice.down, name)) for name in names]
    yield from _table("Points of R that were lost", ("Impairment", "Up", "Down"), rows)


def codecs(voice: Voice) -> Iterator[Table]:
    """Yield the MOS that other codecs would have had on this path, if they were computed."""
    rows = [(quality.codec, Figure(quality.up), Figure(quality.down), quality.note) for quality in voice.mos_by_codec]
    yield from _table("MOS by codec", ("Codec", "Up", "Down", "Note"), rows)


def delays(voice: Voice) -> Iterator[Table]:
    """Yield how delays were spread: the round trip, and in each direction what was above the least delay (RFC 5481)."""
    trip = voice.round_trip
    rows = [_delay("Round trip", trip.min_ms, trip.p50_ms, trip.p95_ms, trip.p99_ms, trip.max_ms)] if trip.avg_ms is not None else []
    ways = {"Up": voice.up, "Down": voice.down} if voice.basis is Basis.DIRECTION else {"Round trip": voice.up}
    for way, direction in ways.items():
        if direction.pdv_ms:  # the least is what the others are above
            above = direction.pdv_ms
            rows.append(_delay(f"{way}, above the least", 0.0, above.p50, above.p95, above.p99, above.max))
    yield from _table("Delays (ms)", ("Way", "Least", "Median", "p95", "p99", "Most"), rows)


def _delay(name: str, *values: float | None) -> Sequence[Cell]:
    return name, *(Figure(value, "ms") for value in values)


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[Table]:
    if rows:
        yield Table(title, headings, rows)


def _buffer(direction: Direction, name: str) -> tuple[Figure, Figure]:
    found = next((buffer for buffer in direction.buffers if buffer.name == name), None)
    return Figure(found.discard_percent if found else None, "%"), Figure(found.delay_ms if found else None, "ms")


def _call(direction: CallDirection) -> tuple[Figure, Figure, Figure]:
    return Figure(direction.loss_percent, "%"), Figure(direction.jitter_ms, "ms"), Figure(direction.mos)


def _points(direction: Direction, name: str) -> Figure:
    return Figure(next((cost.points for cost in direction.costs if cost.impairment == name), None), "points")
