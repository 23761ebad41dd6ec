"""Does a Session-Reflector answer on a UDP port (RFC 8762): the proof that media-range UDP passes both ways."""

from typing import Final

from nra.model.observation import Answer
from nra.probes.parts.port_check import Asking, asked_over_udp, port_check
from nra.probes.parts.probe import Probe
from nra.probes.parts.stamp_question import stamp_question


async def echo(asking: Asking) -> Answer:
    """Ask the reflector; raises NetworkError."""
    return await asked_over_udp(asking, stamp_question(asking.parameters.key, asking.parameters.ssid), lambda _: "STAMP reply")


PROBE: Final[Probe] = port_check("stamp_echo", echo)
