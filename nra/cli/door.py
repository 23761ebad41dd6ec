"""What the door knows when a command starts: where the program lies and which configuration file was taken."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path  # 6 ms that `nra --help` does not pay


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`program_folder` is a stick's root or the folder of a checkout's cli.py, None when nra was installed as a package."""

    program_folder: "Path | None" = None
    config_path: "Path | None" = None


def current_door() -> Door:
    """Return the door through which the running command was entered; an empty one when there was none."""
    context = click.get_current_context(silent=True)
    return (context.find_object(Door) if context else None) or Door()
