"""Services over TCP: who answers, who speaks TLS, and who is let in."""

from collections.abc import Sequence
from typing import Final

from nra.net.clock import SystemClock
from nra.net.tcp_server import Respond, TcpServer
from nra.reflector.guard import Guard, IpNetwork
from nra.reflector.responders.answers import (
    dns_stream_answer,
    http_answer,
    sip_or_http_answer,
    sip_stream_answer,
    stun_stream_answer,
)

CONNECTIONS_PER_S: Final = 200  # of one source: a TLS handshake costs us about a millisecond
NO_PORT: Final = 0
TCP_ANSWERS: Final[dict[str, Respond]] = {
    "DNS": dns_stream_answer,
    "HTTP": http_answer,
    "HTTPS": http_answer,
    "STUN": stun_stream_answer,
    "SIP": sip_stream_answer,
    "SIP over TLS": sip_or_http_answer,
}
"""By the service's name in `nra.model.responder`."""
SPEAKS_TLS: Final = frozenset({"HTTPS", "SIP over TLS"})


def guarded(allow: Sequence[IpNetwork], rate_limit: int) -> TcpServer:
    """Return a server that lets in allowed networks, and each source no faster than it may send packets (0: no limit).

    Its guard is its own: guards are not shared between threads. A client's port does not matter to it, since a handshake
    cannot be forged.
    """
    guard, clock = Guard(allow=allow, rate_limit=min(rate_limit, CONNECTIONS_PER_S)), SystemClock()
    return TcpServer(lambda address: guard.refuses(address, NO_PORT, clock.now_ns()))
