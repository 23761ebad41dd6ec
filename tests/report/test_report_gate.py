"""The gate's answer for people."""

from dataclasses import replace
from datetime import date

import pytest

from nra.model.criteria import Thresholds
from nra.model.judgement import GATE_SCHEMA, Case, Change, Comparison, Demand, JudgedRun, Judgement
from nra.model.observation import PortState
from nra.model.policy import Waiver
from nra.model.verdict import Overall, Verdict
from nra.report.gate import differences, seen, sentence, summary

WAIVER = Waiver(what="up_mos", owner="net team", reason="line\nordered", expires=date(2026, 12, 31))
LOST = Case(
    half="voice",
    key="up_loss_percent",
    name="Up Packet Loss",
    verdict=Verdict.FAIL,
    limit="< 1",
    value=1.5,
    unit="%",
    note="small sample",
    advice="Network team: look.",
)
PORT = Case(
    half="firewall", key="443/TCP", name="443 TCP HTTPS to api", verdict=Verdict.NOT_MEASURED, limit="open", state=PortState.NO_RESPONDER
)
GOOD = replace(LOST, verdict=Verdict.PASS, value=0.0, note="", advice="")
RUN = JudgedRun(
    id="0" * 32,
    file="a.json",
    organization="Acme",
    site="Bonn",
    workstation="PC-1",
    region="eu-central-1",
    started_at="2026-11-22T14:03:11Z",
    thresholds="genesys-cloud",
    measured_against="genesys-cloud",
    verdict=Overall.FAIL,
    cases=(GOOD, PORT, LOST),
)
EMPTY = Thresholds(name="", source="", checked="", limits=())


def judgement(*runs: JudgedRun, verdict: Overall = Overall.FAIL, **changes: object) -> Judgement:
    """Return a judgement of these runs."""
    whole = Judgement(schema=GATE_SCHEMA, verdict=verdict, policy="go-live", judged_on="2026-11-25", runs=runs, demands=())
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_the_verdict_comes_first_then_what_failed_where_worst_first() -> None:
    """Value, limit, reason and advice; what passed is not told."""
    assert summary(judgement(RUN)).splitlines() == [
        "FAIL: Not ready: of 1 run 1 failed (policy: go-live)",
        "FAIL: Bonn / PC-1, eu-central-1, 2026-11-22T14:03:11Z (a.json)",
        "  FAIL  Up Packet Loss 1.50 % (limit < 1 %)",
        "    small sample",
        "    Network team: look.",
        "  NOT MEASURED  443 TCP HTTPS to api no responder (expected open)",
    ]


def test_a_run_that_passed_takes_no_line() -> None:
    """Of a hundred workstations those are read that need somebody."""
    passed = replace(RUN, verdict=Overall.PASS, cases=(GOOD,))
    assert summary(judgement(passed, passed, verdict=Overall.PASS)) == "PASS: Ready: of 2 runs 2 passed (policy: go-live)"


def test_the_sentence_counts_every_kind() -> None:
    """Failed first."""
    runs = [replace(RUN, verdict=verdict) for verdict in (Overall.PASS, Overall.WARN, Overall.INCONCLUSIVE, Overall.FAIL)]
    words = sentence(judgement(*runs))
    assert words == "Not ready: of 4 runs 1 failed, 1 without a verdict, 1 passed close to a limit, 1 passed (policy: go-live)"


def test_waivers_are_told_with_owner_reason_and_expiry() -> None:
    """Those that were used, and those that nothing needs any more; a waived row is no failure."""
    run = replace(RUN, verdict=Overall.WARN, cases=(replace(LOST, waiver=WAIVER),))
    assert summary(judgement(run, verdict=Overall.WARN, waivers_unused=(WAIVER,))).splitlines()[2:] == [
        "WAIVED: Bonn / PC-1: Up Packet Loss 1.50 % (limit < 1 %): waived until 2026-12-31 by net team: line ordered",
        "WAIVER WITHOUT USE: up_mos: waived until 2026-12-31 by net team: line ordered",
    ]


def test_demands_that_are_not_met_are_told() -> None:
    """What is met is silent; what is worth knowing is not."""
    demands = (
        Demand(name="Runs", verdict=Verdict.NOT_MEASURED, text="1, at least 8 required"),
        Demand(name="Workstations", verdict=Verdict.PASS, text="1, at least 1 required"),
        Demand(name="Limits of a site", verdict=Verdict.INFO, text="no run is of site X"),
    )
    assert summary(judgement(demands=demands, verdict=Overall.INCONCLUSIVE)).splitlines()[1:] == [
        "NOT MEASURED: Runs: 1, at least 8 required",
        "INFO: Limits of a site: no run is of site X",
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"unsteady": True}, "too unsteady to measure with"),
        ({"interrupted": True}, "was interrupted"),
        ({"tolerated": True}, "the policy allows"),
    ],
)
def test_why_a_run_counts_for_less_is_told(change: dict[str, bool], line: str) -> None:
    """Unsteady, interrupted, tolerated."""
    assert line in summary(judgement(replace(RUN, **change)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "unit", "limit", "text"),
    [
        (29.96, "ms", "< 30", "29.96 ms"),
        (30.04, "ms", "< 30", "30.04 ms"),
        (31.26, "ms", "< 30", "31.3 ms"),
        (3.5999, "MOS", ">= 3.6", "3.5999"),
    ],
)
def test_rounding_never_contradicts_the_verdict(value: float, unit: str, limit: str, text: str) -> None:
    """A value that would print as the limit is printed in full."""
    assert seen(replace(LOST, value=value, unit=unit, limit=limit)) == text


def test_comparisons_without_a_conclusion_are_told_once() -> None:
    """Eleven rows that all say the same are one line; a regression comes first."""
    row = Comparison(
        site="Bonn",
        key="up_mos",
        label="Upstream MOS Score",
        unit="MOS",
        runs_before=1,
        runs_after=1,
        before=4.0,
        after=3.0,
        difference=-1.0,
        low=None,
        high=None,
        regression=False,
        text="1 run before and 1 after support no conclusion: 5 each are needed",
    )
    worse = replace(row, low=-1.2, high=-0.8, regression=True, text="worse: median 4.00 before")
    fine = replace(worse, regression=False, text="no regression: median 4.00 before")
    assert summary(judgement(comparisons=(row, row, fine, worse))).splitlines()[1:] == [
        "Compared with the baseline:",
        "  2 rows at Bonn: 1 run before and 1 after support no conclusion: 5 each are needed",
        "  Upstream MOS Score at Bonn: worse: median 4.00 before",
        "  Upstream MOS Score at Bonn: no regression: median 4.00 before",
    ]


def test_differences_stand_one_to_a_line() -> None:
    """With verdicts where these changed; nothing changed is said in words."""
    port = Change(
        site=None,
        workstation="PC-1",
        name="443 TCP",
        before="refused",
        after="open",
        verdict_before=Verdict.FAIL,
        verdict_after=Verdict.PASS,
    )
    row = replace(port, name="Up Jitter", before="2.0 ms", after="3.0 ms", verdict_before=Verdict.PASS)
    run = replace(port, name="Run", before="not there", after="measured", verdict_before=None, verdict_after=None)
    assert differences([port, row, run]).splitlines() == [
        "Changed:",
        "  PC-1: 443 TCP: refused (FAIL) -> open (PASS)",
        "  PC-1: Up Jitter: 2.0 ms -> 3.0 ms (PASS)",
        "  PC-1: Run: not there -> measured",
    ]
    assert differences([]) == "Changed: nothing that a report would show"


def test_two_hundred_workstations_stay_readable() -> None:
    """Those that came to word for word the same are one entry; an advice is given once."""
    runs = [replace(RUN, workstation=f"PC-{number:03}") for number in range(200)]
    lines = summary(judgement(*runs)).splitlines()
    five = ", ".join(f"Bonn / PC-{number:03}" for number in range(5))
    assert lines[1] == f"FAIL: 200 workstations: {five} and 195 more, eu-central-1, 200 runs"
    assert len(lines) < 10
    others = summary(judgement(*(replace(run, cases=(replace(LOST, value=2.0 + n),)) for n, run in enumerate(runs)))).splitlines()
    assert sum("Network team: look." in line for line in others) == 1


def test_repeated_runs_of_a_workstation_stand_together() -> None:
    """Each row once, with its worst value and in how many of them."""
    worse = replace(RUN, cases=(replace(LOST, value=4.0),))
    lines = summary(judgement(RUN, worse, replace(RUN, cases=(PORT,)))).splitlines()
    assert lines[1] == "FAIL: Bonn / PC-1, eu-central-1, 3 runs, the first 2026-11-22T14:03:11Z (a.json)"
    assert "  FAIL  Up Packet Loss 4.00 % (limit < 1 %); in 2 of 3 runs, the worst is shown" in lines
    assert "  NOT MEASURED  443 TCP HTTPS to api no responder (expected open); in 2 of 3 runs" in lines


def test_rows_that_are_missing_for_one_reason_take_one_line() -> None:
    """Eleven rows without an answer are one thing to mend."""
    missing = tuple(replace(LOST, name=name, verdict=Verdict.NOT_MEASURED, value=None, note="no answer", advice="") for name in "abcdefg")
    lines = summary(judgement(replace(RUN, cases=missing))).splitlines()
    assert lines[2:] == ["  NOT MEASURED  7 rows and ports: a, b, c, d, e and 2 more", "    no answer"]


def test_a_waiver_of_many_is_counted_and_one_without_use_says_where() -> None:
    """One line for all workstations."""
    waived = replace(RUN, verdict=Overall.PASS, site="Munich", cases=(replace(LOST, waiver=WAIVER),))
    runs = [replace(waived, workstation=f"PC-{number}") for number in range(7)]
    unused = replace(WAIVER, site="Munch")
    lines = summary(judgement(*runs, verdict=Overall.PASS, waivers_unused=(unused, replace(WAIVER, workstation="X")))).splitlines()
    assert lines[1].startswith("WAIVED: 7 times at Munich / PC-0, Munich / PC-1, ")
    assert " and 2 more: Up Packet Loss" in lines[1]
    assert lines[2].startswith("WAIVER WITHOUT USE: up_mos at Munch: waived until")
    assert lines[3].startswith("WAIVER WITHOUT USE: up_mos for X: waived until")
