"""Many canned runs as `nra compile` has them when it writes."""

from collections.abc import Sequence
from dataclasses import replace

from nra.archive.naming import short_name
from nra.model.document import RunDocument
from nra.model.fleet import Problem
from nra.report.entry import Entry, run_row, slim
from nra.report.sheets.fleet_book import Fleet
from nra.report.text import parse, render
from nra.run.fleet import summarize
from nra.testing.canned import canned_run


def office() -> list[RunDocument]:
    """Return the runs of two sites on one day: all of Leeds is bad, one workstation of York cannot measure, the rest is good."""
    return [
        at(
            canned_run(kind(site, number), host=f"{site}-{number}", site=site, started_at=f"2026-11-22T{hour:02}:03:11Z"),
            f"10.1.{net}.{number}",
        )
        for net, site in enumerate(("Leeds", "York"))
        for number in range(1, 5)
        for hour in (8, 12, 16)
    ]


def kind(site: str, number: int) -> str:
    """Return what a workstation's runs are like."""
    return "bad" if site == "Leeds" else "blocked" if number == 4 else "good"


def at(run: RunDocument, address: str) -> RunDocument:
    """Return the run as measured from that address."""
    return replace(run, run=replace(run.run, host=replace(run.run.host, local_address=address)))


def entries(runs: Sequence[RunDocument]) -> list[Entry]:
    """Return the runs as they are kept."""
    return [slim(run, f"{run.run.id}.json", short_name(run.run.org.shortname)) for run in runs]


def from_text(run: RunDocument) -> Entry:
    """Return the run as its text report gives it."""
    return Entry(parse(render(run)), None, f"{run.run.id}.txt", "acme")


def fleet(kept: Sequence[Entry], problems: Sequence[Problem] = ()) -> Fleet:
    """Return the runs with all that is said of them together."""
    return Fleet(
        entries=kept,
        summary=summarize(map(run_row, kept)),
        findings=[len(entry.document.findings) if entry.document else 1 for entry in kept],
        profiles=list(dict.fromkeys(entry.document.thresholds for entry in kept if entry.document)),
        problems=problems,
    )
