"""Shake hands and print whom the chain was verified against: `ask_trust.py tls|quic HOST PORT [PIN]`.

The line is JSON: the facts of the handshake, or the failure.
"""

import asyncio
import sys

import msgspec

from nra.model.failure import Failure
from nra.net.ports import NetworkError, TlsFacts
from nra.net.system import SystemNetwork

PATIENCE_NS = 5_000_000_000


async def asked(protocol: str, host: str, port: int, pin: str | None) -> TlsFacts | Failure:
    """Return what the handshake showed, or why there was none."""
    net = SystemNetwork()
    deadline_ns = net.clock.now_ns() + PATIENCE_NS
    try:
        address, *_ = await net.resolve(host, deadline_ns)
        if protocol == "quic":
            return (await net.quic_handshake(address, port, host, deadline_ns)).tls
        connection, _ = await net.connect(address, port, deadline_ns)
        try:
            return await connection.secure(host, deadline_ns, pin)
        finally:
            await connection.close()
    except NetworkError as error:
        return error.failure


def main(protocol: str, host: str, port: str, pin: str | None = None) -> None:
    """Print the outcome as JSON."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        outcome = runner.run(asked(protocol, host, int(port), pin))
    sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
