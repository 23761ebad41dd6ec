"""A result as files: the same bytes that `nra run` and `nra report` write."""

from dataclasses import dataclass
from typing import Final

from nra.archive.document import encode
from nra.archive.naming import FIREWALL_REQUEST, stem
from nra.model.document import RunDocument
from nra.report import PRINTERS
from nra.report.firewall_request import firewall_request

MEDIA_TYPES: Final = {
    "txt": "text/plain; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}
REQUESTS: Final = {"request.txt": "txt", "request.csv": "csv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file: its name, its type, its bytes."""

    name: str
    media_type: str
    data: bytes


def download(document: RunDocument, kind: str) -> Download | None:
    """Return the run as a file of that kind, None where there is none."""
    name = stem(document)
    if kind == "json":
        return Download(name=f"{name}.json", media_type=MEDIA_TYPES[kind], data=encode(document))
    if kind in PRINTERS and kind in MEDIA_TYPES:
        printer = PRINTERS[kind]
        return Download(name=f"{name}.{printer.extension}", media_type=MEDIA_TYPES[kind], data=printer.render(document))
    request = firewall_request(document) if kind in REQUESTS else None
    if request is None:
        return None
    extension = REQUESTS[kind]
    data = request.text if extension == "txt" else request.table
    return Download(name=f"{name}{FIREWALL_REQUEST}.{extension}", media_type=MEDIA_TYPES[extension], data=data)
