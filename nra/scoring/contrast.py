"""Could it be chance? Fisher's exact test of two shares, one-sided: honest with the small numbers that sites have."""

from dataclasses import dataclass
from math import comb
from typing import Final

PROVES: Final = 0.05
LARGEST_EXACT: Final = 2000  # beyond it the counts are scaled down: the answer is then far from the limit on either side


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """So many of so many failed inside, so many of so many elsewhere."""

    inside_failing: int
    inside: int
    outside_failing: int
    outside: int

    @property
    def inside_share(self) -> float:
        """Return the share that failed inside, 0..1."""
        return self.inside_failing / self.inside if self.inside else 0.0

    @property
    def outside_share(self) -> float:
        """Return the share that failed elsewhere, 0..1."""
        return self.outside_failing / self.outside if self.outside else 0.0

    @property
    def errors(self) -> int:
        """Return how many do not fit "inside fails, elsewhere does not"."""
        return self.inside - self.inside_failing + self.outside_failing


def chance(contrast: Contrast) -> float:
    """Return how likely at least so many of the failing would lie inside if it were chance who fails (Fisher, one-sided)."""
    scale = max(1, -(-(contrast.inside + contrast.outside) // LARGEST_EXACT))
    inside, outside = contrast.inside // scale, contrast.outside // scale
    failing_inside = min(inside, contrast.inside_failing // scale)
    failing = failing_inside + min(outside, -(-contrast.outside_failing // scale))
    ways = comb(inside + outside, failing)
    at_least = range(failing_inside, min(inside, failing) + 1)
    return sum(comb(inside, k) * comb(outside, failing - k) for k in at_least) / ways
