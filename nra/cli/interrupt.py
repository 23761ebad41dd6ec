"""Ctrl-C ends the measurement, not the program: what was measured is written first; a second Ctrl-C ends at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Remembers that the user wants to stop; called, it says so."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._asked = False

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take a signal: however many there are, they are one wish."""
        self._asked = True

    def __call__(self) -> bool:
        """Tell whether the user asked to stop."""
        return self._asked

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Take a signal: the first asks to stop, the second raises KeyboardInterrupt."""
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


@contextmanager
def interruptible(*numbers: signal.Signals) -> Iterator[Interrupt]:
    """Take these signals as a request to stop while the block lasts."""
    interrupt = Interrupt()
    before = {number: signal.signal(number, interrupt.handle) for number in numbers}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stoppable(*numbers: signal.Signals) -> Iterator[Interrupt]:
    """Take these signals as a request to stop while the block lasts; once one came they are heard no more: the program is ending."""
    interrupt = Interrupt()
    before = {number: signal.signal(number, interrupt.note) for number in numbers}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if interrupt() else handler)
