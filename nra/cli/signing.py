"""The secret key of `--sign-key`: read before anything else is done, its password asked for where it has one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from nra.archive.minisign import BadKey, SecretKey, WrongPassword, read_secret_key, sign
from nra.cli.asking import at_a_terminal
from nra.cli.errors import UserError

MOST_KEY_BYTES: Final = 1 << 16
MOST_TRIES: Final = 3


@contextmanager
def cryptography_needed() -> Iterator[None]:
    """Turn a missing package into one line that says how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError("signatures need cryptography, which is not installed: pip install 'nra[signatures]'") from error


def secret_key(path: Path) -> SecretKey:
    """Return the key in the file; raises UserError."""
    try:
        if path.exists() and (not path.is_file() or path.stat().st_size > MOST_KEY_BYTES):
            raise UserError(f"--sign-key {path}: no secret key of minisign")
        with cryptography_needed():
            import cryptography  # noqa: F401 - asked for now, not after all the work
        return _opened(path.read_text("utf-8", "replace"))
    except (OSError, ValueError) as error:
        raise UserError(f"--sign-key {path}: {getattr(error, 'strerror', None) or 'no such name'}") from error
    except BadKey as error:
        raise UserError(f"--sign-key {path}: {error}") from error


def _opened(text: str) -> SecretKey:
    """Return the key; a wrong password is asked for again; raises BadKey."""
    for _ in range(MOST_TRIES - 1):
        try:
            return read_secret_key(text, _password)
        except WrongPassword:
            click.echo("This password does not open the key.", err=True)
    return read_secret_key(text, _password)


def signed(key: SecretKey, manifest: bytes) -> bytes:
    """Return the signature file of a MANIFEST."""
    return sign(key, manifest, "MANIFEST of a bundle by nra case").encode()


def _password() -> str:
    if not at_a_terminal():
        raise BadKey("it is encrypted, and nobody is there to type the password (minisign -G -W makes keys without one)")
    return str(click.prompt("Password of the secret key", hide_input=True, err=True))
