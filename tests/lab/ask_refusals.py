"""Ask ports side by side and print what came of each, one JSON line: `ask_refusals.py ADDRESS udp:9 tcp:80 ...`.

A line is [protocol, port, kind, detail, by], all of the failure; kind is "open" where a port answered.
"""

import asyncio
import json
import sys

from nra.model.failure import Failure
from nra.net.ports import NetworkError
from nra.net.system import SystemNetwork
from nra.probes.parts.inquiry import inquire
from nra.probes.parts.probe import Watch

PATIENCE_NS = 5_000_000_000


class Hello:
    """Says hello and takes any answer."""

    name = "hello"

    def ask(self, now_ns: int) -> bytes:
        """Say hello."""
        return b"hello"

    def understand(self, payload: bytes) -> tuple[bytes, int]:
        """Take any answer."""
        return payload, 0


async def failure_of(net: SystemNetwork, protocol: str, address: str, port: int) -> Failure | None:
    """Return why a port did not answer, None when it did."""
    try:
        if protocol == "udp":
            await inquire(net, Watch(), address, port, Hello())
        else:
            connection, _ = await net.connect(address, port, net.clock.now_ns() + PATIENCE_NS)
            await connection.close()
    except NetworkError as error:
        return error.failure
    return None


async def main(address: str, *ports: str) -> None:
    """Ask all of them."""
    net = SystemNetwork()
    asked = [(protocol, int(port)) for protocol, _, port in (each.partition(":") for each in ports)]
    failures = await asyncio.gather(*(failure_of(net, protocol, address, port) for protocol, port in asked))
    for (protocol, port), failure in zip(asked, failures, strict=True):
        told = ("open", None, None) if failure is None else (failure.kind, failure.detail, failure.by)
        sys.stdout.write(json.dumps([protocol, port, *told]) + "\n")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(main(*sys.argv[1:]))
