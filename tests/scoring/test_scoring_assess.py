"""Rows and the word for the whole run."""

from dataclasses import replace

import pytest
from samples import CODECS, GENESYS, Way, echo_sample, losing, stamp_sample, steady

from nra.model.document import FirewallCheck, Metric
from nra.model.observation import PortState
from nra.model.sample import VoiceSample
from nra.model.verdict import Basis, Overall, Verdict
from nra.model.voice import Voice
from nra.scoring.assess import overall, voice_rows
from nra.scoring.voice import score_voice

LABELS = (
    "Up Jitter", "Down Jitter", "Up Packet Loss", "Down Packet Loss", "Up Packet Discards", "Down Packet Discards", "Up Packet Order",
    "Down Packet Order", "Round Trip Average Time", "Upstream MOS Score", "Downstream MOS Score",
)  # fmt: skip


def rows_of(sample: VoiceSample) -> dict[str, Metric]:
    """Return the rows of a sample by key."""
    return {row.key: row for row in voice_rows(score_voice(sample, CODECS), GENESYS)}


def check(verdict: Verdict, *, required: bool) -> FirewallCheck:
    """Return a port check with this verdict."""
    return FirewallCheck(
        port="443",
        protocol="tcp",
        service="HTTPS",
        purpose="signalling",
        destination="api.example",
        address=None,
        required=required,
        state=PortState.NO_ANSWER,
        verdict=verdict,
        evidence="",
        connect_ms=None,
    )


def test_the_eleven_rows_in_order() -> None:
    """Labels, units and limits are those of the profile, in the promised order; a clean path passes them all."""
    rows = voice_rows(score_voice(stamp_sample(steady(1500), steady(1)), CODECS), GENESYS)
    assert tuple(row.label for row in rows) == LABELS
    assert tuple(row.limit for row in rows) == ("< 30", "< 30", "< 1", "< 1", "< 5", "< 5", ">= 98", ">= 98", "< 150", ">= 3.6", ">= 3.6")
    assert {row.verdict for row in rows} == {Verdict.PASS}
    assert {row.note for row in rows} == {None}
    assert [row.basis for row in rows] == [Basis.DIRECTION] * 8 + [Basis.ROUND_TRIP] + [Basis.DIRECTION] * 2


def test_skipped_and_absent_rows() -> None:
    """What was not asked for is SKIPPED; what could not be done is NOT MEASURED with the reason; neither has a number."""
    skipped = voice_rows(None, GENESYS, skipped=True)
    absent = voice_rows(None, GENESYS, why_absent="no answer from any server")
    assert [(row.label, row.verdict, row.value, row.note) for row in skipped] == [(label, Verdict.SKIPPED, None, None) for label in LABELS]
    assert {(row.verdict, row.value, row.note) for row in absent} == {(Verdict.NOT_MEASURED, None, "no answer from any server")}


@pytest.mark.parametrize(
    ("lost", "verdict"),
    [(range(0), Verdict.PASS), (range(0, 1500, 150), Verdict.WARN), (range(0, 1500, 100), Verdict.FAIL)],
)
def test_the_round_trip_bounds_each_direction(lost: range, verdict: Verdict) -> None:
    """Inside the limit both directions pass, outside it they fail with the direction unknown; MOS is a lower bound."""
    rows = rows_of(echo_sample(losing(1500, lost)))
    for key in ("up_loss_percent", "down_loss_percent"):
        assert (rows[key].verdict, rows[key].basis) == (verdict, Basis.ROUND_TRIP)
        assert rows[key].note == ("direction unknown" if verdict is Verdict.FAIL else None)
    assert rows["up_mos"].note == rows["down_mos"].note == "lower bound"
    assert rows["round_trip_avg_ms"].note is None


def test_a_failed_lower_bound_says_so() -> None:
    """Round-trip MOS below the limit fails, with both caveats."""
    assert rows_of(echo_sample(losing(1500, range(0, 1500, 4))))["up_mos"].note == (
        "lower bound; direction unknown; extrapolated beyond the E-model's range"
    )


@pytest.mark.parametrize(
    ("probes", "note", "verdict"),
    [
        (1000, None, Verdict.PASS),
        (999, "small sample", Verdict.PASS),
        (100, "small sample", Verdict.PASS),
        (99, "small sample: 99 packets, 100 are needed", Verdict.NOT_MEASURED),
    ],
)
def test_small_samples(probes: int, note: str | None, verdict: Verdict) -> None:
    """Fewer than 1000 packets are noted, fewer than 100 are no measurement: the number stays in the document only."""
    voice = score_voice(stamp_sample(steady(probes), steady(1)), CODECS)
    for row in voice_rows(voice, GENESYS):
        assert (row.note, row.verdict) == (note, verdict)
        assert (row.value is None) is (verdict is Verdict.NOT_MEASURED)
    assert voice.up.loss_percent == 0.0


def test_few_arrivals_are_a_small_sample_for_what_rests_on_them() -> None:
    """Of 1500 packets 50 arrived: the loss is certain, jitter and order are not measured."""
    rows = rows_of(stamp_sample(losing(1500, range(25, 1475)), steady(1)))
    assert rows["up_loss_percent"].verdict is Verdict.FAIL
    assert {rows[key].verdict for key in ("up_jitter_ms", "up_order_percent", "down_jitter_ms", "round_trip_avg_ms")} == {
        Verdict.NOT_MEASURED
    }


def test_tcp_shows_one_row() -> None:
    """TCP gives the round trip only; its few handshakes are not packets of a stream."""
    rows = rows_of(echo_sample(steady(30), method="tcp"))
    assert (rows["round_trip_avg_ms"].verdict, rows["round_trip_avg_ms"].value) == (Verdict.PASS, 20.0)
    others = [row for key, row in rows.items() if key != "round_trip_avg_ms"]
    assert {(row.verdict, row.value, row.note) for row in others} == {(Verdict.NOT_MEASURED, None, "tcp shows the round trip only")}


@pytest.mark.parametrize(
    ("up", "down", "loss_up", "loss_down"),
    [
        (losing(1500, range(1495, 1500)), steady(1), Verdict.PASS, Verdict.PASS),  # 5 unknown could not break either limit
        (losing(1500, range(1480, 1500)), steady(1), Verdict.NOT_MEASURED, Verdict.NOT_MEASURED),
        (losing(1500, [*range(100, 130), *range(1480, 1500)]), steady(1), Verdict.FAIL, Verdict.NOT_MEASURED),
        (losing(1500, range(1480, 1500)), losing(1480, range(100, 130)), Verdict.NOT_MEASURED, Verdict.FAIL),
    ],
)
def test_loss_of_unknown_direction(up: Way, down: Way, loss_up: Verdict, loss_down: Verdict) -> None:
    """Trap 7: a limit that may or may not be broken is NOT MEASURED, one that is broken for certain FAIL; nothing is split."""
    rows = rows_of(stamp_sample(up, down, told=False))
    for key, verdict in (("up_loss_percent", loss_up), ("down_loss_percent", loss_down)):
        assert rows[key].verdict is verdict
        if verdict is Verdict.NOT_MEASURED:
            assert (rows[key].value, rows[key].note) == (None, "direction unknown: 20 packets")
        else:
            assert rows[key].note is None


@pytest.mark.parametrize(("probes", "verdict"), [(1400, Verdict.NOT_MEASURED), (1401, Verdict.PASS)])
def test_proven_and_unknown_loss_count_together(probes: int, verdict: Verdict) -> None:
    """7 packets proven lost and 7 of unknown direction are 1 % of 1400: too much if they were all lost here."""
    lost = [*range(100, 800, 100), *range(probes - 7, probes)]
    assert rows_of(stamp_sample(losing(probes, lost), steady(1), told=False))["up_loss_percent"].verdict is verdict


def test_mos_follows_the_loss_that_it_rests_on() -> None:
    """Where the loss is undecided a good MOS is not shown; a MOS that fails on the proven loss alone fails."""
    rows = rows_of(stamp_sample(losing(1500, range(1480, 1500)), steady(1), told=False))
    assert (rows["up_mos"].verdict, rows["up_mos"].value, rows["up_mos"].note) == (
        Verdict.NOT_MEASURED,
        None,
        "direction unknown: 20 packets",
    )
    bad = rows_of(stamp_sample(losing(1500, [*range(0, 1400, 5), *range(1480, 1500)]), steady(1), told=False))
    assert bad["up_mos"].verdict is Verdict.FAIL


def test_a_peer_that_fell_silent() -> None:
    """What was measured before stands with its span; MOS is not given for a stream that ended in silence."""
    rows = rows_of(stamp_sample(losing(1500, range(1000, 1500)), steady(1), told=False, silent_since_s=20.0))
    assert (rows["up_jitter_ms"].verdict, rows["up_jitter_ms"].note) == (Verdict.PASS, "measured until 20.0 s")
    assert (rows["up_loss_percent"].verdict, rows["up_loss_percent"].value) == (Verdict.NOT_MEASURED, None)
    assert rows["up_loss_percent"].note == "direction unknown: 500 packets; measured until 20.0 s"
    assert (rows["up_mos"].verdict, rows["up_mos"].note) == (Verdict.NOT_MEASURED, "the peer fell silent; measured until 20.0 s")
    lossy = rows_of(stamp_sample(losing(1500, [*range(0, 900, 5), *range(1000, 1500)]), steady(1), told=False, silent_since_s=20.0))
    assert lossy["up_mos"].verdict is Verdict.FAIL


def test_an_interrupted_run_keeps_what_it_has() -> None:
    """Every row says after how long it was interrupted."""
    rows = rows_of(stamp_sample(steady(1200), steady(1), interrupted=True))
    assert {(row.verdict, row.note) for row in rows.values()} == {(Verdict.PASS, "interrupted after 24.0 s")}


@pytest.mark.parametrize(
    ("verdicts", "checks", "unsteady", "word"),
    [
        ([Verdict.PASS], [], False, Overall.PASS),
        ([Verdict.PASS, Verdict.WARN], [], False, Overall.WARN),
        ([Verdict.WARN, Verdict.NOT_MEASURED], [], False, Overall.INCONCLUSIVE),
        ([Verdict.NOT_MEASURED, Verdict.FAIL], [], False, Overall.FAIL),
        ([Verdict.SKIPPED, Verdict.INFO], [], False, Overall.PASS),
        ([Verdict.PASS], [check(Verdict.FAIL, required=True)], False, Overall.FAIL),
        ([Verdict.PASS], [check(Verdict.NOT_MEASURED, required=True)], False, Overall.INCONCLUSIVE),
        ([Verdict.PASS], [check(Verdict.FAIL, required=False), check(Verdict.NOT_MEASURED, required=False)], False, Overall.PASS),
        ([Verdict.SKIPPED], [check(Verdict.PASS, required=True), check(Verdict.INFO, required=False)], False, Overall.PASS),
        ([Verdict.PASS], [], True, Overall.INCONCLUSIVE),
        ([Verdict.FAIL], [], True, Overall.INCONCLUSIVE),
        ([Verdict.PASS], [check(Verdict.FAIL, required=True)], True, Overall.FAIL),
        ([Verdict.PASS], [check(Verdict.FAIL, required=False)], True, Overall.INCONCLUSIVE),
    ],
)
def test_overall(verdicts: list[Verdict], checks: list[FirewallCheck], unsteady: bool, word: Overall) -> None:
    """FAIL before INCONCLUSIVE before WARN before PASS over what is required; an unsteady instrument proves nothing of voice."""
    row = rows_of(stamp_sample(steady(200), steady(1)))["up_jitter_ms"]
    metrics = [replace(row, verdict=verdict) for verdict in verdicts]
    assert overall(metrics, checks, unsteady=unsteady) is word


def test_no_number_is_shown_where_nothing_was_measured() -> None:
    """Trap 5: whatever happened, a row has a number exactly when it was judged, and no sentinel."""
    samples: list[VoiceSample] = [
        stamp_sample(steady(1500), steady(1)),
        stamp_sample(losing(1500, range(1500)), steady(1)),
        stamp_sample(losing(1500, range(700, 1500)), steady(1), told=False),
        echo_sample(losing(300, range(300))),
        echo_sample(steady(30)),
        echo_sample(steady(200), method="tcp"),
    ]
    judged = {Verdict.PASS, Verdict.WARN, Verdict.FAIL}
    voices: list[Voice | None] = [None, *(score_voice(sample, CODECS) for sample in samples)]
    for voice in voices:
        for row in voice_rows(voice, GENESYS, why_absent="why"):
            assert (row.value is not None) == (row.verdict in judged)
            assert row.verdict in judged or row.note
            assert row.value is None or 0 <= row.value < 10000


@pytest.mark.parametrize(("verdict", "word"), [(Verdict.PASS, Overall.INCONCLUSIVE), (Verdict.FAIL, Overall.FAIL)])
def test_half_a_run_proves_only_what_failed(verdict: Verdict, word: Overall) -> None:
    """An interrupted run never says that calls will sound good."""
    row = rows_of(stamp_sample(steady(200), steady(1)))["up_jitter_ms"]
    assert overall([replace(row, verdict=verdict)], (), interrupted=True) is word
