"""Does a Session-Reflector answer on a UDP port (RFC 8762): the proof that media-range UDP passes both ways."""

from typing import Final

from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network
from nra.probes.parts.inquiry import first_answering
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing
from nra.probes.parts.stamp_question import stamp_question


async def echo(task: Task, net: Network, watch: Watch) -> Answer:
    """Ask the reflector; raises NetworkError."""
    asked = check_parameters(task)
    deadline_ns = net.clock.now_ns() + round(asked.deadline_s * 1e9)
    addresses = await net.resolve(task.target.host, deadline_ns)
    address, _, inquiry = await first_answering(
        net, watch, addresses, task.target.port, lambda: stamp_question(asked.key), deadline_ns=deadline_ns
    )
    return Answer(address=address, elapsed_ms=inquiry.elapsed_ms, said="STAMP reply", tries=inquiry.tries)


PROBE: Final[Probe] = observing("stamp_echo", echo)
