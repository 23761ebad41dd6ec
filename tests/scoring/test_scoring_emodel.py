"""The E-model against published and independently computed numbers."""

import csv
from dataclasses import replace
from math import log10
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.model.codec import EModel
from nra.scoring.emodel import DELAY_CLASSES, EModelParameters, EModelResult, g107, g107_1, g107_2, outside_range, rate, with_echo_path

VECTORS = Path(__file__).parents[1] / "vectors" / "emodel_vectors.csv"
MODELS = {"G.107": EModel.NARROWBAND, "G.107.1": EModel.WIDEBAND, "G.107.2": EModel.FULLBAND}
DELAY_CLASS_OF = {"low": "low", "verylow": "very low"}


def by_vector(row: dict[str, str]) -> EModelResult:
    """Return the result for the parameters of one vector."""
    model, _, variant = row["model"].partition("-")
    s_t, m_t_ms = DELAY_CLASSES[DELAY_CLASS_OF.get(variant, "default")]
    parameters = EModelParameters(
        ta_ms=float(row["Ta_ms"]),
        ppl_percent=float(row["Ppl_percent"]),
        burst_r=float(row["BurstR"]),
        ie=float(row["Ie"]),
        bpl=float(row["Bpl"]),
        a=float(row["A"]),
        s_t=s_t,
        m_t_ms=m_t_ms,
    )
    return rate(MODELS[model], with_echo_path(parameters) if variant == "echo" else parameters)


def vectors() -> list[dict[str, str]]:
    """Return the rows of the vector file."""
    with VECTORS.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("row", vectors(), ids=lambda row: "-".join(list(row.values())[:7]))
def test_vector(row: dict[str, str]) -> None:
    """R and the strict MOS agree with vectors/emodel_vectors.csv to the last digit given."""
    result = by_vector(row)
    assert result.r == pytest.approx(float(row["R_expected"]), abs=1e-6)
    assert result.mos_strict == pytest.approx(float(row["MOS_expected"]), abs=1e-6)


@pytest.mark.parametrize(
    ("row", "r", "mos"),
    [
        (("G.107", 0, 0, 1, 0, 4.3, 0), 93.206208, 4.409406),
        (("G.107", 150, 0, 1, 0, 4.3, 0), 93.042677, 4.406220),
        (("G.107", 400, 0, 1, 0, 4.3, 0), 69.136119, 3.556227),
        (("G.107", 1000, 0, 1, 0, 4.3, 0), 49.416633, 2.544398),
        (("G.107", 0, 1, 1, 0, 4.3, 0), 75.281679, 3.833916),
        (("G.107", 0, 1, 1, 0, 25.1, 0), 89.566361, 4.328232),
        (("G.107", 0, 5, 1, 0, 25.1, 0), 77.425477, 3.923091),
        (("G.107", 0, 5, 2, 0, 25.1, 0), 75.996063, 3.864123),
        (("G.107", 0, 2, 1, 11, 19, 0), 74.206208, 3.787558),
        (("G.107", 0, 100, 1, 0, 4.3, 0), 2.122794, 0.990120),
        (("G.107", 0, 0, 1, 0, 4.3, 10), 103.206208, 4.5),
        (("G.107", 1000, 20, 1, 0, 4.3, 0), -28.772667, 1.0),
        (("G.107-echo", 150, 0, 1, 0, 4.3, 0), 89.539132, 4.327546),
        (("G.107-echo", 250, 0, 1, 0, 4.3, 0), 79.177101, 3.992519),
        (("G.107.1", 0, 0, 1, 0, 15, 0), 128.846315, 4.499152),
        (("G.107.1", 0, 2, 1, 20, 4.3, 0), 85.036791, 3.400297),
        (("G.107.1-echo", 150, 0, 1, 5, 15, 0), 122.421331, 4.439743),
        (("G.107.2", 0, 0, 1, 0, 4.3, 0), 148.0, 4.5),
        (("G.107.2", 0, 3, 1, 10.8, 10.3, 0), 109.861654, 3.788632),
        (("G.107.2", 250, 3, 1, 10.2, 4.3, 0), 74.548475, 2.594465),
    ],
)
def test_published_value(row: tuple[str, *tuple[float, ...]], r: float, mos: float) -> None:
    """The table of values collected from publications and other projects' tests holds."""
    names = ("model", "Ta_ms", "Ppl_percent", "BurstR", "Ie", "Bpl", "A")
    result = by_vector({name: str(value) for name, value in zip(names, row, strict=True)})
    assert (result.r, result.mos_strict) == pytest.approx((r, mos), abs=1e-6)


def test_golden_intermediates() -> None:
    """Every term of the default call is that of G.107: No shows through Ro."""
    result = g107(EModelParameters())
    expected = {
        "ro": 94.7688215794,
        "iolr": 0.440178,
        "ist": -0.000715,
        "iq": 0.974105,
        "i_s": 1.413568,
        "idte": 0.0,
        "idle": 0.149046,
        "idd": 0.0,
        "ie_eff": 0.0,
        "r": 93.2062077233,
        "mos": 4.409406,
    }
    assert {name: getattr(result, name) for name in expected} == {name: pytest.approx(value, abs=5e-7) for name, value in expected.items()}
    assert (15 - result.ro) / 1.5 - 8 == pytest.approx(-61.17921438624169, abs=1e-11)


def test_r_is_the_sum_of_its_terms() -> None:
    """R = Ro - Is - Id - Ie,eff + A (G.107, 7.1)."""
    result = g107(with_echo_path(EModelParameters(ta_ms=180, ie=11, bpl=19, ppl_percent=3, burst_r=1.4, a=5)))
    assert result.i_s == pytest.approx(result.iolr + result.ist + result.iq)
    assert result.i_d == pytest.approx(result.idte + result.idle + result.idd)
    assert result.r == pytest.approx(result.ro - result.i_s - result.i_d - result.ie_eff + result.a)


@pytest.mark.parametrize(
    ("ta_ms", "idd", "r", "echo_id"), [(150, 0.164, 93.04, 3.816), (200, 3.044, 90.16, 7.55), (300, 14.76, 78.45, 20.69)]
)
def test_delay_is_wired_without_echo_unless_asked(ta_ms: float, idd: float, r: float, echo_id: float) -> None:
    """Echo-free delay costs Idd alone; with a symmetric echo path it costs what the echo tables of other tools show."""
    free = g107(EModelParameters(ta_ms=ta_ms))
    assert (free.idd, free.r) == pytest.approx((idd, r), abs=6e-3)
    assert g107(with_echo_path(EModelParameters(ta_ms=ta_ms))).i_d == pytest.approx(echo_id, abs=6e-3)


@pytest.mark.parametrize(("stmr", "corrected"), [(7.0, True), (22.0, True), (15.0, False)])
def test_unusual_sidetone_corrects_talker_echo(stmr: float, corrected: bool) -> None:
    """Below 9 dB and above 20 dB of STMR the talker echo is corrected by Ist (G.107, 7.4), between them not."""
    echoing = with_echo_path(EModelParameters(ta_ms=100, stmr=stmr))
    result = g107(echoing)
    no = (15 - result.ro) / 1.5 - echoing.slr
    terv = 65 - 40 * log10(11 / (1 + 100 / 150))
    roe, re = -1.5 * (no - 2), 80 + 2.5 * (terv - 14)
    plain = (roe - re) / 2 + ((roe - re) ** 2 / 4 + 100) ** 0.5 - 1
    assert (result.idte != pytest.approx(plain, abs=1e-9)) is corrected


@pytest.mark.parametrize("model", list(EModel))
@given(
    ta=st.tuples(st.floats(0, 800), st.floats(0, 800)),
    ppl=st.tuples(st.floats(0, 100), st.floats(0, 100)),
    burst=st.tuples(st.floats(1, 8), st.floats(1, 8)),
)
def test_more_impairment_never_sounds_better(
    model: EModel, ta: tuple[float, float], ppl: tuple[float, float], burst: tuple[float, float]
) -> None:
    """R never rises with delay, loss or burst ratio, and what is shown stays within 1 and 4.5."""
    less = EModelParameters(ta_ms=min(ta), ppl_percent=min(ppl), burst_r=min(burst), bpl=25.1)
    for more in (replace(less, ta_ms=max(ta)), replace(less, ppl_percent=max(ppl)), replace(less, burst_r=max(burst))):
        assert rate(model, more).r <= rate(model, less).r + 1e-9
        assert 1.0 <= rate(model, more).mos <= rate(model, less).mos + 1e-12 <= 4.5 + 1e-12


def test_bursts_count_in_narrowband_only() -> None:
    """G.107.1 and G.107.2 put BurstR at 1; a value below 1 is held at 1 in G.107."""
    bursty, random = (EModelParameters(ppl_percent=2, bpl=25.1, burst_r=burst_r) for burst_r in (3.0, 1.0))
    assert g107(bursty).r < g107(random).r
    assert (g107_1(bursty).r, g107_2(bursty).r) == (g107_1(random).r, g107_2(random).r)
    assert g107(replace(random, burst_r=0.5)).r == g107(random).r


@pytest.mark.parametrize(
    ("changes", "outside"),
    [
        ({}, ()),
        ({"ta_ms": 500, "ppl_percent": 20}, ()),
        ({"ta_ms": 501}, ("ta_ms",)),
        ({"ppl_percent": 21}, ("ppl_percent",)),
        ({"burst_r": 3, "ppl_percent": 1.9}, ()),
        ({"burst_r": 3, "ppl_percent": 2.0}, ("burst_r",)),
        ({"burst_r": 9, "ppl_percent": 3.0}, ("burst_r",)),
    ],
)
def test_extrapolation_is_flagged(changes: dict[str, float], outside: tuple[str, ...]) -> None:
    """Parameters beyond the permitted ranges are named (G.107, 7.7)."""
    parameters = replace(EModelParameters(), **changes)
    assert outside_range(parameters) == outside == g107(parameters).outside
