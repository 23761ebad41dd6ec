"""`nra ui`: the main job as a page in the browser, served on loopback only."""

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nra.cli.door import Door
from nra.cli.errors import told_to_the_user
from nra.cli.interrupt import stoppable

if TYPE_CHECKING:
    from nra.ui.words import Words


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="TCP port on loopback.  [default: a free one]")
@click.option("--no-browser", is_flag=True, help="Print the address only.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Results folder.  [default: results beside the program, else here]"
)
@click.pass_context
def ui(ctx: click.Context, port: int, no_browser: bool, out: Path | None) -> None:
    """Measure from a page in the browser; it is served to this workstation only, and ends with Ctrl-C or after an idle hour."""
    from nra.cli.config import user_folder
    from nra.cli.saving import folder_for_results
    from nra.ui.serve import CannotServe, serve
    from nra.ui.words import Memory

    door = ctx.find_object(Door) or Door()
    folder = folder_for_results(out, door)

    def ready(address: str, once: str) -> None:
        click.echo(f"{address}\nThis address is for you alone. Ctrl-C ends it, and so does an hour without use.")
        if not no_browser:
            open_browser(once)

    memory = Memory(user_folder(sys.platform, os.environ))
    with told_to_the_user(CannotServe), stoppable(signal.SIGINT, signal.SIGTERM) as stop:
        serve(beginning(door), folder.absolute(), memory, configured(ctx), port=port, ready=ready, stop=stop)
        if not stop():
            click.echo("Ended: for an hour nobody asked for anything, and nothing was measured.")
    end_whatever_is_still_drawn()


def end_whatever_is_still_drawn() -> None:
    """End the program at once where a thread still draws, for nobody: Python would wait for it, and signals are heard no more."""
    if any(not thread.daemon and thread is not threading.main_thread() for thread in threading.enumerate()):
        sys.stdout.flush()
        os._exit(0)


def beginning(door: Door) -> list[str]:
    """Return the command line, up to the command, that starts this same program anew."""
    script = door.program_folder / "cli.py" if door.program_folder else None
    on_stick = ["-X", "utf8", "-B", "-m", "nra.cli.on_stick"]
    program = ["-m", "nra"] if script is None else [str(script)] if script.is_file() else on_stick
    return [sys.executable, *program, *(["--config", str(door.config_path)] if door.config_path else [])]


def configured(ctx: click.Context) -> "Words":
    """Return what environment and nra.toml say for `nra run`."""
    from nra.ui.words import NAMES, Words

    table = (ctx.find_root().default_map or {}).get("run", {})
    return Words(**{name: os.environ.get(f"NRA_RUN_{name.upper()}") or str(table.get(name) or "") for name in NAMES})


def open_browser(address: str) -> None:
    """Open the address in the user's browser; where there is none, the printed address must do."""
    import webbrowser

    def attempt() -> None:
        with suppress(webbrowser.Error, OSError):
            webbrowser.open(address)

    threading.Thread(target=attempt, daemon=True).start()
