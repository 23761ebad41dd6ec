"""Voice samples for tests: a network is described probe by probe, and what sender and reflector would have noted comes out.

A way is one entry per packet: the delays (ms) of its copies, empty when it was lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from nra.model.codec import Codec, EModel, Standing
from nra.model.criteria import Criterion, Operator, Thresholds
from nra.model.sample import ABSENT, CallLedger, InstrumentSample, StampKind, StreamSample, VoiceSample, column

MS = 1_000_000
START_NS = 1_780_000_000_000_000_000
INTERVAL_MS = 20
TURNAROUND_NS = 50_000
EF_TOS = 46 << 2

Way = Sequence[Sequence[float]]
Row = tuple[int, int, int, int, int, int, int, int, int, int]

G711 = Codec(
    name="g711",
    title="G.711 with PLC",
    model=EModel.NARROWBAND,
    ie=0.0,
    bpl=25.1,
    lookahead_ms=0.0,
    payload_bytes_per_ms=8.0,
    standing=Standing.ITU,
    source="test",
)
G722 = Codec(
    name="g722",
    title="G.722",
    model=EModel.WIDEBAND,
    ie=13.0,
    bpl=4.5,
    lookahead_ms=1.5,
    payload_bytes_per_ms=8.0,
    standing=Standing.PROVISIONAL,
    source="test",
)
OPUS = Codec(
    name="opus",
    title="Opus",
    model=EModel.FULLBAND,
    ie=17.0,
    bpl=10.4,
    lookahead_ms=6.5,
    payload_bytes_per_ms=4.0,
    standing=Standing.ESTIMATE,
    source="test",
)
CODECS = (G711, G722, OPUS)

_COLUMNS = tuple(field.name for field in fields(StreamSample))
_LIMITS = (
    ("up_jitter_ms", "Up Jitter", "ms", "<", 30, 20),
    ("down_jitter_ms", "Down Jitter", "ms", "<", 30, 20),
    ("up_loss_percent", "Up Packet Loss", "%", "<", 1, 0.5),
    ("down_loss_percent", "Down Packet Loss", "%", "<", 1, 0.5),
    ("up_discard_percent", "Up Packet Discards", "%", "<", 5, 2),
    ("down_discard_percent", "Down Packet Discards", "%", "<", 5, 2),
    ("up_order_percent", "Up Packet Order", "%", ">=", 98, 99.5),
    ("down_order_percent", "Down Packet Order", "%", ">=", 98, 99.5),
    ("round_trip_avg_ms", "Round Trip Average Time", "ms", "<", 150, 100),
    ("up_mos", "Upstream MOS Score", "MOS", ">=", 3.6, 4.0),
    ("down_mos", "Downstream MOS Score", "MOS", ">=", 3.6, 4.0),
)
GENESYS = Thresholds(
    name="genesys-cloud",
    source="test",
    checked="2026-11-22",
    limits=tuple(
        Criterion(key=key, label=label, unit=unit, operator=Operator(operator), limit=limit, warn=warn)
        for key, label, unit, operator, limit, warn in _LIMITS
    ),
)


@dataclass(frozen=True)
class Truth:
    """What really happened to one call, by probe, and how many replies the reflector sent."""

    lost_up: frozenset[int]
    lost_down: frozenset[int]
    reflected: int


def steady(probes: int, delay_ms: float = 20.0) -> list[tuple[float, ...]]:
    """Return a way on which every packet takes the same time."""
    return [(delay_ms,)] * probes


def losing(probes: int, lost: Sequence[int] | range, delay_ms: float = 20.0) -> list[tuple[float, ...]]:
    """Return a way on which these packets are lost."""
    gone = set(lost)
    return [() if packet in gone else (delay_ms,) for packet in range(probes)]


def random_way(
    rng: np.random.Generator, probes: int, *, loss: float = 0.0, copies: float = 0.0, jitter_ms: float = 0.0
) -> list[tuple[float, ...]]:
    """Return a way with random loss, duplication and delay; jitter above the interval makes packets overtake."""
    way = []
    for _ in range(probes):
        count = 0 if rng.random() < loss else 1 + int(rng.random() < copies)
        way.append(tuple(10.0 + float(rng.random()) * jitter_ms for _ in range(count)))
    return way


def call_rows(up: Way, down: Way, *, call: int = 0, offset_ns: int = 0, recorded: bool = False) -> tuple[list[Row], Truth]:
    """Return the rows of one call through a stateful reflector whose clock is ahead by `offset_ns`, in order of arrival.

    `down` is indexed by the reflector's own number (the last entry holds for all further replies); `recorded` adds the rows
    that the reflector's receive record knows of replies that were lost.
    """
    sent_ns = [START_NS + probe * INTERVAL_MS * MS for probe in range(len(up))]
    at_reflector = sorted((sent_ns[probe] + round(delay * MS), probe) for probe, copies in enumerate(up) for delay in copies)
    rows: list[Row] = []
    for number, (there_ns, probe) in enumerate(at_reflector):
        t2 = there_ns + offset_ns
        t3 = t2 + TURNAROUND_NS
        replies = down[min(number, len(down) - 1)]
        for delay in replies:
            t4 = there_ns + TURNAROUND_NS + round(delay * MS)
            rows.append((call, probe, sent_ns[probe], t2, t3, t4, number, 250, EF_TOS, EF_TOS))
        if recorded and not replies:
            rows.append((call, probe, sent_ns[probe], t2, t3, ABSENT, number, ABSENT, ABSENT, ABSENT))
    rows.sort(key=lambda row: (row[5] == ABSENT, row[5]))
    seen, answered = {row[1] for row in rows}, {row[1] for row in rows if row[5] != ABSENT}
    rows += [
        (call, probe, sent_ns[probe], ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT)
        for probe in range(len(up))
        if probe not in seen
    ]
    arrived_up = {probe for _, probe in at_reflector}
    return rows, Truth(
        lost_up=frozenset(range(len(up))) - arrived_up, lost_down=frozenset(arrived_up - answered), reflected=len(at_reflector)
    )


def echo_rows(way: Way, *, call: int = 0) -> list[Row]:
    """Return the rows of one call against a peer that stamps and counts nothing."""
    rows: list[Row] = []
    for probe, copies in enumerate(way):
        t1 = START_NS + probe * INTERVAL_MS * MS
        arrivals = [t1 + round(delay * MS) for delay in copies] or [ABSENT]
        rows += [(call, probe, t1, ABSENT, ABSENT, t4, ABSENT, ABSENT, ABSENT, ABSENT) for t4 in arrivals]
    return sorted(rows, key=lambda row: (row[5] == ABSENT, row[5]))


def voice_sample(rows: Sequence[Row], *ledgers: CallLedger, **changes: Any) -> VoiceSample:
    """Return a sample of these rows in order; whatever else is not given is that of a quiet workstation and STAMP."""
    columns = [column(cells) for cells in zip(*rows, strict=True)] if rows else [column() for _ in range(10)]
    values: dict[str, Any] = {
        "method": "stamp",
        "host": "reflector.example",
        "port": 20862,
        "address": "192.0.2.1",
        "local_address": "192.0.2.2",
        "interval_ms": float(INTERVAL_MS),
        "payload_bytes": 172,
        "codec": "g711",
        "dscp": 46,
        "calls": len(ledgers),
        "start_ns": START_NS,
        "stream": StreamSample(**dict(zip(_COLUMNS, columns, strict=True))),
        "ledgers": ledgers,
        "instrument": quiet_instrument(),
    }
    return VoiceSample(**(values | changes))


def ledger(
    rows: Sequence[Row],
    *,
    call: int = 0,
    stateful: bool | None = True,
    reflected: int | None = None,
    fates_known: bool = False,
    not_sent: int = 0,
) -> CallLedger:
    """Return the ledger of one call's rows."""
    sent = len({row[1] for row in rows if row[0] == call})
    return CallLedger(call=call, sent=sent, not_sent=not_sent, stateful=stateful, reflected=reflected, fates_known=fates_known)


def quiet_instrument(**changes: Any) -> InstrumentSample:
    """Return an instrument without error of its own."""
    values: dict[str, Any] = {
        "tx_stamps": StampKind.USER,
        "rx_stamps": StampKind.KERNEL,
        "send_late_ns": column([0] * 100),
        "receive_delay_ns": column([0] * 100),
        "local_drops": 0,
    }
    return InstrumentSample(**(values | changes))


def stamp_sample(up: Way, down: Way, *, offset_ns: int = 0, told: bool = True, recorded: bool = False, **changes: Any) -> VoiceSample:
    """Return one call through a stateful reflector; `told` is whether the reflector said how many replies it sent."""
    rows, truth = call_rows(up, down, offset_ns=offset_ns, recorded=recorded)
    known = ledger(rows, reflected=truth.reflected if told else None, fates_known=recorded)
    return voice_sample(rows, known, **changes)


def echo_sample(way: Way, **changes: Any) -> VoiceSample:
    """Return one call against a peer that echoes: only the round trip is known."""
    rows = echo_rows(way)
    return voice_sample(rows, ledger(rows, stateful=None), **({"method": "echo"} | changes))
