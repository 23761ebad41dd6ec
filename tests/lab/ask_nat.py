"""Ask STUN servers about the NAT from where this is started and print what is said of it: `ask_nat.py ADDRESS:PORT ...`."""

import asyncio
import sys

from nra.model.observation import Mappings
from nra.model.plan import NatParameters, Target, Task
from nra.net.system import SystemNetwork
from nra.probes.nat_mapping import PROBE
from nra.probes.parts.probe import Watch
from nra.scoring.nat import nat_behaviour


def main(*servers: str) -> None:
    """Print the kind of NAT, whether a provider's address was seen, and each mapping; or the failure."""
    targets = tuple(Target(host=host, port=int(port)) for host, port in (server.rsplit(":", 1) for server in servers))
    task = Task(probe="nat_mapping", target=targets[0], parameters=NatParameters(servers=targets))
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        observation = runner.run(PROBE.run(task, SystemNetwork(), Watch()))
    if isinstance(observation.value, Mappings):
        behaviour = nat_behaviour(observation.value)
        sys.stdout.write(f"{behaviour.kind.value}\n{'shared' if behaviour.shared else 'own'}\n")
        sys.stdout.writelines(f"{seen.server} {seen.address}\n" for seen in observation.value.seen)
    else:
        sys.stdout.write(f"{observation.failure}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
