"""What is asked of the user on a terminal, where there is one."""

import sys
from collections.abc import Callable

import click

from nra.cli.errors import UserError


def at_a_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(option: str, question: str, check: Callable[[str], str]) -> str:
    """Return what the user types, asking again until `check` takes it; without a terminal there is nobody to ask."""
    if not at_a_terminal():
        raise UserError(f"{option} is missing (nra run --help)")
    return str(click.prompt(question, err=True, value_proc=check))


def known_region(text: str) -> str:
    """Return the text if it names a region; raises UsageError, after which a prompt asks again."""
    from nra.cli.settings import region_named

    try:
        return region_named(text).name
    except UserError as error:
        raise click.UsageError(str(error)) from error
