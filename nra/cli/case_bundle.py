"""From runs and form to the members of a bundle."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import click

from nra import __version__
from nra.archive.bundle import MANIFEST, SIGNATURE, manifest, packed, settled
from nra.archive.document import UnreadableDocument, decode, encode, moment, read_bytes
from nra.archive.files import overwrite, refuse_unwritable
from nra.archive.folders import candidates, is_document
from nra.archive.naming import FIREWALL_REQUEST, stem
from nra.archive.runs import keep
from nra.archive.spool import Spool
from nra.cli.case_checks import console_text, refuse_old
from nra.cli.case_form import form_of
from nra.cli.case_names import hidden_station, names_of, names_told, other_orgs, redaction_for, refuse_name
from nra.cli.errors import UserError, told_to_the_user, washed
from nra.cli.gathering import Gathering, watched
from nra.cli.outputs import Named, refuse_overwriting
from nra.cli.printing import firewall_request_files, rendered
from nra.cli.redacting import Redaction, default_key
from nra.cli.signing import secret_key, signed
from nra.model.case import CaseForm
from nra.model.document import RunDocument
from nra.model.fleet import FleetSummary, Problem
from nra.report.case_pages import About, readme, workstation_page
from nra.report.case_text import Told, case_text
from nra.report.entry import Entry
from nra.report.sheets.fleet_book import Fleet, workbooks
from nra.run.facts import gather_here
from nra.run.fleet import summarize

CASE_TEXT: Final = "case.txt"
TITLE: Final = "Bundle for a support case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options that say what to make, beside those of the form."""

    out: Path
    actions: tuple[str, ...]
    console: Path | None
    max_age: float | None
    redact: bool
    redact_key: Path | None
    sign_key: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The runs as the bundle has them, the workbook of all, and what gave no run."""

    documents: Sequence[RunDocument]
    fleet: FleetSummary
    books: Sequence[bytes]
    problems: Sequence[Problem]


def make_bundle(places: Sequence[Path], wanted: Wanted, typed: Mapping[str, str | None]) -> Iterator[Path]:
    """Write the bundle, and case.txt beside it where it may not be inside; yield the paths."""
    files, problems = candidates(places)
    files = [file for file in files if is_document(file) or Path(file) in places]
    refuse_overwriting(written(wanted), read(wanted, files))
    measured = documents(files, {str(place) for place in places})
    refuse_old(measured, wanted.max_age)
    console = wanted.console and console_text(wanted.console)
    for _, path in written(wanted):
        refuse_unwritable(path)
    hiding = redaction_for(measured.values(), wanted.out.name, wanted=wanted.redact, key=wanted.redact_key)
    key = secret_key(wanted.sign_key) if wanted.sign_key else None
    orgs = sorted({document.run.org.name for document in measured.values()} - {""})
    form = form_of(typed, wanted.actions, orgs)
    others = other_orgs(form, orgs)
    station = gather_here()
    if hiding:
        hiding.know({**hiding.names, **names_of(form), **names_told(station)})
    runs = gathered(files, problems, hiding)
    if hiding:
        refuse_name(wanted.out.name, hiding)
        station, console = hidden_station(station, hiding), console and hiding.scrubber().text(console)
    hosts = [document.run.host.name for document in runs.documents]
    members = {**dict(run_members(runs)), "workstation.txt": workstation_page(station, hosts)}
    members |= {"console.txt": console.encode("utf-8", "replace")} if console else {}
    told = replace(told_of(form, runs, wanted, members), other_orgs=others)
    members["README.txt"] = readme(about(runs, wanted, members))
    if hiding is None:
        members[CASE_TEXT] = case_text(told)
    members[MANIFEST] = manifest(members)
    if key:
        members[SIGNATURE] = signed(key, members[MANIFEST])
    if hiding:
        hiding.refuse_names(members)
        hiding.tell_unsearchable()
    data = packed(members)
    yield overwrite(wanted.out, lambda file: file.write(data))
    if hiding:
        yield overwrite(beside(wanted.out), lambda file: file.write(case_text(told)))


def beside(bundle: Path) -> Path:
    """Return where case.txt is written when it may not be inside."""
    return bundle.with_name(CASE_TEXT)


def written(wanted: Wanted) -> list[Named]:
    """Return the files that will be written."""
    return [("--out", wanted.out), *([(f"{CASE_TEXT} beside the bundle", beside(wanted.out))] if wanted.redact else [])]


def read(wanted: Wanted, files: Iterable[str]) -> list[Named]:
    """Return the files that will be read; the key of the tokens may be made first."""
    key = (wanted.redact_key or default_key()) if wanted.redact else None
    options = (("--console", wanted.console), ("--sign-key", wanted.sign_key), ("--redact-key", key))
    return [*((option, path) for option, path in options if path), *(("RUNS", Path(file)) for file in files)]


def documents(files: Sequence[str], named: set[str]) -> dict[str, RunDocument]:
    """Return the readable run documents by run id.

    Raises UserError where one that was named by itself is none, where there are none, or where two that differ bear one id.
    """
    found: dict[str, tuple[Path, RunDocument]] = {}
    for file in files:
        try:
            if not is_document(file):
                raise UnreadableDocument("a text report: a bundle is made of run documents (.json)")
            document = decode(read_bytes(Path(file)))
        except UnreadableDocument as error:
            if file in named:
                raise UserError(f"{file}: {error}") from error
        else:
            with told_to_the_user(UnreadableDocument):
                keep(found, Path(file), document)
    if not found:
        raise UserError("at least one run document (.json) is needed, and there is none in what was named")
    return {run_id: document for run_id, (_, document) in found.items()}


def gathered(files: Sequence[str], problems: Sequence[Problem], hiding: Redaction | None) -> Runs:
    """Return the runs, without names where they must have none, and their workbook."""
    kept: dict[str, RunDocument] = {}

    def prepare(document: RunDocument) -> RunDocument:
        ready = hiding.document(document) if hiding else document
        kept.setdefault(ready.run.id, ready)
        return ready

    with Spool(Entry) as entries:
        gathering = Gathering(entries, problems, prepare)
        with watched(files) as reading:
            fleet = summarize(gathering.rows(reading))
        for problem in gathering.problems:
            click.echo(washed(f"not in the bundle: {problem.file}: {problem.what}"), err=True)
        told = [hiding.problem(problem) for problem in gathering.problems] if hiding else gathering.problems
        last = max(moment(document.run.ended_at) or datetime.min.replace(tzinfo=UTC) for document in kept.values())
        runs = Fleet(entries=entries, summary=fleet, findings=gathering.findings, profiles=tuple(gathering.profiles), problems=told)
        books = []
        for make in workbooks(runs):
            file = BytesIO()
            make(file)
            books.append(settled(file.getvalue(), f"{last:%Y-%m-%dT%H:%M:%SZ}"))
    return Runs(documents=tuple(kept.values()), fleet=fleet, books=books, problems=told)


def run_members(runs: Runs) -> Iterator[tuple[str, bytes]]:
    """Yield the workbooks and the files of each run."""
    for number, book in enumerate(runs.books, start=1):
        yield f"runs{'' if number == 1 else f'-{number}'}.xlsx", book
    for document in runs.documents:
        name = f"runs/{stem(document)}"
        yield f"{name}.json", encode(document)
        yield from ((f"{name}.{extension}", data) for extension, data in rendered(document, ("txt",)))
        yield from ((f"{name}{FIREWALL_REQUEST}.{extension}", data) for extension, data in firewall_request_files(document))


def told_of(form: CaseForm, runs: Runs, wanted: Wanted, members: Mapping[str, bytes]) -> Told:
    """Return what case.txt tells; the page about the bundle is a member too."""
    return Told(
        form=form,
        runs=runs.documents,
        fleet=runs.fleet,
        problems=runs.problems,
        bundle=wanted.out.name,
        members=sorted({*members, "README.txt"}),
        redacted=wanted.redact,
        tool_version=__version__,
    )


def about(runs: Runs, wanted: Wanted, members: Mapping[str, bytes]) -> About:
    """Return what the bundle's README tells."""
    return About(
        title=TITLE,
        runs=len(runs.documents),
        requests=sum(FIREWALL_REQUEST in name for name in members),
        console=wanted.console is not None,
        redacted=wanted.redact,
        signed=wanted.sign_key is not None,
        case_inside=not wanted.redact,
        problems=runs.problems,
        tool_version=__version__,
    )
