"""Regions as data: which hosts and public endpoints each has (catalogue/data/regions.toml)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SELF_TEST: Final = "local"
"""The region whose servers are this program's own, on loopback: it needs no network and says nothing about one."""


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


class Side(StrEnum):
    """At whose host a port is asked."""

    SERVICE = "service"  # the cloud service's, or a public one
    REFLECTOR = "reflector"  # the user's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One row of the Firewall column: a port or range, what it is for, what must be allowed, and how an answer can be had.

    In `host` and `allow_to` the parts `{domain}`, `{region}`, `{short}` and `{media}` are the region's, filled in by the catalogue.
    """

    port: str
    protocol: str
    service: str
    purpose: str
    allow_to: str  # what a firewall rule must let through: hosts or networks
    host: str | None = None  # whom to ask; None where nobody is known
    ask: str = "none"  # the probe that gets an answer
    sure: bool = True  # False: whether anybody answers there is not known
    required: bool
    profile: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalPage:
    """A page of known content over plain HTTP: whatever else comes in its place comes from a captive portal."""

    host: str
    path: str
    status: int
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySetting:
    """A proxy that this workstation is set to use: for which scheme ("all", or "pac": a script that decides), where, by which setting.

    `exempt` are the hosts that are reached without it, as patterns such as `*.example.com`; `<local>` are names without a dot.
    """

    scheme: str
    address: str  # without user and password
    setting: str  # "environment" or "system"
    exempt: tuple[str, ...] = ()
