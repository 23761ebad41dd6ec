"""docs/case.md tells every option of `nra case`, and every member of a bundle."""

import re
from pathlib import Path
from typing import Final

import click

from nra.archive.bundle import MANIFEST, SIGNATURE
from nra.cli import cli
from nra.cli.case_bundle import CASE_TEXT

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "case.md").read_text("utf-8")
ROWS: Final = re.findall(r"^\| (`.+?) \| .+ \|$", PAGE, re.MULTILINE)


def test_every_option_is_told() -> None:
    """Each once, and none that is not there."""
    command = cli.get_command(click.Context(cli), "case")
    assert command is not None
    options = {name for each in command.params if isinstance(each, click.Option) for name in each.opts}
    told = [name for row in ROWS for name in re.findall(r"`(-[\w-]+)`", row)]
    assert sorted(told) == sorted(options)


def test_every_member_is_told() -> None:
    """By its name."""
    told = {name for row in ROWS for name in re.findall(r"`([\w./*-]+)`", row)}
    assert {CASE_TEXT, MANIFEST, SIGNATURE, "runs.xlsx", "README.txt", "workstation.txt", "console.txt"} <= told
