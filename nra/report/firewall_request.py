"""The firewall request: what a run needs from a firewall team, as a letter that can be forwarded as it is and as a table to import.

The table has one line per rule and destination, because a rule set is filled, sorted and compared by single destinations; a cell with
four networks would have to be taken apart by hand. It holds only what somebody must do: what was found open stands in the letter.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Final

from nra.model.document import FirewallCheck, RunDocument
from nra.model.observation import PortState
from nra.report.cells import clean, guarded_list
from nra.report.firewall_letter import letter
from nra.report.firewall_rules import Need, Rule, need_of, place, rules

BOM: Final = "\ufeff"
FOR_THE_CHECK: Final = "open for the check"


@dataclass(frozen=True, slots=True)
class FirewallRequest:
    """The two files' bytes: UTF-8 with byte-order mark, CRLF, the same under every locale."""

    text: bytes
    table: bytes


def firewall_request(document: RunDocument) -> FirewallRequest | None:
    """Return the request; None when everything required is open, or nothing required was checked before the run was interrupted."""
    wanted = tuple(rule for rule in rules(document) if rule.needs != (Need.AGAIN,))
    if all(rule.needs == (Need.KEEP,) for rule in wanted):
        return None
    lines = "\r\n".join(letter(document, wanted))
    return FirewallRequest(text=f"{BOM}{lines}\r\n".encode(), table=_table(document, wanted))


@dataclass(frozen=True, slots=True)
class _Line:
    document: RunDocument
    rule: Rule
    destination: str
    for_the_check: bool = False

    def each(self, of: Callable[[FirewallCheck], str]) -> str:
        """Return something of every check that the line rests on: those that failed, or that prove nothing."""
        return "; ".join(filter(None, dict.fromkeys(clean(of(check)) for check in self.rule.checks if need_of(check) in self.rule.needs)))


COLUMNS: Final[dict[str, Callable[[_Line], str]]] = {
    "Action": lambda line: FOR_THE_CHECK if line.for_the_check else "; ".join(line.rule.needs),
    "Protocol": lambda line: line.rule.protocol,
    "Source": lambda line: line.document.run.host.local_address or "",
    "Destination": lambda line: line.destination,
    "Port": lambda line: line.rule.port,
    "Direction": lambda _line: "outbound",
    "Service": lambda line: "; ".join(line.rule.services),
    "Purpose": lambda line: "; ".join(line.rule.purposes),
    "Required": lambda _line: "yes",
    "State": lambda line: line.each(lambda check: check.state),
    "Evidence": lambda line: line.each(lambda check: check.evidence),
    "Tested at": lambda line: line.each(lambda check: "" if check.state is PortState.NO_RESPONDER else place(check)),
    "Reference": lambda line: "; ".join(line.rule.sources),
    "Organization": lambda line: line.document.run.org.name,
    "Site": lambda line: line.document.run.site or "",
    "Workstation": lambda line: line.document.run.host.name,
    "Measured": lambda line: line.document.run.started_at,
    "Run id": lambda line: line.document.run.id,
    "Tool version": lambda line: line.document.run.tool_version,
}
"""Heading -> what stands under it (docs/run-document.md)."""


def _table(document: RunDocument, wanted: tuple[Rule, ...]) -> bytes:
    file = StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in _lines(document, wanted):
        writer.writerow(guarded_list(clean(fill(line))) for fill in COLUMNS.values())
    return f"{BOM}{file.getvalue()}".encode()


def _lines(document: RunDocument, wanted: tuple[Rule, ...]) -> Iterator[_Line]:
    for rule in wanted:
        if rule.needs != (Need.KEEP,):
            yield from (_Line(document, rule, destination) for destination in rule.allow_to)
            yield from (_Line(document, rule, reflector, for_the_check=True) for reflector in rule.reflectors)
