"""Does an HTTP/3 server with the right name answer on a UDP port (RFC 9000, RFC 9001), and who vouches for it.

Where the package that shakes hands is not installed, the server's refusal of a version that does not exist must do: it proves the
port, not the certificate.
"""

from dataclasses import replace
from typing import Final

from nra.model.observation import Answer
from nra.net.ports import NetworkError, QuicFacts
from nra.probes.parts.port_check import Asking, asked_over_udp, port_check
from nra.probes.parts.probe import Probe
from nra.probes.parts.quic_question import VersionQuestion
from nra.probes.parts.quic_question import told as versions_told

NOT_INSTALLED: Final = "import"  # the operation that fails then


def told(facts: QuicFacts) -> str:
    """Return what the handshake showed, in words."""
    issuer = facts.tls.issuer or "an unnamed issuer"
    return f"QUIC {facts.version}, {facts.alpn or 'no ALPN'}, TLS certificate issued by {issuer}"


async def shake_hands(asking: Asking) -> Answer:
    """Shake hands, or else ask for versions; raises NetworkError."""
    try:
        facts = await asking.net.quic_handshake(asking.address, asking.port, asking.server_name, asking.until_ns)
    except NetworkError as error:
        if error.failure.operation != NOT_INSTALLED:
            raise
        answer = await asked_over_udp(asking, VersionQuestion(), versions_told)
        return replace(answer, said=f"{answer.said} (no handshake: {error.failure.detail})")
    elapsed_ms, tls = facts.elapsed_ns / 1e6, facts.tls
    return Answer(address=asking.address, elapsed_ms=elapsed_ms, said=told(facts), tries=facts.tries, issuer=tls.issuer, trust=tls.trust)


PROBE: Final[Probe] = port_check("quic_handshake", shake_hands)
