"""`nra case`: the bundle that is attached to a support case, and the check that nobody changed one."""

import os
import re
from pathlib import Path
from typing import Any, Final

import click

from nra.cli.case_form import form_options
from nra.cli.errors import told_to_the_user, typed_options
from nra.cli.options import Sentence
from nra.cli.redacting import redact_options

BUNDLE: Final = "case.zip"
PUBLIC_KEY: Final = "NRA_CASE_PUBLIC_KEY"  # click takes an empty variable for none, and then nothing would be checked
CHECKING: Final = ("verify", "public_key")
HOURS: Final = {"h": 1, "d": 24, "w": 24 * 7}


class Age(click.ParamType[float]):
    """An age such as 14d, 36h or 2w; the value is in hours."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's signature
        """Return the hours."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([hdw])", str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} is no age: 14d, 36h or 2w are", param, ctx)
        return float(found[1]) * HOURS[found[2]]


def refuse_making(places: tuple[Path, ...]) -> None:
    """Raise UsageError if beside --verify something is typed that makes a bundle; what stands in nra.toml for others hinders nothing."""
    idle = ["RUNS"] if places else [option for name, option in typed_options().items() if name not in CHECKING]
    if idle:
        raise click.UsageError(f"--verify checks one bundle and makes nothing: leave out {', '.join(idle)}")


class Bundle(click.Path):
    """The bundle's name: mail and browsers go by its ending."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # noqa: ANN401 - click's signature
        """Return the path if its ending is .zip."""
        path = Path(str(super().convert(value, param, ctx)))
        if path.suffix.lower() != ".zip":
            self.fail(f"{str(value)!r} does not end in .zip, and a bundle is a ZIP archive", param, ctx)
        return path


@click.command()
@click.argument("places", metavar="RUNS...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", "-o", type=Bundle(), default=BUNDLE, show_default=True, metavar="FILE", help="The bundle.")
@form_options
@click.option(
    "--action", "actions", multiple=True, type=Sentence(), metavar="TEXT", help="Something already done about it; may be repeated."
)
@click.option("--console", type=click.Path(path_type=Path), metavar="FILE", help="What nra run printed, where somebody kept it.")
@click.option("--max-age", type=Age(), help="Refuse runs older than this (14d, 36h, 2w).  [default: any age]")
@redact_options
@click.option(
    "--sign-key", type=click.Path(path_type=Path), metavar="FILE", help="Sign the bundle's MANIFEST with this secret key of minisign."
)
@click.option("--verify", type=click.Path(path_type=Path), metavar="BUNDLE", help="Make nothing: tell what in a bundle was changed.")
@click.option("--public-key", metavar="FILE|KEY", help="With --verify: the signer's public key of minisign.")
def case(places: tuple[Path, ...], verify: Path | None, public_key: str | None, **options: Any) -> int | None:  # noqa: ANN401 - click hands over what it parsed
    """Make the bundle that is attached to a support case from run documents (files, folders).

    Reports, workbook, firewall requests, this workstation's facts, and case.txt, ready to paste into the form. What the form asks for
    and no option says is asked on a terminal. With --redact case.txt, which names the customer, is written beside the bundle. FILE is
    replaced if it is there. Prints one path per line. With --verify: exit code 1 if anything was changed.
    """
    from nra.archive.files import CannotWrite

    if verify is not None:
        from nra.cli.case_verify import verify_bundle

        refuse_making(places)
        return verify_bundle(verify, "" if public_key is None and PUBLIC_KEY in os.environ else public_key)
    if "public_key" in typed_options():
        raise click.UsageError("--public-key is for --verify, which is not there")
    if not places:
        raise click.UsageError("Missing argument 'RUNS...': the run documents, or their folder")
    from nra.cli.case_bundle import Wanted, make_bundle

    with told_to_the_user(CannotWrite):
        for path in make_bundle(places, Wanted(**{name: options.pop(name) for name in Wanted.__slots__}), options):
            click.echo(path)
    return None
