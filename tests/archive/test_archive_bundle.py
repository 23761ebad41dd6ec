"""A bundle: the same members give the same bytes, a change is named, and what was made to harm is not opened."""

import re
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import pytest

from nra.archive import bundle
from nra.archive.bundle import MANIFEST, UnreadableBundle, differences, manifest, packed, settled, unpacked
from nra.report.excel import workbook
from nra.testing.canned import canned_run

MEMBERS = {"b.txt": b"two", "runs/a.txt": b"one"}


def whole(members: dict[str, bytes]) -> dict[str, bytes]:
    """Return the members with their list."""
    return {**members, MANIFEST: manifest(members)}


def archive(*entries: tuple[str | ZipInfo, bytes]) -> bytes:
    """Return a ZIP archive as anybody may write one."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        for name, data in entries:
            made.writestr(name, data)
    return file.getvalue()


def test_the_same_members_give_the_same_bytes() -> None:
    """In whatever order they come."""
    assert packed(MEMBERS) == packed(dict(reversed(MEMBERS.items())))
    assert unpacked(packed(MEMBERS)) == MEMBERS


def test_a_workbook_keeps_no_clock_of_its_writer() -> None:
    """Two writings of one run at two times are the same bytes, with the moment given."""
    one, other = (settled(workbook([canned_run("good")]), "2026-11-22T14:03:11Z") for _ in range(2))
    assert one == other
    assert ZipFile(BytesIO(one)).read(bundle.CORE).count(b"2026-11-22T14:03:11Z") == 2


def test_every_difference_is_named() -> None:
    """Changed, missing, added; nothing where all is as listed."""
    members = whole(MEMBERS)
    assert not differences(members)
    found = differences({MANIFEST: members[MANIFEST], "b.txt": b"2", "new.txt": b""})
    assert (found.changed, found.missing, found.added) == (("b.txt",), ("runs/a.txt",), ("new.txt",))


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "C:/a", "C:a", "a\\b", "..\\a"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    """Nobody who unpacks what we verified shall find files outside."""
    entry = ZipInfo("x")
    entry.filename = name
    with pytest.raises(UnreadableBundle, match="leads elsewhere"):
        unpacked(archive((entry, b"")))


def test_a_member_that_swells_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of zeros in a kilobyte, where less than that is the most."""
    monkeypatch.setattr(bundle, "MOST_BYTES", 1 << 19)
    with pytest.raises(UnreadableBundle, match="larger"):
        unpacked(archive(("a", bytes(1 << 20))))


def test_more_than_any_bundle_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members are counted before one is read."""
    monkeypatch.setattr(bundle, "MOST_MEMBERS", 2)
    with pytest.raises(UnreadableBundle, match="3 members"):
        unpacked(archive(("a", b""), ("b", b""), ("c", b"")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused() -> None:
    """One program would show the first, another the second; so would two file systems for capitals."""
    for one, other in (("a", "a"), ("a", "A")):
        with pytest.raises(UnreadableBundle, match="twice"):
            unpacked(archive((one, b"1"), (other, b"2")))


def test_every_truncation_and_flipped_byte_is_one_line() -> None:
    """Only UnreadableBundle comes out, or members that differ."""
    data = packed(whole(MEMBERS))
    for end in range(len(data)):
        with pytest.raises(UnreadableBundle):
            unpacked(data[:end])
    for place in range(len(data)):
        try:
            differences(unpacked(data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :]))
        except UnreadableBundle as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("stray", [b"x", b"PK\5\6" + bytes(18), b"\0" * 100])
def test_octets_of_no_member_are_refused(stray: bytes) -> None:
    """Before the archive, or behind it: what is verified is all that there is."""
    data = packed(whole(MEMBERS))
    for odd in (stray + data, data + stray):
        with pytest.raises(UnreadableBundle):
            unpacked(odd)


def test_a_file_that_the_list_of_files_does_not_name_is_refused() -> None:
    """Between two members, or before the list: programs that read from the front unpack it."""
    data, hidden = packed(whole(MEMBERS)), packed({"hidden.exe": b"MZ"})
    hidden = hidden[: hidden.index(b"PK\1\2")]
    with ZipFile(BytesIO(data)) as archive:
        places = [*sorted(entry.header_offset for entry in archive.infolist())[1:], archive.start_dir]
    for place in places:
        odd = bytearray(data[:place] + hidden + data[place:])
        for found in re.finditer(rb"PK\x01\x02", odd):
            moved(odd, found.start() + 42, place, len(hidden))
        moved(odd, odd.rindex(b"PK\5\6") + 16, place, len(hidden))
        with ZipFile(BytesIO(odd)) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == whole(MEMBERS)
        with pytest.raises(UnreadableBundle, match="octets stand"):
            unpacked(bytes(odd))


def moved(data: bytearray, field: int, place: int, by: int) -> None:
    """Move an offset that stands in a field by so much if it leads behind the place."""
    offset = int.from_bytes(data[field : field + 4], "little")
    if offset >= place:
        data[field : field + 4] = (offset + by).to_bytes(4, "little")


def test_a_member_with_another_name_or_a_link_is_refused() -> None:
    """Unzip would write the file under the other name, or make a link of it."""
    renamed, link = ZipInfo("a.txt"), ZipInfo("a.txt")
    other = b"\1" + zlib.crc32(b"a.txt").to_bytes(4, "little") + b"autoexec.bat"
    renamed.extra = b"UT\0\0up" + len(other).to_bytes(2, "little") + other
    link.external_attr = 0o120777 << 16
    for entry, why in ((renamed, "second name"), (link, "is a link")):
        with pytest.raises(UnreadableBundle, match=why):
            unpacked(archive((entry, b"one")))


def test_what_another_program_packed_again_is_read() -> None:
    """As a stream, with the sizes behind each file."""

    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    pipe = Pipe()
    with ZipFile(pipe, "w", ZIP_DEFLATED) as made:
        for name, data in whole(MEMBERS).items():
            made.writestr(name, data)
    assert unpacked(pipe.getvalue()) == whole(MEMBERS)


def test_damage_of_any_compression_is_one_line() -> None:
    """LZMA has an error of its own."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_LZMA) as archive:
        archive.writestr(MANIFEST, b"x" * 1000)
    data = bytearray(file.getvalue())
    data[45:60] = b"\xff" * 15
    with pytest.raises(UnreadableBundle):
        unpacked(bytes(data))


@pytest.mark.parametrize("data", [b"", b"hello", b"0" * 64 + b"  a\n" + b"0" * 64 + b"  a\n", b"\xff"])
def test_a_list_that_is_none_is_refused(data: bytes) -> None:
    """Not a list, or one that names a file twice."""
    with pytest.raises(UnreadableBundle, match="MANIFEST"):
        differences({MANIFEST: data})
    with pytest.raises(UnreadableBundle, match="MANIFEST"):
        differences({})
