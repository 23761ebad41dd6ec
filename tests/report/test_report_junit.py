"""JUnit XML, held against two schemas and read by another program's reader."""

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Xml

import junitparser
import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from nra.catalogue import thresholds
from nra.model.document import RunDocument
from nra.model.judgement import Judgement
from nra.model.policy import Policy, Waiver
from nra.model.verdict import Overall
from nra.report.junit import of_run, render
from nra.run.gate import gate
from nra.testing.canned import KINDS, canned_run

VECTORS: Final = Path(__file__).resolve().parents[1] / "vectors"
SCHEMAS: Final = [xmlschema.XMLSchema(str(VECTORS / name)) for name in ("junit-ant.xsd", "junit-xunit.xsd")]
TODAY: Final = date(2026, 11, 25)
PLAIN: Final = Policy(name="plain", thresholds=thresholds())
HALVES: Final = ("VOIP", "Firewall")
HOSTILE: Final = '<x a="1">&]]>\x00\x0b\ud800￾\n'


def judged(*documents: RunDocument, policy: Policy = PLAIN) -> Judgement:
    """Return the gate's answer."""
    return gate([(f"{number}.json", document) for number, document in enumerate(documents)], policy, TODAY)


def checked(data: bytes) -> Xml.Element:
    """Return the file's root, after both schemas and the other reader have taken it and agree on the counts."""
    text = data.decode()
    for schema in SCHEMAS:
        schema.validate(text)
    root = Xml.fromstring(text)  # noqa: S314 - our own
    for suite, other in zip(root.iter("testsuite"), junitparser.JUnitXml.fromstring(data), strict=True):
        counts = Counter(child.tag for case in suite.iter("testcase") for child in case)
        assert (int(suite.attrib["tests"]), len(list(other))) == (len(suite.findall("testcase")),) * 2
        assert (other.failures, other.errors, other.skipped) == (counts["failure"], counts["error"], counts["skipped"])
    return root


def outcome(root: Xml.Element, name: str) -> Xml.Element | None:
    """Return what the first case with that name came to, None if it passed."""
    case = next(case for case in root.iter("testcase") if case.attrib["name"] == name)
    return next(iter(case), None)


def colours(data: bytes) -> set[str]:
    """Return the kinds of outcome in the file."""
    return {child.tag for case in checked(data).iter("testcase") for child in case}


def told(element: Xml.Element | None, tag: str) -> str:
    """Return the message of an outcome of that kind."""
    assert element is not None
    assert element.tag == tag
    return element.attrib["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_case_per_row_and_port(kind: str) -> None:
    """Of the gate and of a single run, under both schemas."""
    document = canned_run(kind)
    ports = [f"{row.port} {row.protocol} {row.service}" for row in document.firewall or ()]
    for data in (render(judged(document)), of_run(document)):
        suite = checked(data)[0]
        names = {
            half: [case.attrib["name"] for case in suite.iter("testcase") if case.attrib["classname"].endswith(half)] for half in HALVES
        }
        assert suite.attrib["name"] == "Munich / PC-0417"
        assert names["VOIP"] == [each.label for each in document.metrics]
        assert [name.partition(" to ")[0].partition(" at ")[0] for name in names["Firewall"] if name != "Firewall"] == ports


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_is_red_where_the_exit_code_is_not_0(kind: str) -> None:
    """A failure for FAIL, an error but no failure for INCONCLUSIVE, neither for PASS and WARN."""
    judgement = judged(canned_run(kind))
    for data in (render(judgement), of_run(canned_run(kind))):
        red = colours(data) - {"skipped"}
        assert ("failure" in red, bool(red)) == (
            judgement.verdict is Overall.FAIL,
            judgement.verdict in (Overall.FAIL, Overall.INCONCLUSIVE),
        )


def test_a_failure_has_value_limit_and_advice() -> None:
    """All that whoever reads the CI's page needs."""
    root = checked(render(judged(canned_run("bad"))))
    lost = outcome(root, "Down Packet Loss")
    assert told(lost, "failure") == "Down Packet Loss 3.00 % (limit < 1 %)"
    assert lost is not None
    assert (lost.text or "").startswith("Network team: Compare with a wired workstation")
    port = outcome(root, "3478 UDP STUN/TURN to netdiag.euc1.pure.cloud")
    assert told(port, "failure").endswith("no answer (expected open)")


def test_not_measured_is_an_error_and_skipped_is_skipped() -> None:
    """Neither is a failure."""
    root = checked(render(judged(canned_run("no-network"), canned_run("firewall-only", host="PC-2"))))
    assert told(outcome(root, "Up Jitter"), "error") == "Up Jitter not measured (limit < 30 ms)"
    skipped = next(case for case in root.iter("testcase") if "PC-2" in case.attrib["classname"] and case.attrib["name"] == "Up Jitter")
    assert [child.tag for child in skipped] == ["skipped"]


def test_waived_and_tolerated_cases_say_so() -> None:
    """They are skipped, with owner, reason and expiry, or with the policy's allowance."""
    whats = ("down_jitter_ms", "down_loss_percent", "3478/UDP")
    waivers = tuple(Waiver(what=what, owner="net team", reason="line ordered", expires=date(2026, 12, 31)) for what in whats)
    root = checked(render(judged(canned_run("bad"), policy=replace(PLAIN, waivers=waivers))))
    assert "waived until 2026-12-31 by net team: line ordered" in told(outcome(root, "Down Packet Loss"), "skipped")
    tolerated = render(judged(canned_run("bad"), policy=replace(PLAIN, failed_runs=1)))
    assert colours(tolerated) == {"skipped"}
    assert told(outcome(checked(tolerated), "Down Packet Loss"), "skipped").endswith("the policy allows that of so many runs")


def test_a_suite_per_workstation_and_one_for_the_policy() -> None:
    """Two runs of one workstation are told apart by when they began."""
    again = canned_run("good", started_at="2026-11-23T08:00:00Z")
    root = checked(render(judged(canned_run("good"), again, canned_run("good", host="PC.2"), policy=replace(PLAIN, runs=9))))
    assert [suite.attrib["name"] for suite in root] == ["Munich / PC-0417", "Munich / PC.2", "policy"]
    names = [case.attrib["name"] for case in root[0].iter("testcase")]
    assert len(set(names)) == len(names)
    assert {case.attrib["classname"].split(".")[0] for case in root[1].iter("testcase")} == {"Munich / PC_2"}
    assert told(outcome(root, "Runs"), "error") == "3, at least 9 required"


@pytest.mark.parametrize("started_at", ["2026-11-22T14:03:11Z", "2026-11-22T15:03:11.5+01:00", "2026-11-22T14:03+00:00"])
def test_times_are_utc_without_a_zone(started_at: str) -> None:
    """Whatever form of ISO 8601 stands in the document."""
    stamp = checked(of_run(canned_run("good", started_at=started_at)))[0].attrib["timestamp"]
    assert stamp[:17] == "2026-11-22T14:03:"


def test_an_interrupted_or_unsteady_run_is_never_green() -> None:
    """What passed in it proves nothing."""
    document = canned_run("good")
    assert document.voice is not None
    shaky = replace(document, voice=replace(document.voice, instrument=replace(document.voice.instrument, steady=False)))
    stopped = replace(document, run=replace(document.run, used=replace(document.run.used, interrupted=True)))
    for run in (shaky, stopped):
        assert colours(render(judged(run))) == {"error"}
        assert colours(of_run(run)) == {"error"}


@settings(max_examples=25)
@given(name=st.one_of(st.just(HOSTILE), st.text(max_size=20)))
def test_whatever_people_type_the_file_is_well_formed(name: str) -> None:
    """Names of workstation, site and organization, an evidence, a policy's name."""
    document = canned_run("bad", host=name, site=name, org=name)
    document = replace(document, firewall=tuple(replace(row, evidence=name, destination=name) for row in document.firewall or ()))
    checked(render(judged(document, policy=replace(PLAIN, name=name))))
    checked(of_run(document))
