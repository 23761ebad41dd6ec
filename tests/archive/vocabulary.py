"""The words that the program itself writes into a run document; run as a program it renews `nra/archive/data/words.txt`.

They come from the texts in the code of those rooms that word observations, from the catalogue's entries and from the system's own
error messages. Names of cities are no words of ours: a site may be called after one.
"""

import ast
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
LIST: Final = ROOT / "nra" / "archive" / "data" / "words.txt"
ROOMS: Final = ("model", "net", "probes", "reflector", "run", "scoring", "wire")
CATALOGUE: Final = ("codecs.toml", "services.toml", "thresholds-genesys-cloud.toml")
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


def _texts_of_code() -> Iterator[str]:
    for room in ROOMS:
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
    yield from ((folder / name).read_text("utf-8") for name in CATALOGUE)
    yield from re.findall(r"^\[region\.(\S+)\]", (folder / "regions.toml").read_text("utf-8"), re.MULTILINE)


if __name__ == "__main__":
    LIST.parent.mkdir(exist_ok=True)
    LIST.write_text("\n".join(sorted(words())) + "\n", "utf-8")
