"""The kinds of values that several commands take, each refused with a sentence when it is not one."""

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from nra.cli.errors import did_you_mean
from nra.model.plan import Target

CODECS: Final = ("g711", "g722", "g729", "opus")
PROFILES: Final = ("webrtc", "byoc", "phones", "edge")

DSCP_NAMES: Final = (
    {"EF": 46}  # RFC 3246
    | {f"CS{n}": 8 * n for n in range(8)}  # RFC 2474, 4.2.2
    | {f"AF{x}{y}": 8 * x + 2 * y for x in range(1, 5) for y in range(1, 4)}  # RFC 2597, 6
    | {"DF": 0, "VA": 44, "LE": 1}  # RFC 2474, RFC 5865, RFC 8622
)
DAY_S: Final = 86_400
_HOST_PORT: Final = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<host>[^\[\]:]*))(?::(?P<port>.*))?", re.DOTALL)
_HOST: Final = re.compile(r"(?!-)[\w.-]{1,253}")


class Dscp(click.ParamType[int]):
    """A DSCP by name (EF, CS0..CS7, AF11..AF43) or number (0..63); the value is the number."""

    name = "name|0..63"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's signature
        """Return the code point."""
        word = str(value).strip().upper()
        number = DSCP_NAMES.get(word, int(word) if re.fullmatch("[0-9]{1,3}", word) else -1)
        if not 0 <= number <= 63:
            self.fail(f"{value!r} is no DSCP: EF, CS0..CS7, AF11..AF43 or 0..63", param, ctx)
        return number


class Sentence(click.types.StringParamType):
    """A text in words, for an option that may be repeated: where one value stands for all, each of its lines is one."""

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Return the lines: blanks and commas are parts of a sentence."""
        return [line for line in rv.splitlines() if line.strip()]


class CommaList(click.ParamType[tuple[str, ...]]):
    """Words of a fixed choice separated by commas; the value holds each word once, as typed first."""

    name = "list"

    def __init__(self, choices: Iterable[str]) -> None:
        """Take the words that may stand in the list."""
        self.choices = tuple(choices)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:  # noqa: ANN401 - click's signature
        """Return the words."""
        words = value.split(",") if isinstance(value, str) else value
        chosen = tuple(dict.fromkeys(str(word).strip().lower() for word in words))
        for word in chosen:
            if word not in self.choices:
                self.fail(f"{word!r} is none of {', '.join(self.choices)}{did_you_mean(word, self.choices)}", param, ctx)
        if not chosen:
            self.fail(f"the list is empty: choose from {', '.join(self.choices)}", param, ctx)
        return chosen


class HostPort(click.ParamType[Target]):
    """HOST[:PORT], IPv6 in brackets; without a default port the port must be given."""

    name = "host[:port]"

    def __init__(self, default_port: int | None = None) -> None:
        """Take the port that is meant when none is typed."""
        self.default_port = default_port

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:  # noqa: ANN401 - click's signature
        """Return host and port; the host's name is not looked up here."""
        if isinstance(value, Target):
            return value

        def refuse(why: str) -> NoReturn:
            self.fail(f"{value!r}: {why}", param, ctx)

        if "://" in str(value):
            refuse("expected HOST[:PORT], not the address of a page")
        found = _HOST_PORT.fullmatch(str(value).strip())
        if found is None or (found["host"] is not None and ":" in (found["port"] or "")):
            refuse("expected HOST[:PORT], an IPv6 address in brackets such as [2001:db8::1]:20862")
        host = found["host"]
        if host is None and not _is_ipv6(found["v6"]):
            refuse(f"{found['v6']!r} is no IPv6 address")
        if host is not None and not _HOST.fullmatch(host):
            refuse("this is no host name or address")
        port = found["port"] if found["port"] is not None else str(self.default_port or "")
        if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
            refuse("a port from 1 to 65535 is needed")
        return Target(host=host if host is not None else found["v6"], port=int(port))


class Quantity(click.ParamType[float]):
    """A finite number within bounds; `above` bounds it from below without being allowed itself."""

    name = "number"

    def __init__(self, minimum: float = -math.inf, maximum: float = math.inf, *, above: float = -math.inf, name: str = "number") -> None:
        """Take the bounds and the word that the help shows."""
        self.minimum, self.maximum, self.above, self.name = minimum, maximum, above, name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's signature
        """Return the number."""
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            self.fail(f"{value!r} is not a number" if isinstance(value, str) else "this is no number of a usual size", param, ctx)
        if not (math.isfinite(number) and self.minimum <= number <= self.maximum and number > self.above):
            self.fail(f"{value} is not {self._range()}", param, ctx)
        return number

    def _range(self) -> str:
        lower = [f"above {self.above:g}"] if self.above > -math.inf else [f"at least {self.minimum:g}"] if self.minimum > -math.inf else []
        upper = [f"at most {self.maximum:g}"] if self.maximum < math.inf else []
        return " and ".join([*lower, *upper]) or "a finite number"


class NameOrFile(click.ParamType[str]):
    """A name from the catalogue or a file; in nra.toml a file is looked for beside nra.toml too."""

    name = "name|file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's signature
        """Return the text as it is: which of the two it names is the catalogue's business."""
        return str(value)


class FileOfKeys(click.Path):
    """A file by its name, which nothing is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's signature
        """Return the path; what it leads to is looked at where it is read."""
        if not str(value):
            self.fail("a file's name is expected", param, ctx)
        return super().convert(value, param, ctx)


class Pin(click.ParamType[str]):
    """A SHA-256 in hex; colons and blanks between the digits are forgiven, the value has neither."""

    name = "sha256"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's signature
        """Return the digits in lower case."""
        digits = re.sub("[: ]", "", str(value)).lower()
        if not re.fullmatch("[0-9a-f]{64}", digits):
            self.fail(f"{value!r} is no SHA-256: 64 hex digits are expected", param, ctx)
        return digits


class Span(click.ParamType[float]):
    """A span of time as people write it: 90s, 30m, 1h, 1h30m; the value is in seconds."""

    name = "30m"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's signature
        """Return the seconds, more than none and at most a day."""
        found = re.fullmatch(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", str(value).strip().lower())
        seconds = sum(int(part or 0) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True)) if found else 0
        if not 0 < seconds <= DAY_S:
            self.fail(f"{value!r} is no span of time up to a day: 90s, 30m, 1h, 1h30m", param, ctx)
        return float(seconds)


class TimeOfDay(click.ParamType[str]):
    """A time on the clock on the wall, HH:MM."""

    name = "hh:mm"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's signature
        """Return it with two digits each."""
        found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", str(value).strip())
        if not found:
            self.fail(f"{value!r} is no time of day from 00:00 to 23:59", param, ctx)
        return f"{int(found[1]):02}:{found[2]}"


DSCP: Final = Dscp()
PIN: Final = Pin()
FILE_OF_KEYS: Final = FileOfKeys(path_type=Path)
SPAN: Final = Span()
TIME_OF_DAY: Final = TimeOfDay()
NAME_OR_FILE: Final = NameOrFile()


def HOST_PORT(default_port: int | None = None) -> HostPort:  # noqa: N802 - reads as a type where options are declared
    """Return the type of HOST[:PORT] options; the value is a Target."""
    return HostPort(default_port)


def Seconds(minimum: float = 0.0, maximum: float = math.inf) -> Quantity:  # noqa: N802 - reads as a type where options are declared
    """Return the type of durations: positive, finite, within these bounds."""
    return Quantity(minimum, maximum, above=0.0, name="seconds")


def _is_ipv6(text: str) -> bool:
    import ipaddress  # 3 ms that only an address in brackets costs

    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
