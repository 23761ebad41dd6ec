"""Does a QUIC server answer on a UDP port: it must refuse a version that does not exist by naming its own (RFC 9000 6.1)."""

from typing import Final

from nra.model.observation import Answer
from nra.probes.parts.port_check import Asking, asked_over_udp, port_check
from nra.probes.parts.probe import Probe
from nra.probes.parts.quic_question import VersionQuestion, told


async def negotiate(asking: Asking) -> Answer:
    """Ask a server for its versions; raises NetworkError."""
    return await asked_over_udp(asking, VersionQuestion(), told)


PROBE: Final[Probe] = port_check("quic_version", negotiate)
