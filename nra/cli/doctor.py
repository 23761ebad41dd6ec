"""`nra doctor`: is this machine fit to measure voice?"""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from nra.cli.interrupt import Interrupt, interruptible
from nra.cli.options import Quantity

if TYPE_CHECKING:
    from nra.model.plan import Target
    from nra.model.self_test import SelfTest

EXIT_CODES: Final = {"PASS": 0, "WARN": 0, "FAIL": 1, "INCONCLUSIVE": 3}


@click.command()
@click.option(
    "--duration",
    type=Quantity(1, 60, name="seconds"),
    default=3.0,
    show_default=True,
    help="How long timers and noise floor are each watched: 1 to 60.",
)
@click.option("--quiet", is_flag=True, help="No progress and no table: the exit code alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON, and nothing else.")
def doctor(duration: float, quiet: bool, as_json: bool) -> int:
    """Test this machine as an instrument: clocks, timers, time stamps, buffers, and its noise floor on loopback.

    Needs no network. Exit codes: 0 fit (with reservations too), 1 unfit, 2 usage, 3 something could not be examined.
    """
    with interruptible(signal.SIGINT) as interrupt:
        found = carry_out(duration, interrupt, quiet=quiet)
    if as_json:
        from dataclasses import asdict

        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2, allow_nan=False))
    elif not quiet:
        show(found)
    return EXIT_CODES[found.verdict]


def carry_out(duration_s: float, interrupt: Interrupt, *, quiet: bool) -> "SelfTest":
    """Examine, with the progress shown."""
    from nra import __version__
    from nra.cli.progress import shown
    from nra.run.doctor import self_test_here
    from nra.run.reporter import Silent

    with shown(quiet=quiet) as reporter:
        return self_test_here(duration_s, __version__, reflector, reporter or Silent(), interrupt)


@contextmanager
def reflector() -> "Iterator[Target]":
    """Lend the embedded reflector; raises CannotExamine where this machine has no loopback."""
    from nra.model.plan import Target
    from nra.reflector.embedded import embedded
    from nra.reflector.engine import CannotListen
    from nra.run.doctor import CannotExamine

    try:
        with embedded() as servers:
            yield Target(host=servers.address, port=servers.reflector_port)
    except CannotListen as error:
        raise CannotExamine(str(error)) from error


def show(found: "SelfTest") -> None:
    """Print the table: with colours on a terminal, plain lines elsewhere."""
    from nra.report.self_test import plain, screen

    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(screen(found))
    else:
        click.echo(plain(found))
