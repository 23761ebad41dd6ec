"""One run among many: its rows and, where there is one, its document; and what is kept of it beside the others."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from nra.model.document import RunDocument
from nra.model.fleet import Measure, RunRow, Station
from nra.model.verdict import Overall, Verdict
from nra.report.view import View, VoipRow, firewall_verdict, outline

WORST_FIRST = (Overall.FAIL, Overall.INCONCLUSIVE, Overall.WARN, Overall.PASS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One run: its rows, its document where there is one (a text report has none), its file, its organization's short name."""

    view: View
    document: RunDocument | None
    file: str = ""
    org: str = ""

    @property
    def failed(self) -> int:
        """How many rows and ports failed."""
        return sum(row.verdict is Verdict.FAIL for rows in (self.view.voip, self.view.firewall) for row in rows)

    def gravity(self) -> tuple[int, int, str]:
        """Return the key that sorts the worst run first, then by workstation."""
        return WORST_FIRST.index(self.view.overall), -self.failed, self.view.fact("Workstation")

    def row(self, label: str) -> VoipRow | None:
        """Return the VOIP row with that label, None if the run has none."""
        return next((row for row in self.view.voip if row.measurement == label), None)


def slim(document: RunDocument, file: str, org: str) -> Entry:
    """Return the run without what only its own sheet shows: seconds, codecs, and the rows that its outline has."""
    voice = document.voice and replace(document.voice, windows=(), mos_by_codec=())
    return Entry(outline(document), replace(document, voice=voice, firewall=None, metrics=()), file, org)


def run_row(entry: Entry) -> RunRow:
    """Return what is kept of the run beside others."""
    fact = entry.view.fact
    return RunRow(
        id=fact("Run id"),
        station=Station(organization=fact("Organization"), site=fact("Site"), name=fact("Workstation")),
        address=entry.document.run.host.local_address if entry.document else None,
        started_at=fact("Started"),
        overall=entry.view.overall,
        failed=entry.failed,
        firewall=firewall_verdict(entry.view),
        measures=tuple(_measures(entry.view.voip, proves_nothing=_unsteady(entry.document))),
    )


def _unsteady(document: RunDocument | None) -> bool:
    return document is not None and document.voice is not None and not document.voice.instrument.steady


def _measures(rows: Iterable[VoipRow], *, proves_nothing: bool) -> Iterable[Measure]:
    """Yield the numbers; those of a workstation that was too unsteady to measure with are judged neither good nor bad."""
    for row in rows:
        verdict = Verdict.NOT_MEASURED if proves_nothing else row.verdict
        yield Measure(label=row.measurement, unit=row.unit, expectation=row.expectation, value=row.value, verdict=verdict)
