"""A reflector in a process of its own, to be measured: `python reflector_host.py KIND PORT`, on loopback and without a rate limit.

SIGUSR1 begins to count; SIGTERM ends it and prints packets answered and CPU seconds.
"""

import asyncio
import resource
import signal
import sys
from types import FrameType
from typing import Final

from nra.net.clock import SystemClock
from nra.reflector.batched_engine import BatchedEngine
from nra.reflector.core import Reflector, Request
from nra.reflector.engine import Engine
from nra.reflector.guard import Guard

HOST: Final = "127.0.0.1"


class Meter:
    """Counts between two signals."""

    def __init__(self, reflector: Reflector) -> None:
        """Take the signals."""
        self._counters = reflector.counters
        self._before = (0, 0.0)
        self.is_over = False
        signal.signal(signal.SIGUSR1, self._begin)
        signal.signal(signal.SIGTERM, self._end)

    def _now(self) -> tuple[int, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return self._counters["answered"], used.ru_utime + used.ru_stime

    def _begin(self, number: int, frame: FrameType | None) -> None:
        self._before = self._now()

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.is_over = True

    def __str__(self) -> str:
        """Return packets and seconds since the first signal."""
        return " ".join(str(now - before) for now, before in zip(self._now(), self._before, strict=True))


class AsyncioEngine(asyncio.DatagramProtocol):
    """The same core behind asyncio's own datagrams: no stamps, no TTL, no TOS, one datagram a turn of the loop."""

    def __init__(self, reflector: Reflector) -> None:
        """Lend the reflector a clock."""
        self._reflector, self._clock = reflector, SystemClock()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Keep what replies go out by."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer."""
        now_ns = self._clock.now_ns()
        request = Request(payload=data, source=addr, destination=None, destination_port=0, received_ns=now_ns, ttl=None, tos=None)
        response = self._reflector.answer(request, now_ns)
        if response is not None:
            self._transport.sendto(self._reflector.stamped(response, self._clock.now_ns()), addr)


async def serve_asyncio(reflector: Reflector, port: int) -> None:
    """Answer until SIGTERM."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    transport, _ = await loop.create_datagram_endpoint(lambda: AsyncioEngine(reflector), local_addr=(HOST, port))
    print("listening", flush=True)
    await over.wait()
    transport.close()


def main(kind: str, port: int) -> None:
    """Answer until SIGTERM."""
    reflector = Reflector(guard=Guard(rate_limit=0))
    meter = Meter(reflector)
    if kind == "asyncio":
        asyncio.run(serve_asyncio(reflector, port))
    else:
        engine = {"batched": BatchedEngine, "portable": Engine}[kind](reflector, [(HOST, port)])
        print("listening", flush=True)
        engine.run(lambda: meter.is_over)
    print(meter, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
