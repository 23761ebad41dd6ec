"""One run among many: its rows and, where there is one, its document; and what is kept of it beside the others."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from nra.model.document import RunDocument
from nra.model.fleet import Measure, Refusal, RunRow, Station
from nra.model.verdict import Overall, Verdict
from nra.report.calls import carried_words
from nra.report.sentences import INTERRUPTED, NOT_TAKEN, UNSTEADY
from nra.report.view import PortRow, View, VoipRow, firewall_verdict, outline, voip_verdict

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
        """How many rows and ports failed; rows that prove nothing are none of them."""
        rows = () if self.refusal else self.view.voip
        return sum(row.verdict is Verdict.FAIL for half in (rows, self.view.firewall) for row in half)

    @property
    def refusal(self) -> Refusal | None:
        """Why its rows of voice prove nothing, None where they do."""
        return refusal_of(self.view, self.document)

    @property
    def voip(self) -> Verdict:
        """What the VOIP half came to beside other runs."""
        return Verdict.NOT_MEASURED if self.refusal else voip_verdict(self.view)

    @property
    def calls_at_once(self) -> str:
        """How many calls its path carries, empty where it was not asked for; known of documents alone."""
        return carried_words(self.document.capacity) if self.document else ""

    def gravity(self) -> tuple[int, int, str]:
        """Return the key that sorts the worst run first, then by workstation."""
        return WORST_FIRST.index(self.view.overall), -self.failed, self.view.fact("Workstation")

    def row(self, label: str) -> VoipRow | None:
        """Return the VOIP row with that label, None if the run has none."""
        return next((row for row in self.view.voip if row.measurement == label), None)


def refusal_of(shown: View, document: RunDocument | None) -> Refusal | None:
    """Return why a run's rows of voice prove nothing, None where they do: half a run proves what failed, an unsteady workstation nothing.

    A text report says it in the first sentence of what it means.
    """
    found = {row.verdict for row in shown.voip} - {Verdict.SKIPPED}
    if not found:
        return None
    said = shown.meaning[0] if shown.meaning else ""
    voice = document.voice if document else None
    if any(each in said for each in (UNSTEADY, NOT_TAKEN)) if voice is None else not voice.instrument.steady:
        return Refusal.BUSY
    interrupted = document.run.used.interrupted if document else INTERRUPTED in said
    return Refusal.INTERRUPTED if interrupted and Verdict.FAIL not in found else None


def slim(document: RunDocument, file: str, org: str) -> Entry:
    """Return the run without what only its own page or sheet shows: seconds, codecs, delays, and the rows that its outline has."""
    voice = document.voice
    if voice is not None:
        up, down = (replace(direction, delays=()) for direction in (voice.up, voice.down))
        voice = replace(voice, windows=(), mos_by_codec=(), up=up, down=down)
    return Entry(outline(document), replace(document, voice=voice, firewall=None, metrics=()), file, org)


def run_row(entry: Entry) -> RunRow:
    """Return what is kept of the run beside others."""
    fact, refusal = entry.view.fact, entry.refusal
    return RunRow(
        id=fact("Run id"),
        station=Station(organization=fact("Organization"), site=fact("Site"), name=fact("Workstation")),
        address=entry.document.run.host.local_address if entry.document else None,
        started_at=fact("Started"),
        overall=entry.view.overall,
        failed=entry.failed,
        firewall=firewall_verdict(entry.view),
        measures=tuple(_measures(entry.view.voip, proven=refusal is None)),
        blocked=tuple(dict.fromkeys(f"{row.port} {row.protocol}" for row in entry.view.firewall if _is_blocked(row))),
        refusal=refusal,
    )


def _is_blocked(row: PortRow) -> bool:
    return row.required and row.verdict is Verdict.FAIL


def _measures(rows: Iterable[VoipRow], *, proven: bool) -> Iterable[Measure]:
    for row in rows:
        verdict, value = (row.verdict, row.value) if proven else (Verdict.NOT_MEASURED, None)
        yield Measure(label=row.measurement, unit=row.unit, expectation=row.expectation, value=value, verdict=verdict)
