"""`nra run`: measure this workstation and write the reports, the main job."""

import signal
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nra.cli.asking import ask, at_a_terminal, known_region
from nra.cli.door import Door
from nra.cli.errors import UserError, typed_options
from nra.cli.interrupt import Interrupt, interruptible, until_input_ends
from nra.cli.options import (
    CODECS,
    DSCP,
    FILE_OF_KEYS,
    HOST_PORT,
    NAME_OR_FILE,
    PIN,
    PROFILES,
    SPAN,
    TIME_OF_DAY,
    CommaList,
    Quantity,
    Seconds,
)
from nra.cli.saving import Saved, folder_for_results, save
from nra.model.plan import CONTROL_PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nra.model.document import RunDocument
    from nra.run.measure import Measured
    from nra.run.settings import Settings

REFLECTOR_PORT: Final = 20862
FORMATS: Final = ("txt", "xlsx", "json", "html", "junit")
EXIT_CODES: Final = {"PASS": 0, "WARN": 0, "FAIL": 1, "INCONCLUSIVE": 3}
WORST_FIRST: Final = (EXIT_CODES["FAIL"], EXIT_CODES["INCONCLUSIVE"])
INTERRUPTED_EMPTY: Final = 130


@click.command()
@click.option("--region", "-r", metavar="NAME", help="AWS region, or local: a self-test on loopback that needs no network.")
@click.option("--org", "-o", metavar="TEXT", help="Organization name.")
@click.option("--site", metavar="TEXT", help="Label carried into every report.")
@click.option("--seat", metavar="TEXT", help="Label carried into every report.")
@click.option("--case", metavar="TEXT", help="Label carried into every report.")
@click.option("--reflector", type=HOST_PORT(REFLECTOR_PORT), help="Session-Reflector to use (IPv6 in brackets).")
@click.option("--pin", type=PIN, help="SHA-256 of the reflector's TLS key in hex, as it prints it.  [default: what it says by STAMP]")
@click.option("--key-file", type=FILE_OF_KEYS, help="Key for authenticated STAMP: your line of nra reflect keys, or 64 hex digits.")
@click.option(
    "--quic-port",
    type=click.IntRange(1, 65535),
    default=CONTROL_PORT,
    show_default=True,
    help="UDP port of the reflector's control channel.",
)
@click.option(
    "--method",
    type=click.Choice(["auto", "stamp", "quic", "echo", "stun", "tcp"]),
    default="auto",
    show_default=True,
    help="How voice is measured.",
)
@click.option("--duration", type=Seconds(1, 86400), default=30.0, show_default=True, help="Length of the voice stream: 1 to 86400.")
@click.option("--interval", type=Quantity(5, 1000, name="ms"), default=20.0, show_default=True, help="Time between packets: 5 to 1000.")
@click.option("--codec", type=click.Choice(CODECS), default="g711", show_default=True, help="Codec that is simulated.")
@click.option("--calls", type=click.IntRange(1, 1000), default=1, show_default=True, help="Simultaneous simulated calls.")
@click.option(
    "--calls-until-breach",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Afterwards find out how many calls at once, N at most, a path to a reflector carries.",
)
@click.option("--load", is_flag=True, help="Afterwards measure bandwidth to the reflector, and what a load does to a call beside it.")
@click.option(
    "--max-megabytes", type=click.IntRange(1, 10_000), default=200, show_default=True, help="The most that --load may move, both ways."
)
@click.option("--dscp", type=DSCP, default="EF", show_default=True, help="Marking of the stream.")
@click.option(
    "--services", type=CommaList(PROFILES), default="webrtc", show_default=True, help=f"Firewall profiles to check: {','.join(PROFILES)}."
)
@click.option("--only", type=click.Choice(["voice", "firewall"]), help="Measure one half; the other is SKIPPED.")
@click.option("--out", type=click.Path(path_type=Path), help="Results folder.  [default: results beside the program, else here]")
@click.option(
    "--format",
    "formats",
    type=CommaList(FORMATS),
    default="txt,xlsx,json",
    show_default=True,
    help=f"Reports to write: {','.join(FORMATS)}.",
)
@click.option("--keep-packets", is_flag=True, help="Also write the per-packet record (.packets.csv.gz).")
@click.option(
    "--thresholds",
    type=NAME_OR_FILE,
    default="genesys-cloud",
    show_default=True,
    help="Profile of limits by name, or a TOML file that changes some.",
)
@click.option("--repeat", type=click.IntRange(1, 10_000), metavar="N", help="Measure N times, and keep a summary of all.")
@click.option("--every", type=SPAN, help="Begin a run this often (30m, 1h).  [default: one right after the other]")
@click.option("--until", type=TIME_OF_DAY, help="Repeat until this time of day.")
@click.option("--strict", is_flag=True, help="WARN counts as failure in the exit code.")
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
@click.option("--json", "as_json", is_flag=True, help="Run document on standard output, and nothing else there.")
@click.option("--remember", is_flag=True, help="Ask for region and organization once, keep them in nra.toml, then take one key per run.")
@click.option("--piped", is_flag=True, hidden=True, help="Progress as JSON lines, and stop when standard input ends: for nra ui.")
@click.pass_obj
def run(door: Door, /, **options: Any) -> int:  # noqa: ANN401 - click hands over what it parsed
    """Measure voice to a region and the ports on the way, and write the reports."""
    from nra.cli.repeat import repeat, rhythm_of
    from nra.cli.settings import Typed, settings_of
    from nra.run.waiting import Waiting

    out, strict = options.pop("out"), options.pop("strict")
    times, every_s, until = options.pop("repeat"), options.pop("every"), options.pop("until")
    rhythm = rhythm_of(times, every_s, until, options["duration"], datetime.now().astimezone())
    wanted = {name: options.pop(name) for name in ("formats", "keep_packets", "quiet", "as_json", "piped")}
    if rhythm is not None and wanted["as_json"]:
        raise UserError("--json: prints the document of one run; with --repeat or --until read the files")
    if options.pop("remember") and at_a_terminal():
        from nra.cli.remember import agreed

        answers = agreed(door, options["region"], options["org"])
        if answers is None:
            return opened_instead(out)
        options["region"], options["org"] = answers
    options["region"] = options["region"] or ask("--region", "AWS region (nra regions lists them)", known_region)
    options["org"] = options["org"] if options["org"] is not None else ask("--org", "Organization", str)
    if not options["org"].strip():
        raise UserError("--org: the organization's name is empty")
    settings = settings_of(Typed(**options, by_hand=frozenset(typed_options())), door)
    output = Output(folder=folder_for_results(out, door), **wanted)
    if settings.config and not output.quiet:
        click.echo(f"options from {settings.config}", err=True)
    say_beforehand(settings, quiet=output.quiet)
    with interruptible(signal.SIGINT) as interrupt, until_input_ends(interrupt) if output.piped else nullcontext():
        once = partial(measure_once, settings, interrupt, output)
        saved = [once()] if rhythm is None else repeat(rhythm, once, Waiting(interrupt), output.folder, quiet=output.quiet)
    return ended(saved, strict=strict)


def opened_instead(out: Path | None) -> int:
    """Serve the page of `nra ui` until it is ended; return its exit code."""
    from nra.cli.ui import ui

    click.get_current_context().invoke(ui, port=0, no_browser=False, out=out)
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a run's files go, which are wanted, and what is shown."""

    folder: Path
    formats: tuple[str, ...]
    keep_packets: bool
    quiet: bool
    as_json: bool
    piped: bool = False


def measure_once(settings: "Settings", interrupt: Interrupt, output: Output) -> Saved:
    """Measure, write the files, show the result; nothing when the user stopped it before anything was measured."""
    measured = carry_out(settings, interrupt, quiet=output.quiet, piped=output.piped)
    if interrupt() and is_empty(measured.document):
        return Saved()
    paths, failure = save(measured, output.folder, output.formats, keep_packets=output.keep_packets)
    tell(measured.document, paths, quiet=output.quiet, as_json=output.as_json)
    return Saved(document=measured.document, paths=tuple(paths), problem=str(failure or ""))


def ended(saved: "Sequence[Saved]", *, strict: bool) -> int:
    """Return the exit code of all that was measured; raises UserError for what could not be written."""
    documents = [each.document for each in saved if each.document is not None]
    problem = next((each.problem for each in saved if each.problem), "")
    if problem:
        raise UserError(problem)
    if not documents:
        click.echo("interrupted before anything was measured: nothing was written", err=True)
        return INTERRUPTED_EMPTY
    codes = {exit_code(document, strict=strict) for document in documents}
    return next((code for code in WORST_FIRST if code in codes), EXIT_CODES["PASS"])


def say_beforehand(settings: "Settings", *, quiet: bool) -> None:
    """Say how long the search for a breach and the load may take, and what they may move, if they were asked for."""
    from nra.run import under_load, until_breach

    for text in (until_breach.announcement(settings), under_load.announcement(settings)):
        if text and not quiet:
            click.echo(text, err=True)


def carry_out(settings: "Settings", interrupt: Interrupt, *, quiet: bool, piped: bool = False) -> "Measured":
    """Measure, with the progress shown."""
    from nra.cli.local import served
    from nra.cli.progress import shown
    from nra.run.measure import measure_here
    from nra.run.reporter import Silent

    with served(settings) as ready, shown(quiet=quiet, piped=piped) as reporter:
        return measure_here(ready, reporter or Silent(), interrupt)


def is_empty(document: "RunDocument") -> bool:
    """Tell whether nothing at all was measured."""
    return document.voice is None and not any(check.connect_ms is not None for check in document.firewall or ())


def tell(document: "RunDocument", paths: list[Path], *, quiet: bool, as_json: bool) -> None:
    """Show the result: the document as JSON, or the summary, or nothing."""
    if as_json:
        from nra.archive.document import encode

        click.echo(encode(document).decode(), nl=False)
    elif not quiet:
        from nra.cli.printing import show

        show(document)
        for path in paths:
            click.echo(str(path))


def exit_code(document: "RunDocument", *, strict: bool) -> int:
    """Return the verdict as an exit code; an interrupted run is inconclusive."""
    if document.run.used.interrupted:
        return EXIT_CODES["INCONCLUSIVE"]
    if strict and document.verdict == "WARN":
        return EXIT_CODES["FAIL"]
    return EXIT_CODES[document.verdict]
