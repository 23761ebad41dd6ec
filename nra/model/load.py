"""The words of a load (`nra run --load`), and what its generators count."""

from dataclasses import dataclass
from enum import StrEnum


class Burden(StrEnum):
    """Which way the load goes."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class LimitedBy(StrEnum):
    """What kept the load from being faster: only NETWORK makes the rate the path's capacity, else it is at least so much."""

    NETWORK = "network"
    INSTRUMENT = "instrument"  # one of the two generators was busy all the time
    CAP = "cap"  # --max-megabytes, or the reflector's own cap, ended it early


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCounts:
    """What the two generators counted in one phase, each what arrived at its end: octets with IP and UDP headers in each 100 ms.

    `seconds` is how long the load lasted, `busy_here` and `busy_there` the share of it that each generator's processor time was (None:
    not known), `capped` tells that a cap on octets ended it early, `failure` why it ended or could not begin, or
    what else must be known of it.
    """

    up: tuple[int, ...] = ()
    down: tuple[int, ...] = ()
    seconds: float = 0.0
    busy_here: float | None = None
    busy_there: float | None = None
    capped: bool = False
    failure: str | None = None
