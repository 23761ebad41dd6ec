"""Does a reflector answer on its control channel, with the key that is pinned, and does it know us."""

from typing import Final

from nra.model.observation import Answer, Trust
from nra.probes.parts.port_check import Asking, port_check
from nra.probes.parts.probe import Probe


async def knock(asking: Asking) -> Answer:
    """Open the control channel and say who we are; raises NetworkError."""
    access = asking.parameters.control
    if access is None:
        raise TypeError("quic_control needs access to a control channel")
    began_ns = asking.net.clock.now_ns()
    line = await asking.net.open_quic(asking.address, access, asking.server_name, asking.until_ns)
    elapsed_ms = (asking.net.clock.now_ns() - began_ns) / 1e6
    line.close()
    return Answer(address=asking.address, elapsed_ms=elapsed_ms, said="reflector's control channel over QUIC", trust=Trust.PIN)


PROBE: Final[Probe] = port_check("quic_control", knock)
