"""The interpreter, kept quiet while packets are sent: it switches threads quickly and collects no garbage."""

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SWITCH_INTERVAL_S: Final = 0.0005  # how long a drawing thread may hold the interpreter while a packet is due (default 5 ms)
WORDS: Final = "garbage collector off"


class Quiet:
    """For several machines side by side: the last that ends restores what the first found.

    A full collection of all that a run has imported takes 10 ms and more. With the collector off there is nothing to freeze, and what
    a stream makes has no cycles: it is freed as before.
    """

    def __init__(self) -> None:
        """Change nothing yet."""
        self._lock = threading.Lock()
        self._users = 0
        self._found = (0.0, False)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the interpreter quiet while the block lasts."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._found = sys.getswitchinterval(), gc.isenabled()
                sys.setswitchinterval(SWITCH_INTERVAL_S)
                gc.disable()
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    interval_s, collected = self._found
                    sys.setswitchinterval(interval_s)
                    if collected:
                        gc.enable()


QUIET: Final = Quiet()
"""Of the whole interpreter, whoever asks for it."""
