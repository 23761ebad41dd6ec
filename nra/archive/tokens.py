"""Names for things that must not be named: the same thing gets the same token everywhere, and without the key nobody gets back.

A token is a kind and the first digits of an HMAC-SHA-256 of the thing, so two bundles made with one key can be compared. Of an address
the network comes first (256 addresses of IPv4, a /64 of IPv6): who reads the bundle still sees which workstations share one.
"""

import hmac
import re
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

KEY_BYTES: Final = 32
DIGITS: Final = 10
ADDRESS_DIGITS: Final = 8
KINDS: Final = (
    "org", "site", "seat", "case", "host", "user", "contact", "customer", "network", "mail", "mac", "file", "number", "word",
)  # fmt: skip
ADDRESS: Final = "addr"
TOKEN: Final = re.compile(
    rf"(?:{'|'.join(KINDS)})-[0-9a-f]{{{DIGITS}}}|{ADDRESS}-[0-9a-f]{{{ADDRESS_DIGITS}}}-[0-9a-f]{{{ADDRESS_DIGITS}}}"
)
NETWORK_BITS: Final = {4: 24, 6: 64}

Address = IPv4Address | IPv6Address


def folded(text: str) -> str:
    """Return the text as it is compared: composed, in small letters, runs of white space as one space."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes tokens with one key."""

    key: bytes

    def of(self, kind: str, thing: str) -> str:
        """Return the token of a thing; capitals and blanks make no other thing, and a token stays as it is."""
        if TOKEN.fullmatch(thing):
            return thing
        return f"{kind}-{self._digits(folded(thing), DIGITS)}"

    def of_address(self, address: Address) -> str:
        """Return the token of an address: first its network's digits, then its own; a mapped IPv4 address is the IPv4 address."""
        plain = unmapped(address)
        network = ip_network((plain, NETWORK_BITS[plain.version]), strict=False)
        return f"{ADDRESS}-{self._digits(str(network), ADDRESS_DIGITS)}-{self._digits(str(plain), ADDRESS_DIGITS)}"

    def _digits(self, text: str, count: int) -> str:
        return hmac.new(self.key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:count]


def unmapped(address: Address) -> Address:
    """Return the IPv4 address of a mapped one, and every address without its zone."""
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def address_in(text: str) -> Address | None:
    """Return the address that the text is, with or without brackets, zone and leading zeros; None where it is none."""
    bare = text.strip("[]").partition("%")[0]
    try:
        return ip_address(bare)
    except ValueError:
        pass
    parts = bare.split(".")
    if len(parts) == 4 and all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts):
        return ip_address(".".join(str(int(part)) for part in parts))
    return None


def is_nobodys(address: Address) -> bool:
    """Tell whether the address names nobody: loopback, or none at all (0.0.0.0 and ::)."""
    plain = unmapped(address)
    return plain.is_loopback or plain.is_unspecified
