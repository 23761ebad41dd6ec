"""A click group that imports a command only when it is called: `nra --help` reads one table."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from nra.cli.errors import UserError, did_you_mean


class Entry(NamedTuple):
    """One line of the table: the `module:attribute` of a command and what `nra --help` says of it."""

    place: str
    summary: str


class LazyGroup(click.Group):
    """Commands by name, each imported on first use; their options also come from `NRA_<COMMAND>_<OPTION>`."""

    def __init__(self, *, table: Mapping[str, Entry], **attributes: Any) -> None:  # noqa: ANN401 - whatever click.Group takes
        """Take the table of commands, in the order of the help."""
        super().__init__(**attributes)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in the table's order."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, imported now; None where the table has no such name."""
        if cmd_name not in self.table:
            return None
        module, attribute = self.table[cmd_name].place.split(":")
        command: click.Command = getattr(import_module(module), attribute)
        for name, option in settable(command).items():
            # not click's auto_envvar_prefix: that goes by the Python name, and would take NRA_VERSION for a flag
            option.envvar = option.envvar or f"NRA_{cmd_name}_{name}".upper().replace("-", "_")
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names; an unknown word is answered with the nearest names."""
        if args[0] not in self.table and not args[0].startswith("-"):
            ctx.fail(f"no such command: {args[0]}{did_you_mean(args[0], self.table)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table into the help without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.table.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - what a command returns: its exit code
        """Run the command; a reader who went away is no verdict, although click would exit 1 for it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise UserError("standard output was closed before everything was written") from error


def settable(command: click.Command) -> dict[str, click.Option]:
    """Return the options that environment and `nra.toml` may set, by their long names without the dashes."""
    options = [each for each in command.params if isinstance(each, click.Option)]
    return {name[2:]: option for option in options for name in option.opts if name.startswith("--")}
