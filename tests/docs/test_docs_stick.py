"""docs/stick.md: what it tells to type can be typed, and it leaves out no option, target or control that is there."""

import re
import shlex
from pathlib import Path
from typing import Final

import click
import pytest

from nra.cli import cli
from nra.cli.stick import EXTRAS, TARGETS

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = (ROOT / "docs" / "stick.md").read_text("utf-8")
CARRIED: Final = (ROOT / "nra" / "stick" / "data" / "README.txt").read_text("utf-8")
TYPED: Final = re.findall(r"^nra (stick .+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", TYPED)
def test_a_command_that_is_shown_is_one_that_can_be_typed(command: str) -> None:
    """Each is parsed as it stands; nothing is laid out."""
    name, *words = shlex.split(command, posix=False)
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    with found.make_context(name, words, parent=click.Context(cli)) as context:
        assert context.params["folder"] == Path("E:\\")


def test_no_option_and_no_target_is_left_out() -> None:
    """A row for each option, each target and each kind of extra packages named."""
    found = cli.get_command(click.Context(cli), "stick")
    assert found is not None
    options = {word for parameter in found.params for word in parameter.opts if word.startswith("--")}
    assert set(re.findall(r"^\| `(--[\w-]+)", PAGE, re.MULTILINE)) == options
    assert [name for name in (*TARGETS, *EXTRAS) if f"`{name}`" not in PAGE] == []


def test_the_page_that_is_carried_names_what_lies_there() -> None:
    """The launchers, the folders and the commands of README.txt exist."""
    for name in ("nra.cmd", "nra.command", "nra.sh"):
        assert name in CARRIED
        assert (ROOT / "nra" / "stick" / "data" / name).is_file()
    commands = set(re.findall(r"nra\.cmd (\w+)", CARRIED))
    assert commands == {"run", "doctor", "regions", "stick", "ui"}
    assert commands <= set(cli.list_commands(click.Context(cli)))
    assert max(map(len, CARRIED.splitlines())) <= 132
