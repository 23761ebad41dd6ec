"""Files and names made to harm: one line without anything that a terminal obeys, exit code 2, in bounded time."""

import os
import sys
from pathlib import Path
from subprocess import run

import pytest

from nra.cli.errors import washed

RUN = ("run", "-r", "local", "-o", "X")


def ended(folder: Path, *args: str) -> tuple[int, str]:
    """Return exit code and standard error of the program started in this folder."""
    done = run([sys.executable, "-m", "nra", *args], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "content",
    [
        "a=" + "[" * 100_000,
        "[run]\nduration=" + "9" * 5000,
        "[run]\nduration=0x" + "f" * 4000,
        '[run]\nout = "a\\u0000b"',
        '[run]\n"key-file" = "a\\u0000b"',
        '[run]\n"x\\u001b[2J\\u001b]0;PWNED\\u0007" = 1',
    ],
    ids=["brackets", "digits", "hex digits", "NUL in out", "NUL in key-file", "escapes"],
)
def test_a_hostile_nra_toml(tmp_path: Path, content: str) -> None:
    """Broken, huge or meant for the terminal: it is refused before anything is measured (contract 1)."""
    (tmp_path / "nra.toml").write_text(content)
    code, line = ended(tmp_path, *RUN)
    assert (code, line.count("\n")) == (2, 1)
    assert "internal error" not in line
    assert washed(line) == line.rstrip("\n")


@pytest.mark.parametrize(
    "args", [("report", "pipe"), (*RUN, "--key-file", "pipe"), ("--config", "pipe", *RUN), (*RUN, "--thresholds", "pipe")]
)
def test_what_is_no_file_is_not_read(tmp_path: Path, args: tuple[str, ...]) -> None:
    """A pipe that nobody writes to would be waited for for ever, a device read until memory ends."""
    os.mkfifo(tmp_path / "pipe")
    code, line = ended(tmp_path, *args)
    assert (code, line.count("\n")) == (2, 1)
    assert "not a file" in line


def test_nothing_that_a_terminal_obeys_is_printed() -> None:
    """Escape sequences in one or two octets and characters that turn the writing direction."""
    assert washed("a\x1b[2J\x9b2J\u202eb\n c") == "a?[2J?2J?b c"
