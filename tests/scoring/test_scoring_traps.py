"""Traps found in other tools' code, each kept shut by a test (the numbers are those of the project's list of traps)."""

import numpy as np
import pytest
from samples import (
    CODECS,
    GENESYS,
    MS,
    Row,
    call_rows,
    echo_sample,
    ledger,
    losing,
    quiet_instrument,
    random_way,
    stamp_sample,
    steady,
    voice_sample,
)

from nra.model.document import Metric
from nra.model.sample import ABSENT, VoiceSample, column
from nra.model.verdict import Overall, Verdict
from nra.scoring.assess import overall, voice_rows
from nra.scoring.voice import score_voice


def rows_of(sample: VoiceSample) -> dict[str, Metric]:
    """Return the rows of a sample by key."""
    return {row.key: row for row in voice_rows(score_voice(sample, CODECS), GENESYS)}


def test_trap_2_more_jitter_never_sounds_better() -> None:
    """MOS falls, and never rises, as the same stream's delays are stretched; it stays within 1 and 4.5."""
    rng = np.random.default_rng(11)
    shape = rng.exponential(10.0, 400)
    series = []
    for stretch in (0, 1, 2, 5, 10, 30):
        way = [(20.0 + stretch * float(extra),) for extra in shape]
        mos = score_voice(stamp_sample(way, steady(1)), CODECS).up.mos
        assert mos is not None
        series.append(mos)
    assert series == sorted(series, reverse=True)
    assert series[-1] < series[0]
    assert all(1.0 <= mos <= 4.5 for mos in series)


def test_trap_3_a_missing_input_makes_mos_absent() -> None:
    """Without a round trip (nobody answered) there is no MOS, for no codec."""
    voice = score_voice(echo_sample(losing(1500, range(1500))), CODECS)
    assert (voice.up.mos, voice.down.mos) == (None, None)
    assert {(quality.up, quality.down) for quality in voice.mos_by_codec} == {(None, None)}


@pytest.mark.parametrize(
    "sample",
    [
        echo_sample(losing(1500, range(1500))),
        stamp_sample(losing(1500, range(1500)), steady(1)),
        stamp_sample(losing(1500, range(1500)), steady(1), told=False, silent_since_s=0.0),
    ],
    ids=["echo", "blocked up", "blocked, nothing known"],
)
def test_trap_4_a_blocked_path_never_passes_and_shows_no_zero(sample: VoiceSample) -> None:
    """When no answer came, no row that rests on arrivals has a number, and none says 0 % lost or 0 ms."""
    rows = rows_of(sample)
    voice = score_voice(sample, CODECS)
    assert overall(tuple(rows.values()), ()) in (Overall.FAIL, Overall.INCONCLUSIVE)
    for row in rows.values():
        assert row.verdict in (Verdict.FAIL, Verdict.NOT_MEASURED)
        assert row.value != 0
    for direction in (voice.up, voice.down):
        assert 0.0 not in (direction.loss_percent, direction.jitter_ms, direction.discard_percent, direction.mos)
    assert voice.round_trip.avg_ms is None


def test_trap_4_what_the_reflectors_total_proves_of_a_blocked_way_down() -> None:
    """When the reflector says that it answered everything, the way up lost nothing and the way down everything."""
    rows = rows_of(stamp_sample(steady(1500), losing(1500, range(1500))))
    assert (rows["up_loss_percent"].value, rows["up_loss_percent"].verdict) == (0.0, Verdict.PASS)
    assert (rows["down_loss_percent"].value, rows["down_loss_percent"].verdict) == (100.0, Verdict.FAIL)
    assert {row.verdict for key, row in rows.items() if "loss" not in key} == {Verdict.NOT_MEASURED}


def test_trap_5_skipped_is_not_success() -> None:
    """Skipped rows are no PASS, and their run's word comes from the rest."""
    skipped = voice_rows(None, GENESYS, skipped=True)
    assert {row.verdict for row in skipped} == {Verdict.SKIPPED}
    assert overall(voice_rows(None, GENESYS, why_absent="no route"), ()) is Overall.INCONCLUSIVE


def test_trap_6_a_burst_in_the_middle_shows() -> None:
    """Ten packets in a row of 1500 pass the average and show as run, burst ratio, window and worst 15 s."""
    voice = score_voice(stamp_sample(losing(1500, range(700, 710)), steady(1)), CODECS)
    assert voice.up.loss_percent == pytest.approx(0.667, abs=1e-3)
    assert (voice.up.longest_loss, voice.windows[14].up.loss_percent) == (10, 20.0)
    assert voice.up.burst_r == pytest.approx(10 * (1 - 10 / 1500))
    assert voice.worst_15s.up is not None
    assert voice.worst_15s.up.mos is not None
    assert voice.up.mos is not None
    assert voice.worst_15s.up.mos < voice.up.mos


def test_trap_7_an_unknown_direction_is_not_split() -> None:
    """Of 100 probes lost without proof, neither direction gets one."""
    voice = score_voice(stamp_sample(losing(1500, range(1400, 1500)), steady(1), told=False), CODECS)
    assert (voice.lost_unknown, voice.up.lost, voice.down.lost, voice.round_trip.lost) == (100, 0, 0, 100)


def test_trap_12_clamping_would_zero_the_jitter() -> None:
    """A reflector whose clock is behind makes every delay up negative; jitter and late packets are those of true clocks."""
    rng = np.random.default_rng(2)
    up, down = random_way(rng, 300, jitter_ms=120), random_way(rng, 300, jitter_ms=120)
    true, behind = (score_voice(stamp_sample(up, down, offset_ns=offset), CODECS) for offset in (0, -3600 * 10**9))
    assert (behind.up.jitter_ms, behind.up.discards, behind.up.mos) == (true.up.jitter_ms, true.up.discards, true.up.mos)
    assert behind.up.jitter_ms is not None
    assert behind.up.jitter_ms > 20


def doubled(rows: list[Row]) -> list[Row]:
    """Return the rows with a copy of every arrival, 1 ms later."""
    copies = [(*row[:5], row[5] + MS, *row[6:]) for row in rows if row[5] != ABSENT]
    return sorted([*rows, *copies], key=lambda row: (row[5] == ABSENT, row[5]))


def test_trap_14_duplicates_change_no_other_figure() -> None:
    """With every reply doubled, only the count of copies differs; loss above all does not."""
    rows, truth = call_rows(losing(400, range(0, 400, 9)), losing(400, range(0, 350, 7)))
    plain, twice = (score_voice(voice_sample(r, ledger(rows, reflected=truth.reflected)), CODECS) for r in (rows, doubled(rows)))
    assert twice.down.duplicates == sum(row[5] != ABSENT for row in rows)
    assert (twice.up.lost, twice.down.lost) == (plain.up.lost, plain.down.lost) == (len(truth.lost_up), len(truth.lost_down))
    for name in ("loss_percent", "order_percent", "jitter_ms", "pdv_ms", "discards", "burst_r", "mos"):
        assert getattr(twice.down, name) == getattr(plain.down, name)
    assert (twice.up, twice.round_trip) == (plain.up, plain.round_trip)


def test_trap_14_copies_made_on_the_way_up_are_no_arrivals() -> None:
    """A doubled packet does not make up for a lost one."""
    way = losing(400, [100, 101])
    way[50] = way[60] = (20.0, 21.0)
    voice = score_voice(stamp_sample(way, steady(1)), CODECS)
    assert (voice.up.expected, voice.up.received, voice.up.lost, voice.up.duplicates) == (400, 398, 2, 2)
    assert (voice.down.expected, voice.down.received, voice.down.lost, voice.down.duplicates) == (398, 398, 0, 0)


def test_an_unsteady_instrument_voids_even_a_failure() -> None:
    """A workstation that cannot keep its own grid proves nothing about the network."""
    sample = stamp_sample(losing(1500, range(0, 1500, 3)), steady(1), instrument=quiet_instrument(send_late_ns=column([6 * MS] * 100)))
    voice = score_voice(sample, CODECS)
    rows = voice_rows(voice, GENESYS)
    assert overall(rows, (), unsteady=not voice.instrument.steady) is Overall.INCONCLUSIVE
    assert overall(rows, ()) is Overall.FAIL
