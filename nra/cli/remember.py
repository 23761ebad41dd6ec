"""`nra run --remember`, a double-click on a stick: ask once, keep the answers in nra.toml, one key per workstation, or for the page."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from nra.cli.asking import ask, known_region
from nra.cli.config import FILE_NAME
from nra.cli.errors import washed
from nra.cli.remembered import CannotRemember, remembered

if TYPE_CHECKING:
    from nra.cli.door import Door

CHANGE: Final = "c"
PAGE: Final = "p"
QUIT: Final = "q"
KNOWN: Final = "Any key measures this machine, p opens a page in the browser instead, c changes them, q ends: "
FIRST_TIME: Final = "Any key asks two questions and measures this machine, p opens a page in the browser instead, q ends: "


def agreed(door: "Door", region: str | None, org: str | None) -> tuple[str, str] | None:
    """Return region and organization as known and agreed to by a key, or as asked for now; None for the page; raises Abort for q."""
    if region and org:
        click.echo(f"Region {washed(region)}, organization {washed(org)}", err=True)
    key = pressed(KNOWN if region and org else FIRST_TIME)
    if key == QUIT:
        raise click.Abort
    if key == PAGE:
        return None
    if region and org and key != CHANGE:
        return region, org
    answers = {
        "region": ask("--region", "AWS region (nra regions lists them)", known_region),
        "org": ask("--org", "Organization", not_empty),
    }
    keep(place_of(door), answers)
    return answers["region"], answers["org"]


def pressed(question: str) -> str:
    """Return the key that answers the question, in small letters."""
    click.echo(question, err=True, nl=False)
    key = click.getchar().lower()
    click.echo(err=True)
    return key


def not_empty(text: str) -> str:
    """Return the text if there is something in it; raises UsageError, after which a prompt asks again."""
    if not text.strip():
        raise click.UsageError("the organization's name is empty")
    return text.strip()


def place_of(door: "Door") -> Path:
    """Return where answers are kept: beside the program, where it has a folder; else in the file that was read; else here."""
    if door.program_folder is not None:
        return door.program_folder / FILE_NAME
    return door.config_path or Path(FILE_NAME)


def keep(path: Path, answers: dict[str, str]) -> None:
    """Write the answers into nra.toml; what cannot be remembered is asked for again next time, and said."""
    from nra.archive.files import CannotWrite, overwrite

    try:
        old = path.read_bytes().decode("utf-8-sig") if path.exists() else ""
        overwrite(path, lambda file: file.write(remembered(old, "run", answers).encode("utf-8")))
    except (CannotWrite, CannotRemember, OSError, UnicodeDecodeError) as error:
        click.echo(f"not remembered: {washed(str(error))}", err=True)
    else:
        click.echo(f"remembered in {washed(str(path))}", err=True)
