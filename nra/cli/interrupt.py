"""Ctrl-C ends the measurement, not the program: what was measured is written first; a second Ctrl-C ends at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
def until_input_ends(interrupt: Interrupt) -> Iterator[None]:
    """Take the end of standard input as a request to stop while the block lasts: whoever started this lets go of it, or is gone."""

    def wait() -> None:
        with suppress(OSError):
            while os.read(sys.stdin.fileno(), 1024):  # not sys.stdin.read: its lock would be held when Python tidies up
                pass
        interrupt.note(signal.SIGINT, None)

    threading.Thread(target=wait, daemon=True).start()
    yield


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
