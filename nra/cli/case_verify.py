"""`nra case --verify`: which file of a bundle was changed, is missing or was added, and whose signature it bears."""

from pathlib import Path

import click

from nra.archive.bundle import MANIFEST, SIGNATURE, UnreadableBundle, differences, opened
from nra.archive.minisign import BadKey, PublicKey, is_signed, read_public_key, read_signature, told_id
from nra.cli.errors import UserError, washed
from nra.cli.signing import MOST_KEY_BYTES, cryptography_needed

MOST_BUNDLE_BYTES = 1 << 28
UNCHANGED, CHANGED = 0, 1


def verify_bundle(path: Path, public_key: str | None) -> int:
    """Print what differs and return 0 where nothing does, 1 otherwise; raises UserError for what is no bundle."""
    key = None if public_key is None else _public_key(public_key)
    try:
        members, damaged = opened(_bytes(path))
        found = differences(members, damaged)
    except UnreadableBundle as error:
        raise UserError(f"{path}: {error}") from error
    for what, names in (("changed", found.changed), ("missing", found.missing), ("added", found.added)):
        for name in names:
            click.echo(f"{what}: {washed(name)}")
    signed, told = (False, "the signature was not checked") if {MANIFEST, SIGNATURE} & {*damaged} else _signature(members, key)
    click.echo(told)
    listed = len(members) - 1 - (SIGNATURE in members)
    click.echo("CHANGED" if found or not signed else f"unchanged: {listed} files are as {MANIFEST} lists them")
    return CHANGED if found or not signed else UNCHANGED


def _signature(members: dict[str, bytes], key: PublicKey | None) -> tuple[bool, str]:
    """Return whether the signature is as it should be, and what to say of it."""
    if SIGNATURE not in members:
        return key is None, "not signed" if key is None else "NOT SIGNED, although a public key was given"
    try:
        signature = read_signature(members[SIGNATURE].decode("utf-8", "replace"))
    except BadKey as error:
        return False, f"{SIGNATURE}: {error}"
    signer = told_id(signature.key_id)
    if key is None:
        return True, f"signed by key {signer}, which was not checked: give --public-key"
    with cryptography_needed():
        valid = is_signed(key, members[MANIFEST], signature)
    if valid:
        return True, f"signature valid: key {signer}, {washed(signature.comment)}"
    other = "" if signature.key_id == key.key_id else f": signed by key {signer}, not by {told_id(key.key_id)}"
    return False, f"SIGNATURE NOT VALID{other}"


def _public_key(given: str) -> PublicKey:
    """Return the key in the file, or that was typed itself; raises UserError, which names what was given."""
    if not given.strip():
        raise UserError("--public-key: it is empty (a variable that is not set?), and nothing would be checked")
    text, why = given, "no such file, and "
    try:
        path = Path(given)
        if path.is_file() and path.stat().st_size <= MOST_KEY_BYTES:
            text, why = path.read_text("utf-8", "replace"), ""
        elif path.exists():
            raise UserError(f"--public-key {washed(given)}: no public key of minisign")
    except OSError as error:
        why = f"{error.strerror}, and "
    except ValueError:
        why = ""
    try:
        return read_public_key(text)
    except BadKey as error:
        raise UserError(f"--public-key {washed(given)}: {why}{error}") from error


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BUNDLE_BYTES:
            raise UnreadableBundle("not a file, or larger than any bundle" if path.exists() else "no such file")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableBundle(error.strerror or str(error)) from None
