"""nra.toml: where it is looked for, and how a table per command becomes click's defaults.

Precedence: command line, environment, nra.toml, default. The first file found wins alone. What does not fit ends the program
before anything else, with one line that names file, line and field.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nra.cli.door import Door
from nra.cli.errors import UserError, did_you_mean, told_to_the_user
from nra.cli.lazy import settable
from nra.cli.options import CommaList, Dscp, NameOrFile, Quantity, Sentence

if TYPE_CHECKING:
    from nra.catalogue.toml_file import TomlFile

FILE_NAME: Final = "nra.toml"

EXPECTED: Final[tuple[tuple[tuple[type[click.ParamType[Any]], ...], str, tuple[type, ...]], ...]] = (
    ((CommaList,), "a list or text", (list, str)),
    ((Dscp,), "text or a whole number", (str, int)),
    ((click.types.IntParamType,), "a whole number", (int,)),
    ((click.types.FloatParamType, Quantity), "a number", (float, int)),
    ((click.types.StringParamType, click.Choice, click.Path, click.File, NameOrFile), "text in quotes", (str,)),
    ((click.ParamType,), "text or a number", (str, float, int)),
)
"""What TOML must hold for an option of a type; the first that fits counts."""


def configure(ctx: click.Context, given: str | None) -> None:
    """Make the first nra.toml found the defaults of all commands, and tell commands through the door which it was."""
    door = ctx.find_object(Door) or Door()
    path = find(given, door.program_folder)
    ctx.obj = replace(door, config_path=path)
    if path is not None:
        ctx.default_map = Config.read(path).defaults(ctx)


def find(given: str | None, program_folder: Path | None) -> Path | None:
    """Return the file given, else the first beside the program, in the working folder, in the user's folder; None without one."""
    if given is not None:
        if not Path(given).exists():
            raise UserError(f"{given}: no such file")
        return Path(given)
    folders = (program_folder, Path(), user_folder(sys.platform, os.environ))
    return next((folder / FILE_NAME for folder in folders if folder is not None and _is_file(folder / FILE_NAME)), None)


def user_folder(platform: str, environ: Mapping[str, str]) -> Path | None:
    """Return where the platform keeps a user's configuration of nra, None where the environment does not say."""
    home = Path(environ["HOME"]) if environ.get("HOME") else None
    if platform == "win32":
        base = Path(environ["APPDATA"]) if environ.get("APPDATA") else None
    elif platform == "darwin":
        base = home and home / "Library" / "Application Support"
    else:
        base = Path(environ["XDG_CONFIG_HOME"]) if environ.get("XDG_CONFIG_HOME") else home and home / ".config"
    return base and base / "nra"


@dataclass(frozen=True, slots=True)
class Config:
    """One configuration file as read."""

    file: "TomlFile"

    @classmethod
    def read(cls, path: Path) -> "Config":
        """Return the file's content; raises UserError if it is unreadable or not TOML."""
        from nra.catalogue.decode import CatalogueError  # only where there is a file: start-up does not pay for it
        from nra.catalogue.toml_file import TomlFile

        with told_to_the_user(CatalogueError):
            return cls(TomlFile.read(path))

    def defaults(self, ctx: click.Context) -> dict[str, dict[str, Any]]:
        """Return the values by command and Python name, as click's default_map wants them; raises UserError for the first misfit."""
        return {name: self._command_defaults(ctx, name, table) for name, table in self.file.tables.items()}

    def _command_defaults(self, ctx: click.Context, name: str, table: object) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self._misfit(f"{name}: options stand in the table of a command, such as [run]", name)
        group = ctx.command
        command = group.get_command(ctx, name) if isinstance(group, click.Group) else None
        if command is None:
            known = group.list_commands(ctx) if isinstance(group, click.Group) else []
            raise self._misfit(f"[{name}]: no such command{did_you_mean(name, known)}", name)
        options, values = settable(command), {}
        for key, value in table.items():
            option = options.get(key.replace("_", "-"))
            if option is None or option.name is None:
                raise self._misfit(f"[{name}] {key}: no such option{did_you_mean(key, options)}", name, key)
            try:
                values[option.name] = self._value(option, value)
            except click.BadParameter as error:
                raise self._misfit(f"[{name}] {key}: {error.message}", name, key) from error
            except ValueError as error:  # a NUL in a path, an integer of thousands of digits
                raise self._misfit(f"[{name}] {key}: no usable value", name, key) from error
        return values

    def _value(self, option: click.Option, value: object) -> object:
        """Return the value if it is one for this option; raises click.BadParameter."""
        if option.is_flag:
            if not isinstance(value, bool):
                raise click.BadParameter(f"expected true or false, got {value!r}")
            return value
        many = option.multiple and isinstance(value, (list, str))
        items = (_split(option, value) if isinstance(value, str) else list(value)) if many else [value]  # type: ignore[call-overload]
        items = [self._item(option.type, item) for item in items]
        for item in items:
            option.type.convert(item, option, None)
        return items if many else items[0]

    def _item(self, kind: click.ParamType[Any], value: object) -> object:
        words, types = next((words, types) for kinds, words, types in EXPECTED if isinstance(kind, kinds))
        if isinstance(value, bool) or not isinstance(value, types):
            raise click.BadParameter(f"expected {words}, got {value!r}")
        if isinstance(kind, (click.Path, click.File)) or (isinstance(kind, NameOrFile) and _is_file(self.file.path.parent / str(value))):
            slash = "/" if str(value).endswith("/") else ""  # means a folder, and pathlib takes it off
            return f"{self.file.path.parent / str(value)}{slash}"  # a file named in nra.toml lies where nra.toml lies
        return value

    def _misfit(self, message: str, *keys: str) -> UserError:
        return UserError(str(self.file.misfit(message, *keys)))


def _split(option: click.Option, value: str) -> list[str]:
    """Return the values that stand in one text for an option that may be repeated."""
    return list(option.type.split_envvar_value(value)) if isinstance(option.type, Sentence) else value.split(",")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a folder on the way that may not be entered; a NUL in the name
        return False
