"""The portable engine: one thread, one datagram after the other, the system's receive stamps where there are any."""

from collections.abc import Callable, Sequence
from typing import Final

from nra.net.clock import SystemClock
from nra.net.ports import NetworkError
from nra.net.server import Datagram, ServerPort, every_address
from nra.reflector.core import Reflector, Request
from nra.reflector.errands import Errands
from nra.reflector.responders.udp import STAMP, serve

__all__ = ["CannotListen", "Engine", "every_address"]

GLANCE_S: Final = 0.2  # how long at most until a request to stop is noticed; the batched engine takes up to twice as long
EXPIRE_EVERY_NS: Final = 5_000_000_000


class CannotListen(Exception):  # noqa: N818 - says what is the case
    """An address could not be bound; the message is the system's reason."""


def claim(binds: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Return these addresses with their ports chosen, free at this moment: what is shared would not be refused; raises CannotListen."""
    port = _claimed(binds)
    port.close()
    return port.bound


def held(binds: Sequence[tuple[str, int]]) -> ServerPort:
    """Return these addresses bound until they are closed, for nobody but processes that share them with us; raises CannotListen."""
    port = _claimed(binds)
    port.share()
    return port


def _claimed(binds: Sequence[tuple[str, int]]) -> ServerPort:
    try:
        return ServerPort(SystemClock(), binds)
    except NetworkError as error:
        raise CannotListen(error.failure.detail) from error


class Engine:
    """Lends a reflector its sockets and its time; `errands` are what other threads want of it."""

    name = "portable"

    def __init__(
        self, reflector: Reflector, binds: Sequence[tuple[str, int]], clock: SystemClock | None = None, *, shared: bool = False
    ) -> None:
        """Bind the addresses, `shared` with the engines of other processes or not; raises CannotListen."""
        self._clock = clock or SystemClock()
        self._reflector = reflector
        self.errands = Errands(reflector)
        self._services: dict[int, str] = {}  # of channels that are not STAMP's
        try:
            self._port = self._open(binds, shared)
        except NetworkError as error:
            raise CannotListen(error.failure.detail) from error
        self._expire_ns = self._clock.now_ns() + EXPIRE_EVERY_NS

    def _open(self, binds: Sequence[tuple[str, int]], shared: bool) -> ServerPort:
        return ServerPort(self._clock, binds, shared=shared)

    @property
    def bound(self) -> tuple[tuple[str, int], ...]:
        """The addresses and ports that are bound."""
        return self._port.bound

    def close(self) -> None:
        """Close the sockets; whoever ran has done so."""
        self._port.close()

    def listen(self, address: str, port: int, service: str = STAMP) -> tuple[str, int]:
        """Bind one more address for a service of `nra.reflector.responders.udp` and return it; raises CannotListen."""
        try:
            channel = self._port.listen(address, port)
        except NetworkError as error:
            raise CannotListen(error.failure.detail) from error
        if service != STAMP:
            self._services[channel] = service
        return self._port.bound[channel]

    def spread(self, processes: int) -> None:
        """Let each source keep to one of so many processes, once all of them have bound these addresses."""
        self._port.spread(processes)

    def pass_over(self) -> None:
        """Drop what came before each source kept to its process: a session begins in one of them alone."""
        self._port.pass_over()

    def run(self, stop: Callable[[], bool]) -> None:
        """Answer until `stop` says so; close the sockets then."""
        try:
            while not stop():
                for datagram in self._port.receive(GLANCE_S):
                    self._answer(datagram)
                self._expire()
                self.errands.serve()
        finally:
            self._port.close()

    def _answer(self, datagram: Datagram) -> None:
        request = Request(
            payload=datagram.payload,
            source=datagram.source,
            destination=datagram.local,
            destination_port=self._port.bound[datagram.channel][1],
            received_ns=datagram.received_ns,
            ttl=datagram.ttl,
            tos=datagram.tos,
        )
        service = self._services.get(datagram.channel, STAMP)
        if service == STAMP:
            self._reflect(request, datagram)
            return
        answer = serve(self._reflector, service, request, self._clock.now_ns())
        if answer is not None:
            self._send(datagram, answer, 0)

    def _reflect(self, request: Request, datagram: Datagram) -> None:
        response = self._reflector.answer(request, self._clock.now_ns())
        if response is not None:
            self._send(datagram, self._reflector.stamped(response, self._clock.now_ns()), response.dscp)

    def _send(self, datagram: Datagram, payload: bytes, dscp: int) -> None:
        if not self._port.reply(datagram, payload, dscp):
            self._reflector.unanswered()

    def _expire(self) -> None:
        now_ns = self._clock.now_ns()
        if now_ns >= self._expire_ns:
            self._expire_ns = now_ns + EXPIRE_EVERY_NS
            self._reflector.expire(now_ns)
