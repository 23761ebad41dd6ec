"""A bundle: a ZIP archive with a list of what is in it (MANIFEST, as `sha256sum` writes it), read back with suspicion.

The same members give the same bytes: fixed times, sorted names, one way of compressing. What is read may have been made to harm: names
that lead elsewhere, members that swell, the same name twice.
"""

import hashlib
import re
import stat
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from lzma import LZMAError
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

MANIFEST: Final = "MANIFEST"
SIGNATURE: Final = "MANIFEST.minisig"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # ZIP knows no earlier time
MODE: Final = 0o100644 << 16
UNIX: Final = 3
LEVEL: Final = 6
MOST_MEMBERS: Final = 20_000
MOST_BYTES: Final = 1 << 28  # of all members together: two thousand runs and their reports
ENCRYPTED: Final = 1
END: Final = b"PK\5\6"  # of the record that ends an archive, which nra case leaves without a comment
END_BYTES: Final = 22
LOCAL_BYTES: Final = 30  # of the header before each file, APPNOTE 4.3.7, without name and extra field
STREAMED: Final = 8  # flag: the sizes follow the file
NO_ROOM: Final = frozenset({0})
AFTER_STREAMED: Final = frozenset({12, 16, 20, 24})  # octets in which they follow, 4.3.9
OTHER_NAME: Final = 0x7075  # extra field with a name that some programs prefer to the one we see, 4.6.9
DAMAGE: Final = (BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, IndexError, zlib.error, LZMAError)
LINE: Final = re.compile(r"([0-9a-f]{64})  (.+)")
CORE: Final = "docProps/core.xml"
MADE: Final = re.compile(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


class UnreadableBundle(Exception):  # noqa: N818 - a foreign file is a result, not an accident
    """These bytes are no bundle, or one that must not be opened; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What is not as the list says."""

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.changed or self.missing or self.added)


def manifest(members: Mapping[str, bytes]) -> bytes:
    """Return the list: SHA-256 and name of each member, by name."""
    return "".join(f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n" for name in sorted(members)).encode()


def packed(members: Mapping[str, bytes]) -> bytes:
    """Return a ZIP archive of the members; the same members give the same bytes."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name in sorted(members):
            archive.writestr(_entry(name), members[name], compresslevel=LEVEL)
    return file.getvalue()


def settled(workbook: bytes, moment: str) -> bytes:
    """Return a workbook made at that moment (ISO 8601, UTC) and at no other: whoever writes one leaves his own clock in it."""
    file = BytesIO()
    with ZipFile(BytesIO(workbook)) as made, ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name in made.namelist():
            data = made.read(name)
            if name == CORE:
                data = MADE.sub(rf"\g<1>{moment}", data.decode()).encode()
            archive.writestr(_entry(name), data, compresslevel=LEVEL)
    return file.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the members of a bundle; raises UnreadableBundle for what is none, is damaged, or must not be opened."""
    members, damaged = opened(data)
    if damaged:
        raise UnreadableBundle(f"not a whole ZIP archive: {damaged[0][:80]!r} is damaged")
    return members


def opened(data: bytes) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the members of a bundle, and the names of those that are damaged; raises UnreadableBundle as `unpacked` does."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            _check(archive)
            _check_octets(archive, data)
            members: dict[str, bytes] = {}
            damaged, room = [], MOST_BYTES
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                try:
                    members[entry.filename] = _read(archive, entry, room)
                except DAMAGE:
                    damaged.append(entry.filename)
                else:
                    room -= len(members[entry.filename])
            return members, tuple(damaged)
    except UnreadableBundle:
        raise
    except (*DAMAGE, OSError) as error:
        raise UnreadableBundle(f"not a whole ZIP archive: {error}") from None


def differences(members: Mapping[str, bytes], damaged: Sequence[str] = ()) -> Differences:
    """Return what in a bundle is not as its list says, damaged members included; raises UnreadableBundle where it has no list."""
    if MANIFEST in damaged:  # of the others nothing can be said
        return Differences(changed=tuple(sorted(damaged)), missing=(), added=())
    listed = _listed(members.get(MANIFEST))
    there = {name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name not in (MANIFEST, SIGNATURE)}
    return Differences(
        changed=tuple(sorted({*damaged, *(name for name in there.keys() & listed.keys() if there[name] != listed[name])})),
        missing=tuple(sorted(listed.keys() - there.keys() - set(damaged))),
        added=tuple(sorted(there.keys() - listed.keys())),
    )


def _listed(data: bytes | None) -> dict[str, str]:
    if data is None:
        raise UnreadableBundle(f"no bundle of nra case: it has no {MANIFEST}")
    lines = [LINE.fullmatch(line) for line in data.decode("utf-8", "replace").splitlines()]
    listed = {line[2]: line[1] for line in lines if line}
    if not listed or len(listed) != len(lines):
        raise UnreadableBundle(f"{MANIFEST}: each line must be a SHA-256, two blanks and a name of its own")
    return listed


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, EPOCH)
    entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, MODE, UNIX
    return entry


def _check(archive: ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MOST_MEMBERS:
        raise UnreadableBundle(f"{len(entries)} members: more than any bundle has")
    if len({entry.filename.casefold() for entry in entries}) != len(entries):
        raise UnreadableBundle("a name stands in it twice")
    for entry in entries:
        if not _stays_inside(entry.filename):
            raise UnreadableBundle(f"a member's name leads elsewhere: {entry.filename[:80]!r}")
        if entry.flag_bits & ENCRYPTED:
            raise UnreadableBundle(f"{entry.filename[:80]!r} is encrypted")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnreadableBundle(f"{entry.filename[:80]!r} is a link")


def _check_octets(archive: ZipFile, data: bytes) -> None:
    """Refuse octets that belong to no member, and a second name of one: other programs might unpack what we do not see."""
    if data[-END_BYTES:][: len(END)] != END:
        raise UnreadableBundle("octets stand behind its end")
    expected, room = 0, NO_ROOM
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        start = entry.header_offset
        if start - expected not in room:
            raise UnreadableBundle("octets stand before or between its files")
        name_end = start + LOCAL_BYTES + int.from_bytes(data[start + 26 : start + 28], "little")
        extra_end = name_end + int.from_bytes(data[start + 28 : start + 30], "little")
        if OTHER_NAME in {*_extra_fields(entry.extra), *_extra_fields(data[name_end:extra_end])}:
            raise UnreadableBundle(f"{entry.filename[:80]!r} has a second name")
        expected, room = extra_end + entry.compress_size, AFTER_STREAMED if entry.flag_bits & STREAMED else NO_ROOM
    if archive.start_dir - expected not in room:
        raise UnreadableBundle("octets stand between its files and their list")


def _extra_fields(extra: bytes) -> Iterator[int]:
    """Yield the id of each extra field."""
    while len(extra) >= 4:
        yield int.from_bytes(extra[:2], "little")
        extra = extra[4 + int.from_bytes(extra[2:4], "little") :]


def _read(archive: ZipFile, entry: ZipInfo, room: int) -> bytes:
    """Return a member's bytes, giving up once there are more than there is room for, whatever its header says."""
    with archive.open(entry) as member:
        data = member.read(room + 1)
    if len(data) > room:
        raise UnreadableBundle(f"larger than {MOST_BYTES >> 20} MiB when unpacked")
    return data


def _stays_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    odd = "\\" in name or "\0" in name or ":" in name or name.startswith("/") or ".." in parts or not parts
    return not odd and not PureWindowsPath(name).drive
