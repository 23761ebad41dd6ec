"""The run document (`nra-run/1`, docs/run-document.md): everything a run found out, in the words of the contract.

What was not measured is None, never 0. Milliseconds, percent (0..100) and bytes are in the names.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from nra.model.capacity import EndedBy, Outcome
from nra.model.criteria import Thresholds
from nra.model.observation import PortState
from nra.model.region import Side
from nra.model.sample import StampKind
from nra.model.verdict import Basis, Overall, Verdict

SCHEMA: Final = "nra-run/1"
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """The organization as typed, and its short name as used in file names."""

    name: str
    shortname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The workstation that measured."""

    name: str
    os: str
    os_version: str | None = None
    machine: str | None = None
    python: str | None = None
    local_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """One method that `auto` considered: taken or not, and why."""

    method: str
    taken: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options as given, after configuration and defaults."""

    method: str
    duration_s: float
    interval_ms: float
    codec: str
    calls: int
    dscp: int
    services: tuple[str, ...]
    only: Literal["voice", "firewall"] | None
    reflector: str | None
    authenticated: bool
    thresholds: str
    calls_until_breach: int | None = None
    pin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What the run really did: the method with the reason it was taken, and where options came from."""

    method: str | None
    why: str
    ladder: tuple[LadderStep, ...]
    config: str | None
    elapsed_s: float | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Who measured, when, where, how and with what; times are ISO 8601 in UTC.

    `packages` are the foreign packages with their versions, `stick` the SHA-256 of the manifest of the stick that it was started from.
    """

    id: str
    tool_version: str
    started_at: str
    ended_at: str
    org: Org
    site: str | None
    seat: str | None
    case: str | None
    host: Host
    region: str
    asked: Asked
    used: Used
    packages: tuple[str, ...] = ()
    stick: str | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallCheck:
    """One row of the Firewall column; `port` is text because it may be a range.

    `at` says whose host was asked, `allow_to` what a rule must let through, `source` who says so; `refused_by` is the host itself or
    something on the way, None where that is not known; `partly` says that some ports of a range that is not open answered.
    """

    port: str
    protocol: str
    service: str
    purpose: str
    destination: str
    address: str | None
    required: bool
    state: PortState
    verdict: Verdict
    evidence: str
    connect_ms: float | None
    at: Side = Side.SERVICE
    allow_to: str = ""
    source: str = ""
    refused_by: Literal["host", "way"] | None = None
    partly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One row of the VOIP column, in the contract's order; `limit` in words such as "< 30"."""

    key: str
    label: str
    value: float | None
    unit: str
    limit: str
    verdict: Verdict
    basis: Basis | None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that stands out: where it lies, what was seen, what to do; severity info, warn or fail."""

    where: str
    severity: Literal["info", "warn", "fail"]
    text: str
    evidence: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityStep:
    """One stream of so many calls: what it came to, and each way the row that used up most of its limit."""

    calls: int
    outcome: Outcome
    sent: int | None = None
    not_sent: int | None = None
    up: Metric | None = None
    down: Metric | None = None
    round_trip: Metric | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How many calls the path carries at once (`--calls-until-breach`).

    `carried` is the largest number that was carried, twice if `confirmed`; `stopped_at` the smallest that twice was not; `broke` the row
    that broke its limit there.
    """

    most_calls: int
    carried: int | None
    confirmed: bool
    stopped_at: int | None
    ended_by: EndedBy
    broke: Metric | None
    step_s: float
    steps: tuple[CapacityStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocument:
    """All of one run.

    `voice` and `firewall` are None when they were skipped or could not be measured at all, `capacity` when nobody asked for it.
    """

    schema: str
    verdict: Overall
    run: Run
    voice: Voice | None
    firewall: tuple[FirewallCheck, ...] | None
    metrics: tuple[Metric, ...]
    findings: tuple[Finding, ...]
    thresholds: Thresholds
    capacity: Capacity | None = None
