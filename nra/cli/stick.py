"""`nra stick`: lay out a stick that runs on machines without Python, or tell whether one is still whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from nra.cli.errors import UserError, told_to_the_user, washed
from nra.cli.options import CommaList

if TYPE_CHECKING:
    from nra.stick.laying_out import Laid
    from nra.stick.runtime import Runtime

TARGETS: Final = ("win_amd64", "win_arm64", "linux_x86_64", "macos_arm64", "macos_x86_64")
EXTRAS: Final = ("quic", "responders", "none")
CHANGED: Final = 1


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--target", "targets", type=click.Choice(TARGETS), multiple=True, help="System to lay out; may be repeated.")
@click.option(
    "--runtime",
    "archives",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Python for a target: python.org's embeddable package, or a python-build-standalone archive; may be repeated.",
)
@click.option("--extras", type=CommaList(EXTRAS), default="quic", show_default=True, help=f"Packages beyond the core: {','.join(EXTRAS)}.")
@click.option("--wheelhouse", type=click.Path(path_type=Path, file_okay=False), help="Take packages from this folder of wheels, offline.")
@click.option("--constraints", type=click.Path(path_type=Path, dir_okay=False), help="Versions that packages must have (pip's format).")
@click.option("--verify", is_flag=True, help="Change nothing: tell which files are changed, missing or added.")
def stick(
    folder: Path,
    targets: tuple[str, ...],
    archives: tuple[Path, ...],
    extras: tuple[str, ...],
    wheelhouse: Path | None,
    constraints: Path | None,
    verify: bool,
) -> int:
    """Lay out nra in FOLDER so that it runs from there on machines without Python, or verify what lies there.

    Targets may share a FOLDER and may be added later. Exit codes: 0 done, or whole; 1 not as it was laid out; 2 cannot be done.
    """
    if verify:
        if targets or archives:
            raise UserError("--verify changes nothing: give it without --target and --runtime")
        return verified(folder)
    if not targets:
        raise UserError("--target is missing (nra stick --help)")
    from nra.stick.errors import CannotLayOut
    from nra.stick.laying_out import Order, lay_out

    with told_to_the_user(CannotLayOut):
        runtimes = assigned(targets, archives)
        chosen = tuple(extra for extra in extras if extra != "none")
        order = Order(folder=folder, runtimes=runtimes, extras=chosen, wheelhouse=wheelhouse, constraints=constraints)
        for laid in lay_out(order, lambda line: click.echo(line, err=True)):
            click.echo(described(laid))
    return 0


def assigned(targets: tuple[str, ...], archives: tuple[Path, ...]) -> "dict[str, Runtime | None]":
    """Return the runtime of each target: each archive goes to the target that its Python is for, once."""
    from nra.stick.runtime import read_runtime

    found: dict[str, Runtime | None] = dict.fromkeys(targets)
    for path in archives:
        runtime = read_runtime(path)
        if runtime.target not in found:
            raise UserError(f"--runtime {path}: this Python is for {runtime.target}, not for {' or '.join(targets)}")
        if found[runtime.target] is not None:
            raise UserError(f"--runtime {path}: a second Python for {runtime.target}")
        found[runtime.target] = runtime
    return found


def described(laid: "Laid") -> str:
    """Return what became of a target on one line."""
    packages = ", ".join(f"{name} {version}" for name, version in sorted(laid.packages.items()))
    slower = (
        "" if laid.compiled else f"; sources, not compiled: no Python {'.'.join(laid.python.split('.')[:2])} here, so starts are slower"
    )
    return f"{laid.target}: Python {laid.python}, {laid.files} files, {laid.size_bytes / 1e6:.1f} MB{slower}; {packages}"


def verified(folder: Path) -> int:
    """Print every file that is not as it was laid out, a word before it; return the exit code."""
    from nra.stick.errors import CannotLayOut
    from nra.stick.manifest import verify

    with told_to_the_user(CannotLayOut):
        seen = verify(folder)
    for word, names in (("changed", seen.changed), ("missing", seen.missing), ("added", seen.added)):
        for name in names:
            click.echo(f"{word}  {washed(name)}")
    if seen.none:
        click.echo(f"{washed(str(folder))} is as it was laid out")
    return 0 if seen.none else CHANGED
