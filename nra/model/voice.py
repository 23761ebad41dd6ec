"""The voice half of the run document (docs/run-document.md): what became of the streams, in the words of the contract."""

from dataclasses import dataclass, field
from typing import Final

from nra.model.sample import NotTaken, ReflectorFacts, StampKind
from nra.model.verdict import Basis

DELAY_EDGES_MS: Final = (
    0.0,
    0.5,
    1.0,
    2.0,
    3.0,
    5.0,
    7.0,
    10.0,
    15.0,
    20.0,
    30.0,
    40.0,
    60.0,
    80.0,
    100.0,
    150.0,
    200.0,
    300.0,
    500.0,
    1000.0,
)
"""Where the bars of every run's histogram begin: narrow where good networks differ, the fixed de-jitter buffers among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What was measured against."""

    host: str
    port: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdv:
    """Packet delay variation, RFC 5481: delay above the minimum, nearest-rank percentiles."""

    p50: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayBin:
    """One bar of a histogram: packets whose delay above the minimum is more than `above_ms` (or is 0) and at most `most_ms`.

    The last bar has no end.
    """

    above_ms: float
    most_ms: float | None
    packets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferOutcome:
    """What a de-jitter buffer would have done to the stream: packets too late, and the delay that it adds on average."""

    name: str
    discards: int
    discard_percent: float
    delay_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """How many points of R one impairment took: the answer to "why is my MOS 3.4"."""

    impairment: str
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """One direction's numbers (with basis "round trip": the round trip's, which bound each direction)."""

    expected: int | None = None
    received: int | None = None
    lost: int | None = None
    loss_percent: float | None = None
    duplicates: int | None = None
    reordered: int | None = None
    order_percent: float | None = None
    jitter_ms: float | None = None
    jitter_max_ms: float | None = None
    pdv_ms: Pdv | None = None
    discards: int | None = None
    discard_percent: float | None = None
    burst_r: float | None = None
    longest_loss: int | None = None
    mos: float | None = None
    r_factor: float | None = None
    dscp_seen: int | None = None
    buffers: tuple[BufferOutcome, ...] = ()
    costs: tuple[Cost, ...] = ()
    note: str | None = None
    delays: tuple[DelayBin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """(T4 - T1) - (T3 - T2), and how many probes had no answer at all."""

    min_ms: float | None = None
    avg_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    lost: int | None = None
    loss_percent: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecQuality:
    """MOS on this path for one codec; MOS of different bandwidths are never compared."""

    codec: str
    up: float | None
    down: float | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowDirection:
    """One second of one direction."""

    loss_percent: float | None = None
    jitter_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One second of the stream, by time of sending."""

    start_s: float
    up: WindowDirection
    down: WindowDirection
    rtt_avg_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstWindow:
    """The 15 s of one direction with the lowest MOS."""

    start_s: float
    length_s: float
    loss_percent: float | None
    jitter_ms: float | None
    mos: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The worst 15 s each way; None where the stream was too short or the direction is unknown."""

    up: WorstWindow | None = None
    down: WorstWindow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A distribution in three numbers, nearest rank."""

    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """The workstation as an instrument: its own error beside the network's numbers."""

    tx_stamps: StampKind
    rx_stamps: StampKind
    send_late_ms: Spread | None
    receive_delay_ms: Spread | None
    local_drops: int | None
    steady: bool
    note: str | None = None
    send_delay_ms: Spread | None = None
    pacing: str = ""
    receive_buffer_bytes: int | None = None
    not_taken: tuple[NotTaken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDirection:
    """One call in one direction, by the definitions of the whole."""

    loss_percent: float | None = None
    jitter_ms: float | None = None
    discard_percent: float | None = None
    mos: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuality:
    """One of several simultaneous calls, numbered from 0 as in the packet record."""

    call: int
    up: CallDirection
    down: CallDirection
    rtt_avg_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """The voice half of a run; `silent_since_s` is when the peer stopped answering, None if it did not."""

    method: str
    target: Endpoint
    basis: Basis
    interval_ms: float
    payload_bytes: int
    codec: str
    dscp: int
    calls: int
    sent: int
    not_sent: int
    lost_unknown: int
    up: Direction
    down: Direction
    round_trip: RoundTrip
    mos_by_codec: tuple[CodecQuality, ...]
    windows: tuple[Window, ...]
    instrument: Instrument
    worst_15s: Worst = field(default_factory=Worst)
    silent_since_s: float | None = None
    note: str | None = None
    per_call: tuple[CallQuality, ...] = ()
    reflector: ReflectorFacts | None = None
