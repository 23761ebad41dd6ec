"""`nra report`: render reports again from a run document."""

from pathlib import Path

import click

from nra.cli.errors import told_to_the_user, typed_options
from nra.cli.options import CommaList
from nra.cli.redacting import redact_options, redaction
from nra.report import PRINTERS


@click.command()
@click.argument("run", metavar="RUN.json", type=click.Path(path_type=Path))
@click.option(
    "--format", "formats", type=CommaList(PRINTERS), default="txt,xlsx", show_default=True, help=f"Reports to render: {','.join(PRINTERS)}."
)
@click.option("--html", is_flag=True, help="The page alone, or beside what --format names: the same as --format html.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the reports.  [default: beside RUN.json]")
@redact_options
def report(run: Path, formats: tuple[str, ...], html: bool, out: Path | None, redact: bool, redact_key: Path | None) -> None:
    """Render reports again from the run document RUN.json.

    The reports have the names that the run gave them; a file that is there already is never overwritten: the new one is
    called -2, -3 and so on. With --redact they have other names, too. Prints one path per line.
    """
    from nra.archive.document import UnreadableDocument, read
    from nra.archive.files import CannotWrite, write_bytes
    from nra.archive.naming import FIREWALL_REQUEST, stem
    from nra.cli.printing import firewall_request_files, rendered

    if html:
        formats = tuple(dict.fromkeys((*(formats if "formats" in typed_options() else ()), "html")))
    with told_to_the_user(UnreadableDocument, CannotWrite):
        document = read(run)
        hiding = redaction(wanted=redact, key=redact_key)
        if hiding:
            document = hiding.document(document)
        name = stem(document)
        files = [(name, extension, data) for extension, data in rendered(document, formats)]
        files += [(f"{name}{FIREWALL_REQUEST}", extension, data) for extension, data in firewall_request_files(document)]
        if hiding:
            hiding.refuse_names({f"{stem_}.{extension}": data for stem_, extension, data in files})
            hiding.tell_unsearchable()
        for stem_, extension, data in files:
            click.echo(write_bytes(out or run.parent, stem_, extension, data))
