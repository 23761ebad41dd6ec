"""`nra run --repeat`, `--every`, `--until`: one measurement after the other through the day, and a summary that grows with each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from nra.archive.files import CannotWrite, overwrite
from nra.archive.naming import SERIES, stem
from nra.cli.errors import UserError, washed
from nra.cli.saving import Saved
from nra.report.series import Entry, outcome, render
from nra.run.rhythm import Rhythm, Series
from nra.run.waiting import Waiting

CLOCK: Final = "%Y-%m-%dT%H:%M:%SZ"  # as in the reports


def rhythm_of(repeat: int | None, every_s: float | None, until: str | None, duration_s: float, now: datetime) -> Rhythm | None:
    """Return the rhythm that the options ask for, None for a single run; raises UserError."""
    if repeat is None and until is None:
        if every_s is not None:
            raise UserError("--every: until when? Give --repeat or --until as well")
        return None
    if every_s is not None and every_s < duration_s:
        raise UserError(f"--every: {every_s:g} s is shorter than one run of --duration {duration_s:g} s")
    return Rhythm(every_s=every_s or 0.0, times=repeat, until_s=None if until is None else seconds_until(until, now))


def seconds_until(time_of_day: str, now: datetime) -> float:
    """Return how long it is until the clock on the wall shows HH:MM, today or tomorrow."""
    hour, minute = map(int, time_of_day.split(":"))
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return ((then if then > now else then + timedelta(days=1)) - now).total_seconds()


def repeat(rhythm: Rhythm, once: Callable[[], Saved], waiting: Waiting, folder: Path, *, quiet: bool) -> list[Saved]:
    """Measure in this rhythm, keep the summary up to date, and return what each run left."""
    series = Series(rhythm)
    saved: list[Saved] = []
    summary = _Summary(folder=folder, planned=rhythm.planned())
    while not waiting.stopped() and (due_s := series.next_s(waiting.now_s())) is not None:
        name = _numbered(len(saved) + series.missed + 1, rhythm.planned())
        if not quiet and due_s > waiting.now_s():
            _announce(name, due_s - waiting.now_s())
        if not waiting.until(due_s):
            break
        if not quiet:
            click.echo(name, err=True)
        begun = datetime.now().astimezone()
        left = _attempt(once)
        if left == Saved():  # stopped by the user
            break
        saved.append(left)
        summary.entries.append(_entry(left, begun))
        summary.write(series.missed, interrupted=waiting.stopped())
    if saved:
        summary.write(series.missed, interrupted=waiting.stopped())
        if not quiet:
            summary.tell()
    return saved


def _attempt(once: Callable[[], Saved]) -> Saved:
    """Measure once; what one measurement does not survive, the series does."""
    try:
        return once()
    except (click.ClickException, OSError) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else f"{type(error).__name__}: {error}"
        click.echo(f"not measured: {washed(message)}", err=True)
        return Saved(problem=washed(message))


def _entry(saved: Saved, begun: datetime) -> Entry:
    return Entry(
        at=begun.astimezone(UTC).strftime(CLOCK),
        clock=_zone(begun),
        document=saved.document,
        file=saved.paths[0].name if saved.paths else "",
        problem=saved.problem,
    )


def _numbered(number: int, planned: int | None) -> str:
    return f"run {number}" + ("" if planned is None else f" of {planned}")


def _zone(moment: datetime) -> str:
    """Return how far the moment's clock is from UTC, as in "UTC+01:00"."""
    offset = f"{moment:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"


def _announce(name: str, left_s: float) -> None:
    at = datetime.now().astimezone() + timedelta(seconds=left_s)
    click.echo(f"{name} begins at {at:%H:%M} ({_zone(at)}); Ctrl-C ends the series", err=True)


@dataclass(slots=True, kw_only=True)
class _Summary:
    """The file that is brought up to date after each run, under the name of the first."""

    folder: Path
    planned: int | None
    entries: list[Entry] = field(default_factory=list)
    path: Path | None = None
    refused: str = ""

    def write(self, missed: int, *, interrupted: bool) -> None:
        """Bring it up to date; what keeps it from that is said once."""
        first = next((each.document for each in self.entries if each.document is not None), None)
        if first is None:
            return
        try:
            text = render(self.entries, self.planned, missed, interrupted=interrupted)
            self.path = overwrite(self.folder / f"{stem(first)}{SERIES}.txt", lambda file: file.write(text))
            self.refused = ""
        except CannotWrite as error:
            if str(error) != self.refused:
                click.echo(f"the summary was not brought up to date: {washed(str(error))}", err=True)
            self.refused = str(error)

    def tell(self) -> None:
        """Say what the runs came to, and where that stands."""
        click.echo(outcome(self.entries), err=True)
        if self.path is not None:
            click.echo(str(self.path))
