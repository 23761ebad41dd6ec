"""Where a run's files go, and what was written of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nra.cli.door import Door
from nra.cli.errors import UserError

if TYPE_CHECKING:
    from nra.archive.files import CannotWrite
    from nra.model.document import RunDocument
    from nra.run.measure import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What one measurement left: its document (None: none), its files, and what kept others from being written."""

    document: "RunDocument | None" = None
    paths: tuple[Path, ...] = ()
    problem: str = ""


def folder_for_results(out: Path | None, door: Door) -> Path:
    """Return the folder that results will be written into, and say so where it is not the one that is expected."""
    from nra.archive.files import CannotWrite, results_folder

    try:
        folder, refusal = results_folder(out, door.program_folder, Path.cwd(), home())
    except CannotWrite as error:
        raise UserError(f"{error} (choose another folder with --out)") from error
    if refusal is not None:
        click.echo(f"{refusal}: the results go to {folder}", err=True)
    return folder


def home() -> Path | None:
    """Return the user's own folder, None where the system knows none."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def save(measured: "Measured", folder: Path, formats: tuple[str, ...], *, keep_packets: bool) -> "tuple[list[Path], CannotWrite | None]":
    """Write the files and return the paths of those that could be written, with what kept the rest from it.

    The firewall request is no format: it is written whenever something required is not open.
    """
    from nra.archive.files import CannotWrite, write_bytes
    from nra.archive.naming import FIREWALL_REQUEST, stem
    from nra.archive.packets import write_packets
    from nra.cli.printing import firewall_request_files, rendered

    name = stem(measured.document)
    paths: list[Path] = []
    try:
        for extension, data in rendered(measured.document, formats):
            paths.append(write_bytes(folder, name, extension, data))
        for extension, data in firewall_request_files(measured.document):
            paths.append(write_bytes(folder, f"{name}{FIREWALL_REQUEST}", extension, data))
        if keep_packets and measured.stream is not None:
            paths.append(write_packets(folder, name, measured.stream))
    except CannotWrite as error:
        return paths, error
    return paths, None
