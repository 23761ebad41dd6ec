"""Does the system's resolver know a name: which addresses, after how long."""

from typing import Final

from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing


async def resolve(task: Task, net: Network, watch: Watch) -> Answer:
    """Return the first address and how many there are; raises NetworkError."""
    started_ns = net.clock.now_ns()
    addresses = await net.resolve(task.target.host, started_ns + round(check_parameters(task).deadline_s * 1e9))
    elapsed_ms = (net.clock.now_ns() - started_ns) / 1e6
    said = f"{task.target.host} has {len(addresses)} address{'es' if len(addresses) > 1 else ''} (by DNS, a hosts file or a cache)"
    return Answer(address=addresses[0], elapsed_ms=elapsed_ms, said=said)


PROBE: Final[Probe] = observing("name_resolution", resolve)
