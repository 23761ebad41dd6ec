"""The E-model: transmission rating R from planning values (ITU-T G.107 narrowband, G.107.1 wideband, G.107.2 fullband).

R = Ro - Is - Id - Ie,eff + A (G.107, 7.1). Symbols are the Recommendation's; levels in dB, dBm0p or dB(A), delays in ms.
Everything is computed strictly: R may leave 0..100 and `mos_strict` may fall below 1; what is shown is `mos`.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from nra.model.codec import EModel
from nra.scoring.mos import clamp_mos, mos_of_r

SCALE: Final = {EModel.NARROWBAND: 1.0, EModel.WIDEBAND: 1.29, EModel.FULLBAND: 1.48}
"""How far each model stretches R: its MOS is the narrowband curve at R / scale (Annex A of G.107.1 and of G.107.2)."""

DELAY_CLASSES: Final = {"default": (1.0, 100.0), "low": (0.55, 120.0), "very low": (0.4, 150.0)}
"""sT and mT (ms) for how much the users' conversation suffers from delay (G.107, 7.4)."""

WIDEBAND_RO: Final = 129.0  # G.107.1, 7.2
WIDEBAND_NFOR: Final = -96.0  # dBmp; G.107.1 leaves No,WB for further study, this is what implementations put
FULLBAND_RO: Final = 148.0  # G.107.2, 7.2
IE_CEILING: Final = {EModel.NARROWBAND: 95.0, EModel.WIDEBAND: 95.0, EModel.FULLBAND: 132.0}

RANGES: Final = {  # G.107, 7.7: permitted ranges
    "slr": (0, 18),
    "rlr": (-5, 14),
    "stmr": (10, 20),
    "ds": (-3, 3),
    "dr": (-3, 3),
    "telr": (5, 65),
    "wepl": (5, 110),
    "t_ms": (0, 500),
    "tr_ms": (0, 1000),
    "ta_ms": (0, 500),
    "qdu": (1, 14),
    "ie": (0, 40),
    "bpl": (4.3, 40),
    "ppl_percent": (0, 20),
    "burst_r": (1, 8),
    "nc": (-80, -40),
    "ps": (35, 85),
    "pr": (35, 85),
    "a": (0, 20),
}
BURSTY_PPL_PERCENT: Final = 2.0  # BurstR above 2 is valid only for Ppl below this (G.107, 7.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class EModelParameters:
    """Everything the E-model asks for, with the defaults of G.107, 7.7: an echo-free call without loss."""

    slr: float = 8.0
    rlr: float = 2.0
    stmr: float = 15.0
    ds: float = 3.0
    dr: float = 3.0
    telr: float = 65.0
    wepl: float = 110.0
    t_ms: float = 0.0  # mean one-way delay of the echo path
    tr_ms: float = 0.0  # round-trip delay in the four-wire loop
    ta_ms: float = 0.0  # absolute one-way delay
    qdu: float = 1.0
    ie: float = 0.0
    bpl: float = 4.3
    ppl_percent: float = 0.0
    burst_r: float = 1.0
    nc: float = -70.0
    nfor: float = -64.0
    ps: float = 35.0
    pr: float = 35.0
    a: float = 0.0
    s_t: float = 1.0
    m_t_ms: float = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EModelResult:
    """Every term of R, R itself, the MOS strictly by formula and as shown (1..4.5), and what lay outside the model's range."""

    ro: float
    iolr: float
    ist: float
    iq: float
    i_s: float
    idte: float
    idle: float
    idd: float
    i_d: float
    ie_eff: float
    a: float
    r: float
    mos_strict: float
    mos: float
    outside: tuple[str, ...]


def rate(model: EModel, parameters: EModelParameters) -> EModelResult:
    """Return R, MOS and every term by the E-model of the given bandwidth."""
    return {EModel.NARROWBAND: g107, EModel.WIDEBAND: g107_1, EModel.FULLBAND: g107_2}[model](parameters)


def with_echo_path(parameters: EModelParameters) -> EModelParameters:
    """Return the same call with a symmetric echo path: T = Ta, Tr = 2 Ta (G.107, 7.4)."""
    return replace(parameters, t_ms=parameters.ta_ms, tr_ms=2 * parameters.ta_ms)


def g107(p: EModelParameters) -> EModelResult:
    """Return the narrowband rating (ITU-T G.107, clause 7)."""
    no = _noise(p, p.nfor)
    ro = 15 - 1.5 * (p.slr + no)
    x_olr = p.slr + p.rlr + 0.2 * (64 + no - p.rlr)
    iolr = 20 * ((1 + (x_olr / 8) ** 8) ** (1 / 8) - x_olr / 8)
    ist = _sidetone(p)
    return _result(
        EModel.NARROWBAND,
        p,
        ro=ro,
        iolr=iolr,
        ist=ist,
        iq=_quantizing(p, ro),
        idte=_talker_echo(p, no, ist),
        idle=_listener_echo(p, ro),
        idd=_delay(p),
    )


def g107_1(p: EModelParameters) -> EModelResult:
    """Return the wideband rating, R up to 129 (ITU-T G.107.1); BurstR is 1 there."""
    roe = -1.5 * (_noise(p, WIDEBAND_NFOR) - p.rlr)
    terv = _terv(p) + (0.08 * p.t_ms + 10 if p.t_ms < 100 else 18)
    idte = _echo_points(roe, 80 + 3 * (terv - 14), p.t_ms)
    return _result(
        EModel.WIDEBAND, p, ro=WIDEBAND_RO, idte=idte, idle=_listener_echo(p, WIDEBAND_RO), idd=SCALE[EModel.WIDEBAND] * _delay(p)
    )


def g107_2(p: EModelParameters) -> EModelResult:
    """Return the fullband rating, R up to 148 (ITU-T G.107.2, 2019); BurstR is 1 and echo has no term there."""
    return _result(EModel.FULLBAND, p, ro=FULLBAND_RO, idd=SCALE[EModel.FULLBAND] * _delay(p))


def effective_equipment_impairment(model: EModel, p: EModelParameters) -> float:
    """Return Ie,eff, what codec and packet loss cost in points of R (G.107, 7.5; bursts count in narrowband only)."""
    burst_r = max(1.0, p.burst_r) if model is EModel.NARROWBAND else 1.0
    return p.ie + (IE_CEILING[model] - p.ie) * p.ppl_percent / (p.ppl_percent / burst_r + p.bpl)


def outside_range(p: EModelParameters) -> tuple[str, ...]:
    """Return the names of the parameters beyond G.107, 7.7: the result is then an extrapolation."""
    beyond = [name for name, (low, high) in RANGES.items() if not low <= getattr(p, name) <= high]
    if p.burst_r > 2 and p.ppl_percent >= BURSTY_PPL_PERCENT and "burst_r" not in beyond:
        beyond.append("burst_r")
    return tuple(beyond)


def _result(
    model: EModel,
    p: EModelParameters,
    *,
    ro: float,
    iolr: float = 0.0,
    ist: float = 0.0,
    iq: float = 0.0,
    idte: float = 0.0,
    idle: float = 0.0,
    idd: float,
) -> EModelResult:
    i_s, i_d, ie_eff = iolr + ist + iq, idte + idle + idd, effective_equipment_impairment(model, p)
    r = ro - i_s - i_d - ie_eff + p.a
    strict = mos_of_r(r / SCALE[model])
    return EModelResult(
        ro=ro, iolr=iolr, ist=ist, iq=iq, i_s=i_s, idte=idte, idle=idle, idd=idd, i_d=i_d, ie_eff=ie_eff, a=p.a, r=r,
        mos_strict=strict, mos=clamp_mos(strict), outside=outside_range(p),
    )  # fmt: skip


def _noise(p: EModelParameters, nfor: float) -> float:
    """No: circuit, room (both sides) and floor noise at the 0 dBr point (G.107, 7.2)."""
    nos = p.ps - p.slr - p.ds - 100 + 0.004 * (p.ps - p.slr - p.rlr - p.ds - 14) ** 2
    lstr = p.stmr + p.dr
    pre = p.pr + 10 * math.log10(1 + 10 ** ((10 - lstr) / 10))
    nor = p.rlr - 121 + pre + 0.008 * (pre - 35) ** 2
    return 10 * math.log10(sum(10 ** (level / 10) for level in (p.nc, nos, nor, nfor + p.rlr)))


def _sidetone(p: EModelParameters) -> float:
    """Ist: non-optimum sidetone (G.107, 7.3)."""
    stmr_o = -10 * math.log10(10 ** (-p.stmr / 10) + math.exp(-p.t_ms / 4) * 10 ** (-p.telr / 10))
    return float(
        12 * (1 + ((stmr_o - 13) / 6) ** 8) ** (1 / 8)
        - 28 * (1 + ((stmr_o + 1) / 19.4) ** 35) ** (1 / 35)
        - 13 * (1 + ((stmr_o - 3) / 33) ** 13) ** (1 / 13)
        + 29
    )


def _quantizing(p: EModelParameters, ro: float) -> float:
    """Iq: quantizing distortion (G.107, 7.3)."""
    q = 37 - 15 * math.log10(p.qdu)
    g = 1.07 + 0.258 * q + 0.0602 * q**2
    y = (ro - 100) / 15 + 46 / 8.4 - g / 9
    z = 46 / 30 - g / 40
    return 15 * math.log10(1 + 10**y + 10**z)


def _terv(p: EModelParameters) -> float:
    """TERV: how loud the talker echo is heard, corrected for its delay (G.107, 7.4)."""
    return p.telr - 40 * math.log10((1 + p.t_ms / 10) / (1 + p.t_ms / 150)) + 6 * math.exp(-0.3 * p.t_ms**2)


def _echo_points(roe: float, re: float, t_ms: float) -> float:
    """Idte before the sidetone's part; below 1 ms talker echo is sidetone and costs nothing here (G.107, 7.4)."""
    return ((roe - re) / 2 + math.sqrt((roe - re) ** 2 / 4 + 100) - 1) * (1 - math.exp(-t_ms)) if t_ms >= 1 else 0.0


def _talker_echo(p: EModelParameters, no: float, ist: float) -> float:
    """Idte (G.107, 7.4), with the two corrections for unusual sidetone."""
    terv = _terv(p) + (ist / 2 if p.stmr < 9 else 0.0)
    idte = _echo_points(-1.5 * (no - p.rlr), 80 + 2.5 * (terv - 14), p.t_ms)
    return math.hypot(idte, ist) if p.stmr > 20 else idte


def _listener_echo(p: EModelParameters, ro: float) -> float:
    """Idle (G.107, 7.4)."""
    rle = 10.5 * (p.wepl + 7) * (p.tr_ms + 1) ** -0.25
    return float((ro - rle) / 2 + math.sqrt((ro - rle) ** 2 / 4 + 169))


def _delay(p: EModelParameters) -> float:
    """Idd: too long an absolute delay even without echo (G.107, 7.4)."""
    if p.ta_ms <= p.m_t_ms:
        return 0.0
    x, n = math.log2(p.ta_ms / p.m_t_ms), 6 * p.s_t
    return float(25 * ((1 + x**n) ** (1 / n) - 3 * (1 + (x / 3) ** n) ** (1 / n) + 2))
