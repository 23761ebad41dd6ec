"""From the rating R to what people say: MOS, its inverse, the words of G.109, shares of good and poor (ITU-T G.107 Annex B)."""

import math
from statistics import NormalDist
from typing import Final

MOS_MIN: Final = 1.0
MOS_MAX: Final = 4.5

CATEGORIES: Final = (  # G.109: lower limits of R and of MOS
    (90.0, 4.34, "very satisfied"),
    (80.0, 4.03, "satisfied"),
    (70.0, 3.60, "some users dissatisfied"),
    (60.0, 3.10, "many users dissatisfied"),
    (50.0, 2.58, "nearly all users dissatisfied"),
    (-math.inf, -math.inf, "not recommended"),
)


def mos_of_r(r: float) -> float:
    """Return MOS-CQE strictly by G.107 Annex B; between R 0 and 6.5 the cubic is slightly below 1."""
    if r <= 0:
        return MOS_MIN
    if r >= 100:
        return MOS_MAX
    return 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6


def clamp_mos(mos: float) -> float:
    """Return the MOS as it may be shown: 1 to 4.5."""
    return min(MOS_MAX, max(MOS_MIN, mos))


def r_of_mos(mos: float) -> float:
    """Return the R (6.5..100) that gives this MOS (G.107, Appendix I); raises ValueError outside 1..4.5."""
    if not MOS_MIN <= mos <= MOS_MAX:
        raise ValueError(f"MOS lies between {MOS_MIN} and {MOS_MAX}, not at {mos}")
    h = math.atan2(15 * math.sqrt(-903522 + 1113960 * mos - 202500 * mos**2), 18566 - 6750 * mos) / 3
    return 20 / 3 * (8 - math.sqrt(226) * math.cos(h + math.pi / 3))


def category_of_r(r: float) -> str:
    """Return the one G.109 category to which a narrowband R belongs."""
    return next(word for least, _, word in CATEGORIES if r >= least)


def category_of_mos(mos: float) -> str:
    """Return the one G.109 category to which a narrowband MOS belongs."""
    return next(word for _, least, word in CATEGORIES if mos >= least)


def good_or_better_percent(r: float) -> float:
    """Return %GoB, the share of users who would say good or better (G.107, Annex B)."""
    return 100 * NormalDist().cdf((r - 60) / 16)


def poor_or_worse_percent(r: float) -> float:
    """Return %PoW, the share of users who would say poor or worse (G.107, Annex B)."""
    return 100 * NormalDist().cdf((45 - r) / 16)
