"""Serving the page: on loopback, at a free port or a given one, until the console ends it or nobody has asked for an hour."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from nra.ui.app import Site, application
from nra.ui.guard import ADDRESS, Guard, new_token
from nra.ui.patience import Patient
from nra.ui.shelf import Shelf
from nra.ui.words import Memory, Words
from nra.ui.worker import Worker

IDLE_S: Final = 3600.0
LOOK_S: Final = 0.1
CLOSING_S: Final = 2


class CannotServe(Exception):  # noqa: N818 - says what is the case
    """The port is taken, or loopback is not there; the message is one line."""


class Idleness:
    """Knows since when nobody has asked for anything that he may ask for."""

    def __init__(self, app: ASGIApp, worker: Worker) -> None:
        """Watch what goes to `app`; a measurement is no idleness either."""
        self._app, self._worker = app, worker
        self._asked_s = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        self._asked_s = asyncio.get_running_loop().time()
        await self._app(scope, receive, send)

    async def lasting(self, idle_s: float, stop: Callable[[], bool]) -> None:
        """Return once nobody has asked and nothing was measured for so long, or once it shall stop."""
        now = asyncio.get_running_loop().time
        self._asked_s = now()
        while now() - self._asked_s < idle_s and not stop():
            await asyncio.sleep(LOOK_S)
            if self._worker.is_measuring:
                self._asked_s = now()


class _Server(uvicorn.Server):
    """Leaves signals and a failure to bind to whoever started it, instead of ending the program by itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: object = None) -> None:
        try:
            await super().startup()
        except SystemExit:
            raise CannotServe(f"cannot listen on {ADDRESS} port {self.config.port}: it is taken, or not allowed") from None
        if self.started:
            self._ready(f"http://{ADDRESS}:{self.servers[0].sockets[0].getsockname()[1]}")


def serve(
    command: Sequence[str],
    folder: Path,
    memory: Memory,
    configured: Words,
    *,
    port: int,
    ready: Callable[[str, str], None],
    stop: Callable[[], bool],
    idle_s: float = IDLE_S,
) -> None:
    """Serve until it shall stop or is idle; `ready` is told the address once it can be opened, and one that can be opened once.

    Raises CannotServe.
    """
    token, once, worker = new_token(), new_token(), Worker(command, folder)
    site = Site(worker, Shelf(folder), memory, configured, f"/{token}/")
    app = Idleness(application(site, token), worker)

    def serving(origin: str) -> None:
        ready(f"{origin}/{token}/", f"{origin}/{once}")

    asyncio.run(_serve(Guard(app, token, once), worker, port, serving, partial(app.lasting, idle_s, stop)))


async def _serve(
    app: ASGIApp, worker: Worker, port: int, ready: Callable[[str], None], lasting: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            http=Patient,
            host=ADDRESS,
            port=port,
            log_config=None,
            log_level="critical",  # whatever goes wrong is said in a page
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=CLOSING_S,
        ),
        ready,
    )
    serving, open_for = asyncio.ensure_future(server.serve()), asyncio.ensure_future(lasting())
    await asyncio.wait([serving, open_for], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await worker.close()
    open_for.cancel()
    await serving
