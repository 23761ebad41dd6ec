"""Codecs as data: sizes for the stream, impairment factors for the E-model, each with source and standing."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How far a planning value may be trusted."""

    ITU = "ITU"
    PROVISIONAL = "provisional"
    ESTIMATE = "estimate"


class EModel(StrEnum):
    """Which E-model: narrowband, wideband or fullband. MOS values of different models are never compared."""

    NARROWBAND = "g107"
    WIDEBAND = "g107.1"
    FULLBAND = "g107.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One codec at one rate: `payload_bytes_per_ms` of RTP payload, `ie` and `bpl` on the scale of `model`."""

    name: str
    title: str
    model: EModel
    ie: float
    bpl: float
    lookahead_ms: float
    payload_bytes_per_ms: float
    standing: Standing
    source: str
