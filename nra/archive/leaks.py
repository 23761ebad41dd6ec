"""The last look before a redacted file is written: is any name still in its bytes, in whatever spelling?

Looked for in the bytes as UTF-8 and as UTF-16 of either order, as they stand and with what stands for a letter (%C3%BC, &#252;, \\u00fc)
turned into it; a file that is a ZIP archive, as workbooks are, is opened and each member looked through, its name too. Every address that
is not loopback, every hardware address and every mailbox is a name, whoever's it is.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Final
from urllib.parse import unquote
from zipfile import BadZipFile, ZipFile

from nra.archive.scrub import SHAPES, SHORTEST_INSIDE, is_own_word
from nra.archive.tokens import TOKEN, address_in, folded, is_nobodys

ZIP_MAGIC: Final = b"PK\x03\x04"
UTF_16: Final = ("utf-16-le", "utf-16-be")
ADDRESSES: Final = re.compile("|".join(f"(?P<{kind}>{shape})" for kind, shape in SHAPES if kind in ("v6", "v4")))
MARKED: Final = re.compile("|".join(f"(?P<{kind}>{shape})" for kind, shape in SHAPES if kind in ("mail", "mac")))
ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


class StillNamed(Exception):  # noqa: N818 - says what is the case
    """A file that should be without names has one; the message is one line that says in which, without repeating the name."""


def refuse_names(files: Mapping[str, bytes], names: Mapping[str, str]) -> None:
    """Raise StillNamed if a name, or anything of the shape of one, is in a file or in its name."""
    for file, kind in leaks(files, names):
        raise StillNamed(f"{file}: still holds the name of a {kind} after redaction, so nothing was written; please report this")


def leaks(files: Mapping[str, bytes], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each file that still holds a name, and the name's kind."""
    wanted = {folded(name): kind for name, kind in names.items() if not is_own_word(name) and address_in(name) is None}
    for number, (file, data) in enumerate(files.items(), start=1):
        told = f"member {number}"  # its name may be what leaks
        for inside, part in _parts(file, data):
            found = _found(part, wanted)
            if found:
                yield f"{told}{inside}", found


def _parts(file: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a file's name, its bytes, and those of its members where it is an archive."""
    yield " (its name)", file.encode("utf-8", "replace")
    if not data.startswith(ZIP_MAGIC):
        yield f" ({file})", data
        return
    try:
        with ZipFile(BytesIO(data)) as archive:
            for entry in archive.infolist():
                yield (
                    f" ({file}, its member {entry.filename})",
                    entry.filename.encode() + b"\n" + entry.comment + b"\n" + archive.read(entry),
                )
            yield f" ({file}, its comment)", archive.comment
    except BadZipFile:
        yield f" ({file})", data


def _found(data: bytes, wanted: Mapping[str, str]) -> str:
    """Return the kind of a name in the bytes, empty where there is none."""
    text = data.decode("utf-8", "replace")
    for spelled in dict.fromkeys((text, _unescaped(text))):
        shape = _shaped(spelled)
        if shape:
            return shape
    texts = [folded(_unescaped(text)), folded(text)]
    if b"\0" in data:
        texts += [folded(data[start:].decode(encoding, "replace")) for encoding in UTF_16 for start in (0, 1)]
    return next((kind for name, kind in wanted.items() if any(_holds(each, name) for each in texts)), "")


def _unescaped(text: str) -> str:
    text = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return unicodedata.normalize("NFC", html.unescape(unquote(text, errors="replace")))


def _shaped(text: str) -> str:
    """Return what has the shape of an address, of hardware or of a mailbox in a text; the end of a token begins none."""
    text = TOKEN.sub(" ", text)
    for found in ADDRESSES.finditer(text):
        bare = found[0].partition("/")[0]
        address = address_in(re.sub("[-_]", ".", bare) if ":" not in bare else bare)
        if address is not None and not is_nobodys(address):
            return "network address"
    marked = MARKED.search(text)
    return "" if marked is None else "mailbox" if marked.lastgroup == "mail" else "network adapter"


def _holds(text: str, name: str) -> bool:
    if name not in text:
        return False
    if sum(map(str.isalnum, name)) >= SHORTEST_INSIDE:
        return True
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) is not None


def unsearchable(names: Iterable[str]) -> list[str]:
    """Return the names that are words of the program too, or too short: they are replaced in their own fields, and cannot be looked for."""
    return sorted(name for name in names if is_own_word(name) and address_in(name) is None)
