"""A connection that keeps nobody waiting: whoever does not finish the head of a request is let go, and there are only so many at once.

Anybody on this machine may connect, token or not; sockets that stay open until the system has none left would end the measurement
that is to be started next.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_S: Final = 10.0
MOST_CONNECTIONS: Final = 200


class Patient(H11Protocol):
    """Uvicorn's own protocol, which waits for the head of a request for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or close it at once where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
        else:
            self.loop.call_later(HEAD_S, self._look, None)

    def _look(self, before: RequestResponseCycle | None) -> None:
        """Close the connection if it has been without a new request since the last look and none is being answered."""
        now: RequestResponseCycle | None = self.cycle  # there is none before the first request
        if self.transport.is_closing():
            return
        if now is before and (now is None or now.response_complete):
            self.transport.close()
        else:
            self.loop.call_later(HEAD_S, self._look, now)
