"""From a run document to files' bytes and to the screen."""

import sys
from collections.abc import Iterator, Sequence

import click

from nra.archive.document import encode
from nra.model.document import RunDocument
from nra.report import PRINTERS


def rendered(document: RunDocument, formats: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield extension and bytes of each format; the run document comes first: whatever fails after it, the numbers are safe."""
    if "json" in formats:
        yield "json", encode(document)
    for name in formats:
        if name != "json":
            yield PRINTERS[name].extension, PRINTERS[name].render(document)


def firewall_request_files(document: RunDocument) -> Iterator[tuple[str, bytes]]:
    """Yield extension and bytes of the firewall request's files; nothing when everything required is open or was not checked."""
    from nra.report.firewall_request import firewall_request

    request = firewall_request(document)
    if request is not None:
        yield "txt", request.text
        yield "csv", request.table


def show(document: RunDocument) -> None:
    """Print the summary: two columns with colours on a terminal, plain lines elsewhere."""
    from nra.report.screen import plain, summary

    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(summary(document))
    else:
        click.echo(plain(document))
