"""From a voice sample to the voice half of the run document: every number, no verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nra.model.codec import Codec, Standing
from nra.model.sample import ABSENT, Int64Column, VoiceSample
from nra.model.verdict import Basis
from nra.model.voice import BufferOutcome, Direction, Endpoint, RoundTrip, Voice, WindowDirection, Worst
from nra.scoring.bursts import LossPattern, loss_pattern
from nra.scoring.calls import CallCounts, by_call, calls_at_once
from nra.scoring.fates import Fate, Fates, Journey, resolve
from nra.scoring.instrument import instrument
from nra.scoring.jitter_buffer import FIXED_MS, NOMINAL_MS, adaptive, fixed_late, fixed_outcome
from nra.scoring.quality import Impairments, QualityEstimate, estimate, mos_by_codec, mos_of, scale_note
from nra.scoring.statistics import StreamStatistics, count_fate, known_delays_ns, round_trip, running_jitter, stream_statistics
from nra.scoring.windows import NS_PER_S, RoundTrips, Seconds, by_second, round_trips_by_second, second_of_sending, windows, worst_window

DELAY_ONLY: Final = frozenset({"tcp"})
"""Methods that show delay but hide loss, order and jitter behind retransmission."""
COPIES_HIDDEN: Final = frozenset({"quic"})
"""Methods whose transport drops a copy before anybody counts it (RFC 9000 12.3): how many there were is not known."""
_DSCP_SHIFT: Final = 2  # RFC 2474, 3: DSCP is the upper six bits of the TOS octet


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Measured:
    """One direction before anything is known of its quality; `judged` is the buffer that counts."""

    statistics: StreamStatistics
    pattern: LossPattern
    judged: BufferOutcome | None
    buffers: tuple[BufferOutcome, ...]
    seconds: Seconds
    calls: tuple[CallCounts, ...]


def score_voice(sample: VoiceSample, codecs: Sequence[Codec]) -> Voice:
    """Return all numbers of a voice measurement; MOS is by the sample's codec and absent unless that is one of `codecs`."""
    fates = resolve(sample)
    up, down, trip = _measure_all(sample, fates)
    rtt = round_trip([call.round_trip for call in fates.calls])
    sent, not_sent = sum(ledger.sent for ledger in sample.ledgers), sum(ledger.not_sent for ledger in sample.ledgers)
    codec = next((codec for codec in codecs if codec.name == sample.codec), None)
    voice = Voice(
        method=sample.method,
        target=Endpoint(host=sample.host, port=sample.port, address=sample.address),
        basis=fates.basis,
        interval_ms=sample.interval_ms,
        payload_bytes=sample.payload_bytes,
        codec=sample.codec,
        dscp=sample.dscp,
        calls=sample.calls,
        sent=sent,
        not_sent=not_sent,
        lost_unknown=_lost_unknown(fates),
        up=_direction(up, rtt, codec, sample.interval_ms, sample.stream.tos_up),
        down=_direction(down, rtt, codec, sample.interval_ms, sample.stream.tos),
        round_trip=rtt,
        mos_by_codec=mos_by_codec(_impairments(up, rtt), _impairments(down, rtt), codecs, sample.interval_ms),
        windows=windows(up.seconds, down.seconds, trip),
        instrument=instrument(sample.instrument, sent, not_sent, [call.clock for call in fates.calls]),
        worst_15s=_worst(sample, fates, up, down, trip, codec),
        silent_since_s=sample.silent_since_s,
        note=_note(sample, fates),
        per_call=calls_at_once(fates, up.calls, down.calls, codec, sample.interval_ms),
        reflector=sample.reflector,
    )
    copies_told = all(ledger.copies_up is not None for ledger in sample.ledgers)
    if sample.authenticated and fates.basis is Basis.DIRECTION and not voice.up.duplicates and not copies_told:
        voice = replace(voice, up=replace(voice.up, duplicates=None))
    if sample.method in COPIES_HIDDEN:
        voice = replace(voice, up=replace(voice.up, duplicates=None), down=replace(voice.down, duplicates=None))
    return _delay_only(voice) if sample.method in DELAY_ONLY else voice


def _measure_all(sample: VoiceSample, fates: Fates) -> tuple[_Measured, _Measured, RoundTrips]:
    """Return both directions, and the round trip by the second; with basis "round trip" up and down are the same numbers."""
    t1_ns = [call.t1_ns for call in fates.calls]
    seconds = [second_of_sending(t1, sample.start_ns) for t1 in t1_ns]
    up = _measure([call.up for call in fates.calls], t1_ns, seconds)
    down = up if fates.basis is Basis.ROUND_TRIP else _measure([call.down for call in fates.calls], t1_ns, seconds)
    return up, down, round_trips_by_second([call.round_trip for call in fates.calls], seconds)


def _measure(journeys: Sequence[Journey], t1_ns: Sequence[Int64Column], seconds: Sequence[Int64Column]) -> _Measured:
    jitter_ns = [running_jitter(known_delays_ns(journey)) for journey in journeys]
    late = {nominal_ms: [fixed_late(journey, nominal_ms) for journey in journeys] for nominal_ms in FIXED_MS}
    fixed = {nominal_ms: fixed_outcome(journeys, masks, nominal_ms) for nominal_ms, masks in late.items()}
    adapted, _ = adaptive(journeys, t1_ns)
    return _Measured(
        statistics=stream_statistics(journeys, jitter_ns),
        pattern=loss_pattern(journeys, late[NOMINAL_MS]),
        judged=fixed[NOMINAL_MS],
        buffers=tuple(outcome for outcome in (*fixed.values(), adapted) if outcome is not None),
        seconds=by_second(journeys, seconds, late[NOMINAL_MS], jitter_ns),
        calls=by_call(journeys, late[NOMINAL_MS], jitter_ns),
    )


def _direction(measured: _Measured, rtt: RoundTrip, codec: Codec | None, interval_ms: float, tos: Int64Column) -> Direction:
    s, judged = measured.statistics, measured.judged
    quality = None if codec is None else estimate(_impairments(measured, rtt), codec, interval_ms)
    return Direction(
        expected=s.expected,
        received=s.received,
        lost=s.lost,
        loss_percent=s.loss_percent,
        duplicates=s.duplicates,
        reordered=s.reordered,
        order_percent=s.order_percent,
        jitter_ms=s.jitter_ms,
        jitter_max_ms=s.jitter_max_ms,
        pdv_ms=s.pdv_ms,
        discards=None if judged is None else judged.discards,
        discard_percent=None if judged is None else judged.discard_percent,
        burst_r=measured.pattern.burst_r,
        longest_loss=measured.pattern.longest_loss,
        mos=None if quality is None else quality.mos,
        r_factor=None if quality is None else quality.r_factor,
        dscp_seen=_dscp_seen(tos),
        buffers=measured.buffers,
        costs=() if quality is None else quality.costs,
        note=_mos_note(codec, quality),
        delays=s.delays,
    )


def _impairments(measured: _Measured, rtt: RoundTrip) -> Impairments:
    return Impairments(
        loss_percent=measured.statistics.loss_percent,
        discard_percent=None if measured.judged is None else measured.judged.discard_percent,
        burst_r=measured.pattern.burst_r,
        rtt_avg_ms=rtt.avg_ms,
    )


def _worst(sample: VoiceSample, fates: Fates, up: _Measured, down: _Measured, trip: RoundTrips, codec: Codec | None) -> Worst:
    if codec is None or fates.basis is Basis.ROUND_TRIP:
        return Worst()
    length_s = _length_s(sample, fates)

    def mos(impairments: Impairments) -> float | None:
        return mos_of(impairments, codec, sample.interval_ms)

    return Worst(up=worst_window(up.seconds, trip, length_s, mos), down=worst_window(down.seconds, trip, length_s, mos))


def _length_s(sample: VoiceSample, fates: Fates) -> float:
    """Return how long the stream lasted: in whole slots, so that a send late by a little does not lengthen it."""
    last_ns = max((int(call.t1_ns.max(initial=sample.start_ns - 1)) for call in fates.calls), default=sample.start_ns - 1)
    slots = 1 + (last_ns - sample.start_ns) // round(sample.interval_ms * NS_PER_S / 1000)
    return slots * sample.interval_ms / 1000


def _lost_unknown(fates: Fates) -> int:
    if fates.basis is Basis.ROUND_TRIP:
        return count_fate((call.round_trip for call in fates.calls), Fate.LOST)
    return count_fate((call.up for call in fates.calls), Fate.UNKNOWN)


def _dscp_seen(tos: Int64Column) -> int | None:
    """Return the marking with which most packets arrived."""
    seen = tos[tos != ABSENT] >> _DSCP_SHIFT
    return int(np.bincount(seen).argmax()) if len(seen) else None


def _note(sample: VoiceSample, fates: Fates) -> str | None:
    notes = []
    if sample.silent_since_s is not None:
        notes.append(f"measured until {sample.silent_since_s:.1f} s")
    if sample.interrupted:
        notes.append(f"interrupted after {_length_s(sample, fates):.1f} s")
    return "; ".join(notes) or None


def _delay_only(voice: Voice) -> Voice:
    """A handshake is repeated until it succeeds: its time is a round trip, its loss is not a packet's."""
    unknown = Direction(note=f"{voice.method} shows the round trip only")
    return replace(
        voice,
        up=unknown,
        down=unknown,
        round_trip=replace(voice.round_trip, loss_percent=None, note=voice.round_trip.note or "handshake times"),
        mos_by_codec=(),
        per_call=(),
        windows=tuple(replace(window, up=WindowDirection(), down=WindowDirection()) for window in voice.windows),
    )


def _mos_note(codec: Codec | None, quality: QualityEstimate | None) -> str | None:
    """Return what must be said beside the MOS: why there is none, or how little its values or its range may be trusted."""
    if codec is None:
        return "no MOS: the codec is not known"
    notes = [] if codec.standing is Standing.ITU else [scale_note(codec)]
    if quality is not None and quality.outside:
        notes.append("extrapolated beyond the E-model's range")
    return "; ".join(notes) or None
