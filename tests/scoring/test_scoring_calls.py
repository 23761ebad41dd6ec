"""Call by call: each call's numbers are those that it would have alone."""

from dataclasses import replace

import numpy as np
import pytest
from samples import CODECS, Row, call_rows, echo_rows, ledger, losing, random_way, steady, voice_sample

from nra.model.sample import ABSENT, CallLedger
from nra.model.voice import Voice
from nra.scoring.voice import score_voice


def test_each_call_has_the_numbers_that_it_has_alone() -> None:
    """Loss, jitter, discards, round trip and MOS of each of four calls, with losses, copies and overtaking, known fates and unknown."""
    chance = np.random.default_rng(5)
    rows, ledgers = list[Row](), list[CallLedger]()
    alone = list[Voice]()
    for call, loss in enumerate((0.0, 0.02, 0.3, 1.0)):
        ways = [random_way(chance, 400, loss=loss, copies=0.05, jitter_ms=jitter) for jitter in (5, 90)]
        made, truth = call_rows(*ways, call=call, recorded=call < 2)
        rows += made
        ledgers.append(ledger(made, call=call, reflected=truth.reflected, fates_known=call < 2))
        alone.append(score_voice(voice_sample(made, ledgers[-1]), CODECS))
    rows.sort(key=lambda row: (row[5] == ABSENT, row[5]))
    together = score_voice(voice_sample(rows, *ledgers), CODECS)
    assert [quality.call for quality in together.per_call] == [0, 1, 2, 3]
    for quality, single in zip(together.per_call, alone, strict=True):
        assert single.per_call == ()
        assert quality.rtt_avg_ms == single.round_trip.avg_ms
        for here, whole in ((quality.up, single.up), (quality.down, single.down)):
            assert (here.loss_percent, here.discard_percent) == (whole.loss_percent, whole.discard_percent)
            assert here.jitter_ms == pytest.approx(whole.jitter_ms)
            assert here.mos == pytest.approx(whole.mos)


def test_with_only_the_round_trip_known_both_directions_are_its() -> None:
    """An echo bounds both ways by the same number, call by call too."""
    rows = [*echo_rows(steady(200)), *echo_rows(losing(200, range(10)), call=1)]
    sample = voice_sample(rows, ledger(rows, stateful=None), ledger(rows, call=1, stateful=None), method="echo")
    first, second = score_voice(sample, CODECS).per_call
    assert (first.up, second.up) == (first.down, second.down)
    assert (first.up.loss_percent, second.up.loss_percent) == (0.0, 5.0)
    assert score_voice(replace(sample, method="tcp"), CODECS).per_call == ()


def test_without_a_known_codec_there_is_no_mos() -> None:
    """The rest is there."""
    rows = [*echo_rows(steady(200)), *echo_rows(steady(200), call=1)]
    sample = voice_sample(rows, ledger(rows, stateful=None), ledger(rows, call=1, stateful=None), method="echo")
    assert {(call.up.mos, call.up.loss_percent) for call in score_voice(sample, ()).per_call} == {(None, 0.0)}
