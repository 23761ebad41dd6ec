"""From files to runs: each read once, the same run counted once, and whatever gives no run noted in one line."""

import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import click

from nra.archive.document import UnreadableDocument, decode, read_bytes
from nra.archive.folders import is_document
from nra.archive.naming import short_name, stem
from nra.archive.runs import another_than
from nra.archive.spool import Spool
from nra.model.criteria import Thresholds
from nra.model.document import RunDocument
from nra.model.fleet import Problem, RunRow
from nra.report.entry import Entry, run_row, slim
from nra.report.text import UnreadableReport, parse

Prepare = Callable[[RunDocument], RunDocument]


def watched(files: Sequence[str]) -> AbstractContextManager[Iterable[str]]:
    """Return the files in a context that shows on a terminal how far their reading is."""
    return click.progressbar(files, label="reading", file=sys.stderr, hidden=not sys.stderr.isatty())


def is_copy(file: str, first: str) -> bool:
    """Tell whether two files that bear one run id say the same; a text report says less than its document and is taken for it."""
    if not (is_document(file) and is_document(first)):
        return True
    try:
        return decode(read_bytes(Path(file))) == decode(read_bytes(Path(first)))
    except UnreadableDocument:  # gone since it was read
        return True


class Gathering:
    """The runs of many files: on disk in `entries`, their problems, and what must be known of all before one is written."""

    def __init__(self, entries: Spool[Entry], problems: Iterable[Problem] = (), prepare: Prepare | None = None) -> None:
        """Take where the runs are kept, what was amiss before any file was read, and what is done to each document first.

        Documents that are prepared go by the name that their own files have; a text report cannot be prepared, so it is a problem.
        """
        self.entries = entries
        self.problems = list(problems)
        self.findings = array("i")
        self.profiles: dict[Thresholds, None] = {}
        self.twins = 0
        self._seen: dict[str, str] = {}
        self._prepare = prepare

    def rows(self, files: Iterable[str]) -> Iterator[RunRow]:
        """Read the files and yield what is kept of each run; documents are expected before text reports."""
        for file in files:
            try:
                entry = self._entry(file)
            except (UnreadableDocument, UnreadableReport) as error:
                self.problems.append(Problem(file=file, what=str(error)))
                continue
            if self._is_new(file, entry.view.fact("Run id")):
                self.entries.append(entry)
                self._count(entry)
                yield run_row(entry)

    def _is_new(self, file: str, run_id: str) -> bool:
        """Tell whether the run was not read before; a text report beside its document is what is usual, any other copy is a problem."""
        first = self._seen.setdefault(run_id, file) if run_id else file
        if first == file:
            return True
        if Path(first).with_suffix("") == Path(file).with_suffix("") and is_document(first) and not is_document(file):
            self.twins += 1
        else:
            same = is_copy(file, first)
            what = f"the same run as {first}, counted once" if same else f"{another_than(first)}: left out"
            self.problems.append(Problem(file=file, what=what))
        return False

    def _count(self, entry: Entry) -> None:
        self.findings.append(len(entry.document.findings) if entry.document else 1)  # a line that says why there is none
        if entry.document:
            self.profiles.setdefault(entry.document.thresholds)

    def _entry(self, file: str) -> Entry:
        data = read_bytes(Path(file))
        if is_document(file):
            document = decode(data)
            if self._prepare:
                document = self._prepare(document)
                file = f"{stem(document)}.json"
            return slim(document, file, short_name(document.run.org.shortname))
        shown = parse(data)
        if self._prepare:
            raise UnreadableReport("only a run document can be redacted, and this is a text report")
        return Entry(shown, None, file, short_name(shown.fact("Organization")))
