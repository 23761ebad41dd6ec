"""nra.toml: where it is looked for, and how a table per command becomes click's defaults.

Precedence: command line, environment, nra.toml, default. The first file found wins alone. What does not fit ends the program
before anything else, with one line that names file, line and field.
"""

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from nra.cli.door import Door
from nra.cli.errors import UserError, did_you_mean
from nra.cli.lazy import settable
from nra.cli.options import CommaList, Dscp, NameOrFile, Quantity

FILE_NAME: Final = "nra.toml"
MOST_BYTES: Final = 1 << 20

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


def line_of(text: str, *keys: str) -> int:
    """Return the line (from 1) on which the statement begins that sets this key of the nested tables, 1 if none does."""
    lines, start = text.split("\n"), 1
    for end in range(1, len(lines) + 1):
        try:
            table: Any = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a statement of several lines
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        if table is not None:
            return start
        start = end + 1
    return 1


@dataclass(frozen=True, slots=True)
class Config:
    """One configuration file as read."""

    path: Path
    text: str
    tables: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Config":
        """Return the file's content; raises UserError if it is unreadable or not TOML."""
        try:
            if not path.is_file():
                raise UserError(f"{path}: cannot be read: not a file")
            if path.stat().st_size > MOST_BYTES:
                raise UserError(f"{path}: cannot be read: larger than {MOST_BYTES} bytes")
            text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")  # editors on Windows put a byte order mark first
            return cls(path, text, tomllib.loads(text))
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from error
        except tomllib.TOMLDecodeError as error:
            where = re.search(r" \(at line (\d+), column \d+\)$", str(error))
            line = where[1] if where else text.count("\n") + 1
            raise UserError(f"{path}:{line}: {str(error)[: where.start() if where else None]}") from error
        except (ValueError, RecursionError) as error:  # an integer of thousands of digits, thousands of brackets
            raise UserError(f"{path}: cannot be read: {type(error).__name__}") from error

    def defaults(self, ctx: click.Context) -> dict[str, dict[str, Any]]:
        """Return the values by command and Python name, as click's default_map wants them; raises UserError for the first misfit."""
        return {name: self._command_defaults(ctx, name, table) for name, table in self.tables.items()}

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
        items = (value.split(",") if isinstance(value, str) else list(value)) if many else [value]  # type: ignore[call-overload]
        items = [self._item(option.type, item) for item in items]
        for item in items:
            option.type.convert(item, option, None)
        return items if many else items[0]

    def _item(self, kind: click.ParamType[Any], value: object) -> object:
        words, types = next((words, types) for kinds, words, types in EXPECTED if isinstance(kind, kinds))
        if isinstance(value, bool) or not isinstance(value, types):
            raise click.BadParameter(f"expected {words}, got {value!r}")
        if isinstance(kind, (click.Path, click.File)) or (isinstance(kind, NameOrFile) and _is_file(self.path.parent / str(value))):
            slash = "/" if str(value).endswith("/") else ""  # means a folder, and pathlib takes it off
            return f"{self.path.parent / str(value)}{slash}"  # a file named in nra.toml lies where nra.toml lies
        return value

    def _misfit(self, message: str, *keys: str) -> UserError:
        return UserError(f"{self.path}:{line_of(self.text, *keys)}: {message}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a folder on the way that may not be entered; a NUL in the name
        return False
