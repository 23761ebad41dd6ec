"""Bandwidth and quality under load in words: what each direction carried, and what the load did to the call beside it."""

from dataclasses import dataclass, replace
from typing import Final

from nra.model.load import Burden, LimitedBy
from nra.model.under_load import Load, LoadPhase, LoadWay, VoiceBeside
from nra.model.voice import CallDirection
from nra.report.cells import NOT_MEASURED, clean, number

TITLE: Final = "Under load"
HEADER: Final = (
    "Load",
    "Direction",
    "Megabytes",
    "Mbit/s",
    "Limited by",
    "Calls that fit",
    "Jitter change (ms)",
    "Loss change (%)",
    "Discards change (%)",
    "MOS change",
    "Round trip change (ms)",
    "Note",
)
NOTE_ONLY: Final = "none"  # the load of a row that only says why there are no others
AT_LEAST: Final = "at least "
BURDENS: Final = {Burden.UP: "With load up", Burden.DOWN: "With load down", Burden.BOTH: "With load both ways"}
HINDRANCES: Final = {LimitedBy.INSTRUMENT: "the load generator was the limit", LimitedBy.CAP: "the cap on octets ended it early"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRow:
    """One direction of a phase as printed: the load in it, if there was any, and by how much the call's numbers differ in it."""

    load: str
    direction: str
    megabytes: str
    mbit_s: str
    limited_by: str
    calls: str
    jitter: str
    loss: str
    discards: str
    mos: str
    round_trip: str
    note: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as it is printed, under HEADER."""
        return (
            self.load,
            self.direction,
            self.megabytes,
            self.mbit_s,
            self.limited_by,
            self.calls,
            self.jitter,
            self.loss,
            self.discards,
            self.mos,
            self.round_trip,
            self.note,
        )


def load_row(cells: tuple[str, ...]) -> LoadRow:
    """Return the row that was printed as these cells."""
    return LoadRow(**dict(zip(LoadRow.__dataclass_fields__, cells, strict=True)))


def load_rows(load: Load | None) -> tuple[LoadRow, ...]:
    """Return two rows for each phase, up and down; without phases one that says why, none where nobody asked."""
    if load is None:
        return ()
    rows = [row for phase in load.phases for row in _rows(phase)]
    return tuple(rows) or (load_row((NOTE_ONLY, *("" for _ in HEADER[2:]), clean(load.note))),)


def load_lines(load: Load | None, codec: str) -> tuple[str, ...]:
    """Return a sentence on what the path carries, and one for each phase on what the load did; nothing where nobody asked."""
    if load is None:
        return ()
    carried = _carried(load, codec)
    why = load.note or ("" if carried else next((phase.note for phase in load.phases if phase.note), ""))
    said = [f"Bandwidth: {carried}" if carried else "Bandwidth was not measured", why]
    return (": ".join(filter(None, said)) if not carried else "; ".join(filter(None, said)), *map(_did, load.phases))


def _carried(load: Load, codec: str) -> str:
    """Return the best rate each way, with the calls that it is worth."""
    found = []
    for name, burden in (("up", Burden.UP), ("down", Burden.DOWN)):
        way = next((getattr(phase, name) for phase in load.phases if phase.burden is burden), None)
        if way is not None and way.mbit_s is not None:
            least = "" if way.limited_by is LimitedBy.NETWORK else AT_LEAST
            found.append(f"{name} {least}{number(way.mbit_s, 'Mbit/s')} Mbit/s{_room(way, codec)}{_hindered(way)}")
    if not found:
        return ""
    each = "" if load.call_kbit_s is None else f"; a call takes {load.call_kbit_s:g} kbit/s each way with IP, UDP and RTP headers"
    return f"{', '.join(found)}{each}"


def _room(way: LoadWay, codec: str) -> str:
    return "" if way.calls is None else f" (room for {way.calls} call{'' if way.calls == 1 else 's'} of {codec} by the rate alone)"


def _hindered(way: LoadWay) -> str:
    hindrance = None if way.limited_by is None else HINDRANCES.get(way.limited_by)
    return f", where {hindrance}" if hindrance else ""


def _did(phase: LoadPhase) -> str:
    """Return what the load of a phase did to the call beside it."""
    said = BURDENS[phase.burden]
    if phase.change is None or phase.loaded is None:
        return f"{said} nothing is known of the call beside it: {phase.note or NOT_MEASURED}"
    trip = "" if phase.change.rtt_avg_ms is None else f"round trip {_signed(phase.change.rtt_avg_ms, 'ms')}"
    ways = [f"{name} {_changes(side)}" for name, side in (("up", phase.change.up), ("down", phase.change.down)) if _changes(side)]
    return f"{said} the call beside it changed by: {'; '.join(filter(None, (trip, *ways))) or NOT_MEASURED}"


def _changes(change: CallDirection) -> str:
    named = (
        ("jitter", change.jitter_ms, "ms"),
        ("loss", change.loss_percent, "%"),
        ("discards", change.discard_percent, "%"),
        ("MOS", change.mos, ""),
    )
    return ", ".join(f"{name} {_signed(value, unit)}" for name, value, unit in named if value is not None)


def _rows(phase: LoadPhase) -> tuple[LoadRow, LoadRow]:
    nothing = VoiceBeside(up=CallDirection(), down=CallDirection(), rtt_avg_ms=None)
    change = phase.change or nothing
    return (
        _row(phase, "up", phase.up, change.up, change.rtt_avg_ms),
        replace(_row(phase, "down", phase.down, change.down, change.rtt_avg_ms), note=""),  # it stands beside up already
    )


def _row(phase: LoadPhase, direction: str, way: LoadWay | None, change: CallDirection, rtt_ms: float | None) -> LoadRow:
    return LoadRow(
        load=phase.burden,
        direction=direction,
        megabytes="" if way is None else number(way.octets / 1e6, "MB", 1),
        mbit_s=_rate(way),
        limited_by="" if way is None else way.limited_by or "",
        calls="" if way is None or way.calls is None else str(way.calls),
        jitter=number(change.jitter_ms, "ms"),
        loss=number(change.loss_percent, "%"),
        discards=number(change.discard_percent, "%"),
        mos=number(change.mos, ""),
        round_trip=number(rtt_ms, "ms"),
        note=clean(phase.note),
    )


def _rate(way: LoadWay | None) -> str:
    if way is None or way.mbit_s is None:
        return ""
    return f"{'' if way.limited_by is LimitedBy.NETWORK else AT_LEAST}{number(way.mbit_s, 'Mbit/s')}"


def _signed(value: float, unit: str) -> str:
    """Return a difference with its sign and unit."""
    text = number(value, unit)
    return f"{'' if text.startswith('-') or not float(text) else '+'}{text} {unit}".rstrip()
