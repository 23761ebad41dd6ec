"""Annotations for GitHub Actions."""

import re
from dataclasses import replace

from test_report_gate import LOST, PORT, RUN, WAIVER, judgement

from nra.model.judgement import Demand
from nra.model.verdict import Overall, Verdict
from nra.report.github import annotations

LINE = re.compile(r"::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)")


def parsed(text: str) -> list[tuple[str, str, str]]:
    """Return kind, title and text of each line as GitHub reads it."""
    found = []
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        assert match is not None, line
        decoded = [part.replace("%3A", ":").replace("%2C", ",").replace("%0A", "\n").replace("%0D", "\r") for part in match.groups()]
        found.append((decoded[0], decoded[1].replace("%25", "%"), decoded[2].replace("%25", "%")))
    return found


def test_errors_first_then_warnings_then_notices() -> None:
    """GitHub shows ten of each kind: the worst must be among them."""
    close = replace(LOST, verdict=Verdict.WARN, name="Close")
    waived = replace(LOST, waiver=WAIVER)
    lines = parsed(annotations(judgement(replace(RUN, cases=(waived, close, PORT, LOST)))))
    assert [kind for kind, _, _ in lines] == ["error", "error", "warning", "notice", "notice"]
    assert lines[0] == ("error", "Bonn / PC-1: Up Packet Loss", "Up Packet Loss 1.50 % (limit < 1 %)\nsmall sample\nNetwork team: look.")
    assert "waived until 2026-12-31 by net team" in lines[3][2]
    assert lines[-1][1] == "nra gate: FAIL"


def test_names_cannot_end_an_annotation_or_begin_another() -> None:
    """Percent signs, line ends, colons and commas of a name are escaped as GitHub asks."""
    run = replace(RUN, site="a::b,c%0A\r\n::error::x", workstation="100%")
    lines = annotations(judgement(run)).splitlines()
    assert len(lines) == 3
    assert parsed(lines[0])[0][1].startswith("a::b,c%0A ::error::x / 100%")


def test_what_is_tolerated_is_a_warning() -> None:
    """It does not turn the job red, so it is not shown red."""
    assert {kind for kind, _, _ in parsed(annotations(judgement(replace(RUN, tolerated=True), verdict=Overall.WARN)))} == {
        "warning",
        "notice",
    }


def test_demands_and_the_state_of_the_instrument_are_told() -> None:
    """What was missing is an error too: the job ends with exit code 3."""
    demand = Demand(name="Runs", verdict=Verdict.NOT_MEASURED, text="1, at least 8 required")
    run = replace(RUN, cases=(), unsteady=True, interrupted=True)
    assert [kind for kind, _, _ in parsed(annotations(judgement(run, demands=(demand,))))] == ["error", "error", "error", "notice"]


def test_the_cause_comes_before_what_is_missing_by_it() -> None:
    """FAIL before NOT MEASURED, demands and rows alike."""
    demand = Demand(name="Runs", verdict=Verdict.NOT_MEASURED, text="1, at least 8 required")
    titles = [title for _, title, _ in parsed(annotations(judgement(RUN, demands=(demand,))))]
    assert titles == ["Bonn / PC-1: Up Packet Loss", "Runs", "Bonn / PC-1: 443 TCP HTTPS to api", "nra gate: FAIL"]


def test_repeated_runs_of_a_workstation_are_one_annotation() -> None:
    """With the worst value and the count; what is not measured for one reason is one too."""
    worse = replace(RUN, cases=(replace(LOST, value=4.0),))
    (kind, title, text), *_ = parsed(annotations(judgement(replace(RUN, cases=(LOST,)), worse, replace(RUN, cases=()))))
    assert (kind, title) == ("error", "Bonn / PC-1: Up Packet Loss")
    assert text.startswith("Up Packet Loss 4.00 % (limit < 1 %); in 2 of 3 runs, the worst is shown\n")
    missing = [replace(LOST, name=name, verdict=Verdict.NOT_MEASURED, value=None, note="no answer over UDP") for name in "abc"]
    lines = parsed(annotations(judgement(replace(RUN, cases=tuple(missing)))))
    assert [title for _, title, _ in lines] == ["Bonn / PC-1: not measured", "nra gate: FAIL"]
    assert "3 rows and ports: a, b, c" in lines[0][2]


def test_what_github_would_not_show_is_counted() -> None:
    """Ten errors, ten warnings; the tenth says how many are not there."""
    runs = [replace(RUN, workstation=f"PC-{number}", cases=(LOST,)) for number in range(25)]
    lines = parsed(annotations(judgement(*runs)))
    assert [kind for kind, _, _ in lines] == ["error"] * 10 + ["notice"]
    assert lines[9][1] == "nra gate: 16 more"


def test_what_changed_is_told() -> None:
    """--diff is worth nothing if the job does not show it."""
    lines = parsed(annotations(judgement(RUN), changed="Changed:\n  PC-1: 443 TCP: refused (FAIL) -> open (PASS)"))
    assert lines[-2] == ("notice", "nra gate: changed", "Changed:\nPC-1: 443 TCP: refused (FAIL) -> open (PASS)")
