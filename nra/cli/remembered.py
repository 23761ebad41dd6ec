"""Values into the text of a nra.toml, with everything else in it kept as it was written."""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Final

from nra.catalogue.toml_file import line_of

HEADER: Final = r"^[ \t]*\[[ \t]*{}[ \t]*\][ \t]*(#.*)?$"


class CannotRemember(Exception):  # noqa: N818 - says what is the case, as its message does
    """The text is written in a way that is better changed by hand."""


def remembered(text: str, table: str, values: Mapping[str, str]) -> str:
    """Return the text with these values in that table; raises CannotRemember where the result would not say just that."""
    try:
        text = text.replace("\r\n", "\n")
        before, lines = tomllib.loads(text), text.removesuffix("\n").split("\n") if text else []
        for key, value in reversed(list(values.items())):  # each comes first in its table
            lines = _with(lines, table, key, f"{key} = {quoted(value)}", known=key in _table(before, table))
        after = "".join(f"{line}\n" for line in lines)
        if tomllib.loads(after) != before | {table: _table(before, table) | dict(values)}:
            raise CannotRemember(f"[{table}] in nra.toml is to be changed by hand")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CannotRemember(f"nra.toml is not understood: {error}") from error
    return after


def quoted(value: str) -> str:
    """Return the text as a basic string of TOML, which is JSON's but for the character DEL; half characters become a mark."""
    whole = value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(tables: Mapping[str, object], name: str) -> dict[str, object]:
    found = tables.get(name, {})
    return dict(found) if isinstance(found, dict) else {}


def _with(lines: list[str], table: str, key: str, statement: str, *, known: bool) -> list[str]:
    """Return the lines with the statement in the place of the one that sets the key, else first in its table."""
    if known:
        place = line_of("\n".join(lines), table, key) - 1
        return [*lines[:place], statement, *lines[place + 1 :]]
    header = re.compile(HEADER.format(re.escape(table)))
    after = next((number for number, line in enumerate(lines, start=1) if header.match(line)), None)
    return [*lines, f"[{table}]", statement] if after is None else [*lines[:after], statement, *lines[after:]]
