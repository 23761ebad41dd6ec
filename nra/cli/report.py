"""`nra report`: render reports again from a run document."""

from pathlib import Path

import click

from nra.cli.errors import told_to_the_user
from nra.cli.options import CommaList
from nra.report import PRINTERS


@click.command()
@click.argument("run", metavar="RUN.json", type=click.Path(path_type=Path))
@click.option(
    "--format", "formats", type=CommaList(PRINTERS), default="txt,xlsx", show_default=True, help=f"Reports to render: {','.join(PRINTERS)}."
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the reports.  [default: beside RUN.json]")
def report(run: Path, formats: tuple[str, ...], out: Path | None) -> None:
    """Render reports again from the run document RUN.json.

    The reports have the names that the run gave them; a file that is there already is never overwritten: the new one is
    called -2, -3 and so on. Prints one path per line.
    """
    from nra.archive.document import UnreadableDocument, read
    from nra.archive.files import CannotWrite, write_bytes
    from nra.archive.naming import FIREWALL_REQUEST, stem
    from nra.cli.printing import firewall_request_files, rendered

    with told_to_the_user(UnreadableDocument, CannotWrite):
        document = read(run)
        for extension, data in rendered(document, formats):
            click.echo(write_bytes(out or run.parent, stem(document), extension, data))
        for extension, data in firewall_request_files(document):
            click.echo(write_bytes(out or run.parent, f"{stem(document)}{FIREWALL_REQUEST}", extension, data))
