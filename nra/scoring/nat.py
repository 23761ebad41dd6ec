"""What a NAT does to a socket, from where two STUN servers saw it (RFC 4787 4.1: how addresses and ports are mapped)."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final

from nra.model.observation import Mapped, Mappings

SHARED: Final = ip_network("100.64.0.0/10")  # RFC 6598: between a provider's NAT and its customers
AT_LEAST: Final = 2  # addresses of servers, without which a mapping cannot be called independent of them


class NatKind(StrEnum):
    """How a NAT maps one socket towards different destinations."""

    NONE = "no NAT"
    INDEPENDENT = "endpoint-independent or port-preserving"  # two servers cannot tell these apart; RFC 4787 REQ-1 asks for the former
    SYMMETRIC = "symmetric"  # address-dependent or address-and-port-dependent
    UNTESTED = "not testable"


@dataclass(frozen=True, slots=True, kw_only=True)
class NatBehaviour:
    """What is known of the NAT: `compared` are the servers that it rests on, `shared` tells of an address that providers share out."""

    kind: NatKind
    compared: tuple[Mapped, ...]
    shared: bool


def nat_behaviour(mappings: Mappings) -> NatBehaviour:
    """Return what the mappings say of the NAT between this workstation and the servers."""
    compared = _from_outside(mappings)
    addresses = (mappings.local_address, *(seen.address for seen in mappings.seen))
    return NatBehaviour(kind=_kind(mappings, compared), compared=compared, shared=any(ip_address(each) in SHARED for each in addresses))


def _from_outside(mappings: Mappings) -> tuple[Mapped, ...]:
    """Leave out servers on this side of the NAT, whose word says nothing of it: private addresses, and who alone sees no NAT."""
    public = [seen for seen in mappings.seen if ip_address(seen.server).is_global] or mappings.seen
    return tuple(seen for seen in public if not _is_local(seen, mappings)) or tuple(public)


def _is_local(seen: Mapped, mappings: Mappings) -> bool:
    return (seen.address, seen.port) == (mappings.local_address, mappings.local_port)


def _kind(mappings: Mappings, compared: tuple[Mapped, ...]) -> NatKind:
    if len({(seen.address, seen.port) for seen in compared}) > 1:
        return NatKind.SYMMETRIC
    if compared and _is_local(compared[0], mappings):
        return NatKind.NONE
    return NatKind.INDEPENDENT if len({seen.server for seen in compared}) >= AT_LEAST else NatKind.UNTESTED
