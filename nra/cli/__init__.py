"""The command line: words typed -> one use-case call -> exit code. Nothing heavy is imported before a command needs it."""

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

import click

from nra import __version__
from nra.cli.door import Door
from nra.cli.errors import not_loaded, one_line, washed
from nra.cli.lazy import Entry, LazyGroup

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS: Final = {
    "run": Entry("nra.cli.run:run", "Measure this workstation (voice + firewall), write the reports."),
    "reflect": Entry("nra.cli.reflect:reflect", "Run the Session-Reflector (and, on request, port responders) in a region."),
    "regions": Entry("nra.cli.regions:regions", "List the catalogue, or show one region's hosts, ports and methods."),
    "report": Entry("nra.cli.report:report", "Render reports again from a run document (txt, xlsx, html, junit)."),
    "compile": Entry("nra.cli.compile:compile_", "Compile many runs (files, folders) into one workbook, table or data set."),
    "gate": Entry("nra.cli.gate:gate", "Judge run documents against a policy: exit code, JUnit; for CI before go-live."),
    "case": Entry("nra.cli.case:case", "Make the bundle that is attached to a support case, or verify one."),
    "mos": Entry("nra.cli.mos:mos", "E-model calculator (what-if): delay, loss, burst ratio, codec -> R and MOS."),
    "ui": Entry("nra.cli.ui:ui", "The same main job as nra run as a page in the browser, served on loopback only."),
    "doctor": Entry("nra.cli.doctor:doctor", "Test this machine as an instrument (clocks, timers, time stamps, buffers)."),
    "stick": Entry("nra.cli.stick:stick", "Lay out a USB stick that runs all of this on machines without Python."),
}

OK, UNUSABLE, INCONCLUSIVE, INTERRUPTED = 0, 2, 3, 130
"""The exit codes that are the door's own; PASS and FAIL (0 and 1) are a command's to return."""


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    no_args_is_help=False,
    invoke_without_command=True,  # to say more than "Missing command."
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option("--config", metavar="FILE", envvar="NRA_CONFIG", help="Read options from this nra.toml instead of looking for one.")
@click.pass_context
def cli(ctx: click.Context, config: str | None) -> None:
    """Tell whether cloud voice calls will sound good on this network, why not, and whose job it is to mend it.

    Every option can also come from NRA_<COMMAND>_<OPTION> in the environment and from a table [<command>] in nra.toml (beside the
    program, in the working folder, in your configuration folder). Exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive, 130 interrupted.
    """
    if ctx.invoked_subcommand is None:
        ctx.fail("Missing command: nra run measures this workstation")
    from nra.cli.config import configure

    configure(ctx, config)


def main(args: Sequence[str] | None = None, *, program_folder: "Path | None" = None) -> NoReturn:
    """Run the command line and exit; commands return their exit code, everything else ends in at most one line."""
    code = _exit_code(args, program_folder)
    if code == INTERRUPTED:
        with contextlib.suppress(OSError):
            _flush()
        os._exit(code)  # at once: what was cut off in the middle would only complain while Python tidies up
    sys.exit(code)


def _exit_code(args: Sequence[str] | None, program_folder: "Path | None") -> int:
    _write_utf8()
    try:
        code = cli.main(args, prog_name="nra", standalone_mode=False, obj=Door(program_folder=program_folder))
        _flush()
    except click.ClickException as error:
        return _complain(one_line(error), UNUSABLE)
    except (click.Abort, KeyboardInterrupt):
        return _complain("interrupted: nothing more was written", INTERRUPTED)
    except OSError as error:
        return _complain(f"nra: error: {error}", UNUSABLE)
    except ImportError as error:
        if sys.flags.dev_mode:
            raise
        return _complain(f"nra: error: {not_loaded(error)}", INCONCLUSIVE)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        # Python would exit 1 here, and a crash must not read as the verdict "fail"
        return _complain(f"nra: internal error: {type(error).__name__}: {error} (python -X dev shows where)", INCONCLUSIVE)
    return code if isinstance(code, int) else OK


def _complain(line: str, code: int) -> int:
    """Write one line on standard error, drop what standard output did not take, return the code."""
    try:
        _flush()
    except OSError:
        # Python flushes again at exit and would complain a second time
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    with contextlib.suppress(OSError):  # nobody listens there either: the code alone must do
        click.echo(washed(line), err=True)
    return code


def _flush() -> None:
    """Write out what standard output still holds; where it was closed before we began, there is none."""
    stream: TextIO | None = sys.stdout
    if stream is not None:
        stream.flush()


def _write_utf8() -> None:
    """Give files and pipes the same bytes under every locale; a terminal keeps its own encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
