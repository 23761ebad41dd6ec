"""By what sessions are told apart: where a packet comes from, and its SSID."""

import ipaddress
from functools import lru_cache
from typing import Final

SessionKey = bytes
"""Source port, source address and SSID as on the wire: 8 octets with IPv4, 20 with IPv6."""
ADDRESS: Final = slice(2, -2)
SSID: Final = slice(-2, None)
NO_SSID: Final = bytes(2)


def session_key(ssid: int, address: str, port: int) -> SessionKey:
    """Return the key of a packet's session."""
    return port.to_bytes(2) + packed_address(address) + ssid.to_bytes(2)


def address_of(key: SessionKey) -> str:
    """Return the address of a session's sender."""
    return str(ipaddress.ip_address(key[ADDRESS]))


def source_of(key: SessionKey) -> bytes:
    """Return who a session's sender is to us: an IPv4 address, or an IPv6 address's /64 (`nra.net.sockets.household`)."""
    address = key[ADDRESS]
    return address[:8] if len(address) > 8 else address


@lru_cache(maxsize=4096)
def packed_address(address: str) -> bytes:
    """Return the octets of an address; a zone is no part of them."""
    return ipaddress.ip_address(address).packed
