"""What goes on beside a reflector's engine: keys are read again, the service manager hears signs of life, the log what was dropped."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from nra.cli.errors import UserError
from nra.cli.service_log import ServiceLog

if TYPE_CHECKING:
    from nra.reflector.core import Reflector
    from nra.reflector.errands import Errand
    from nra.reflector.key_file import Holder

GLANCE_S: Final = 0.5  # how long at most until a SIGHUP is noticed
TOLD_EVERY_S: Final = 60.0
MOST_SOURCES: Final = 50  # on one line of the log
HANG_UP: Final = getattr(signal, "SIGHUP", None)  # there is none on Windows

Ask = Callable[["Errand"], Sequence[Any]]
"""Has an errand done by every process of a reflector; None stands for one that did not do it."""


class Caretaker:
    """Does at every glance what is due."""

    def __init__(self, ask: Ask, log: ServiceLog, key_file: Path | None, *, addresses: bool) -> None:
        """Begin with nothing due; `addresses` of whom was not answered are told where somebody wants to know them."""
        from nra.reflector.service_manager import watchdog_s

        self._ask, self._log, self._key_file, self._addresses = ask, log, key_file, addresses
        self._renewal_is_due = False
        self._sign_every_s = (watchdog_s() or 0) / 2  # twice as often as it is wanted
        self._sign_s = self._told_s = time.monotonic()
        self._told = Counter[str]()

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do."""
        return self._key_file is not None or self._sign_every_s > 0 or self._log.as_json

    def hang_up(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal: the key file is to be read again."""
        self._renewal_is_due = True

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Work while the block lasts, and tell the service manager when it begins and ends.

        SIGHUP is the wish to read the key file again where there is one.
        """
        from nra.reflector.service_manager import notify

        over = threading.Event()
        if self._key_file is not None and HANG_UP is not None:
            signal.signal(HANG_UP, self.hang_up)
        thread = threading.Thread(target=self.run, args=(over,), name="nra-caretaker", daemon=True)
        if self.is_needed:
            thread.start()
        notify("READY=1")
        try:
            yield
        finally:
            notify("STOPPING=1")
            over.set()
            if self.is_needed:
                thread.join(timeout=GLANCE_S)
            if self._key_file is not None:
                leave_keys_alone()  # the program is ending

    def run(self, over: threading.Event) -> None:
        """Look after everything until it is over."""
        while not over.wait(min(GLANCE_S, self._sign_every_s or GLANCE_S)):
            now_s = time.monotonic()
            if self._renewal_is_due:
                self._renewal_is_due = False
                self.renew()
            if self._sign_every_s and now_s - self._sign_s >= self._sign_every_s:
                self._sign_s = now_s
                self.give_sign()
            if self._log.as_json and now_s - self._told_s >= TOLD_EVERY_S:
                self.tell_dropped(now_s)

    def renew(self) -> None:
        """Read the key file again; one that is of no use changes nothing, and a process that did not take it is asked again."""
        from nra.cli.key_files import read_admitted
        from nra.reflector.service_manager import notify

        if self._key_file is None:
            return
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            holders = read_admitted(self._key_file, maybe_nobody=True)
        except UserError as error:
            self._log.tell("keys_refused", f"{error.message}: the keys from before stay")
        else:
            missed = list(self._ask(partial(renewed, holders))).count(None)
            self._renewal_is_due |= missed > 0
            late = f"; {missed} processes did not take them yet" if missed else ""
            self._log.tell("keys_reloaded", f"keys read again: {len(holders)}{late}", keys=len(holders), missed=missed)
        notify("READY=1")

    def give_sign(self) -> None:
        """Tell the service manager that this lives, if every engine does."""
        from nra.reflector.service_manager import notify

        if None not in self._ask(alive):
            notify("WATCHDOG=1")

    def tell_dropped(self, now_s: float) -> None:
        """Write what was not answered since it was last told."""
        counts = sum((answer for answer in self._ask(dropped) if answer is not None), Counter[str]())
        reasons = {reason: count - self._told[reason] for reason, count in sorted(counts.items()) if count > self._told[reason]}
        facts: dict[str, Any] = {"seconds": round(now_s - self._told_s), "reasons": reasons}
        self._told, self._told_s = counts, now_s
        if self._addresses:
            found = [each for answer in self._ask(suspects) for each in answer or ()]
            most = sorted(found, key=lambda each: -each[2])[:MOST_SOURCES]
            facts["sources"] = [{"reason": reason, "address": address, "packets": count} for reason, address, count in most]
        if reasons:
            self._log.tell("dropped", **facts)


def leave_keys_alone() -> None:
    """Hear SIGHUP no more: it is the first process's to read the key file again, and nobody's when the program is ending."""
    if HANG_UP is not None:
        signal.signal(HANG_UP, signal.SIG_IGN)


def renewed(holders: "tuple[Holder, ...]", reflector: "Reflector") -> bool:
    """Errand: take the key file as it is now."""
    if reflector.keys is not None:
        reflector.keys = reflector.keys.renewed(holders)
    return True


def alive(_: "Reflector") -> bool:
    """Errand: whoever does this one does others too."""
    return True


def dropped(reflector: "Reflector") -> "Counter[str]":
    """Errand: return what was not answered, by reason."""
    from nra.reflector.core import DROPPED

    return Counter({reason: reflector.counters[reason] for reason in DROPPED if reflector.counters[reason]})


def suspects(reflector: "Reflector") -> list[tuple[str, str, int]]:
    """Errand: return whose packets were not answered since this was last asked."""
    return [] if reflector.suspects is None else reflector.suspects.take()
