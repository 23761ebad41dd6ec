"""The cheap QUIC question: a server must refuse a version that does not exist by naming its own (RFC 9000 6.1)."""

import random
from typing import Final

from nra.wire.errors import MalformedMessage
from nra.wire.quic import decode_version_negotiation, encode_version_probe, is_reserved, reserved_version, version_name

ID_BYTES: Final = 8
VERSION_BITS: Final = 16


class VersionQuestion:
    """Asks in a version that nobody speaks; each try has connection ids of its own."""

    name: Final = "QUIC packet of a version that does not exist"

    def __init__(self) -> None:
        """Nothing asked yet."""
        self._asked: dict[tuple[bytes, bytes], tuple[int, int]] = {}

    def ask(self, now_ns: int) -> bytes:
        """Return a datagram that looks like the first of a connection."""
        destination_id, source_id = random.randbytes(ID_BYTES), random.randbytes(ID_BYTES)
        version = reserved_version(random.getrandbits(VERSION_BITS))
        self._asked[destination_id, source_id] = version, now_ns
        return encode_version_probe(version, destination_id, source_id)

    def understand(self, payload: bytes) -> tuple[tuple[int, ...], int] | None:
        """Return the versions of a server that echoes the ids of one of our tries; a list with our own version is none (RFC 9000 6.2)."""
        try:
            answer = decode_version_negotiation(payload)
        except MalformedMessage:
            return None
        version, asked_ns = self._asked.get((answer.source_id, answer.destination_id), (None, 0))
        return None if version is None or version in answer.versions else (answer.versions, asked_ns)


def told(versions: tuple[int, ...]) -> str:
    """Return what the server said, in words."""
    real = [version_name(version) for version in versions if not is_reserved(version)]
    return f"QUIC version negotiation: {', '.join(real) or 'reserved versions only'}"
