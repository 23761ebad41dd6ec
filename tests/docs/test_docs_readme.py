"""What the README shows is what the program takes and prints."""

import re
import shlex
from pathlib import Path
from typing import Final

import click
import pytest
from click.testing import CliRunner

from nra.catalogue import all_services
from nra.cli import COMMANDS as NAMES
from nra.cli import cli
from nra.model.responder import RESPONDERS
from nra.reflector.core import DROPPED
from nra.report import PRINTERS

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = (ROOT / "README.md").read_text("utf-8")
REFLECTOR: Final = (ROOT / "docs" / "reflector.md").read_text("utf-8")
BLOCK: Final = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SESSION: Final = re.compile(r"^\$ (nra .+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
MEASURING: Final = ("nra run", "nra reflect")  # they take time or a peer: shown as they were, not run again

COMMANDS: Final = [
    line.removeprefix("$ ")
    for page in (README, REFLECTOR)
    for block in BLOCK.findall(page)
    for line in block.splitlines()
    if line.removeprefix("$ ").startswith("nra ")
]
SESSIONS: Final = [session for block in BLOCK.findall(README) for session in SESSION.findall(block) if not session[0].startswith(MEASURING)]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_shown_is_one_that_can_be_typed(command: str) -> None:
    """Each command with its options is parsed by the command line as it stands; nothing is measured."""
    _, name, *words = shlex.split(command, comments=True)
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    with found.make_context(name, words, parent=click.Context(cli)) as context:
        assert context.params


@pytest.mark.parametrize(("command", "output"), SESSIONS, ids=[command for command, _ in SESSIONS])
def test_a_session_prints_what_is_shown(command: str, output: str) -> None:
    """A command that measures nothing prints these lines in this order; an ellipsis stands for lines left out."""
    printed = CliRunner().invoke(cli, shlex.split(command)[1:], prog_name="nra", terminal_width=80)
    assert printed.exit_code == 0
    shown = [re.escape(line) for line in output.splitlines()]
    pattern = "\n".join(shown).replace(re.escape("..."), r"(?:.*\n)*.*")
    assert re.fullmatch(pattern, printed.output.rstrip("\n"))


def options_of(name: str) -> dict[str, click.Parameter]:
    """Return the options of a command by their long names."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return {word: parameter for parameter in command.params for word in parameter.opts if word.startswith("--")}


def test_what_is_said_not_to_be_there_is_not_there() -> None:
    """The paragraph about what this version lacks is true: commands, formats, methods and options of the reflector."""
    paragraph = README.partition("**Not in this version:**")[2].partition("\n\n")[0]
    method = options_of("run")["--method"].type
    assert isinstance(method, click.Choice)
    there = {*NAMES, *PRINTERS, *method.choices, *options_of("reflect"), *options_of("run")}
    assert set(re.findall(r"`([\w-]+)`", paragraph)) - {"nra"} & there == set()


def test_every_protocol_that_is_asked_for_is_named() -> None:
    """The README says which protocols a port can answer in, and the page about the reflector names all of its options."""
    asks = [*(each.ask for each in all_services()), *(each.ask for each in RESPONDERS)]
    asked = {ask.partition("_")[0].upper() for ask in asks} - {"NONE", "RESOLVE"}
    line = re.search(r"\*\*An open port is one that answered\*\* in (.*?), over", README, re.DOTALL)
    assert line is not None
    assert set(re.findall(r"[A-Z]+", line[1])) == asked
    assert [word for word in options_of("reflect") if f"`{word}" not in REFLECTOR] == []


def test_the_make_targets_of_the_readme_exist() -> None:
    """The two commands that the README promises, and the others that it names."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= set(re.findall(r"^make (\w+)", README, re.MULTILINE)) <= targets


def test_every_reason_for_silence_has_a_row() -> None:
    """What the reflector's last line and its metrics count is explained word by word."""
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", REFLECTOR, re.MULTILINE)
    explained = {word for row in rows for word in re.findall("[a-z_]+", row)}
    assert {"received", "answered", *DROPPED} <= explained
