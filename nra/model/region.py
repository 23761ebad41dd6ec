"""Regions as data: which hosts and public endpoints each has (catalogue/data/regions.toml)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A public endpoint of a region that answers without credentials."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One AWS region: the service's domain there (None where it has none) and what can be measured against."""

    name: str
    title: str
    area: str
    city: str
    kind: str | None = None  # core, fedramp, satellite; None where the service has no presence
    domain: str | None = None
    short: str | None = None  # the media range's name in host names, such as euc1; None where it is not known
    beacon: Endpoint | None = None  # UDP echo: at most 3 packets/s per source port, 300 bytes
    stun: tuple[Endpoint, ...] = ()  # STUN Binding: at most 10/s
    https: Endpoint | None = None  # TCP 443 of the region
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One row of the Firewall column: a port or range, what it is for, and how an answer can be had."""

    port: str
    protocol: str
    service: str
    purpose: str
    host: str  # `{domain}`, `{region}`, `{short}` and `{reflector}` are filled in
    required: bool
    ask: str  # the probe that gets an answer, or "none" where nobody who would answer is known
    profile: str
    source: str
    checked: str
