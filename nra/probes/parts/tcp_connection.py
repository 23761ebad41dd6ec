"""Opening a TCP connection to the first of a host's addresses that accepts one, all within one deadline."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nra.model.failure import Failure
from nra.model.plan import Task
from nra.net.ports import Connection, Network, NetworkError
from nra.probes.parts.addresses import MOST_ADDRESSES, together
from nra.probes.parts.probe import check_parameters


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection, where it goes, how long its handshake took, and until when everything on it must be done."""

    connection: Connection
    address: str
    elapsed_ms: float
    deadline_ns: int


@asynccontextmanager
async def connected(task: Task, net: Network) -> AsyncIterator[Opened]:
    """Yield an open connection and close it afterwards; raises NetworkError."""
    deadline_ns = net.clock.now_ns() + round(check_parameters(task).deadline_s * 1e9)
    opened = await _first_accepting(task, net, deadline_ns)
    try:
        yield opened
    finally:
        await opened.connection.close()


async def _first_accepting(task: Task, net: Network, deadline_ns: int) -> Opened:
    addresses = (await net.resolve(task.target.host, deadline_ns))[:MOST_ADDRESSES]
    failures: list[tuple[str, Failure]] = []
    for address in addresses:
        now_ns = net.clock.now_ns()
        share_ns = (deadline_ns - now_ns) // (len(addresses) - len(failures))  # of the time that is left
        try:
            connection, elapsed_ns = await net.connect(address, task.target.port, now_ns + share_ns)
        except NetworkError as error:
            failures.append((address, error.failure))
        else:
            return Opened(connection, address, elapsed_ns / 1e6, deadline_ns)
    raise NetworkError(together(failures))
