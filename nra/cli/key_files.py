"""Files that hold keys: read with their permissions looked at, and written so that nobody else can read them."""

import io
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from nra.cli.errors import UserError, washed

if TYPE_CHECKING:
    from nra.reflector.key_file import Holder

MOST_BYTES: Final = 1 << 20
OWNER_ALONE: Final = 0o600
OTHERS_READ: Final = stat.S_IRGRP | stat.S_IROTH
OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def read_key(path: Path, option: str = "--key-file") -> bytes:
    """Return the one key in a file of 64 hex digits; raises UserError."""
    from nra.reflector.key_file import HEX

    text = read_text(path, option).strip()
    if not HEX.fullmatch(text):
        raise UserError(f"{option} {path}: 64 hex digits are expected")
    note_readers(path)
    return bytes.fromhex(text)


def read_credential(path: Path) -> "Holder":
    """Return the one line of a sender's key file; raises UserError."""
    holders = read_holders(path)
    if len(holders) != 1:
        raise UserError(f"--key-file {path}: {len(holders)} keys, where a sender has one")
    note_readers(path)
    return holders[0]


def read_holders(path: Path) -> "tuple[Holder, ...]":
    """Return whom a key file names; raises UserError."""
    from nra.reflector.key_file import UnusableKeyFile, holders_in

    text = read_text(path, "--key-file")
    try:
        return holders_in(text)
    except UnusableKeyFile as error:
        raise UserError(f"--key-file {path}: {error}") from error


def read_reflectors(path: Path) -> "tuple[Holder, ...]":
    """Return whom a reflector's key file names; raises UserError, also where others could have written it."""
    holders = read_holders(path)
    if mode_of(path) & OTHERS_WRITE:
        raise UserError(f"--key-file {path}: others on this machine can write it (chmod 600)")
    note_readers(path)
    return holders


def read_admitted(path: Path, *, maybe_nobody: bool = False) -> "tuple[Holder, ...]":
    """Return whom a reflector is to answer; raises UserError, also where the file names nobody.

    With `maybe_nobody` only where it is empty: such a file is being written, while one whose last key was revoked says so in a comment.
    """
    holders = read_reflectors(path)
    if not holders and not (maybe_nobody and read_text(path, "--key-file").strip()):
        raise UserError(f"--key-file {path}: no key in it: nobody would be answered (nra reflect keys add)")
    return holders


def read_text(path: Path, option: str) -> str:
    """Return what the file holds; raises UserError."""
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{option} {path}: not a file")
        octets = _octets(path)
        if len(octets) > MOST_BYTES:
            raise UserError(f"{option} {path}: larger than {MOST_BYTES} bytes")
        return io.TextIOWrapper(io.BytesIO(octets), "utf-8-sig").read()
    except (OSError, ValueError) as error:
        raise UserError(f"{option} {path}: {getattr(error, 'strerror', None) or 'not text'}") from error


def _octets(path: Path) -> bytes:
    """Return one octet more than may be there at most; whatever calls itself a file, nothing is waited for (/proc/kmsg has no end)."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        return file.read(MOST_BYTES + 1) or b""


def note_readers(path: Path) -> None:
    """Say so where others can read the file and whoever runs this could change that; on a stick modes mean nothing: it is no refusal."""
    if mode_of(path) & OTHERS_READ and os.access(path, os.W_OK):
        click.echo(f"note: {washed(str(path))} can be read by others on this machine", err=True)


def mode_of(path: Path) -> int:
    """Return who may do what with the file, nobody anything where the system has no such modes; raises UserError."""
    with _told_of(path):
        return 0 if sys.platform == "win32" else path.stat().st_mode


def write_new(path: Path, text: str) -> None:
    """Write a file that was not there, for its owner alone; raises UserError."""
    with _told_of(path):
        _written(path, text)


def rewrite(path: Path, text: str) -> None:
    """Put a text in the place of a file's, whole or not at all; whose it is and who may read it stays. Raises UserError."""
    with _told_of(path):
        there = path.resolve()
        before = there.stat()
        temporary = there.with_name(f".{there.name}.{secrets.token_hex(4)}.part")
        try:
            _written(temporary, text)
            temporary.chmod(stat.S_IMODE(before.st_mode))
            if sys.platform != "win32" and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(temporary, before.st_uid, before.st_gid)
            temporary.replace(there)
        finally:
            temporary.unlink(missing_ok=True)


def _written(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ALONE), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
