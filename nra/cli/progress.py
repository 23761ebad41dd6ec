"""Where a run is: a bar with phase and time left on a terminal, one line per phase elsewhere; always on standard error."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from nra.model.pulse import Pulse

REDRAW_S: Final = 0.5  # drawing costs 13 ms of send lateness each time, measured: twice a second and no more


class Lines:
    """One line per phase."""

    def phase(self, text: str) -> None:
        """Say which phase begins; whoever stopped listening does not end the measurement."""
        with suppress(OSError):
            click.echo(text, err=True)

    def progress(self, done_s: float, total_s: float) -> None:
        """Say nothing between phases."""

    def pulse(self, seen: "Pulse") -> None:
        """Say nothing between phases."""


class Piped:
    """One JSON object per line, for a program that shows the progress in its own way (`nra ui`)."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._said_s = 0.0
        self._pulses: list[Pulse] = []

    def phase(self, text: str) -> None:
        """Say which phase begins."""
        self._say({"phase": text})

    def progress(self, done_s: float, total_s: float) -> None:
        """Say how old the stream is and what was seen of it, at most twice a second."""
        now_s = time.monotonic()
        if now_s - self._said_s < REDRAW_S:
            return
        self._said_s = now_s
        self._say({"done_s": done_s, "total_s": total_s, "pulses": list(map(asdict, self._pulses))})
        self._pulses.clear()

    def pulse(self, seen: "Pulse") -> None:
        """Keep it for the next line."""
        self._pulses.append(seen)

    def _say(self, value: dict[str, Any]) -> None:
        with suppress(OSError):
            click.echo(json.dumps(value), err=True)


class Bar:
    """A progress bar that is redrawn when a phase begins and twice a second during the stream."""

    def __init__(self, progress: "Progress") -> None:
        """Draw on a rich display that does not refresh by itself."""
        self._progress = progress
        self._task = progress.add_task("starting", total=None, left="")
        self._drawn_s = 0.0

    def phase(self, text: str) -> None:
        """Show the phase."""
        self._progress.update(self._task, description=text, total=None, completed=0, left="")
        self._progress.refresh()

    def progress(self, done_s: float, total_s: float) -> None:
        """Move the bar, at most twice a second."""
        now_s = time.monotonic()
        if now_s - self._drawn_s < REDRAW_S:
            return
        self._drawn_s = now_s
        left = f"{max(0.0, total_s - done_s):.0f} s left"
        self._progress.update(self._task, total=total_s, completed=done_s, left=left)
        self._progress.refresh()

    def pulse(self, seen: "Pulse") -> None:
        """Show nothing of it: the bar has one line."""


@contextmanager
def shown(*, quiet: bool, piped: bool = False) -> "Iterator[Lines | Piped | Bar | None]":
    """Yield what shows the progress while the block lasts; None when nothing shall be shown."""
    if piped:
        yield Piped()
    elif quiet:
        yield None
    elif not sys.stderr.isatty():
        yield Lines()
    else:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"))
        with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as progress:
            yield Bar(progress)
