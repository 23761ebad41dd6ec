"""Connections that never finish the head of a request, and too many of them; time is set by hand."""

import asyncio
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.responses import PlainTextResponse
from uvicorn.server import ServerState

from nra.ui.patience import HEAD_S, MOST_CONNECTIONS, Patient

HEAD = b"GET / HTTP/1.1\r\nhost: x\r\n"


class Wire(asyncio.Transport):
    """A connection that knows what was written to it and whether it was closed."""

    def __init__(self) -> None:
        """Open it."""
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep what is written."""
        self.written += bytes(data)

    def close(self) -> None:
        """Close it."""
        self.closed = True

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.closed


class Slow:
    """A loop whose timers go off when it is told to."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run tasks by a real loop."""
        self._loop = loop
        self.timers: list[tuple[float, Callable[..., None], tuple[Any, ...]]] = []

    def call_later(self, delay_s: float, callback: Callable[..., None], *arguments: object) -> asyncio.TimerHandle:
        """Keep the timer."""
        self.timers.append((delay_s, callback, arguments))
        return self._loop.call_later(3600, lambda: None)

    def create_task(self, *words: Any, **named: Any) -> asyncio.Task[Any]:
        """Begin a task."""
        return self._loop.create_task(*words, **named)

    def pass_by(self) -> None:
        """Let the time of a head pass."""
        due = [(callback, arguments) for delay_s, callback, arguments in self.timers if delay_s == HEAD_S]
        self.timers.clear()
        for callback, arguments in due:
            callback(*arguments)


def connected(loop: Slow, state: ServerState | None = None) -> tuple[Patient, Wire]:
    """Return a new connection to a site that says one word."""
    config = uvicorn.Config(PlainTextResponse("welcome"), http=Patient, lifespan="off", log_config=None)
    config.load()
    protocol, wire = Patient(config, state or ServerState(), {}, loop), Wire()  # type: ignore[arg-type]
    protocol.connection_made(wire)
    return protocol, wire


def test_a_head_that_does_not_end_is_not_waited_for() -> None:
    """Neither the first one nor one after an answer, however many octets come."""

    async def slowly() -> None:
        loop = Slow(asyncio.get_running_loop())
        protocol, wire = connected(loop)
        protocol.data_received(HEAD)
        loop.pass_by()
        assert wire.closed
        protocol, wire = connected(loop)
        protocol.data_received(HEAD + b"\r\n")
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        assert b"welcome" in wire.written
        loop.pass_by()
        assert not wire.closed
        protocol.data_received(HEAD)
        loop.pass_by()
        assert wire.closed

    asyncio.run(slowly())


def test_an_answer_may_take_its_time() -> None:
    """Whoever is being answered, as the page that follows a measurement is, stays connected."""

    async def answering() -> None:
        loop = Slow(asyncio.get_running_loop())
        protocol, wire = connected(loop)
        protocol.data_received(HEAD + b"\r\n")
        for _ in range(5):
            loop.pass_by()
        assert not wire.closed
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    asyncio.run(answering())


def test_there_are_only_so_many_at_once() -> None:
    """What comes on top is closed at once, and the ones before stay."""

    async def many() -> None:
        loop, state = Slow(asyncio.get_running_loop()), ServerState()
        wires = [connected(loop, state)[1] for _ in range(MOST_CONNECTIONS + 1)]
        assert [wire.closed for wire in wires] == [False] * MOST_CONNECTIONS + [True]

    asyncio.run(many())


def test_a_second_host_is_no_request() -> None:
    """Whichever of them is ours: 400, and the connection ends."""

    async def twice() -> None:
        protocol, wire = connected(Slow(asyncio.get_running_loop()))
        protocol.data_received(HEAD + b"host: y\r\n\r\n")
        assert wire.written.startswith(b"HTTP/1.1 400 ")
        assert wire.closed

    asyncio.run(twice())
