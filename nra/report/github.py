"""Annotations for GitHub Actions: lines that it shows beside the job, worst first (`::error`, `::warning`, `::notice`)."""

from collections.abc import Iterator, Sequence
from typing import Final

from nra.model.judgement import Case, JudgedRun, Judgement
from nra.model.verdict import Verdict
from nra.report.cells import clean
from nra.report.gate import INTERRUPTED, TOLERATED, UNSTEADY, alike, grouped, heading, place, sentence, until, worst

KINDS: Final = {Verdict.FAIL: "error", Verdict.NOT_MEASURED: "error", Verdict.WARN: "warning", Verdict.INFO: "notice"}
ORDER: Final = ("error", "warning", "notice")
GRAVITY: Final = (Verdict.FAIL, Verdict.NOT_MEASURED, Verdict.WARN, Verdict.INFO)  # the cause before what is missing by it
MOST: Final = 10  # of a kind and a step, as GitHub shows them
IN_TEXT: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
IN_TITLE: Final = (*IN_TEXT, (":", "%3A"), (",", "%2C"))

Annotation = tuple[Verdict, str, str, str]
"""What it is about, GitHub's word for how grave that is, title and text."""


def annotations(judgement: Judgement, *, changed: str = "") -> str:
    """Return one annotation per line: what failed, what could not be measured, what came close, what is waived; the verdict last.

    GitHub shows ten of a kind and no more, so that the rest is counted in the tenth. `changed` is what differs between two measurements.
    """
    found = [(each.verdict, KINDS[each.verdict], each.name, each.text) for each in judgement.demands if each.verdict in KINDS]
    found += [each for runs in alike(judgement.runs) for each in _workstation(runs)]
    found.sort(key=lambda each: (ORDER.index(each[1]), GRAVITY.index(each[0])))
    lines = [line for kind in ORDER for line in _bounded(kind, [each[2:] for each in found if each[1] == kind])]
    if changed:
        lines.append(_line("notice", "nra gate: changed", changed))
    return "\n".join((*lines, _line("notice", f"nra gate: {judgement.verdict}", sentence(judgement))))


def _bounded(kind: str, told: Sequence[tuple[str, str]]) -> Iterator[str]:
    most = MOST - 2 if kind == "notice" else MOST  # the verdict and what changed are notices too
    shown = told if len(told) <= most else told[: most - 1]
    yield from (_line(kind, title, text) for title, text in shown)
    if len(shown) < len(told):
        yield _line(kind, f"nra gate: {len(told) - len(shown)} more", "GitHub shows ten of a kind; nra gate without --github tells all")


def _workstation(runs: Sequence[JudgedRun]) -> Iterator[Annotation]:
    """Yield the annotations of one workstation's runs: a row or port of several runs is one, with the worst value and a count."""
    first = runs[0]
    kinds = {**KINDS, Verdict.FAIL: "warning", Verdict.NOT_MEASURED: "warning"} if first.tolerated else KINDS
    for happened, text in ((any(run.unsteady for run in runs), UNSTEADY), (any(run.interrupted for run in runs), INTERRUPTED)):
        if happened:
            yield Verdict.NOT_MEASURED, kinds[Verdict.NOT_MEASURED], place(first), text
    waived: dict[object, list[Case]] = {}
    for case in (case for run in runs for case in run.cases if case.waiver is not None):
        waived.setdefault((case.name, case.waiver), []).append(case)
    for cases in grouped(runs):
        case, several = worst(cases), len({case.name for case in cases}) > 1
        parts = (heading(cases, len(runs)), case.note, case.advice, TOLERATED if first.tolerated else "")
        title = f"{place(first)}: {case.verdict.lower() if several else case.name}"
        yield case.verdict, kinds[case.verdict], title, "\n".join(filter(None, parts))
    for cases in waived.values():
        case = worst(cases)
        if case.waiver is not None:
            yield Verdict.INFO, "notice", f"{place(first)}: {case.name}", f"{heading(cases, len(runs))}: {until(case.waiver)}"


def _line(kind: str, title: str, text: str) -> str:
    washed = "\n".join(map(clean, text.splitlines()))
    return f"::{kind} title={_escaped(clean(title), IN_TITLE)}::{_escaped(washed, IN_TEXT)}"


def _escaped(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for character, instead in pairs:
        text = text.replace(character, instead)
    return text
