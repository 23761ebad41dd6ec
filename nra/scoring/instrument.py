"""The workstation as an instrument: its own error stands beside the network's numbers, and too much of it voids the verdict."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nra.model.sample import InstrumentSample
from nra.model.voice import Instrument, Spread, Voice
from nra.scoring.clocks import STEADY, ClockFault
from nra.scoring.statistics import NS_PER_MS, nearest_rank, percent

LATE_NS: Final = 5_000_000  # a send that is later than this disturbs a 20 ms grid by a quarter
LATE_LIMIT_PERCENT: Final = 1.0
NOT_SENT_LIMIT_PERCENT: Final = 1.0


def instrument(sample: InstrumentSample, sent: int, not_sent: int, far_clocks: Sequence[ClockFault] = ()) -> Instrument:
    """Return the instrument's own error and whether it was steady; the note names each reason why it was not, and clocks that were wrong.

    All calls have the same reflector: what the first of them shows of its clock is told.
    """
    reasons = _reasons(sample, sent, not_sent)
    steps = [f"the wall clock stepped by {step / NS_PER_MS:.1f} ms" for step in sample.clock_steps_ns]
    steps += _taken_off(next((clock for clock in far_clocks if clock != STEADY), STEADY))
    return Instrument(
        tx_stamps=sample.tx_stamps,
        rx_stamps=sample.rx_stamps,
        send_late_ms=spread_ms(sample.send_late_ns),
        receive_delay_ms=spread_ms(sample.receive_delay_ns),
        local_drops=sample.local_drops,
        steady=not reasons,
        note="; ".join(reasons + steps) or None,
        send_delay_ms=spread_ms(sample.send_delay_ns),
        pacing=sample.pacing,
        receive_buffer_bytes=sample.receive_buffer_bytes,
        not_taken=sample.not_taken,
    )


def spread_ms(values_ns: NDArray[Any]) -> Spread | None:
    """Return median, 99th percentile and maximum in ms by nearest rank, or None of nothing."""
    if not len(values_ns):
        return None
    p50, p99, most = (ns / NS_PER_MS for ns in nearest_rank(values_ns, 50, 99, 100))
    return Spread(p50=p50, p99=p99, max=most)


def _taken_off(clock: ClockFault) -> list[str]:
    told = [f"the reflector's clock stepped by {step / NS_PER_MS:.1f} ms, which is taken off" for step in clock.steps_ns]
    if clock.drift_ppm:
        course = "gained" if clock.drift_ppm > 0 else "lost"
        told.append(f"the reflector's clock {course} {abs(clock.drift_ppm):.0f} ppm against ours, which is taken off")
    return told


def is_busy(voice: Voice) -> bool:
    """Tell whether it was the workstation itself that was unsteady, and not only what would not take its packets."""
    shown = voice.instrument
    missed = voice.not_sent - sum(each.packets for each in shown.not_taken)
    is_late = shown.send_late_ms is not None and shown.send_late_ms.p99 * NS_PER_MS > LATE_NS
    missed_percent = percent(missed, voice.sent + voice.not_sent) or 0.0
    return is_late or bool(shown.local_drops) or missed_percent > NOT_SENT_LIMIT_PERCENT or not shown.not_taken


def _reasons(sample: InstrumentSample, sent: int, not_sent: int) -> list[str]:
    late, slots = int(np.count_nonzero(sample.send_late_ns > LATE_NS)), len(sample.send_late_ns)
    late_percent = percent(late, slots) or 0.0
    is_short = (percent(not_sent, sent + not_sent) or 0.0) > NOT_SENT_LIMIT_PERCENT
    refused = sum(each.packets for each in sample.not_taken)
    drops, why = sample.local_drops or 0, ", ".join(dict.fromkeys(each.why for each in sample.not_taken))
    findings = (
        (late_percent > LATE_LIMIT_PERCENT, f"{late} of {slots} packets were sent more than 5 ms late"),
        (is_short and not_sent > refused, f"{not_sent - refused} of {sent + not_sent} packets could not be sent in time"),
        (is_short and refused > 0, f"{refused} of {sent + not_sent} packets were not taken: {why}"),
        (drops > 0, f"this workstation dropped {drops} arrivals of its own"),
    )
    return [text for holds, text in findings if holds]
