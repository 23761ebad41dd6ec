"""The SIP question: OPTIONS, which every server must answer one way or another (RFC 3261 11)."""

import random
from typing import Final

from nra.wire.errors import MalformedMessage
from nra.wire.sip import BRANCH_COOKIE, SipResponse, options_request, parse_response

TOKEN_BITS: Final = 64
METHOD: Final = "OPTIONS"


class SipQuestion:
    """Each try is a transaction of its own (its branch), so that a late answer is timed from its own question."""

    name: Final = "SIP OPTIONS"

    def __init__(self, host: str, port: int, transport: str) -> None:
        """Take whom to ask and over what ("UDP" or "TCP")."""
        self._host, self._port, self._transport = host, port, transport
        self._asked_ns: dict[str, int] = {}

    def ask(self, now_ns: int) -> bytes:
        """Return a request."""
        branch = f"{BRANCH_COOKIE}{random.getrandbits(TOKEN_BITS):016x}"
        self._asked_ns[branch] = now_ns
        tag, call_id = (f"{random.getrandbits(TOKEN_BITS):016x}" for _ in range(2))
        return options_request(self._host, self._port, self._transport, branch=branch, tag=tag, call_id=call_id)

    def understand(self, payload: bytes) -> tuple[SipResponse, int] | None:
        """Return the response to one of our requests (17.1.3)."""
        try:
            response = parse_response(payload)
        except MalformedMessage:
            return None
        asked_ns = self._asked_ns.get(response.branch or "")
        return None if asked_ns is None or response.method != METHOD else (response, asked_ns)


def told(response: SipResponse) -> str:
    """Return what the server said, in words."""
    return f"SIP {response.status} {response.reason}".rstrip()
