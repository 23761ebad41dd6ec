"""Carry out one check from where this is started and print the observation: `ask_port.py PROBE HOST PORT [DEADLINE_S]`."""

import asyncio
import sys

import msgspec

from nra.model.plan import CheckParameters, Target, Task
from nra.net.system import SystemNetwork
from nra.probes import BUILTIN
from nra.probes.parts.probe import Watch


def main(name: str, host: str, port: str, deadline_s: str = "5") -> None:
    """Print the observation as JSON."""
    probe = next(probe for probe in BUILTIN if probe.name == name)
    task = Task(probe=name, target=Target(host=host, port=int(port)), parameters=CheckParameters(deadline_s=float(deadline_s)))
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        observation = runner.run(probe.run(task, SystemNetwork(), Watch()))
    sys.stdout.write(msgspec.json.encode(observation).decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
