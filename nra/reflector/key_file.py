"""The text of a key file: a line for each who may use a reflector; empty lines and those that begin with # say nothing.

KEY [note]          64 hex digits, good for any SSID
SSID KEY [note]     good for this SSID alone, 1 to 65535
"""

import re
from dataclasses import dataclass, field
from typing import Final

KEY_BYTES: Final = 32
MOST_SSID: Final = 0xFFFF
HEX: Final = re.compile(f"[0-9A-Fa-f]{{{2 * KEY_BYTES}}}")
NUMBER: Final = re.compile("[0-9]{1,5}")


class UnusableKeyFile(Exception):  # noqa: N818 - says what is the case
    """A key file that is none; the message is one line, and names the line of the file."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a key: `ssid` is the one that it is good for, None any; the note says who that is, to people."""

    key: bytes = field(repr=False)
    ssid: int | None = None
    note: str = ""


def holders_in(text: str) -> tuple[Holder, ...]:
    """Return whom the text names, in its order; raises UnusableKeyFile, never with a key in its message."""
    found: dict[int | None, tuple[int, Holder]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            holder = _holder(number, line)
            if holder.ssid in found:
                which = "a second key without an SSID" if holder.ssid is None else f"SSID {holder.ssid} a second time"
                raise UnusableKeyFile(f"line {number}: {which} (the first in line {found[holder.ssid][0]})")
            found[holder.ssid] = number, holder
    return tuple(holder for _, holder in found.values())


def line_of(holder: Holder) -> str:
    """Return the line of a key file that names the holder, without its end."""
    words = [] if holder.ssid is None else [str(holder.ssid)]
    return " ".join([*words, holder.key.hex(), *holder.note.split()])


def names(line: str, ssid: int | None) -> bool:
    """Tell whether a line of a key file is that of the SSID (None: of the key that is good for any)."""
    words = line.split()
    return bool(words) and not words[0].startswith("#") and _ssid(words) == ssid


def _holder(number: int, line: str) -> Holder:
    words = line.split()
    ssid = _ssid(words)
    key, *note = words if ssid is None else words[1:] or [""]
    if not HEX.fullmatch(key) or not (ssid is None or 0 < ssid <= MOST_SSID):
        raise UnusableKeyFile(f"line {number}: 64 hex digits are expected, before them an SSID from 1 to {MOST_SSID} or nothing")
    return Holder(bytes.fromhex(key), ssid, " ".join(note))


def _ssid(words: list[str]) -> int | None:
    return int(words[0]) if NUMBER.fullmatch(words[0]) else None
