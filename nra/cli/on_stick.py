"""The door of a stick that `nra stick` laid out: the launchers start it as `python -m nra.cli.on_stick`.

Without words, as after a double-click, it is `nra run --remember`.
"""

import sys
from pathlib import Path
from typing import Final, NoReturn

from nra.cli import main

SITE: Final = "site"  # the stick's root holds it, nra.toml and results; this file lies below it
DOUBLE_CLICK: Final = ("run", "--remember")


def root_of(file: Path) -> Path | None:
    """Return the root of the stick on which a file of nra lies, None when it lies on none."""
    return next((folder.parent for folder in file.parents if folder.name == SITE), None)


def enter(words: list[str]) -> NoReturn:
    """Run the command line with the stick as the program's folder."""
    main(words or DOUBLE_CLICK, program_folder=root_of(Path(__file__).resolve()))


if __name__ == "__main__":
    enter(sys.argv[1:])
