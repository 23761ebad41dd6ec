"""Several addresses of one host: how many are tried, and what to say when all of them failed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from nra.model.failure import Failure, FailureKind

MOST_ADDRESSES: Final = 4  # of one name: each silent one costs seconds
TELLING: Final = (
    FailureKind.REFUSED,
    FailureKind.PROHIBITED,
    FailureKind.RESET,
    FailureKind.NO_ANSWER,
    FailureKind.UNREACHABLE,
)
"""What says most of the way to a host, first: an IPv6 address without a route must not hide that the IPv4 one was silent."""


def together(failures: Sequence[tuple[str, Failure]]) -> Failure:
    """Return one failure for all addresses (one at least): of the most telling kind, with what became of each."""
    kinds = [failure.kind for _, failure in failures]
    best = next((kind for kind in TELLING if kind in kinds), kinds[-1])
    _, failure = failures[kinds.index(best)]
    return replace(failure, detail="; ".join(f"{address}: {each.detail}" for address, each in failures))
