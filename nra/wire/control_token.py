"""The bearer token of a reflector's control channel: whoever has a key can make it, whoever sees it cannot make the key."""

import hmac
from typing import Final

PURPOSE: Final = b"nra control token"
TOKEN_BYTES: Final = 32


def control_token(key: bytes) -> bytes:
    """Return the token of a key: HMAC-SHA-256 over what it is for, 32 octets."""
    return hmac.digest(key, PURPOSE, "sha256")
