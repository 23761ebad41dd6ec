"""The control channel with its sockets: what the process that serves it runs."""

import os
from collections.abc import Callable, Sequence

from nra.net.clock import SystemClock
from nra.net.ports import NetworkError
from nra.net.quic_server import QuicServer, server_configuration
from nra.net.server import ServerPort
from nra.reflector.control import Reception
from nra.reflector.control_answers import Bureau, Desk
from nra.reflector.core import Reflector
from nra.reflector.engine import CannotListen
from nra.reflector.errands import Errands
from nra.wire.control import FactsTold

STAMPS = "kernel"  # where a process can be forked, the system stamps what it receives
QUIC = "quic_"  # before the names of what the server counts


def facts_of(version: str, engine: str, workers: int) -> FactsTold:
    """Return what the reflector tells of itself; what changes is filled in when it is asked."""
    return FactsTold(version=version, engine=engine, workers=workers, stamps=STAMPS, sessions=0, load=None, cpus=os.cpu_count())


class ControlServer:
    """Serves the control channel, and STAMP in its DATAGRAM frames by a reflector of its own; `errands` are what others want of that."""

    def __init__(
        self,
        reflector: Reflector,
        binds: Sequence[tuple[str, int]],
        pem: bytes,
        facts: FactsTold,
        stamp_port: int,
        bureau: Callable[[Callable[[], int]], Bureau],
        *,
        shared: bool = False,
    ) -> None:
        """Bind the addresses, `shared` with the process that holds them for us or not, with a certificate and its key in PEM.

        `bureau` is made for our clock. Raises CannotListen.
        """
        clock = SystemClock()
        self.reflector, self.errands = reflector, Errands(reflector)
        try:
            configuration = server_configuration(pem)
            port = ServerPort(clock, binds, shared=shared)
        except NetworkError as error:
            raise CannotListen(error.failure.detail) from error
        self.bound = port.bound
        desk = Desk(reflector, bureau(clock.now_ns), facts, stamp_port, clock.now_ns)
        self._server, self._loads = QuicServer(port, clock, configuration, Reception(desk)), desk.loads

    def run(self, stop: Callable[[], bool]) -> None:
        """Serve until `stop` says so."""

        def over() -> bool:
            self._tell()
            self.errands.serve()
            return stop()

        self._server.run(over)
        self._tell()

    def _tell(self) -> None:
        """Put what the server has counted beside what the reflector has: whoever asks for its counters is told both."""
        for name, count in self._server.counters.items():
            self.reflector.counters[f"{QUIC}{name}"] = count
        for name, count in self._loads.counters.items():
            self.reflector.counters[name] = count
