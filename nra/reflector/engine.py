"""The portable engine: one thread, one datagram after the other, the system's receive stamps where there are any."""

from collections.abc import Callable, Sequence
from typing import Final

from nra.net.clock import SystemClock
from nra.net.ports import NetworkError
from nra.net.server import Datagram, ServerPort, every_address
from nra.reflector.core import Reflector, Request

__all__ = ["CannotListen", "Engine", "every_address"]

GLANCE_S: Final = 0.2  # how long at most until a request to stop is noticed
EXPIRE_EVERY_NS: Final = 5_000_000_000


class CannotListen(Exception):  # noqa: N818 - says what is the case
    """An address could not be bound; the message is the system's reason."""


class Engine:
    """Lends a reflector its sockets and its time."""

    def __init__(self, reflector: Reflector, binds: Sequence[tuple[str, int]], clock: SystemClock | None = None) -> None:
        """Bind the addresses; raises CannotListen."""
        self._clock = clock or SystemClock()
        self._reflector = reflector
        try:
            self._port = ServerPort(self._clock, binds)
        except NetworkError as error:
            raise CannotListen(error.failure.detail) from error
        self._expire_ns = self._clock.now_ns() + EXPIRE_EVERY_NS

    @property
    def bound(self) -> tuple[tuple[str, int], ...]:
        """The addresses and ports that are bound."""
        return self._port.bound

    def run(self, stop: Callable[[], bool]) -> None:
        """Answer until `stop` says so; close the sockets then."""
        try:
            while not stop():
                for datagram in self._port.receive(GLANCE_S):
                    self._answer(datagram)
                self._expire()
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
        response = self._reflector.answer(request, self._clock.now_ns())
        if response is None:
            return
        payload = self._reflector.stamped(response, self._clock.now_ns())
        if not self._port.reply(datagram, payload, response.dscp):
            self._reflector.counters["unsendable"] += 1

    def _expire(self) -> None:
        now_ns = self._clock.now_ns()
        if now_ns >= self._expire_ns:
            self._expire_ns = now_ns + EXPIRE_EVERY_NS
            self._reflector.sessions.expire(now_ns)
