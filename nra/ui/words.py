"""What is typed into the form: checked, handed to `nra run` as options, and remembered for the next start."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import msgspec

from nra.archive.files import CannotWrite, overwrite
from nra.catalogue import UnknownRegion, region
from nra.model.region import SELF_TEST

LONGEST: Final = 200
MOST_REMEMBERED_BYTES: Final = 1 << 16
FILE_NAME: Final = "ui"
WITH_PORT: Final = re.compile(r"(?:[^:\[\]]*|\[.*\]):(?P<port>[^:]*)")
COMPLAINT: Final = re.compile(r"Invalid value for '--(?P<name>\w+)': (?P<text>.+)")  # in the words of click


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of the form, without surrounding blanks; empty where nothing was typed."""

    region: str = ""
    org: str = ""
    site: str = ""
    seat: str = ""
    reflector: str = ""

    @classmethod
    def of(cls, typed: Mapping[str, str]) -> "Words":
        """Return those of the form's words that are known."""
        return cls(**{name: typed.get(name, "").strip() for name in NAMES})

    def options(self) -> list[str]:
        """Return them as options of `nra run`; a word that begins with a dash stays a word."""
        return [f"--{name}={value}" for name, value in asdict(self).items() if value]


NAMES: Final = tuple(each.name for each in fields(Words))


def problems(words: Words) -> dict[str, str]:
    """Return by field what cannot be measured with; what else may be wrong `nra run` says itself."""
    found = {}
    for name, value in asdict(words).items():
        if len(value) > LONGEST:
            found[name] = f"At most {LONGEST} characters."
        elif not value.isprintable():
            found[name] = "There is a character in it that cannot be printed."
    if not words.region:
        found["region"] = "Choose a region."
    elif "region" not in found and not _is_known(words.region):
        found["region"] = "There is no such region."
    if "reflector" not in found and not _has_possible_port(words.reflector):
        found["reflector"] = "A port from 1 to 65535 is needed behind the colon."
    if not words.org:
        found["org"] = "Type the name of the organization."
    return found


def blamed(problem: str) -> dict[str, str]:
    """Return by field what `nra run` itself found wrong with it; empty where its complaint is about something else."""
    found = COMPLAINT.fullmatch(problem)
    return {found["name"]: found["text"]} if found and found["name"] in NAMES else {}


def _has_possible_port(place: str) -> bool:
    """Tell whether the port of `HOST:PORT` can be one; without a port there is nothing wrong with it."""
    found = WITH_PORT.fullmatch(place)
    return found is None or (re.fullmatch("[0-9]{1,5}", found["port"]) is not None and 1 <= int(found["port"]) <= 65535)


def _is_known(name: str) -> bool:
    try:
        return name == SELF_TEST or bool(region(name))
    except UnknownRegion:
        return False


@dataclass(frozen=True, slots=True)
class Memory:
    """A small file in the user's configuration folder; without a folder, or where it cannot be written, nothing is remembered."""

    folder: Path | None

    def recall(self, configured: Words) -> Words:
        """Return what was typed last, and where nothing was, what is configured."""
        if self.folder is None:
            return configured
        path = self.folder / f"{FILE_NAME}.json"
        try:
            data = path.read_bytes() if path.stat().st_size <= MOST_REMEMBERED_BYTES else b""
            typed = msgspec.json.decode(data, type=Words)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return configured
        return Words(**{name: getattr(typed, name) or getattr(configured, name) for name in NAMES})

    def keep(self, words: Words) -> None:
        """Remember the words."""
        if self.folder is not None:
            try:
                data = f"{json.dumps(asdict(words), indent=2)}\n".encode()
                overwrite(self.folder / f"{FILE_NAME}.json", lambda file: file.write(data))
            except CannotWrite:
                return  # a convenience that fails is no reason not to measure
