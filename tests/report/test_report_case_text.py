"""case.txt and the pages of a bundle: what stands out first, everything once, nothing wider than a form takes."""

from collections.abc import Sequence
from dataclasses import replace

from nra.model.case import CaseForm, Fact, Workstation
from nra.model.document import Finding, RunDocument
from nra.model.fleet import Problem
from nra.model.verdict import Overall, Verdict
from nra.report.calls import capacity_line
from nra.report.case_pages import About, readme, workstation_page
from nra.report.case_text import Told, case_text
from nra.report.cells import quantity
from nra.report.entry import run_row, slim
from nra.run.fleet import summarize
from nra.testing.canned import canned_run

FORM = CaseForm(
    customer="Acme\tVoice",
    org_id="4f1c2a9e-7d3b-4c58-9a10-2b6e8d0f3c71",
    contact_name="Jane Doe",
    contact_email="jane@acme.example",
    deployment="Genesys Cloud",
    service="Voice",
    description="First.\n\nSecond " + "word " * 60,
    impact="None can call\x1b[2J",
)


def told(*runs: RunDocument, form: CaseForm = FORM, problems: Sequence[Problem] = ()) -> str:
    """Return case.txt of these runs."""
    fleet = summarize(run_row(slim(run, "", "")) for run in runs)
    inside = ["a.txt", "runs/x"]
    case = Told(form=form, runs=runs, fleet=fleet, bundle="case.zip", members=inside, redacted=False, tool_version="0", problems=problems)
    return case_text(case).decode("utf-8-sig").replace("\r\n", "\n")


def test_the_notes_of_rows_are_shown() -> None:
    """As in the run's own report: beside its row, and once where all rows have the same."""
    short = canned_run("interrupted")
    noted = [metric for metric in short.metrics if metric.value is not None]
    assert {metric.note for metric in noted} == {"small sample"}
    text = " ".join(told(short).split())
    assert f"Measured (small sample): {noted[0].label} " in text
    assert text.count("small sample") == 1
    metrics = tuple(replace(metric, note="small sample" if metric is noted[0] else None) for metric in short.metrics)
    text = " ".join(told(replace(short, metrics=metrics)).split())
    assert f"Measured: {noted[0].label} {quantity(noted[0].value, noted[0].unit)} (small sample), {noted[1].label} " in text
    assert text.count("small sample") == 1


def test_a_finding_of_many_runs_is_told_once() -> None:
    """With the count and where, the gravest first."""
    text = " ".join(told(*(canned_run("bad", host=f"PC-{number}") for number in range(7)), canned_run("good")).split())
    finding = canned_run("bad").findings[0].text.rstrip(".")
    assert text.count(finding) == 1
    assert "in 7 of 8 runs: PC-0, PC-1, PC-2, PC-3, PC-4 and 2 more" in text
    assert text.index("FAIL: ", text.index("What stands out")) < text.index("in 7 of 8 runs")


def test_no_run_without_a_finding_is_blamed() -> None:
    """Where nothing stands out the case says so, and so does a case without actions."""
    text = told(canned_run("good"))
    assert "Nothing stands out in any run." in text
    assert "None stated." in text


def test_what_people_type_stays_text() -> None:
    """Paragraphs stay, lines are wrapped, what a terminal would obey is gone, absent is said to be."""
    text = told(canned_run("good"))
    assert "Customer Name         Acme Voice\n" in text
    assert "\nFirst.\n" in text
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert "Frequency             not stated" in text


def test_the_page_says_whether_the_facts_are_of_the_runs_machine() -> None:
    """Of this one, of this and others, of none; an absent fact has its reason."""
    facts = (Fact(topic="System", name="Memory", values=("1 GiB", "more")), Fact(topic="System", name="VPN", reason="none"))
    station = Workstation(host="PC-1", gathered_at="2026-11-25T10:00:00Z", facts=facts)
    pages = [" ".join(workstation_page(station, hosts).decode().split()) for hosts in (["pc-1"], ["PC-1", "PC-2"], ["PC-2"])]
    assert "not of the time of the runs" in pages[0]
    assert "not of the others" in pages[1]
    assert "None of the runs was measured on this machine" in pages[2]
    assert "Memory 1 GiB more VPN absent: none" in pages[0]


def test_the_readme_says_what_is_not_there() -> None:
    """No console log, no firewall request, no signature, unless they are there."""
    bare = About(
        title="T", runs=1, requests=0, console=False, redacted=False, signed=False, case_inside=True, problems=(), tool_version="0"
    )  # fmt: skip
    text = " ".join(readme(bare).decode().split())
    for absent in ("There is no console log", "There is no firewall request", "It is not signed"):
        assert absent in text
    assert "Without names" not in text


def flat(text: str) -> str:
    """Return the text without its line ends."""
    return " ".join(text.split())


def section(text: str, title: str) -> str:
    """Return what stands under a heading, up to the next."""
    return text.partition(f"\n{title}\n{'-' * len(title)}\n")[2].partition("\n---")[0].rpartition("\n\n")[0]


def test_whose_job_it_is_stands_right_after_what_stands_out() -> None:
    """Each owner once, each advice once with why and where; how far it reaches, with what to look at, comes first."""
    runs = [canned_run("bad", host=f"PC-{number}", site="Leeds") for number in range(3)]
    text = told(*runs, canned_run("good", host="PC-9", site="Bonn"))
    assert text.index("\nWhat stands out\n") < text.index("\nWhat to do, by whom\n") < text.index("\nEach run, worst first\n")
    said = flat(section(text, "What to do, by whom"))
    assert said.startswith("How far it reaches: ")
    assert "look at the line of Leeds" in said
    for finding in runs[0].findings:
        owner, _, advice = finding.advice.rpartition(" team: ")
        assert said.count(f"{owner} team: " if owner else "Whoever looks into it: ") == 1
        assert said.count(flat(advice)) == 1
    assert "in 3 of 4 runs: PC-0, PC-1, PC-2)" in said


def test_what_only_informs_may_be_the_lead() -> None:
    """A marking that is changed on the way fails no row; its advice is told all the same, a note without advice is not."""
    bleached = Finding(
        where="up", severity="info", text="The marking is changed.", evidence="sent with DSCP 46, arrived with DSCP 0",
        advice="Network team: Trust the marking.",
    )  # fmt: skip
    silent = replace(bleached, text="No NAT.", advice="Network team: ")
    said = flat(told(replace(canned_run("good"), findings=(bleached, silent))))
    why = "INFO: may be the lead: The marking is changed: sent with DSCP 46, arrived with DSCP 0; in 1 of 1 run: PC-0417"
    assert f"Network team: - Trust the marking. ({why})" in said
    assert "No NAT" not in said


def test_an_unsteady_run_passes_nothing() -> None:
    """No sentence that begins with PASS may stand over a run that proves nothing of voice."""
    good = canned_run("good")
    assert good.voice is not None
    voice = replace(good.voice, instrument=replace(good.voice.instrument, steady=False))
    said = flat(told(replace(good, verdict=Overall.INCONCLUSIVE, voice=voice)))
    assert "NOT MEASURED: Nothing is known about voice" in said
    assert "PASS" not in said


def test_how_many_calls_the_path_carries_is_told() -> None:
    """The answer to --calls-until-breach is a number of the case, not of the attachments alone."""
    run = canned_run("until-breach")
    assert flat(f"- PC-0417, {run.run.started_at}: {capacity_line(run.capacity)}") in flat(section(told(run), "What was measured"))


def test_the_worst_run_is_the_one_in_which_most_failed() -> None:
    """As in the workbook, whatever the time."""
    blocked = canned_run("blocked", host="PC-2", started_at="2026-11-22T08:00:00Z")
    bad = canned_run("bad", host="PC-1", started_at="2026-11-22T09:00:00Z")
    failed = [
        [*(row.verdict for row in run.metrics), *(check.verdict for check in run.firewall or ())].count(Verdict.FAIL)
        for run in (blocked, bad)
    ]
    assert failed[0] != failed[1]
    said = section(told(blocked, bad), "Each run, worst first")
    assert (said.index("PC-2") < said.index("PC-1")) is (failed[0] > failed[1])


def test_repeated_runs_that_came_to_the_same_stand_together() -> None:
    """Two hundred runs of two workstations are two points."""
    runs = [canned_run("bad", host=f"PC-{n % 2}", started_at=f"2026-11-22T{n:02}:00:00Z") for n in range(8)]
    said = flat(section(told(*runs), "Each run, worst first"))
    assert said.count("4 runs that came to the same, 2026-11-22T0") == 2
    assert said.count("FAIL: PC-") == 2


def test_a_damaged_document_is_told_in_the_case() -> None:
    """Whoever reads nothing but the case must not take silence for health."""
    said = flat(told(canned_run("good"), problems=[Problem(file="x.json", what="damaged")] * 12))
    assert said.count("NOT IN HERE: x.json: damaged") == 10
    assert "and 2 more that gave no run, in README.txt" in said
