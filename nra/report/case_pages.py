"""The pages of a bundle that explain it: what is in it, and what the workstation said of itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from nra.model.case import Workstation
from nra.model.fleet import Problem
from nra.report.case_text import bullet, heading, labelled, page, wrapped

NO_CONSOLE: Final = (
    "There is no console log: nra run keeps none. What it prints is its progress, the summary and the files' names, and all of that is in "
    "the reports; who has kept it adds it by --console FILE."
)
NOT_HERE: Final = "None of the runs was measured on this machine: these facts say nothing of theirs."
REDACTED: Final = (
    "No name of an organization, site, seat, host, user or network and no address is left in here. In its place stands a token such as "
    "host-9f86d081aa, the same for the same thing everywhere; of an address (addr-....-....) the first half is its network's. The customer "
    "has the key and can say what a token stands for by redacting the name again. Loopback addresses and the catalogue's public host names "
    "(the service's and AWS') stay, because they are no secret; the service's own networks are numbered. In texts every word that the "
    "program would not have written itself is a token too: what a server called itself, an issuer of a certificate."
)
FACTS_WIDE: Final = 24
VERIFY: Final = (
    "MANIFEST lists the SHA-256 of each file (`sha256sum -c MANIFEST`, or `nra case --verify` with the bundle's name).",
    "MANIFEST.minisig is its signature: `minisign -Vm MANIFEST -P KEY` with the customer's public key.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the page about the bundle is made from."""

    title: str
    runs: int
    requests: int
    console: bool
    redacted: bool
    signed: bool
    case_inside: bool
    problems: Sequence[Problem]
    tool_version: str


def readme(about: About) -> bytes:
    """Return the page about the bundle."""
    return page(_readme(about))


def workstation_page(station: Workstation, measured: Sequence[str]) -> bytes:
    """Return the page about the workstation; `measured` are the hosts of the runs."""
    return page(_station(station, measured))


def _readme(about: About) -> Iterator[str]:
    yield f"{about.title}, made by nra {about.tool_version}"
    yield ""
    if about.case_inside:
        yield from labelled("case.txt", "the case in the words of the support form; read this first", FACTS_WIDE)
    yield from labelled("runs.xlsx", "all runs in one workbook, worst first: Summary, VOIP, Firewall, Findings", FACTS_WIDE)
    yield from labelled("runs/*.txt", "each run as a text report, tab-separated", FACTS_WIDE)
    yield from labelled("runs/*.json", "each run as a document with everything that was found out", FACTS_WIDE)
    if about.requests:
        yield from labelled("runs/*_firewall-request", "what a firewall team was or would be asked for, as letter and table", FACTS_WIDE)
    yield from labelled("workstation.txt", "the machine on which this bundle was made", FACTS_WIDE)
    if about.console:
        yield from labelled("console.txt", "what the program printed, as the customer kept it", FACTS_WIDE)
    else:
        yield from ("", *wrapped(NO_CONSOLE))
    if not about.requests:
        yield from ("", *wrapped("There is no firewall request: in every run what is required was open, or the firewall was not checked."))
    if about.problems:
        yield from heading("Not in here")
        for problem in about.problems:
            yield from bullet(f"{problem.file}: {problem.what}")
    if about.redacted:
        yield from (*heading("Without names"), *wrapped(REDACTED))
    yield from (*heading("Unchanged?"), *wrapped(VERIFY[0]), *(wrapped(VERIFY[1]) if about.signed else ["It is not signed."]))


def _station(station: Workstation, measured: Sequence[str]) -> Iterator[str]:
    yield f"The workstation on which this bundle was made, {station.gathered_at}"
    yield ""
    yield from labelled("Host", station.host, FACTS_WIDE)
    yield from labelled("Runs measured on", ", ".join(dict.fromkeys(measured)), FACTS_WIDE)
    if station.host.casefold() not in {host.casefold() for host in measured}:
        yield from ("", *wrapped(NOT_HERE))
    elif len(set(measured)) > 1:
        yield from ("", *wrapped("They are the facts of this machine at that time, not of the others, and not of the time of the runs."))
    else:
        yield from ("", *wrapped("They are the facts of that time, not of the time of the runs."))
    for topic, facts in groupby(station.facts, key=lambda fact: fact.topic):
        yield from heading(topic)
        for fact in facts:
            first, *rest = fact.values or (f"absent: {fact.reason}",)
            yield from labelled(fact.name, first, FACTS_WIDE)
            yield from (line for value in rest for line in labelled("", value, FACTS_WIDE))
