"""`nra compile`: many runs -> one workbook, table or data set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nra.cli.errors import UserError, told_to_the_user, washed
from nra.cli.outputs import refuse_overwriting
from nra.cli.redacting import default_key, redact_options, redaction

if TYPE_CHECKING:
    from nra.cli.gathering import Gathering
    from nra.model.fleet import FleetSummary

MOST_TOLD: Final = 5
TEMPLATE: Final = "nra-template.xlsx"


class Output(click.Path):
    """Where the runs go: the ending says in which form, a slash at the end means a data set."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's signature
        """Return the text if its ending is one that is offered."""
        text = str(super().convert(value, param, ctx))
        if kind_of(text) not in WRITERS:
            self.fail(f"{text!r} ends in none of .xlsx, .csv, .parquet and / (a Parquet data set)", param, ctx)
        return text


def kind_of(output: str) -> str:
    """Return the ending by which a writer is chosen."""
    return "/" if output.endswith(("/", "\\")) else Path(output).suffix.lower()


@click.command("compile")
@click.argument("places", metavar="FOLDER|FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", "-o", "output", type=Output(), metavar="FILE", help="site.xlsx, site.csv, site.parquet, or runs/ for a data set.")
@click.option("--template", is_flag=True, help=f"Write a workbook into which text reports are pasted by hand.  [default: {TEMPLATE}]")
@redact_options
def compile_(places: tuple[Path, ...], output: str | None, *, template: bool, redact: bool, redact_key: Path | None) -> None:
    """Compile the runs of many workstations into one workbook (.xlsx), table (.csv, .parquet) or data set (a folder ending in /).

    Reads run documents (.json) and, where only they are left, text reports (.txt), in folders with all that is below them. A run
    counts once. What cannot be read is listed in the sheet Problems (else on standard error) and stops nothing. FILE is replaced
    if it is there. With --redact run documents alone are read. Prints one path per line.
    """
    from nra.archive.files import CannotWrite

    with told_to_the_user(CannotWrite):
        if template:
            write_template(places, output or TEMPLATE)
            return
        if output is None:
            raise click.UsageError("Missing option '--out' / '-o': where do the runs go? Such as -o site.xlsx")
        if not places:
            raise click.UsageError("Missing argument 'FOLDER|FILE...': the folder with the runs")
        compile_runs(places, output, redact=redact, key=redact_key)


def compile_runs(places: tuple[Path, ...], output: str, *, redact: bool = False, key: Path | None = None) -> None:
    """Read all runs, then write them."""
    from nra.archive.folders import candidates
    from nra.archive.spool import Spool
    from nra.cli.gathering import Gathering, watched
    from nra.report.entry import Entry
    from nra.run.fleet import summarize

    files, problems = candidates(places)
    keys = [("--redact-key", key or default_key())] if redact else []
    refuse_overwriting([("--out", Path(output))], [*keys, *(("RUNS", Path(file)) for file in files)])
    hiding = redaction(wanted=redact, key=key)
    with Spool(Entry) as entries:
        gathering = Gathering(entries, problems, hiding.searched_document if hiding else None)
        with watched(files) as reading:
            fleet = summarize(gathering.rows(reading))
        if not fleet.order:
            raise UserError(_nothing(places, gathering))
        if hiding:
            gathering.problems = list(map(hiding.problem, gathering.problems))
            hiding.tell_unsearchable()
        for path in WRITERS[kind_of(output)](gathering, fleet, Path(output)):
            click.echo(path)
        tell(gathering, fleet, listed=kind_of(output) == ".xlsx")


def tell(gathering: "Gathering", fleet: "FleetSummary", *, listed: bool) -> None:
    """Say in a line what was found, what it comes to, and what could not be read."""
    click.echo(washed(fleet.headline), err=True)
    for statement in fleet.statements[:MOST_TOLD]:
        click.echo(washed(f"{statement.verdict}: {statement.text}: {statement.advice}"), err=True)
    problems = gathering.problems
    for problem in () if listed else problems[:MOST_TOLD]:
        click.echo(washed(f"{problem.file}: {problem.what}"), err=True)
    if problems:
        more = "see the sheet Problems" if listed else "the first are named above"
        click.echo(f"{len(problems)} file{'' if len(problems) == 1 else 's'} gave no run of their own: {more}", err=True)


def write_template(places: tuple[Path, ...], output: str) -> None:
    """Write the template."""
    from nra.archive.files import overwrite
    from nra.report.template import template_workbook

    if places or kind_of(output) != ".xlsx":
        raise click.UsageError("--template reads no files and writes a workbook (.xlsx)")
    click.echo(overwrite(Path(output), lambda file: file.write(template_workbook())))


@contextmanager
def pyarrow_needed() -> Iterator[None]:
    """Turn a missing pyarrow into one line that says how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError("Parquet needs pyarrow, which is not installed: pip install pyarrow (or write .csv)") from error


def _nothing(places: tuple[Path, ...], gathering: "Gathering") -> str:
    where = ", ".join(map(str, places[:MOST_TOLD])) + (" and more" if len(places) > MOST_TOLD else "")
    if not gathering.problems:
        return f"no run document (.json) and no text report (.txt) in {where}"
    first, more = gathering.problems[0], len(gathering.problems) - 1
    return f"nothing readable in {where}: {first.file}: {first.what}" + (f"; and {more} more" if more else "")


def _workbooks(gathering: "Gathering", fleet: "FleetSummary", output: Path) -> Iterator[Path]:
    from nra.archive.files import overwrite
    from nra.report.sheets.fleet_book import Fleet, workbooks

    profiles = tuple(gathering.profiles)
    runs = Fleet(entries=gathering.entries, summary=fleet, findings=gathering.findings, profiles=profiles, problems=gathering.problems)
    writers = list(workbooks(runs))
    for number, write in enumerate(writers, start=1):
        path = output if len(writers) == 1 else output.with_name(f"{output.stem}-{number}{output.suffix}")
        yield overwrite(path, write)
    if len(writers) > 1:
        click.echo(f"more rows than a sheet of Excel holds: {len(writers)} workbooks, the worst runs in the first", err=True)


def _csv(gathering: "Gathering", fleet: "FleetSummary", output: Path) -> Iterator[Path]:
    from nra.archive.files import overwrite
    from nra.report.run_table import csv_table

    yield overwrite(output, lambda file: csv_table((gathering.entries[run] for run in fleet.order), file))


def _parquet(gathering: "Gathering", fleet: "FleetSummary", output: Path) -> Iterator[Path]:
    from nra.archive.files import overwrite

    with pyarrow_needed():
        from nra.report.parquet import parquet_file
    yield overwrite(output, lambda file: parquet_file((gathering.entries[run] for run in fleet.order), file))


def _data_set(gathering: "Gathering", fleet: "FleetSummary", output: Path) -> Iterator[Path]:
    from nra.archive.files import write_folder

    with pyarrow_needed():
        from nra.report.parquet import parquet_data_set
    yield write_folder(output, lambda folder: parquet_data_set((gathering.entries[run] for run in fleet.order), folder))


WRITERS: Final[dict[str, Callable[["Gathering", "FleetSummary", Path], Iterator[Path]]]] = {
    ".xlsx": _workbooks,
    ".csv": _csv,
    ".parquet": _parquet,
    "/": _data_set,
}
"""Ending -> what writes it and yields the paths."""
