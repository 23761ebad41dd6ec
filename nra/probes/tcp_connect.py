"""Does a TCP port accept connections. A middlebox may accept in its place: this alone never makes a port `open`."""

from typing import Final

from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network
from nra.probes.parts.probe import Probe, Watch, observing
from nra.probes.parts.tcp_connection import connected


async def connect(task: Task, net: Network, watch: Watch) -> Answer:
    """Return how long the handshake took; raises NetworkError."""
    async with connected(task, net) as opened:
        return Answer(address=opened.address, elapsed_ms=opened.elapsed_ms, said="SYN/ACK")


PROBE: Final[Probe] = observing("tcp_connect", connect)
