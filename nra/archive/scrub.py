"""Free text without names: what is known to be a name, what has the shape of one, and every word that the program would not have written.

The last is what makes it safe: an issuer's name in a certificate, what a server calls itself, the system's own error, all of it comes
from outside, and nobody can list what it may hold. Words of the program itself are in `data/words.txt` (tests/archive/vocabulary.py).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final
from urllib.parse import unquote

from nra.archive.tokens import TOKEN, Tokens, address_in, folded, is_nobodys

SHORTEST_INSIDE: Final = 6  # letters and digits; a shorter name is looked for as a word of its own: "dan" is in "standard"
SHORTEST_NAME: Final = 3
LONGEST_PORT: Final = 5
MANY_DIGITS: Final = 9  # telephone numbers have as many, and bare hardware addresses; nothing that we count in a text has
UNITS: Final = frozenset({"ms", "s", "h", "d", "x", "kib", "mib", "gib", "ghz", "mhz", "mbit", "gbit"})
ADAPTER: Final = re.compile(
    r"(?:en|eth|wl|wlan|em|ppp|tun|tap|utun|wg|ifb|awdl|br|docker)\d{1,3}|(?:en|wl)p\d{1,3}s\d{1,3}(?:f\d{1,2})?", re.IGNORECASE
)
FILES: Final = ("csv", "exe", "html", "json", "py", "toml", "txt", "xlsx", "zip")
BEGIN: Final = r"(?<![^\W_])"
END: Final = r"(?![^\W_])"
HEX: Final = "[0-9A-Fa-f]"
BARE_MAC: Final = re.compile(rf"{HEX}{{12}}")  # a word of its own; before a dot it is a host's, and of digits alone a number
OCTETS: Final = r"\d{1,3}(?:\.\d{1,3}){3}"
NUMBERS: Final = (
    rf"\d{{{MANY_DIGITS},}}",
    r"\+\d[\d /()-]{6,30}\d",
    r"\(\d{2,5}\) ?\d[\d -]{3,30}\d",
    r"0\d{1,5}[ /-]\d[\d -]{3,30}\d",
    r"\d{3}[-. ]\d{3}[-. ]\d{4}",
)
MAIL: Final = ("mail", r"[^\s<>()\[\]:;,@\"'=]{1,64}@[^\W_](?:[\w-]|\.(?=\w)){0,253}")
SHAPES: Final = (
    ("token", rf"{BEGIN}(?:{TOKEN.pattern}){END}"),
    ("time", r"(?<!\d)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)|(?<!\d)\d{8}T\d{6}Z"),
    MAIL,
    ("mac", rf"{BEGIN}(?:{HEX}{{2}}(?P<sep>[:-])(?:{HEX}{{2}}(?P=sep)){{4,6}}{HEX}{{2}}|{HEX}{{4}}(?:\.{HEX}{{4}}){{2,3}}){END}"),
    ("v6", rf"(?<![0-9A-Za-z:.])\[?(?:{HEX}{{0,4}}:){{2,8}}(?:{OCTETS}|{HEX}{{0,4}})(?![^\W_])(?:%[\w.-]{{0,40}}\w)?\]?(?:/\d{{1,3}})?"),
    ("v4", rf"(?<!\d)(?<!\d\.)(?:{OCTETS}(?:/\d{{1,2}})?(?!\d|\.\d)|\d{{1,3}}(?P<dash>[-_])\d{{1,3}}(?:(?P=dash)\d{{1,3}}){{2}}(?!\d))"),
    ("dotted", rf"(?:\*\.)?{BEGIN}(?:[^\W_][\w-]{{0,62}}\.){{1,40}}[^\W\d_][\w-]{{0,61}}[^\W_]{END}"),
    ("digits", rf"(?<!\d)(?:{'|'.join(NUMBERS)})(?!\d)"),
    ("word", rf"[^\W_]*[^\W\d_](?={OCTETS}(?!\d|\.\d))|[^\W_]+"),  # up to an address, if one follows at once
)


@cache
def vocabulary() -> frozenset[str]:
    """Return the words that the program itself writes into a document, in small letters."""
    return _words("words.txt")


@cache
def printed() -> frozenset[str]:
    """Return the words that printers write besides, those of a workbook's own format too."""
    return _words("printed.txt") | vocabulary()


def _words(name: str) -> frozenset[str]:
    return frozenset(resources.files("nra.archive").joinpath("data", name).read_text("utf-8").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """What is no secret: host names of the catalogue, and its networks with the words that stand in their place."""

    hosts: frozenset[str] = frozenset()
    networks: Mapping[str, str] = field(default_factory=dict)


def is_own_word(text: str) -> bool:
    """Tell whether a name cannot be told from what the program prints: one of its words, a part of one, or too short or bare of letters."""
    words = re.findall(r"[^\W_]+", folded(text))
    letters = "".join(words)
    if len(letters) < SHORTEST_NAME or letters.isdigit():
        return True
    if len(words) != 1:
        return False
    return words[0] in printed() or (len(letters) >= SHORTEST_INSIDE and any(words[0] in each for each in printed()))


def is_own_text(text: str) -> bool:
    """Tell whether a text is made of the program's own words and short numbers alone."""
    words = re.findall(r"[^\W_]+", text)
    return address_in(text) is None and all(
        word.casefold() in vocabulary() or (word.isdigit() and len(word) <= LONGEST_PORT) for word in words
    )


class Scrubber:
    """Replaces names in texts; `names` are those known, each with its kind."""

    def __init__(self, tokens: Tokens, names: Mapping[str, str], public: Public) -> None:
        """Take the tokens, the names known (name -> kind; the first kind of a name counts) and what is public."""
        self.tokens, self.public = tokens, public
        self._kinds = {folded(name): kind for name, kind in reversed(list(names.items()))}
        known = _known(names)
        shapes = (MAIL, *((("name", known),) if known else ()), *(shape for shape in SHAPES if shape is not MAIL))
        self._shapes = re.compile("|".join(f"(?P<{kind}>{shape})" for kind, shape in shapes), re.IGNORECASE)

    def name(self, kind: str, text: str) -> str:
        """Return the token of a whole name, an address' one where it is one, itself where it is public or empty."""
        if not text.strip() or text.lower() in self.public.hosts:
            return text
        address = address_in(text)
        if address is not None:
            return text if is_nobodys(address) else self.tokens.of_address(address)
        return self.tokens.of(self._kinds.get(folded(text), kind), text)

    def text(self, text: str) -> str:
        """Return a text in which every name has become its token."""
        return self._shapes.sub(lambda found: self._instead(found, strict=True), _plain(text))

    def label(self, text: str) -> str:
        """Return a text of hardware or system makers: names known and names by their shape become tokens, unknown words stay."""
        return self._shapes.sub(lambda found: self._instead(found, strict=False), _plain(text))

    def _instead(self, found: re.Match[str], *, strict: bool) -> str:
        kind, text = found.lastgroup or "", found[0]
        match kind:
            case "token" | "time":
                return text
            case "name":
                return self.name("word", text)
            case "mail":
                return self.tokens.of(self._kinds.get(folded(text), kind), text)
            case "mac":
                return self.tokens.of(kind, re.sub("[:.-]", "", text))
            case "v4" | "v6":
                glued = found.string[max(found.start() - 1, 0) : found.start()].isalnum()
                return f"{'-' if glued else ''}{self._address(text)}"
            case "dotted":
                return self._host(text)
            case "digits":
                return self.tokens.of("number", re.sub(r"\D", "", text))
        if BARE_MAC.fullmatch(text):
            return self.tokens.of("mac", text)
        return self._measured(text) if strict else text

    def _address(self, text: str) -> str:
        if text in self.public.networks:
            return self.public.networks[text]
        bare, slash, bits = text.partition("/")
        address = address_in(re.sub("[-_]", ".", bare) if ":" not in bare else bare)
        if address is None:  # a time of day, or what only looked like an address
            return re.sub(r"[^\W_]+", lambda found: self._measured(found[0]), text)
        return text if is_nobodys(address) else f"{self.tokens.of_address(address)}{slash}{bits}"

    def _host(self, text: str) -> str:
        name = text.lower()
        if name in self.public.hosts or (name.rpartition(".")[2] in FILES and all(word in vocabulary() for word in name.split("."))):
            return text
        return self.name("host", text)

    def _measured(self, word: str) -> str:
        """Return a word of the program, a number or a number with its unit (20ms) as it is, any other as a token."""
        unit = word.lstrip("0123456789").casefold()
        own = word.casefold() in vocabulary() or len(word) == 1 or not unit or unit in UNITS or ADAPTER.fullmatch(word)
        return word if own else self.tokens.of("word", word)


def _plain(text: str) -> str:
    """Return the text with composed letters, and with what stands for a letter in a URL as the letter."""
    return unicodedata.normalize("NFC", unquote(text, errors="replace"))


def _known(names: Iterable[str]) -> str:
    """Return a pattern for the names, the longest first, with any white space where they have some."""
    spelled = {form for name in names for form in (unicodedata.normalize("NFC", name).strip(), folded(name))}
    wanted = sorted((name for name in spelled if len(name) >= SHORTEST_NAME and any(map(str.isalpha, name))), key=len, reverse=True)
    return "|".join(map(_pattern, wanted))


def _pattern(name: str) -> str:
    inside = sum(map(str.isalnum, name)) >= SHORTEST_INSIDE and name.casefold() not in vocabulary()
    body = r"\s+".join(re.escape(part) for part in name.split())
    return body if inside else rf"{BEGIN}{body}{END}"
