"""A Session-Reflector whose clock is hours off: python offset_reflector.py ADDRESS PORT HOURS, until it is terminated."""

import signal
import sys

from nra.net.clock import SystemClock
from nra.reflector.core import Reflector
from nra.reflector.engine import Engine


class OffsetClock(SystemClock):
    """The system's clock, moved by a constant."""

    __slots__ = ("_offset_ns",)

    def __init__(self, offset_ns: int) -> None:
        """Move it by so much."""
        super().__init__()
        self._offset_ns = offset_ns

    def now_ns(self) -> int:
        """Return the time on the moved line."""
        return super().now_ns() + self._offset_ns


def main(address: str, port: str, hours: str) -> None:
    """Answer until terminated."""
    ends: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: ends.append(number))
    engine = Engine(Reflector(), [(address, int(port))], OffsetClock(round(float(hours) * 3_600_000_000_000)))
    print("listening on UDP {} port {}".format(*engine.bound[0]), flush=True)  # noqa: T201
    engine.run(lambda: bool(ends))


if __name__ == "__main__":
    main(*sys.argv[1:])
