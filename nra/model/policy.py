"""What a site must show before it goes live: the policy file of `nra gate`, as read and checked (docs/go-live.md)."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from nra.model.criteria import Thresholds

Half = Literal["voice", "firewall"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One row or port that may fail until the end of a day; without `site` or `workstation` everywhere."""

    what: str  # a row's key such as up_jitter_ms, or a port such as 3478/UDP
    owner: str
    reason: str
    expires: date
    site: str | None = None
    workstation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLimits:
    """The limits of one site, all rows of them."""

    site: str
    thresholds: Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is required, of how many, and what may fail; `ports` (such as 3478/UDP) are required beside those that the run itself requires.

    `measured` are the halves that may not be skipped, `required_sites` those of which there must be a run; no run may be older than
    `max_age_days`.
    """

    name: str
    thresholds: Thresholds
    sites: tuple[SiteLimits, ...] = ()
    ports: tuple[str, ...] = ()
    measured: tuple[Half, ...] = ()
    required_sites: tuple[str, ...] = ()
    max_age_days: int | None = None
    runs: int = 1
    workstations: int = 1
    runs_per_workstation: int = 1
    failed_runs: int = 0
    inconclusive_runs: int = 0
    strict: bool = False
    waivers: tuple[Waiver, ...] = ()
    fail_on_regression: bool = False
