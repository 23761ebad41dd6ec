"""The voice half of the run document, put together from a sample."""

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
import pytest
from samples import CODECS, G711, START_NS, call_rows, echo_sample, ledger, losing, random_way, stamp_sample, steady, voice_sample

from nra.model.verdict import Basis
from nra.scoring.voice import score_voice


def test_what_the_sample_says_is_passed_on() -> None:
    """Target, sizes, counts and marking stand in the document as they were observed."""
    rows, _ = call_rows(losing(150, []), steady(1))
    voice = score_voice(voice_sample(rows, ledger(rows, not_sent=3), silent_since_s=None), CODECS)
    assert (voice.method, voice.target.host, voice.target.port, voice.target.address) == ("stamp", "reflector.example", 20862, "192.0.2.1")
    assert (voice.basis, voice.sent, voice.not_sent, voice.calls, voice.dscp) == (Basis.DIRECTION, 150, 3, 1, 46)
    assert (voice.up.dscp_seen, voice.down.dscp_seen) == (46, 46)
    assert (voice.up.expected, voice.up.received, voice.up.lost, voice.up.loss_percent) == (150, 150, 0, 0.0)
    assert (voice.round_trip.avg_ms, voice.up.jitter_ms, voice.down.jitter_ms) == (40.0, 0.0, 0.0)
    assert [buffer.name for buffer in voice.up.buffers] == ["fixed 40 ms", "fixed 60 ms", "NetEQ-like"]
    assert voice.note is None


def test_directions_are_told_apart() -> None:
    """Loss, late packets and their price stand in the direction in which they happened; the way down expects what arrived up."""
    down = losing(990, range(100, 110))
    down[300] = (200.0,)
    voice = score_voice(stamp_sample(losing(1000, range(10)), down), CODECS)
    assert (voice.up.expected, voice.up.lost, voice.up.longest_loss, voice.up.discards) == (1000, 10, 10, 0)
    assert (voice.down.expected, voice.down.lost, voice.down.longest_loss, voice.down.discards) == (990, 10, 10, 1)
    assert voice.up.loss_percent == 1.0
    assert voice.down.loss_percent == pytest.approx(100 * 10 / 990)
    assert voice.round_trip.lost == 20
    assert voice.up.mos is not None
    assert voice.down.mos is not None
    assert voice.down.mos < voice.up.mos


def test_everything_is_plain_python() -> None:
    """No number of numpy's leaves the room: the document is written as JSON."""
    rng = np.random.default_rng(1)
    way = random_way(rng, 900, loss=0.1, copies=0.1, jitter_ms=80)
    voice = score_voice(stamp_sample(way, random_way(rng, 1000, loss=0.1, jitter_ms=80)), CODECS)

    def walk(value: object) -> None:
        if is_dataclass(value):
            for field in fields(value):
                walk(getattr(value, field.name))
        elif isinstance(value, tuple):
            for item in value:
                walk(item)
        else:
            assert value is None or isinstance(value, Enum) or type(value) in (int, float, str, bool), repr(value)

    walk(voice)


def test_only_the_round_trip_of_tcp_is_shown() -> None:
    """A handshake is repeated until it succeeds: no loss, order, jitter or MOS comes of it."""
    voice = score_voice(echo_sample(losing(300, [5]), method="tcp"), CODECS)
    for direction in (voice.up, voice.down):
        assert (direction.loss_percent, direction.order_percent, direction.jitter_ms, direction.mos, direction.expected) == (None,) * 5
    assert (voice.round_trip.avg_ms, voice.round_trip.loss_percent) == (20.0, None)
    assert voice.mos_by_codec == ()
    assert (voice.windows[0].up.loss_percent, voice.windows[0].rtt_avg_ms) == (None, 20.0)


def test_a_codec_without_values_has_no_mos() -> None:
    """What is not in the catalogue is not guessed, and the other codecs are still shown."""
    voice = score_voice(stamp_sample(steady(200), steady(1), codec="lpc10"), CODECS)
    assert (voice.up.mos, voice.up.r_factor, voice.up.costs, voice.up.note) == (None, None, (), "no MOS: the codec is not known")
    assert [quality.codec for quality in voice.mos_by_codec if quality.up is not None] == ["g711", "g722", "opus"]


def test_values_that_itu_did_not_give_are_labelled() -> None:
    """G.722 is provisional, Opus an estimate, G.711 neither; a result beyond the model's range says so."""
    notes = {codec: score_voice(stamp_sample(steady(200), steady(1), codec=codec), CODECS).up.note for codec in ("g711", "g722", "opus")}
    assert notes["g711"] is None
    assert "provisional" in (notes["g722"] or "")
    assert "estimate" in (notes["opus"] or "")
    assert "beyond" in (score_voice(stamp_sample(losing(200, range(50)), steady(1)), [G711]).up.note or "")


@pytest.mark.parametrize(
    ("changes", "note"),
    [({"silent_since_s": 3.0}, "measured until 3.0 s"), ({"interrupted": True}, "interrupted after 4.0 s")],
)
def test_a_stream_that_ended_early_says_so(changes: dict[str, Any], note: str) -> None:
    """How far the numbers reach is part of them."""
    voice = score_voice(stamp_sample(steady(200), steady(1), **changes), CODECS)
    assert voice.note == note


def test_the_marking_seen_is_that_of_most_packets() -> None:
    """DSCP is the upper six bits of the octet; nothing seen is absent, not 0."""
    rows, _ = call_rows(steady(10), steady(1))
    bleached = [(*row[:8], 0x48 if probe > 2 else 0xB8, row[9]) for probe, row in enumerate(rows)]
    voice = score_voice(voice_sample(bleached, ledger(rows)), CODECS)
    assert (voice.up.dscp_seen, voice.down.dscp_seen) == (46, 18)
    assert score_voice(echo_sample(steady(10)), CODECS).down.dscp_seen is None


def test_an_interrupted_run_without_a_packet_is_a_result() -> None:
    """Nothing sent, nothing known, nothing raised; no figure is 0."""
    voice = score_voice(voice_sample([], ledger([], stateful=None), interrupted=True, start_ns=START_NS), CODECS)
    assert (voice.up.loss_percent, voice.up.order_percent, voice.up.discard_percent, voice.up.mos, voice.round_trip.avg_ms) == (None,) * 5
    assert (voice.windows, voice.sent, voice.note) == ((), 0, "interrupted after 0.0 s")
