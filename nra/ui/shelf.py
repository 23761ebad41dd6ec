"""All runs that can be shown: those in the results folder, and those that were brought along, which are kept in memory only."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

from nra.archive.document import UnreadableDocument, decode, moment, read
from nra.archive.runs import files
from nra.model.document import RunDocument
from nra.model.verdict import Overall
from nra.report.cells import clean

BROUGHT: Final = "brought-"
MOST_BROUGHT: Final = 10
MOST_BROUGHT_BYTES: Final = 32 << 20
MOST_KEPT_BYTES: Final = 2 * MOST_BROUGHT_BYTES  # of all together: in memory a document takes several times its bytes
MOST_LISTED: Final = 1000
NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run as the list shows it; `key` names it in addresses."""

    key: str
    org: str
    site: str
    seat: str
    host: str
    region: str
    started_at: str
    verdict: Overall

    @classmethod
    def of(cls, key: str, document: RunDocument) -> "Entry":
        """Return what the list shows of a document."""
        run = document.run
        return cls(
            key=key,
            org=clean(run.org.name),
            site=clean(run.site),
            seat=clean(run.seat),
            host=clean(run.host.name),
            region=clean(run.region),
            started_at=run.started_at,
            verdict=document.verdict,
        )

    @property
    def brought(self) -> bool:
        """Whether it was brought along, and is kept in memory only."""
        return self.key.startswith(BROUGHT)

    def matches(self, text: str, region: str, verdict: str) -> bool:
        """Tell whether it passes a filter; an empty part of a filter passes all."""
        words = f"{self.org} {self.site} {self.seat} {self.host}".casefold()
        return all(word in words for word in text.casefold().split()) and region in ("", self.region) and verdict in ("", self.verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The runs, newest first, each once; how many more there are than are listed, and what is wrong with the files that are none."""

    entries: tuple[Entry, ...]
    more: int
    problems: tuple[str, ...]


class Shelf:
    """Finds runs; a file that has not changed is read once."""

    def __init__(self, folder: Path) -> None:
        """Look into the folder, and into all below it."""
        self.folder = folder
        self._brought: OrderedDict[str, RunDocument] = OrderedDict()
        self._bytes: dict[str, int] = {}
        self._known: dict[tuple[Path, int, int], Entry | str] = {}
        self._lock = Lock()

    def bring(self, data: bytes) -> str:
        """Take a run document from elsewhere and return its key; raises UnreadableDocument."""
        return self.keep(f"{BROUGHT}{hashlib.sha256(data).hexdigest()[:32]}", decode(data), len(data))

    def keep(self, key: str, document: RunDocument, size_bytes: int = 0) -> str:
        """Keep a document in memory and return its key; the oldest ones are forgotten."""
        with self._lock:
            self._brought[key], self._bytes[key] = document, size_bytes
            self._brought.move_to_end(key)
            while len(self._brought) > MOST_BROUGHT or sum(self._bytes.values()) > MOST_KEPT_BYTES:
                del self._bytes[self._brought.popitem(last=False)[0]]
        return key

    def find(self, key: str) -> RunDocument | None:
        """Return the run of that key, None where there is none any more."""
        with self._lock:
            if key in self._brought:
                return self._brought[key]
        for path, entry in self._entries():
            if isinstance(entry, Entry) and entry.key == key:
                try:
                    return read(path)
                except UnreadableDocument:
                    return None
        return None

    def listing(self) -> Listing:
        """Return all runs."""
        with self._lock:
            brought = [Entry.of(key, document) for key, document in self._brought.items()]
        seen = [entry for _, entry in self._entries()]
        runs = {entry.key: entry for entry in (*brought, *seen) if isinstance(entry, Entry)}
        newest = sorted(runs.values(), key=lambda entry: moment(entry.started_at) or NEVER, reverse=True)
        problems = tuple(entry for entry in seen if isinstance(entry, str))
        return Listing(entries=tuple(newest[:MOST_LISTED]), more=max(0, len(newest) - MOST_LISTED), problems=problems)

    def _entries(self) -> Iterable[tuple[Path, Entry | str]]:
        """Return each file of the folder with what the list shows of it, or with what is wrong with it."""
        found = {}
        for path in files(self.folder) if self.folder.is_dir() else ():
            try:
                state = path.stat()
            except OSError:
                continue  # gone in the meantime
            mark = (path, state.st_mtime_ns, state.st_size)
            found[mark] = self._known.get(mark) or self._read(path)
        self._known = found
        return [(path, entry) for (path, _, _), entry in found.items()]

    def _read(self, path: Path) -> Entry | str:
        try:
            document = read(path)
        except UnreadableDocument as error:
            return clean(str(error))
        return Entry.of(document.run.id, document)
