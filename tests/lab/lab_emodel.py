"""The E-model a second time: echo-free calls only, all that a network tester needs; checked against tests/vectors.

G.107 with its defaults leaves, without echo, Ro - Is = 94.7688 - 1.4136 and Idle = 0.1490 as constants: R = 93.2062 - Idd - Ie,eff.
G.107.1 is 129 - 0.1537 - 1.29 Idd - Ie,eff, G.107.2 is 148 - 1.48 Idd - Ie,eff with 132 for 95 in Ie,eff.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Scale:
    """One bandwidth: R of the perfect call, by how much the scale is stretched, the ceiling of Ie,eff, whether bursts count."""

    best: float
    stretch: float
    ceiling: float
    bursty: bool


G107: Final = Scale(94.7688215794 - 1.413568 - 0.149046, 1.0, 95.0, bursty=True)
G107_1: Final = Scale(129 - 0.153685, 1.29, 95.0, bursty=False)
G107_2: Final = Scale(148.0, 1.48, 132.0, bursty=False)
SCALES: Final = {"G.107": G107, "G.107.1": G107_1, "G.107.2": G107_2}


@dataclass(frozen=True, slots=True)
class PlanningValues:
    """What a codec costs: Ie and Bpl on its scale, look-ahead in milliseconds."""

    scale: Scale
    ie: float
    bpl: float
    lookahead_ms: float


CODECS: Final = {  # G.113 Appendices I and IV; g722 and opus are provisional and an estimate (sources: nra/catalogue/data/codecs.toml)
    "g711": PlanningValues(G107, 0.0, 25.1, 0.0),
    "g722": PlanningValues(G107_1, 13.0, 4.5, 1.5),
    "g729": PlanningValues(G107, 11.0, 19.0, 5.0),
    "opus": PlanningValues(G107_2, 17.0, 10.4, 6.5),
}
BUFFER_MS: Final = 60.0


def idd(delay_ms: float) -> float:
    """Return what an absolute delay costs (G.107, 7.4, default delay class: sT = 1, mT = 100 ms)."""
    if delay_ms <= 100:
        return 0.0
    x = log2(delay_ms / 100)
    return 25 * float((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)


def ie_eff(codec: PlanningValues, ppl_percent: float, burst_r: float) -> float:
    """Return what codec and packet loss cost together (G.107, 7.5)."""
    ratio = burst_r if codec.scale.bursty else 1.0
    return codec.ie + (codec.scale.ceiling - codec.ie) * ppl_percent / (ppl_percent / ratio + codec.bpl)


def r_factor(codec: PlanningValues, delay_ms: float, ppl_percent: float, burst_r: float) -> float:
    """Return R strictly by formula."""
    return codec.scale.best - codec.scale.stretch * idd(delay_ms) - ie_eff(codec, ppl_percent, burst_r)


def mos(r: float) -> float:
    """Return the MOS strictly by G.107, Annex B, of an R on the narrowband scale."""
    return 1.0 if r <= 0 else 4.5 if r >= 100 else 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6


def quality(codec: PlanningValues, numbers: dict[str, Any], rtt_ms: float | None, interval_ms: float) -> dict[str, Any]:
    """Return R, MOS and what each impairment took of R for one direction's numbers; None where an input is absent (contract 3)."""
    loss, discards, ratio = numbers["loss_percent"], numbers["discard_percent"], numbers["burst_r"]
    if loss is None or discards is None or ratio is None or rtt_ms is None:
        return {"r_factor": None, "mos": None, "costs": []}
    delay_ms = rtt_ms / 2 + BUFFER_MS + interval_ms + codec.lookahead_ms
    bare = codec.scale.best - codec.scale.stretch * idd(delay_ms)
    stages = {
        "delay": bare,
        "codec": bare - codec.ie,
        "loss": r_factor(codec, delay_ms, loss, ratio),
        "discards": r_factor(codec, delay_ms, loss + discards, ratio),
    }
    r = stages["discards"]
    shown = min(4.5, max(1.0, mos(r / codec.scale.stretch)))
    return {"r_factor": max(0.0, r), "mos": shown, "costs": costs(codec.scale.best, stages)}


def costs(best: float, stages: dict[str, float]) -> Sequence[dict[str, Any]]:
    """Return by how much each stage is below the one before; nothing can be taken from a call that has nothing left."""
    taken, left = [], best
    for name, r in stages.items():
        taken.append({"impairment": name, "points": left - max(0.0, r)})
        left = max(0.0, r)
    return taken
