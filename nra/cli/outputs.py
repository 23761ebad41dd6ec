"""Files that a command writes in place of older ones: never one that it reads, and never two under one name.

`overwrite` (nra/archive/files.py) takes the place of whatever bears the name. Whoever lets a user name such a file asks here before
anything is asked or written.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from nra.cli.door import current_door
from nra.cli.errors import UserError, washed

Named = tuple[str, Path]
"""A file, and by which option or word it came in."""


def refuse_overwriting(outputs: Iterable[Named], inputs: Iterable[Named]) -> None:
    """Raise UserError where a file that will be written is one that is read, the nra.toml too, or is another that will be written."""
    written = list(outputs)
    for number, (option, path) in enumerate(written):
        for earlier, other in written[:number]:
            if same_file(path, other):
                raise UserError(f"{option}: {washed(str(path))} is the file of {earlier} too: give the two different names")
    config = current_door().config_path
    for source, read in [*inputs, *([("nra.toml", config)] if config else [])]:
        for option, path in written:
            if same_file(path, read):
                raise UserError(f"{option}: {washed(str(path))} is read too ({source}), and would be overwritten: give it another name")


def same_file(one: Path, other: Path) -> bool:
    """Tell whether two names lead to one file, by links and detours too; also to one that is still to be made."""
    try:
        there = one.exists(), other.exists()
        if all(there):
            return one.samefile(other)
        return not any(there) and os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
    except (OSError, ValueError):  # a folder on the way that may not be entered, a NUL: whoever reads or writes it says so
        return False
