"""Does a TLS server with the right name and a chain to the system's roots answer on a TCP port."""

from typing import Final

from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing
from nra.probes.parts.tcp_connection import connected


async def shake_hands(task: Task, net: Network, watch: Watch) -> Answer:
    """Return TLS version and issuer; raises NetworkError."""
    async with connected(task, net) as opened:
        facts = await opened.connection.secure(check_parameters(task).server_name or task.target.host, opened.deadline_ns)
        said = f"{facts.version}, certificate issued by {facts.issuer or 'an unnamed issuer'}"
        return Answer(address=opened.address, elapsed_ms=opened.elapsed_ms, said=said, issuer=facts.issuer)


PROBE: Final[Probe] = observing("tls_handshake", shake_hands)
