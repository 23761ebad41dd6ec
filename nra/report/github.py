"""Annotations for GitHub Actions: lines that it shows beside the job, worst first (`::error`, `::warning`, `::notice`)."""

from collections.abc import Iterator
from typing import Final

from nra.model.judgement import JudgedRun, Judgement
from nra.model.verdict import Verdict
from nra.report.cells import clean
from nra.report.gate import INTERRUPTED, TOLERATED, UNSTEADY, place, sentence, until, words

KINDS: Final = {Verdict.FAIL: "error", Verdict.NOT_MEASURED: "error", Verdict.WARN: "warning", Verdict.INFO: "notice"}
IN_TEXT: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
IN_TITLE: Final = (*IN_TEXT, (":", "%3A"), (",", "%2C"))


def annotations(judgement: Judgement) -> str:
    """Return one annotation per line: what failed, what could not be measured, what came close, what is waived; the verdict last."""
    lines = [_line(KINDS[each.verdict], each.name, each.text) for each in judgement.demands if each.verdict in KINDS]
    lines += [line for run in judgement.runs for line in _run(run)]
    lines.sort(key=lambda line: ("::error", "::warning", "::notice").index(line.partition(" ")[0]))
    return "\n".join((*lines, _line("notice", f"nra gate: {judgement.verdict}", sentence(judgement))))


def _run(run: JudgedRun) -> Iterator[str]:
    kinds = {**KINDS, Verdict.FAIL: "warning", Verdict.NOT_MEASURED: "warning"} if run.tolerated else KINDS
    for happened, text in ((run.unsteady, UNSTEADY), (run.interrupted, INTERRUPTED)):
        if happened:
            yield _line(kinds[Verdict.NOT_MEASURED], place(run), text)
    for case in run.cases:
        if case.waiver is not None:
            yield _line("notice", f"{place(run)}: {case.name}", f"{words(case)}: {until(case.waiver)}")
        elif case.required and case.verdict in (Verdict.FAIL, Verdict.NOT_MEASURED, Verdict.WARN):
            text = "\n".join(filter(None, (words(case), case.note, case.advice, TOLERATED if run.tolerated else "")))
            yield _line(kinds[case.verdict], f"{place(run)}: {case.name}", text)


def _line(kind: str, title: str, text: str) -> str:
    washed = "\n".join(map(clean, text.splitlines()))
    return f"::{kind} title={_escaped(clean(title), IN_TITLE)}::{_escaped(washed, IN_TEXT)}"


def _escaped(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for character, instead in pairs:
        text = text.replace(character, instead)
    return text
