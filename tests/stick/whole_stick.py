"""Real sticks, made offline from what fetch_fixtures.py fetched."""

from pathlib import Path

import pytest

from nra.stick.errors import CannotLayOut
from nra.stick.laying_out import Laid, Order, lay_out
from nra.stick.runtime import Runtime

ODD_FOLDER = "a stick & é"
"""What people call folders: a blank, what a shell takes for its own, a letter outside ASCII."""
MOST_FILES = 900
MOST_BYTES = 160_000_000


def made(folder: Path, target: str, runtime: Runtime | None, wheels: Path) -> tuple[Path, Laid]:
    """Lay out a real stick offline and return it, or skip with the reason."""
    if not wheels.is_dir():
        pytest.skip(f"{wheels} is not there (tests/stick/fetch_fixtures.py fetches it)")
    try:
        (laid,) = lay_out(Order(folder=folder, runtimes={target: runtime}, wheelhouse=wheels), lambda _line: None)
    except CannotLayOut as error:
        if "is missing" in str(error):
            pytest.skip(str(error))
        raise
    return folder, laid
