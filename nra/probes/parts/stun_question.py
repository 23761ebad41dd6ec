"""The STUN Binding question as checks and streams put it."""

import random
from typing import Final

from nra.wire.errors import MalformedMessage
from nra.wire.stun import MessageType, StunMessage, decode_message, encode_binding_request

TRANSACTION_BYTES: Final = 12
SOFTWARE: Final = "nra voice readiness"
"""Brings a request to 44 octets, as long as the longest success (IPv6): a server that never answers with more than it got can answer.

SOFTWARE (RFC 8489 14.14) may be ignored by any server; PADDING (RFC 5780 7.6) must be refused by one that does not know it.
"""
REQUEST_BYTES: Final = 44


def binding_request(transaction: bytes) -> bytes:
    """Return a Binding request of 44 octets."""
    return encode_binding_request(transaction, software=SOFTWARE)


class StunQuestion:
    """Each try is a transaction of its own, so that a late answer is timed from its own request."""

    name: Final = "STUN Binding request"

    def __init__(self) -> None:
        """Nothing asked yet."""
        self._asked_ns: dict[bytes, int] = {}

    def ask(self, now_ns: int) -> bytes:
        """Return a Binding request."""
        transaction = random.randbytes(TRANSACTION_BYTES)
        self._asked_ns[transaction] = now_ns
        return binding_request(transaction)

    def understand(self, payload: bytes) -> tuple[StunMessage, int] | None:
        """Return the response to one of our requests."""
        try:
            message = decode_message(payload)
        except MalformedMessage:
            return None
        asked_ns = self._asked_ns.get(message.transaction)
        if asked_ns is None or message.type not in (MessageType.SUCCESS, MessageType.ERROR):
            return None
        return message, asked_ns
