"""A run as rows of text."""

from dataclasses import replace

import pytest

from nra.model.document import RunDocument
from nra.model.region import Side
from nra.model.verdict import Overall, Verdict
from nra.model.voice import Endpoint
from nra.report.view import View, firewall_verdict, gravest, view, voip_verdict
from nra.testing.canned import KINDS, canned_run
from nra.testing.canned_ports import stopped


def with_value(document: RunDocument, index: int, value: float, verdict: Verdict) -> RunDocument:
    """Return the document with another value in one row."""
    metrics = list(document.metrics)
    metrics[index] = replace(metrics[index], value=value, verdict=verdict)
    return replace(document, metrics=tuple(metrics))


def words(shown: View) -> str:
    """Return everything that is shown, in one text."""
    rows = [f"{row.result} {row.note}" for row in shown.voip]
    return "\n".join((shown.title, *(fact.value for fact in shown.facts), *rows, *shown.meaning, *shown.advice))


@pytest.mark.parametrize("kind", ["blocked", "firewall-only"])
def test_what_was_not_measured_shows_no_number(kind: str) -> None:
    """No 0 %, no 0 ms, no -1 and no word of the program stands for absence (docs/traps.md, traps 4 and 5)."""
    shown = view(canned_run(kind))
    assert {row.result for row in shown.voip} == {""}
    assert {row.verdict for row in shown.voip} == {Verdict.NOT_MEASURED if kind == "blocked" else Verdict.SKIPPED}
    assert not any(word in words(shown) for word in ("0 %", "0.00", " 0 ms", "0.0 ms", " -1", "None", "nan"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_of_the_program_leaks(kind: str) -> None:
    """None, nan and the names of types are no words for users."""
    assert not any(word in words(view(canned_run(kind))) for word in ("None", "nan", "inf ", "Verdict.", "Basis."))


def test_rounding_that_seems_to_contradict_is_explained() -> None:
    """29.96 ms is inside < 30 ms, but prints as 30.0: the note tells the value before rounding."""
    row = view(with_value(canned_run(), 0, 29.96, Verdict.WARN)).voip[0]
    assert (row.result, row.note) == ("30.0", "29.96 before rounding")
    assert view(with_value(canned_run(), 0, 29.94, Verdict.WARN)).voip[0].note == ""
    assert view(with_value(canned_run(), 9, 3.599, Verdict.FAIL)).voip[9].note == "3.599 before rounding"


def test_rows_keep_full_precision_beside_what_is_printed() -> None:
    """The workbook gets the number itself."""
    document = with_value(canned_run(), 0, 1.23456789, Verdict.PASS)
    assert (view(document).voip[0].result, view(document).voip[0].value) == ("1.2", 1.23456789)


def test_round_trip_rows_say_so() -> None:
    """Rows up and down that rest on the round trip carry that note; the round trip itself needs none (contract 3)."""
    shown = view(canned_run("round-trip"))
    assert {row.note for row in shown.voip if row.measurement != "Round Trip Average Time"} == {"round trip"}
    assert [row.note for row in shown.voip if row.measurement == "Round Trip Average Time"] == [""]


def test_facts_of_a_run() -> None:
    """The facts name who, where, when and by what."""
    shown = view(canned_run())
    assert shown.fact("Server") == "reflector.example.net:20862 (203.0.113.7)"
    assert shown.fact("Measured by") == "stamp (STAMP Session-Reflector, RFC 8762; each direction by itself)"
    assert shown.fact("Duration") == "38.2 s"
    assert shown.fact("Overall") == "PASS"
    assert shown.fact("No such fact") == ""
    assert view(canned_run("blocked")).fact("Server") == ""


def test_ipv6_server_stands_in_brackets() -> None:
    """An IPv6 address and its port are told apart, and not repeated."""
    document = canned_run()
    assert document.voice is not None
    target = Endpoint(host="2001:db8::7", port=20862, address="2001:db8::7")
    assert view(replace(document, voice=replace(document.voice, target=target))).fact("Server") == "[2001:db8::7]:20862"


def test_duration_without_elapsed_time() -> None:
    """A document that does not tell the elapsed time is timed by its start and end."""
    document = canned_run()
    used = replace(document.run.used, elapsed_s=None)
    assert view(replace(document, run=replace(document.run, used=used))).fact("Duration") == "38.0 s"


def test_gravest() -> None:
    """FAIL before NOT MEASURED before WARN before PASS; nothing judged is SKIPPED, never PASS."""
    assert gravest([Verdict.PASS, Verdict.WARN, Verdict.NOT_MEASURED, Verdict.FAIL]) is Verdict.FAIL
    assert gravest([Verdict.PASS, Verdict.NOT_MEASURED, Verdict.WARN]) is Verdict.NOT_MEASURED
    assert gravest([Verdict.PASS, Verdict.INFO]) is Verdict.PASS
    assert gravest([Verdict.INFO]) is Verdict.INFO
    assert gravest([Verdict.SKIPPED]) is gravest([]) is Verdict.SKIPPED


def test_halves_have_verdicts_of_their_own() -> None:
    """A half that was left out is SKIPPED, and the closed optional ports of the other one spoil nothing."""
    assert (voip_verdict(view(canned_run("bad"))), firewall_verdict(view(canned_run("bad")))) == (Verdict.FAIL, Verdict.FAIL)
    assert (voip_verdict(view(canned_run("firewall-only"))), firewall_verdict(view(canned_run("firewall-only")))) == (
        Verdict.SKIPPED,
        Verdict.PASS,
    )


def test_title_names_the_verdict() -> None:
    """The first line says what it is, the verdict, who and where."""
    assert view(canned_run("bad")).title == "Network readiness assessment: FAIL - Acme Voice GmbH, PC-0417, eu-central-1"
    assert view(canned_run("bad")).overall is Overall.FAIL


def test_the_service_comes_before_the_reflector() -> None:
    """Ports at the service's hosts stand first, whatever the document's order, and those at the reflector say so."""
    document = canned_run("good")
    turned = view(replace(document, firewall=tuple(reversed(document.firewall or ()))))
    assert [row.at for row in turned.firewall] == [Side.SERVICE] * 7 + [Side.REFLECTOR] * 2
    assert [row.service for row in turned.ports(Side.REFLECTOR)] == ["SRTP media, at the reflector", "STUN/TURN, at the reflector"]
    assert [row.service_alone for row in turned.ports(Side.REFLECTOR)] == ["SRTP media", "STUN/TURN"]


@pytest.mark.parametrize("kind", KINDS)
def test_two_rows_of_one_port_look_different(kind: str) -> None:
    """Who was asked is part of what is shown."""
    rows = view(canned_run(kind)).firewall
    assert len({(row.port, row.protocol, row.service, row.destination) for row in rows}) == len(rows)


def test_a_report_says_what_it_was_made_with() -> None:
    """Version, Python, packages and the stick, as far as they are known."""
    document = canned_run()
    assert view(document).fact("Tool version") == "0.1.0 (Python 3.13.2, click 8.4.1, numpy 2.4.6, stick 5555555555555555)"
    bare = replace(document.run, packages=(), stick=None, host=replace(document.run.host, python=None))
    assert view(replace(document, run=bare)).fact("Tool version") == "0.1.0"


def test_a_port_that_an_interrupted_run_did_not_come_to_know_is_no_finding() -> None:
    """The document keeps one of the states of the contract; who reads the page reads that it was interrupted."""
    document = canned_run("blocked")
    shown = view(replace(document, firewall=tuple(map(stopped, document.firewall or ()))))
    assert {(row.state, row.result) for row in shown.firewall} == {("unreachable", "interrupted")}
    assert {row.result for row in view(document).firewall} >= {"no answer", "open"}
