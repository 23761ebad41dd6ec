"""The text of a support case, in the order and the words of its form: whoever reads it has ten minutes and many more cases."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from nra.model.case import CaseForm
from nra.model.document import RunDocument
from nra.model.fleet import FleetSummary, Problem
from nra.report.calls import capacity_line
from nra.report.case_advice import counted, jobs
from nra.report.cells import clean, quantity
from nra.report.sentences import METHODS, SEVERITIES, summary

WIDTH: Final = 100
LABELLED: Final = 22
MOST_RUNS: Final = 10
MOST_FINDINGS: Final = 12
MOST_PROBLEMS: Final = 10
NOT_STATED: Final = "not stated"
NO_ACTIONS: Final = "None stated."
NOTHING: Final = "Nothing stands out in any run."
NO_JOBS: Final = "Nothing that was measured asks for anything to be done."


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the case is told from: the form, the runs (without names where the bundle has none), what they say together, what gave no run.

    `runs` stand in the order in which `fleet` read them; `other_orgs` are those of the runs that are not the customer, always by name: this
    text names the customer too.
    """

    form: CaseForm
    runs: Sequence[RunDocument]
    fleet: FleetSummary
    bundle: str
    members: Sequence[str]
    redacted: bool
    tool_version: str
    problems: Sequence[Problem] = ()
    other_orgs: Sequence[str] = ()


def case_text(told: Told) -> bytes:
    """Return the text: UTF-8 with byte-order mark, CRLF, about 100 columns wide."""
    return page(_lines(told))


def page(lines: Iterable[str]) -> bytes:
    """Return lines as a text file that opens well everywhere: UTF-8 with byte-order mark, CRLF."""
    return ("\ufeff" + "".join(f"{line}\r\n" for line in lines)).encode("utf-8", "replace")


def heading(title: str) -> Iterator[str]:
    """Yield an empty line and an underlined title."""
    yield from ("", title, "-" * len(title))


def labelled(name: str, value: str | None, wide: int = LABELLED) -> Iterator[str]:
    """Yield a name and its value, wrapped beside it."""
    first, *rest = wrapped(value or NOT_STATED, WIDTH - wide)
    yield f"{name:{wide}}{first}"
    yield from (f"{'':{wide}}{line}" for line in rest)


def wrapped(text: str, width: int = WIDTH) -> list[str]:
    """Return the text in lines that are not too wide; its own paragraphs stay."""
    lines = [line for part in text.splitlines() for line in wrap(clean(part), width, break_long_words=False, break_on_hyphens=False)]
    return lines or [""]


def bullet(text: str, mark: str = "- ") -> Iterator[str]:
    """Yield a point of a list."""
    first, *rest = wrapped(text, WIDTH - len(mark))
    yield f"{mark}{first}"
    yield from (f"{'':{len(mark)}}{line}" for line in rest)


def _lines(told: Told) -> Iterator[str]:
    form = told.form
    runs = [told.runs[index] for index in told.fleet.order]
    yield f"Support case: {clean(form.customer)} - {clean(form.deployment)}, {clean(form.service)}"
    yield ""
    yield from _head(form, runs, told.other_orgs)
    yield from heading("Description")
    yield from wrapped(form.description)
    yield ""
    yield from labelled("Date and time", form.occurred or f"{NOT_STATED}; measured {_span(runs)}")
    yield from labelled("Frequency", form.frequency)
    yield from labelled("Working hours", form.working_hours)
    yield from labelled("Affected users sit at", form.location or _sites(runs))
    yield from heading("Business Impact")
    yield from wrapped(form.impact)
    yield from heading("What was measured")
    yield from wrapped(told.fleet.headline)
    for statement in told.fleet.statements:
        yield from bullet(f"{statement.verdict}: {statement.text}")
    yield from _capacities(runs)
    yield from _problems(told.problems)
    yield from heading("What stands out")
    yield from _findings(runs)
    yield from heading("What to do, by whom")
    yield from _jobs(runs, told.fleet)
    yield from heading("Each run, worst first")
    yield from _each(runs)
    yield from heading("Actions already taken")
    yield from (line for action in form.actions for line in bullet(action))
    if not form.actions:
        yield NO_ACTIONS
    yield from heading("Attached")
    yield from _attached(told)


def _head(form: CaseForm, runs: Sequence[RunDocument], others: Sequence[str]) -> Iterator[str]:
    yield from labelled("Customer Name", form.customer)
    if others:
        yield from labelled("Note", f"there are runs of another organization than this customer: {', '.join(map(clean, others))}")
    yield from labelled("Org ID", form.org_id)
    yield from labelled("Designated Contact", f"{form.contact_name}, {form.contact_email}")
    yield from labelled("Cloud Deployment", form.deployment)
    yield from labelled("Cloud Service", form.service)
    yield from labelled("Region", ", ".join(dict.fromkeys(run.run.region for run in runs)))
    for name, value in (("Case", form.case), ("Case Sub Type", form.sub_type)):
        if value:
            yield from labelled(name, value)


def _each(runs: Sequence[RunDocument]) -> Iterator[str]:
    """Yield the runs, worst first; those of a workstation that came to the same stand together, with the numbers of the worst."""
    alike: dict[object, list[RunDocument]] = {}
    for run in runs:
        alike.setdefault(_outcome(run), []).append(run)
    groups = list(alike.values())
    for number, group in enumerate(groups[:MOST_RUNS], start=1):
        worst = group[0]
        when = worst.run.started_at if len(group) == 1 else f"{len(group)} runs that came to the same, {_span(group)}"
        yield from bullet(f"{worst.verdict}: {_where(worst)}, {when}, {_method(worst)}", f"{number:>2}. ")
        which = "" if len(group) == 1 else f"The one begun {worst.run.started_at}:"
        yield from (f"{'':4}{line}" for text in (which, summary(worst), _numbers(worst)) if text for line in wrapped(text, WIDTH - 4))
    left = sum(map(len, groups[MOST_RUNS:]))
    if left:
        yield f"and {left} more, in the workbook"


def _outcome(run: RunDocument) -> object:
    """Return what repeated runs of a workstation have in common when a second one says nothing new: all verdicts, not the numbers."""
    rows = tuple((metric.key, metric.verdict) for metric in run.metrics)
    ports = tuple((check.port, check.protocol, check.destination, check.at, check.verdict) for check in run.firewall or ())
    return run.verdict, _where(run), _method(run), rows, ports


def _capacities(runs: Sequence[RunDocument]) -> Iterator[str]:
    """Yield how many calls the path of a run carries, where somebody asked."""
    for run in [run for run in runs if run.capacity][:MOST_RUNS]:
        yield from bullet(f"{run.run.host.name}, {run.run.started_at}: {capacity_line(run.capacity)}")


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    """Yield what gave no run: it may be the one that matters."""
    for problem in problems[:MOST_PROBLEMS]:
        yield from bullet(f"NOT IN HERE: {problem.file}: {problem.what}")
    if len(problems) > MOST_PROBLEMS:
        yield f"and {len(problems) - MOST_PROBLEMS} more that gave no run, in README.txt"


def _jobs(runs: Sequence[RunDocument], fleet: FleetSummary) -> Iterator[str]:
    nothing = True
    for number, (owner, points) in enumerate(jobs(runs, fleet)):
        yield from ([""] if number else [])
        yield f"{clean(owner)}:"
        yield from (line for point in points for line in bullet(point))
        nothing = False
    if nothing:
        yield NO_JOBS


def _numbers(run: RunDocument) -> str:
    """Return all rows that have a number, in one sentence, with their notes; one that all have stands once."""
    rows = [metric for metric in run.metrics if metric.value is not None]
    notes = {metric.note for metric in rows}
    shared = f" ({notes.pop()})" if len(notes) == 1 and None not in notes else ""
    said = (f"{row.label} {quantity(row.value, row.unit)}" + (f" ({row.note})" if row.note and not shared else "") for row in rows)
    return f"Measured{shared}: {', '.join(said)}." if rows else ""


def _where(run: RunDocument) -> str:
    return ", ".join(filter(None, (run.run.host.name, run.run.site, run.run.seat and f"seat {run.run.seat}", f"to {run.run.region}")))


def _method(run: RunDocument) -> str:
    method = run.run.used.method
    if run.run.asked.only == "firewall":
        return "firewall only"
    return f"by {method} ({METHODS.get(method, method)})" if method else "voice not measured"


def _findings(runs: Sequence[RunDocument]) -> Iterator[str]:
    """Yield each finding once, the gravest first, with where it was seen; those that only inform stand with what to do."""
    seen: dict[tuple[str, str], list[str]] = {}
    evidence: dict[tuple[str, str], str] = {}
    for run in runs:
        for finding in run.findings:
            if finding.severity != "info":
                key: tuple[str, str] = (finding.severity, finding.text.rstrip(". "))
                seen.setdefault(key, []).append(run.run.host.name)
                evidence.setdefault(key, finding.evidence)
    ranked = sorted(seen, key=lambda key: (SEVERITIES.index(key[0]), -len(seen[key])))
    for one in ranked[:MOST_FINDINGS]:
        proof = f" ({evidence[one]})" if evidence[one] else ""
        yield from bullet(f"{one[0].upper()}: {one[1]}{proof}; {counted(seen[one], len(runs))}")
    if len(ranked) > MOST_FINDINGS:
        yield f"and {len(ranked) - MOST_FINDINGS} more, in the workbook"
    if not ranked:
        yield NOTHING


def _span(runs: Sequence[RunDocument]) -> str:
    first, last = min(run.run.started_at for run in runs), max(run.run.started_at for run in runs)
    return first if first == last else f"{first} to {last}"


def _sites(runs: Sequence[RunDocument]) -> str:
    sites = sorted({run.run.site for run in runs if run.run.site})
    return f"{NOT_STATED}; measured at {', '.join(sites)}" if sites else NOT_STATED


def _attached(told: Told) -> Iterator[str]:
    what = "without names: the same thing has the same token everywhere, in this text too" if told.redacted else "as measured"
    yield from wrapped(f"{told.bundle}, made by nra {told.tool_version}, {what}. Start with runs.xlsx.")
    yield from (f"  {member}" for member in told.members if "/" not in member)
    inside = len(told.members) - sum("/" not in member for member in told.members)
    yield f"  runs/ ({inside} files: each run's document, report and firewall request)"
