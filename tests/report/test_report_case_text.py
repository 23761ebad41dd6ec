"""case.txt and the pages of a bundle: what stands out first, everything once, nothing wider than a form takes."""

from nra.model.case import CaseForm, Fact, Workstation
from nra.model.document import RunDocument
from nra.model.fleet import FleetSummary
from nra.report.case_pages import About, readme, workstation_page
from nra.report.case_text import Told, case_text
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
FLEET = FleetSummary(
    headline="3 runs", statements=(), groups=(), measures=(), scoped=(), stations=(), station_of=(), order=()
)  # fmt: skip


def told(*runs: RunDocument, form: CaseForm = FORM) -> str:
    """Return case.txt of these runs."""
    case = Told(form=form, runs=runs, fleet=FLEET, bundle="case.zip", members=["a.txt", "runs/x"], redacted=False, tool_version="0")
    return case_text(case).decode("utf-8-sig").replace("\r\n", "\n")


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
