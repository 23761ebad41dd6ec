"""The load generator seen from the measurement: started as a process, told its order, heard line by line, let go by its standard input."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from typing import IO, Final

import msgspec

from nra.model.load import LoadCounts
from nra.model.plan import LoadOrder
from nra.net.load_generator import Line, Order
from nra.wire.control_token import control_token

MODULE: Final = "nra.net.load_generator"
ENDED: Final = "the load generator ended unexpectedly"
FAREWELL_S: Final = 1.0


class LoadProcess:
    """One load generator at work."""

    def __init__(self, order: LoadOrder) -> None:
        """Start it; nothing is raised where the system would not."""
        self._line = Line(is_loading=False, is_over=False)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = process = subprocess.Popen(  # noqa: S603 - our own Python and module
                command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # a checkout's door has added to it
                creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),  # Windows: voice goes first
                start_new_session=sys.platform != "win32",  # Ctrl-C is the measurement's, which then lets go
            )
            if process.stdin is None or process.stdout is None:
                raise OSError("no pipes")
            process.stdin.write(msgspec.json.encode(_order(order)) + b"\n")
            process.stdin.flush()
        except OSError as error:
            self._end(f"the load generator could not be started: {error.strerror or error}")
            return
        threading.Thread(target=self._listen, args=(process.stdout,), daemon=True).start()

    @property
    def counts(self) -> LoadCounts:
        """What was counted so far; complete once it is over."""
        return self._line.counts

    @property
    def is_loading(self) -> bool:
        """Whether the reflector let the load begin."""
        return self._line.is_loading

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self._line.is_over

    def let_go(self) -> None:
        """Have it end the load and tell what it counted."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def close(self) -> None:
        """End it at once: it is not let go before, for then it might have the time to end as it should."""
        if self._process is not None:
            self._process.kill()
        self.let_go()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(FAREWELL_S)

    def _listen(self, lines: IO[bytes]) -> None:
        with suppress(OSError, ValueError), lines:
            for line in lines:
                with suppress(msgspec.DecodeError):
                    self._line = msgspec.json.decode(line, type=Line)
        if not self._line.is_over:
            self._end(ENDED)

    def _end(self, why: str) -> None:
        self._line = replace(self._line, is_over=True, counts=replace(self._line.counts, failure=why))


def command() -> list[str]:
    """Return the command line of the generator: the Python that runs this, which on a stick must leave no compiled files there."""
    quiet = ["-B"] if sys.dont_write_bytecode else []
    return [sys.executable, "-X", "utf8", *quiet, "-m", MODULE]


def _order(order: LoadOrder) -> Order:
    """Return the order as it goes through the pipe: the token in place of the key."""
    return Order(
        address=order.address,
        port=order.access.port,
        host=order.host,
        pin=order.access.pin,
        token=control_token(order.access.key).hex(),
        burden=order.burden,
        seconds=order.seconds,
        octets=order.octets,
    )
