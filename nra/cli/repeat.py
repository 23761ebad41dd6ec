"""`nra run --repeat`, `--every`, `--until`: one measurement after the other through the day, and a summary that grows with each."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from nra.archive.files import CannotWrite, overwrite
from nra.archive.naming import SERIES, stem
from nra.cli.errors import UserError, washed
from nra.cli.run import Saved
from nra.report.series import Entry, render
from nra.run.rhythm import Rhythm, Series
from nra.run.waiting import Waiting

CLOCK: Final = "%Y-%m-%d %H:%M:%S"


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
    entries: list[Entry] = []
    refused = ""
    while (due_s := series.next_s(waiting.now_s())) is not None:
        if not quiet and due_s > waiting.now_s():
            _announce(due_s - waiting.now_s(), len(saved) + series.missed + 1, rhythm.planned())
        if not waiting.until(due_s):
            break
        begun = datetime.now().astimezone()
        outcome = _attempt(once)
        if outcome == Saved():  # stopped by the user
            break
        saved.append(outcome)
        entries.append(_entry(outcome, begun))
        refused = _summarize(entries, saved, folder, rhythm.planned(), series.missed, refused)
    if entries:
        _summarize(entries, saved, folder, rhythm.planned(), series.missed, refused)
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
        at=begun.strftime(CLOCK),
        document=saved.document,
        file=saved.paths[0].name if saved.paths else "",
        problem=saved.problem,
    )


def _announce(left_s: float, number: int, planned: int | None) -> None:
    at = datetime.now().astimezone() + timedelta(seconds=left_s)
    of = "" if planned is None else f" of {planned}"
    click.echo(f"run {number}{of} begins at {at:%H:%M}; Ctrl-C ends the series", err=True)


def _summarize(entries: list[Entry], saved: list[Saved], folder: Path, planned: int | None, missed: int, refused: str) -> str:
    """Write the summary under the name of the first run, and return what kept it from it, said once."""
    first = next((each.document for each in saved if each.document is not None), None)
    if first is None:
        return refused
    try:
        summary = render(entries, planned, missed)
        overwrite(folder / f"{stem(first)}{SERIES}.txt", lambda file: file.write(summary))
    except CannotWrite as error:
        if str(error) != refused:
            click.echo(f"the summary was not brought up to date: {washed(str(error))}", err=True)
        return str(error)
    return ""
