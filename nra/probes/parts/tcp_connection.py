"""A TCP connection for one question, closed afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nra.model.observation import Answer
from nra.net.ports import Connection
from nra.probes.parts.port_check import Asking


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection, how long its handshake took, and the question that it is for."""

    connection: Connection
    elapsed_ms: float
    asking: Asking

    def answer(self, said: str) -> Answer:
        """Return the answer that came over it."""
        return Answer(address=self.asking.address, elapsed_ms=self.elapsed_ms, said=said, local_address=self.connection.local_address())


@asynccontextmanager
async def connected(asking: Asking) -> AsyncIterator[Opened]:
    """Yield an open connection and close it afterwards; raises NetworkError."""
    connection, elapsed_ns = await asking.net.connect(asking.address, asking.port, asking.until_ns)
    try:
        yield Opened(connection, elapsed_ns / 1e6, asking)
    finally:
        await connection.close()
