"""The words that the program itself writes: into run documents (`nra/archive/data/words.txt`), and into what it prints (`printed.txt`).

Run as a program it renews both lists.

They come from the texts in the code of those rooms that word observations, from the catalogue's entries and from the system's own
error messages. Names of cities are no words of ours, for a site may be called after one, and neither are those of authors: a person may
be called like one, so sources and comments are left out.
"""

import ast
import errno
import os
import re
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from nra.archive.bundle import settled
from nra.report.excel import workbook
from nra.testing.canned import canned_run

ROOT: Final = Path(__file__).resolve().parents[2]
DATA: Final = ROOT / "nra" / "archive" / "data"
ROOMS: Final = ("model", "net", "probes", "reflector", "run", "scoring", "wire")
CATALOGUE: Final = ("codecs.toml", "services.toml", "thresholds-genesys-cloud.toml")
TELLING: Final = {"codecs.toml": "source"}  # whose numbers these are: authors' names, which come into no document
WORD: Final = re.compile(r"[^\W_]+")
MORE: Final = """
aarch64 amd64 arm64 cpu darwin debian generic gnu lts linux mac macos microsoft standard ubuntu windows wsl x64 x86
nra echo stamp stun tcp quic udp tls dns http https ntp sip ip ipv4 ipv6 local localhost loopback
ago also before being could does done each every gave give given goes got had has have how it its itself left less made make many
more most must never next no none not now only other others our own same see seen she should since some such than that the their
them then there these they this those through too took under until was were what when where which while who whom whose why will
with within without would adaptive bounds test themselves
amazon aws rsa ecdsa ca digicert globalsign sectigo isrg root g2 m01 m02 m03 m04 sha256
"""
"""What systems and public authorities call themselves, and plain words that no name is made of."""


def words() -> set[str]:
    """Return the words in small letters."""
    texts = [*_texts_of_code(), *_texts_of_catalogue(), *map(os.strerror, errno.errorcode), MORE]
    return {word.casefold() for text in texts for word in WORD.findall(text) if not word.isdigit() and len(word) > 1}


def printed() -> set[str]:
    """Return the words that printers write, and those of a workbook's XML, in small letters; the canned run's own names left out."""
    run = canned_run("good", org="x", shortname="x", host="x", site=None, seat=None)
    with ZipFile(BytesIO(settled(workbook([run]), ""))) as archive:
        parts = [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
    texts = (*_texts_of_code(("report", "cli")), *re.findall(r"</?([\w:]+)|([\w:]+)=", " ".join(parts)), *map(_without_cells, parts))
    return {word.casefold() for text in texts for word in WORD.findall("".join(text)) if not word.isdigit() and len(word) > 1} - words()


def _without_cells(part: str) -> str:
    """Return a part of a workbook without the texts of its cells."""
    return re.sub(r"<t[ >][^<]*</t>|<(?:c:)?v>[^<]*</(?:c:)?v>", " ", part)


def _texts_of_code(rooms: tuple[str, ...] = ROOMS) -> Iterator[str]:
    for room in rooms:
        for path in sorted((ROOT / "nra" / room).rglob("*.py")):
            yield from _texts(ast.parse(path.read_text("utf-8")))


def _texts(tree: ast.AST) -> Iterator[str]:
    """Yield all texts but the sentences that explain the code."""
    explaining = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explaining:
            yield node.value


def _texts_of_catalogue() -> Iterator[str]:
    folder = ROOT / "nra" / "catalogue" / "data"
    for name in CATALOGUE:
        yield from _texts_of_table(tomllib.loads((folder / name).read_text("utf-8")), TELLING.get(name))
    yield from re.findall(r"^\[region\.(\S+)\]", (folder / "regions.toml").read_text("utf-8"), re.MULTILINE)


def _texts_of_table(value: object, left_out: str | None) -> Iterator[str]:
    """Yield keys and texts, without the field left out and without the comments, in which anybody may be named."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from (key, *_texts_of_table(inner, left_out)) if key != left_out else ()
        case list():
            for inner in value:
                yield from _texts_of_table(inner, left_out)
        case str():
            yield value


if __name__ == "__main__":
    for name, found in (("words.txt", words()), ("printed.txt", printed())):
        (DATA / name).write_text("\n".join(sorted(found)) + "\n", "utf-8")
