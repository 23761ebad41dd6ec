"""`nra reflect keys`: who may use a reflector, a line of its key file for each."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nra.cli.errors import UserError, washed
from nra.cli.options import FILE_OF_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from nra.reflector.key_file import Holder

ANY: Final = "any"
RELOAD: Final = "a running reflector takes it with SIGHUP"
NOBODY: Final = "# every key is revoked\n"  # an empty file would be taken for one that is being written
HEADING: Final = (
    "# Who may use this reflector: SSID, key (64 hex digits), note. Each sender gets its own line as a file; keep this one to yourself.\n"
)


class SsidOrAny(click.ParamType[Any]):
    """An SSID, or the word for the key that is good for all."""

    name = "ssid"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's own types
        """Return the number, or the word."""
        return value if value == ANY else SSID.convert(value, param, ctx)


SSID: Final = click.IntRange(1, 0xFFFF)


def of_a_file(command: "Callable[..., Any]") -> "Callable[..., Any]":
    """Give a command the option --key-file, which `nra reflect` may have got already."""
    return click.option(
        "--key-file",
        type=FILE_OF_KEYS,
        envvar="NRA_REFLECT_KEY_FILE",
        callback=_as_the_reflector_has_it,
        help="The reflector's key file.  [default: that of nra reflect]",
    )(command)


def _as_the_reflector_has_it(ctx: click.Context, _: click.Parameter, given: Path | None) -> Path:
    reflect = ctx.parent.parent if ctx.parent is not None else None
    path = given or (reflect.params.get("key_file") if reflect is not None else None)
    if path is None:
        raise UserError(f"--key-file is missing ({ctx.command_path} --help)")
    return Path(path)


@click.group(no_args_is_help=False)
def keys() -> None:
    """Say who may use a reflector: add, list and revoke keys in its key file."""


@keys.command()
@of_a_file
@click.option("--ssid", type=SSID, help="SSID of the key: 1 to 65535.  [default: one that is free]")
@click.option("--note", default="", metavar="TEXT", help="Whose key it is, for people.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the sender's key file here, for its owner alone.  [default: print it]")
def add(key_file: Path, ssid: int | None, note: str, out: Path | None) -> int:
    """Make a key and put it into the file, which is made if it is not there; its line is the sender's whole key file."""
    from nra.cli.key_files import rewrite, write_new
    from nra.reflector.key_file import KEY_BYTES, Holder, line_of

    text = text_of(key_file) if key_file.exists() else None
    taken = {holder.ssid for holder in holders(key_file)} if text is not None else set()
    if ssid is not None and ssid in taken:
        raise UserError(f"--ssid {ssid}: {key_file} has a key for it already (nra reflect keys revoke {ssid})")
    holder = Holder(secrets.token_bytes(KEY_BYTES), ssid or free_ssid(taken), washed(note))
    line = f"{line_of(holder)}\n"
    if out is not None:
        write_new(out, line)  # before the reflector's: a key that its sender does not get must not be there
    try:
        if text is None:
            write_new(key_file, HEADING + line)
        else:
            rewrite(key_file, text + ("" if not text or text.endswith("\n") else "\n") + line)
    except UserError:
        if out is not None:
            out.unlink(missing_ok=True)  # a key that no reflector knows
        raise
    if out is None:
        click.echo(line, nl=False)
    click.echo(f"SSID {holder.ssid} added to {washed(str(key_file))}: {RELOAD}", err=True)
    return 0


@keys.command(name="list")
@of_a_file
def list_(key_file: Path) -> int:
    """Print whose keys there are: SSID, the key's fingerprint (never the key) and note."""
    found = holders(key_file)
    for ssid, seal, note in [("SSID", "Fingerprint", "Note"), *((told(each), fingerprint(each), each.note) for each in found)]:
        click.echo(f"{ssid:<5}  {seal:<11}  {washed(note)}".rstrip())
    return 0


@keys.command()
@of_a_file
@click.argument("ssid", type=SsidOrAny(), metavar="SSID|any")
def revoke(key_file: Path, ssid: int | str) -> int:
    """Take an SSID's key out of the file, or with "any" the one that is good for all SSIDs."""
    from nra.cli.key_files import rewrite
    from nra.reflector.key_file import names

    number = None if isinstance(ssid, str) else ssid
    if number not in {holder.ssid for holder in holders(key_file)}:
        raise UserError(f"{ssid}: {key_file} has no such key (nra reflect keys list)")
    left = "".join(line for line in text_of(key_file).splitlines(keepends=True) if not names(line, number))
    rewrite(key_file, left if left.strip() else NOBODY)
    click.echo(f"SSID {ssid} revoked in {washed(str(key_file))}: {RELOAD}", err=True)
    return 0


def holders(path: Path) -> "tuple[Holder, ...]":
    """Return whom the file names; raises UserError."""
    from nra.cli.key_files import read_reflectors

    return read_reflectors(path)


def text_of(path: Path) -> str:
    """Return the file's text as it stands; raises UserError."""
    from nra.cli.key_files import read_text

    return read_text(path, "--key-file")


def free_ssid(taken: "set[int | None]") -> int:
    """Return an SSID that nobody has, drawn by chance; raises UserError when all are taken."""
    from nra.reflector.key_file import MOST_SSID

    free = sorted({*range(1, MOST_SSID + 1)} - taken)
    if not free:
        raise UserError("all 65535 SSIDs are taken")
    return int(secrets.choice(free))


def told(holder: "Holder") -> str:
    """Return the SSID as it is typed."""
    return ANY if holder.ssid is None else str(holder.ssid)


def fingerprint(holder: "Holder") -> str:
    """Return what tells one key from another and gives none away."""
    import hashlib

    return hashlib.sha256(holder.key).hexdigest()[:8]
