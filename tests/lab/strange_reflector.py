"""A Session-Reflector that is right by the RFC and yet strange: its clock is off, drifts or steps, its numbers begin anywhere.

    python strange_reflector.py ADDRESS PORT [--hours H] [--ppm P] [--step-ms MS --step-after N] [--first-number N]

Until it is terminated.
"""

import argparse
import signal
from dataclasses import dataclass, field

from nra.net.clock import SystemClock
from nra.reflector.core import Reflector, Response
from nra.reflector.engine import Engine
from nra.reflector.session import Session
from nra.reflector.session_key import SessionKey
from nra.reflector.sessions import Sessions


class StrangeClock(SystemClock):
    """The system's clock, moved by a constant, running fast by so many millionths, and moved once more when it is told to."""

    __slots__ = ("_drift", "_offset_ns", "_start_ns")

    def __init__(self, hours: float, ppm: float) -> None:
        """Agree on how wrong it is."""
        super().__init__()
        self._offset_ns = round(hours * 3_600_000_000_000)
        self._drift = ppm / 1e6
        self._start_ns = super().now_ns()

    def now_ns(self) -> int:
        """Return the time on the strange line."""
        true_ns = super().now_ns()
        return true_ns + self._offset_ns + round((true_ns - self._start_ns) * self._drift)

    def step(self, step_ms: float) -> None:
        """Be set, as by somebody who looks at his watch."""
        self._offset_ns += round(step_ms * 1e6)


@dataclass(slots=True, kw_only=True)
class SteppedReflector(Reflector):
    """Steps its clock right after so many replies: no packet is in its hands then."""

    clock: StrangeClock
    step_ms: float = 0.0
    step_after: int = 0
    _replies: int = field(init=False, default=0)

    def stamped(self, response: Response, now_ns: int) -> bytes:
        """Return the reply's octets."""
        octets = Reflector.stamped(self, response, now_ns)
        self._replies += 1
        if self._replies == self.step_after:
            self.clock.step(self.step_ms)
        return octets


class SessionsFrom(Sessions):
    """Sessions that count from a number of their own, as a reflector does that remembers an earlier session."""

    def __init__(self, first_number: int) -> None:
        """Agree on the number."""
        super().__init__()
        self._first_number = first_number

    def _open(self, key: SessionKey) -> Session:
        session = super()._open(key)
        session.received = session.transmitted = session.dropped = self._first_number
        return session


def main() -> None:
    """Answer until terminated."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--ppm", type=float, default=0.0)
    parser.add_argument("--step-ms", type=float, default=0.0)
    parser.add_argument("--step-after", type=int, default=0)
    parser.add_argument("--first-number", type=int, default=0)
    asked = parser.parse_args()
    ends: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: ends.append(number))
    clock = StrangeClock(asked.hours, asked.ppm)
    reflector = SteppedReflector(clock=clock, step_ms=asked.step_ms, step_after=asked.step_after, sessions=SessionsFrom(asked.first_number))
    engine = Engine(reflector, [(asked.address, asked.port)], clock)
    print("listening on UDP {} port {}".format(*engine.bound[0]), flush=True)  # noqa: T201
    engine.run(lambda: bool(ends))


if __name__ == "__main__":
    main()
