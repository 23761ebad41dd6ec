"""Blocking calls under a deadline: what the system will not give up on is left behind in a daemon thread.

The executor of asyncio joins its threads at exit, so one resolver that hangs for 30 s would hold the program for 30 s.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str) -> T:
    """Return what `work` returns or raises; cancelled, it lets the thread run on alone."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(setter: Callable[[], None]) -> None:
        if not outcome.done():
            setter()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            caught = error
            post(lambda: outcome.set_exception(caught))
        else:
            post(lambda: outcome.set_result(result))

    def post(setter: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, setter)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await outcome
