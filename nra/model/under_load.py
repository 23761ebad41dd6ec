"""Bandwidth and quality under load (`nra run --load`): what was moved each way, and what it did to a call beside it."""

from dataclasses import dataclass

from nra.model.load import Burden, LimitedBy
from nra.model.voice import CallDirection


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadWay:
    """One direction of the load: octets that arrived and the rate, both with IP and UDP headers, and the calls that the rate is worth."""

    octets: int
    mbit_s: float | None
    limited_by: LimitedBy | None
    calls: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceBeside:
    """The numbers of a voice stream, or by how much those of two differ."""

    up: CallDirection
    down: CallDirection
    rtt_avg_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPhase:
    """Some seconds of load: `up` and `down` are None where it did not go, `loaded` and `change` (loaded minus unloaded) without a voice.

    A voice stream that an unsteady workstation sent gives no numbers: the note says why.
    """

    burden: Burden
    seconds: float
    up: LoadWay | None
    down: LoadWay | None
    loaded: VoiceBeside | None = None
    change: VoiceBeside | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of `--load`; a call takes `call_kbit_s` each way with the `headers_bytes` of RTP, UDP and IP that each packet has."""

    most_megabytes: int
    headers_bytes: int | None
    call_kbit_s: float | None
    phases: tuple[LoadPhase, ...]
    note: str | None = None
