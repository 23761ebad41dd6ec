"""From a direction's numbers to R, MOS and what each impairment cost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import CODECS, G711, G722, OPUS

from nra.model.codec import Codec
from nra.scoring.emodel import EModelParameters, g107
from nra.scoring.mos import mos_of_r
from nra.scoring.quality import Impairments, estimate, mos_by_codec, one_way_delay_ms

CLEAN = Impairments(loss_percent=0.0, discard_percent=0.0, burst_r=1.0, rtt_avg_ms=40.0)
ROUGH = Impairments(loss_percent=1.5, discard_percent=2.5, burst_r=1.6, rtt_avg_ms=300.0)


def test_one_way_delay_is_put_together_as_promised() -> None:
    """Half the round trip, a 60 ms buffer, one packet, the codec's look-ahead; nothing twice."""
    assert one_way_delay_ms(100, 20, G711) == 130
    assert one_way_delay_ms(100, 20, OPUS) == 136.5


def test_the_e_model_gets_what_the_contract_says() -> None:
    """Ppl is loss plus discards in percent, with their burst ratio; G.711 has Ie 0 and Bpl 25.1."""
    quality = estimate(ROUGH, G711, 20)
    by_hand = g107(EModelParameters(ta_ms=230, ppl_percent=4.0, burst_r=1.6, bpl=25.1))
    assert quality is not None
    assert (quality.mos, quality.r_factor, quality.ppl_percent) == (by_hand.mos, by_hand.r, 4.0)
    assert quality.one_way_delay_ms == 230


@pytest.mark.parametrize("missing", ["loss_percent", "discard_percent", "burst_r", "rtt_avg_ms"])
def test_a_missing_input_makes_mos_absent(missing: str) -> None:
    """Trap 3: absence never improves a score."""
    assert estimate(replace(CLEAN, **{missing: None}), G711, 20) is None


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("echo_path", [False, True])
@given(
    loss=st.floats(0, 60), discards=st.floats(0, 40), burst_r=st.floats(1, 8), rtt=st.floats(0, 1500)
)  # fmt: skip
def test_costs_add_up(codec: Codec, echo_path: bool, loss: float, discards: float, burst_r: float, rtt: float) -> None:
    """The points that delay, echo, codec, loss and discards took are exactly what is missing from the best R, even at R = 0."""
    quality = estimate(
        Impairments(loss_percent=loss, discard_percent=discards, burst_r=burst_r, rtt_avg_ms=rtt), codec, 20, echo_path=echo_path
    )
    best = {"g711": 93.2062077233, "g722": 128.846315, "opus": 148.0}[codec.name]
    assert quality is not None
    assert best - sum(cost.points for cost in quality.costs) == pytest.approx(quality.r_factor, abs=1e-6)
    names = ["delay", "echo", "codec", "loss", "discards"]
    assert [cost.impairment for cost in quality.costs] == [name for name in names if echo_path or name != "echo"]
    assert all(cost.points >= -0.01 for cost in quality.costs)
    assert 1 <= quality.mos <= 4.5
    assert quality.r_factor >= 0


def test_costs_name_the_culprit() -> None:
    """Each impairment alone costs something under its own name only."""
    for name, impairments, codec in (
        ("delay", replace(CLEAN, rtt_avg_ms=500.0), G711),
        ("loss", replace(CLEAN, loss_percent=3.0), G711),
        ("discards", replace(CLEAN, discard_percent=3.0), G711),
        ("codec", CLEAN, replace(G711, ie=11.0)),
    ):
        quality = estimate(impairments, codec, 20)
        assert quality is not None
        assert [cost.impairment for cost in quality.costs if cost.points > 0.05] == [name]


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 2000), st.floats(0, 2000))
def test_worse_numbers_never_give_a_better_mos(loss: float, more_loss: float, rtt: float, more_rtt: float) -> None:
    """Trap 2: MOS is clamped and monotone in loss, late packets and delay."""
    base = Impairments(loss_percent=loss / 2, discard_percent=0.0, burst_r=1.0, rtt_avg_ms=rtt)
    worse = (
        replace(base, loss_percent=(loss + more_loss) / 2),
        replace(base, discard_percent=more_loss / 2),
        replace(base, rtt_avg_ms=rtt + more_rtt),
    )
    before = estimate(base, G711, 20)
    assert before is not None
    for impairments in worse:
        after = estimate(impairments, G711, 20)
        assert after is not None
        assert 1.0 <= after.mos <= before.mos + 1e-12 <= 4.5 + 1e-12


def test_codecs_are_told_apart_by_scale_and_standing() -> None:
    """MOS of different bandwidths are never compared: each names its scale; what ITU-T did not give says so."""
    notes = {quality.codec: quality.note for quality in mos_by_codec(CLEAN, ROUGH, CODECS, 20)}
    assert notes == {
        "g711": "narrowband scale (G.107)",
        "g722": "wideband scale (G.107.1), provisional",
        "opus": "fullband scale (G.107.2), estimate, not an ITU value",
    }


def test_each_codec_is_judged_on_its_own_scale() -> None:
    """Wideband and fullband R are brought to 0..100 before they become MOS."""
    by_name = {quality.codec: quality for quality in mos_by_codec(CLEAN, replace(CLEAN, loss_percent=None), CODECS, 20)}
    assert by_name["opus"].up == pytest.approx(mos_of_r(131 / 1.48), abs=1e-3)
    assert by_name["g722"].up == pytest.approx(mos_of_r(115.846 / 1.29), abs=1e-3)
    assert {quality.down for quality in by_name.values()} == {None}


def test_beyond_the_model_is_said() -> None:
    """A loss above 20 % or a delay above 500 ms is extrapolation."""
    quality = estimate(Impairments(loss_percent=30.0, discard_percent=0.0, burst_r=1.0, rtt_avg_ms=1200.0), G722, 20)
    assert quality is not None
    assert quality.outside == ("ta_ms", "ppl_percent")
