"""The last look: a name in any spelling in any member is found, and what is no name is let pass."""

from io import BytesIO
from urllib.parse import quote
from zipfile import ZipFile

import pytest

from nra.archive.leaks import StillNamed, leaks, refuse_names, unsearchable

NAMES = {"Zwölfpfennig & Söhne": "org", "pc7": "host", "Hamburg": "site"}
ORG = "Zwölfpfennig & Söhne"


def zipped(name: str, data: bytes) -> bytes:
    """Return an archive with one member."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        ORG.encode(),
        ORG.upper().encode(),
        f"of {ORG}.".encode("utf-16-le"),
        b"x" + ORG.encode("utf-16-le"),
        ORG.encode("utf-16-be"),
        quote(ORG).encode(),
        b"Zw&#246;lfpfennig &amp; S&#xf6;hne",
        b"Zw\\u00f6lfpfennig & S\\u00f6hne",
        "Zwo\u0308lfpfennig & So\u0308hne".encode(),
        ORG.replace(" ", "\n").encode(),
        b"xhamburgx",
        b"on PC7.",
        zipped("docProps/core.xml", ORG.encode()),
        zipped("HAMBURG.xml", b""),
        b"10.1.2.3",
        b"from fe80::1%eth0",
        b"::ffff:10.1.2.3",
        b"3c:22:fb:9a:41:07",
        b"ip-10-1-2-3",
        b"a@b.example",
        "10.1.2.3 in UTF-16 is a number alone, the name is not: Hamburg".encode("utf-16-le"),
    ],
    ids=range(21),
)
def test_a_name_in_any_spelling_is_found(data: bytes) -> None:
    """In capitals, in UTF-16, escaped for URL, XML or JSON, decomposed, over a line's end, in a workbook, or by its shape alone."""
    assert list(leaks({"a.txt": data}, NAMES))
    with pytest.raises(StillNamed) as raised:
        refuse_names({"a.txt": data}, NAMES)
    assert "\n" not in str(raised.value)
    assert ORG not in str(raised.value)


def test_the_name_of_a_file_is_looked_at() -> None:
    """A bundle named after the customer would give it away."""
    assert list(leaks({"runs/hamburg.txt": b""}, NAMES))


@pytest.mark.parametrize(
    "data",
    [
        b"127.0.0.1 and ::1",
        b"at 14:03:11",
        b"api.mypurecloud.de",
        b"xpc77",
        b".who:not(.a)::after{} b::before",
        b"\x00\x01\x02",
        b"PK\x03\x04 broken",
    ],
)
def test_what_is_no_name_passes(data: bytes) -> None:
    """Loopback, times, public hosts, a short name inside of another word."""
    assert list(leaks({"a.txt": data}, NAMES)) == []


def test_names_that_are_words_of_the_program_are_told() -> None:
    """They cannot be looked for: the program's own pages have them."""
    assert unsearchable(["Voice", "3.17", "x", "Hamburg", "Voice Net", "Office", "sheets"]) == ["3.17", "Office", "Voice", "sheets", "x"]
