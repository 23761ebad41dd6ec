"""Does a TLS server with the right name answer on a TCP port, and who vouches for it (or: is it the very key expected)."""

from dataclasses import replace
from typing import Final

from nra.model.observation import Answer
from nra.probes.parts.port_check import Asking, port_check
from nra.probes.parts.probe import Probe
from nra.probes.parts.tcp_connection import connected


async def shake_hands(asking: Asking) -> Answer:
    """Return TLS version, issuer and what the chain was verified against; raises NetworkError."""
    async with connected(asking) as opened:
        facts = await opened.connection.secure(asking.server_name, asking.until_ns, asking.parameters.pin)
        said = f"{facts.version}, certificate issued by {facts.issuer or 'an unnamed issuer'}"
        return replace(opened.answer(said), issuer=facts.issuer, trust=facts.trust)


PROBE: Final[Probe] = port_check("tls_handshake", shake_hands)
