"""From a direction's numbers to R and MOS (ITU-T G.107), what each impairment cost, and the same for other codecs.

The round trip does not tell which half of it a direction takes, so one-way delay is half of it: symmetric delay is assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from nra.model.codec import Codec, EModel, Standing
from nra.model.voice import CodecQuality, Cost
from nra.scoring.emodel import EModelParameters, EModelResult, rate, with_echo_path
from nra.scoring.jitter_buffer import NOMINAL_MS

SCALES: Final = {
    EModel.NARROWBAND: "narrowband scale (G.107)",
    EModel.WIDEBAND: "wideband scale (G.107.1)",
    EModel.FULLBAND: "fullband scale (G.107.2)",
}
STANDINGS: Final = {Standing.ITU: "", Standing.PROVISIONAL: ", provisional", Standing.ESTIMATE: ", estimate, not an ITU value"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairments:
    """What the E-model is told of one direction; None is what was not measured."""

    loss_percent: float | None
    discard_percent: float | None
    burst_r: float | None
    rtt_avg_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityEstimate:
    """One direction's quality: R not below 0, MOS-CQE in 1..4.5, and the points of R that each impairment took, in order.

    The costs add up to the best R of the codec's scale minus `r_factor`.
    """

    r_factor: float
    mos: float
    one_way_delay_ms: float
    ppl_percent: float
    costs: tuple[Cost, ...]
    outside: tuple[str, ...]


def one_way_delay_ms(rtt_ms: float, interval_ms: float, codec: Codec) -> float:
    """Return mouth-to-ear delay as far as it is known: half the round trip, the buffer, packetization, codec look-ahead."""
    return rtt_ms / 2 + NOMINAL_MS + interval_ms + codec.lookahead_ms


def estimate(impairments: Impairments, codec: Codec, interval_ms: float, *, echo_path: bool = False) -> QualityEstimate | None:
    """Return the quality by the codec's own E-model, or None when an input is missing: absence never improves a score."""
    loss, discards, burst_r, rtt = impairments.loss_percent, impairments.discard_percent, impairments.burst_r, impairments.rtt_avg_ms
    if loss is None or discards is None or burst_r is None or rtt is None:
        return None
    delay_ms = one_way_delay_ms(rtt, interval_ms, codec)
    stages = _stages(delay_ms, loss, discards, burst_r, codec, echo_path=echo_path)
    results = [(name, rate(codec.model, parameters)) for name, parameters in stages]
    last = results[-1][1]
    return QualityEstimate(
        r_factor=max(0.0, last.r),
        mos=last.mos,
        one_way_delay_ms=delay_ms,
        ppl_percent=loss + discards,
        costs=_costs(results),
        outside=last.outside,
    )


def mos_of(impairments: Impairments, codec: Codec, interval_ms: float) -> float | None:
    """Return MOS alone, sooner than `estimate` does, which also tells what each impairment cost."""
    loss, discards, burst_r, rtt = impairments.loss_percent, impairments.discard_percent, impairments.burst_r, impairments.rtt_avg_ms
    if loss is None or discards is None or burst_r is None or rtt is None:
        return None
    ta_ms = one_way_delay_ms(rtt, interval_ms, codec)
    return rate(codec.model, EModelParameters(bpl=codec.bpl, ta_ms=ta_ms, ie=codec.ie, ppl_percent=loss + discards, burst_r=burst_r)).mos


def mos_by_codec(up: Impairments, down: Impairments, codecs: Sequence[Codec], interval_ms: float) -> tuple[CodecQuality, ...]:
    """Return MOS both ways for each codec; the note names the scale and how far the codec's values may be trusted."""
    return tuple(
        CodecQuality(codec=codec.name, up=mos_of(up, codec, interval_ms), down=mos_of(down, codec, interval_ms), note=scale_note(codec))
        for codec in codecs
    )


def scale_note(codec: Codec) -> str:
    """Return on which scale the codec's MOS stands and, unless ITU-T gives its values, that it does not."""
    return SCALES[codec.model] + STANDINGS[codec.standing]


def _stages(
    delay_ms: float, loss_percent: float, discard_percent: float, burst_r: float, codec: Codec, *, echo_path: bool
) -> list[tuple[str, EModelParameters]]:
    """Return the impairments in the order in which they are switched on, each with all before it."""
    best = EModelParameters(bpl=codec.bpl)
    delayed = replace(best, ta_ms=delay_ms)
    echoing = with_echo_path(delayed) if echo_path else delayed
    coded = replace(echoing, ie=codec.ie)
    stages = [
        ("best", best),
        ("delay", delayed),
        ("echo", echoing),
        ("codec", coded),
        ("loss", replace(coded, ppl_percent=loss_percent, burst_r=burst_r)),
        ("discards", replace(coded, ppl_percent=loss_percent + discard_percent, burst_r=burst_r)),
    ]
    return [(name, parameters) for name, parameters in stages if echo_path or name != "echo"]


def _costs(results: Sequence[tuple[str, EModelResult]]) -> tuple[Cost, ...]:
    """R is held at 0 at every stage: nothing can be taken from a call that has nothing left."""
    left = [max(0.0, result.r) for _, result in results]
    return tuple(
        Cost(impairment=name, points=before - after) for (name, _), before, after in zip(results[1:], left, left[1:], strict=False)
    )
