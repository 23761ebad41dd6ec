"""Chance as networks deal it: jitter of several shapes, alike from packet to packet or not, and losses that come together."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from statistics import NormalDist
from typing import Final

PARETO_INDEX: Final = 2.5  # below 2 the variance is infinite: one packet would be all of the jitter
NORMAL_MEAN: Final = 3.0  # standard deviations: what is cut off at none is 0.1 %
LEAST_SHARE: Final = 1e-12  # a share of exactly 0 has no normal deviate
STANDARD: Final = NormalDist()


class JitterShape(StrEnum):
    """How the delay of one packet differs from the next: by what law, none of them ever below nothing."""

    UNIFORM = "uniform"  # from nothing to `jitter_ms`
    NORMAL = "normal"  # `jitter_ms` is the standard deviation, around three of them
    EXPONENTIAL = "exponential"  # `jitter_ms` is the mean: one queue that others fill
    PARETO = "pareto"  # `jitter_ms` is the scale of a Lomax law of index 2.5, its mean two thirds of that: rare packets are very late


QUANTILES: Final[dict[JitterShape, Callable[[float], float]]] = {
    JitterShape.UNIFORM: lambda share: share,
    JitterShape.NORMAL: lambda share: max(0.0, NORMAL_MEAN + STANDARD.inv_cdf(max(share, LEAST_SHARE))),
    JitterShape.EXPONENTIAL: lambda share: -math.log1p(-share),
    JitterShape.PARETO: lambda share: (1 - share) ** (-1 / PARETO_INDEX) - 1,
}
"""Below how much of `jitter_ms` this share (0 to less than 1) of the packets stays."""


class Jitter:
    """Draws the jitter of one packet after the other, in units of `jitter_ms`.

    With a correlation each packet takes after the one before, by a first-order autoregression under the shape (a Gaussian copula),
    so that the shape stays what it is.
    """

    def __init__(self, shape: JitterShape, correlation: float, chance: Random) -> None:
        """Begin; a correlation of 0 makes every packet a law unto itself, towards 1 they hardly differ."""
        self._quantile = QUANTILES[shape]
        self._correlation = correlation
        self._chance = chance
        self._deviate: float | None = None

    def draw(self) -> float:
        """Return how many `jitter_ms` the next packet takes longer."""
        return self._quantile(self._chance.random() if self._correlation == 0 else self._share_like_the_last())

    def _share_like_the_last(self) -> float:
        fresh = STANDARD.inv_cdf(max(self._chance.random(), LEAST_SHARE))
        if self._deviate is not None:
            fresh = self._correlation * self._deviate + math.sqrt(1 - self._correlation**2) * fresh
        self._deviate = fresh
        return min(STANDARD.cdf(fresh), 1 - LEAST_SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """Loss by two states (Gilbert 1960, Elliott 1963): the chance per packet to turn bad and good again, the share lost in each.

    Bad lasts 1 / `to_good` packets on average, and `to_bad` / (`to_bad` + `to_good`) of all packets meet it.
    """

    to_bad: float
    to_good: float
    loss_bad: float = 1.0
    loss_good: float = 0.0


class BurstLoss:
    """Decides packet by packet; a path begins in the good state."""

    def __init__(self, bursts: Bursts, chance: Random) -> None:
        """Begin."""
        self._bursts = bursts
        self._chance = chance
        self._bad = False

    def takes(self) -> bool:
        """Tell whether the next packet is lost."""
        turn, loss = self._chance.random(), self._chance.random()
        self._bad = turn >= self._bursts.to_good if self._bad else turn < self._bursts.to_bad
        return loss < (self._bursts.loss_bad if self._bad else self._bursts.loss_good)
