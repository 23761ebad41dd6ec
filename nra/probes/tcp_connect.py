"""Does a TCP port accept connections. A middlebox may accept in its place: this alone never makes a port `open`."""

from typing import Final

from nra.model.observation import Answer
from nra.probes.parts.port_check import Asking, port_check
from nra.probes.parts.probe import Probe
from nra.probes.parts.tcp_connection import connected


async def connect(asking: Asking) -> Answer:
    """Return how long the handshake took; raises NetworkError."""
    async with connected(asking) as opened:
        return opened.answer("SYN/ACK")


PROBE: Final[Probe] = port_check("tcp_connect", connect)
