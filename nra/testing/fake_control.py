"""A reflector's control channel by hand: which key and pin are good, what is answered, and who answers the datagrams beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from nra.model.failure import UNKNOWN_KEY, Failure, FailureKind
from nra.model.plan import ControlAccess
from nra.net.ports import DatagramPort, NetworkError
from nra.testing.impairment import Peer
from nra.testing.manual_clock import ManualClock
from nra.wire.control import Request, Told

Answer = Callable[[Request, int], Told | Failure]
"""From a request and the time (Unix nanoseconds) to what is told, or how it fails."""


def deaf(_request: Request, _now_ns: int) -> Failure:
    """Answer nothing."""
    return Failure(kind=FailureKind.NO_ANSWER, operation="quic control", detail="no answer in time")


@dataclass(slots=True)
class FakeControl:
    """How a control channel behaves; `asked` keeps what was asked, `lines` those that were opened."""

    pin: str
    key: bytes
    answer: Answer = deaf
    peer: Peer | None = None
    elapsed_ms: float = 30.0
    asked: list[Request] = field(default_factory=list)
    lines: "list[FakeControlLine]" = field(default_factory=list)

    def opened(self, access: ControlAccess, clock: ManualClock, datagrams: Callable[[], DatagramPort]) -> "FakeControlLine":
        """Return a line to whoever has the key and expects the right pin; raises NetworkError."""
        clock.advance_to(clock.now_ns() + round(self.elapsed_ms * 1e6))
        if access.pin != self.pin:
            raise NetworkError(
                Failure(kind=FailureKind.TLS_UNTRUSTED, operation="quic handshake", detail="another key than the pinned one")
            )
        if access.key != self.key:
            raise NetworkError(Failure(kind=FailureKind.REFUSED, operation="quic control", detail=UNKNOWN_KEY))
        line = FakeControlLine(self, clock, datagrams)
        self.lines.append(line)
        return line


class FakeControlLine:
    """One connection."""

    def __init__(self, control: FakeControl, clock: ManualClock, datagrams: Callable[[], DatagramPort]) -> None:
        """Open it; a port for datagrams is made when it is asked for."""
        self._control, self._clock, self._datagrams = control, clock, datagrams
        self._port: DatagramPort | None = None
        self.closed = False

    async def ask(self, request: Request, deadline_ns: int) -> Told:
        """Return what the script tells; raises NetworkError as it says, silence at the deadline."""
        self._control.asked.append(request)
        answer = self._control.answer(request, self._clock.now_ns())
        if isinstance(answer, Failure):
            if answer.kind is FailureKind.NO_ANSWER:
                self._clock.advance_to(deadline_ns)
            raise NetworkError(answer)
        self._clock.advance_to(self._clock.now_ns() + round(self._control.elapsed_ms * 1e6))
        return answer

    def datagrams(self) -> DatagramPort:
        """Return the way for datagrams."""
        self._port = self._port or self._datagrams()
        return self._port

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True
        if self._port is not None:
            self._port.close()
