"""HMAC-SHA-256 truncated to 128 bits, as STAMP uses it in base packets and in the HMAC TLV (RFC 8762 4.4, RFC 8972 4.8)."""

import hmac
from typing import Final

HMAC_SIZE: Final = 16


def truncated_hmac(key: bytes, covered: bytes | bytearray) -> bytes:
    """Return the first 16 octets of HMAC-SHA-256 over the covered octets."""
    return hmac.digest(key, covered, "sha256")[:HMAC_SIZE]


def is_authentic(key: bytes, covered: bytes | bytearray, received: bytes) -> bool:
    """Tell, in constant time, whether the received HMAC belongs to the covered octets."""
    return hmac.compare_digest(truncated_hmac(key, covered), received)
