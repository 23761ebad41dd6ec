"""How a system is asked: a program of its own, by its path or name, never longer than a deadline."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEADLINE_S: Final = 5.0
MOST_BYTES: Final = 1 << 20
NO_WINDOW: Final = 0x08000000  # CREATE_NO_WINDOW, Windows


class Unknown(Exception):  # noqa: N818 - says what is the case
    """A system does not say; the message is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One fact to find out: `ask` returns its values or raises Unknown or OSError."""

    topic: str
    name: str
    ask: Callable[[], tuple[str, ...]]
    kind: str = ""


def said(*command: str, deadline_s: float = DEADLINE_S) -> str:
    """Return what a program prints, in English where it knows any; raises Unknown."""
    program = shutil.which(command[0])
    if program is None:
        raise Unknown(f"{Path(command[0]).name} is not installed")
    name = Path(command[0]).name
    try:
        ran = subprocess.run(  # noqa: S603 - a program of the system, nothing of anybody's in its words
            (program, *command[1:]),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline_s,
            check=False,
            env={**os.environ, "LC_ALL": "C", "LANG": "C"},
            creationflags=NO_WINDOW if sys.platform == "win32" else 0,
        )
    except subprocess.TimeoutExpired:
        raise Unknown(f"{name} did not answer within {deadline_s:g} s") from None
    except OSError as error:
        raise Unknown(f"{name}: {error.strerror or error}") from None
    text = ran.stdout[:MOST_BYTES].decode("utf-8", "replace")
    if ran.returncode:
        complaint = (ran.stderr or ran.stdout)[:MOST_BYTES].decode("utf-8", "replace").strip().splitlines()
        raise Unknown(f"{name}: {complaint[0][:200]}" if complaint else f"{name} ended with code {ran.returncode}")
    return text


def content(path: str) -> str:
    """Return what is in a small file of the system; raises Unknown."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise Unknown(f"{path}: {error.strerror or error}") from None


def some(values: tuple[str, ...], reason: str) -> tuple[str, ...]:
    """Return the values, each once; raises Unknown with the reason where there are none."""
    kept = tuple(dict.fromkeys(value.strip() for value in values if value.strip()))
    if not kept:
        raise Unknown(reason)
    return kept
