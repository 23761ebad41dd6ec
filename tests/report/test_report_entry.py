"""One run among many: what of it is evidence."""

from dataclasses import replace

import pytest
from fleets import entries, fleet, from_text

from nra.model.document import RunDocument
from nra.model.fleet import Refusal, Scope
from nra.model.verdict import Overall, Verdict
from nra.report.entry import Entry, run_row
from nra.report.view import view
from nra.testing.canned import canned_run


def unsteady(document: RunDocument, verdict: Overall = Overall.INCONCLUSIVE) -> RunDocument:
    """Return the run as a workstation that was too busy would have left it."""
    assert document.voice is not None
    voice = replace(document.voice, instrument=replace(document.voice.instrument, steady=False))
    return replace(document, voice=voice, verdict=verdict)


def interrupted(document: RunDocument, verdict: Overall = Overall.INCONCLUSIVE) -> RunDocument:
    """Return the run as Ctrl-C would have left it."""
    used = replace(document.run.used, interrupted=True)
    return replace(document, run=replace(document.run, used=used), verdict=verdict)


def kept(document: RunDocument, *, text: bool) -> Entry:
    """Return the run as its document or as its text report alone gives it."""
    return from_text(document) if text else entries([document])[0]


@pytest.mark.parametrize("text", [False, True])
def test_an_unsteady_workstation_proves_nothing_of_voice(text: bool) -> None:
    """Its rows fail and are judged all the same by nobody, whether the document or only the text report is left."""
    entry = kept(unsteady(canned_run("bad")), text=text)
    row = run_row(entry)
    assert any(shown.verdict is Verdict.FAIL for shown in entry.view.voip)
    assert (row.refusal, entry.voip) == (Refusal.BUSY, Verdict.NOT_MEASURED)
    assert {(each.verdict, each.value) for each in row.measures} == {(Verdict.NOT_MEASURED, None)}
    assert row.failed == sum(port.verdict is Verdict.FAIL for port in entry.view.firewall)


@pytest.mark.parametrize("text", [False, True])
def test_half_a_run_proves_what_failed_and_nothing_else(text: bool) -> None:
    """An interrupted run without a failing row is no evidence; with one it has its verdict, as `nra run` gave it."""
    good = run_row(kept(interrupted(canned_run("good")), text=text))
    assert (good.refusal, {each.value for each in good.measures}) == (Refusal.INTERRUPTED, {None})
    assert run_row(kept(interrupted(canned_run("bad"), Overall.FAIL), text=text)).refusal is None


def test_a_steady_run_and_one_without_voice_are_as_they_were() -> None:
    """Nothing is taken from them."""
    assert [run_row(entry).refusal for entry in entries([canned_run("bad"), canned_run("firewall-only"), canned_run("no-network")])] == [
        None,
        None,
        None,
    ]


def test_the_required_ports_that_failed_are_named() -> None:
    """Port and protocol, each once."""
    row = run_row(entries([canned_run("blocked")])[0])
    assert row.blocked == tuple(dict.fromkeys(row.blocked))
    assert "3478 UDP" in row.blocked


def test_no_line_is_blamed_for_a_busy_workstation() -> None:
    """Three runs without a verdict are three runs without a verdict: nobody fails a row of voice."""
    runs = [replace(unsteady(canned_run("bad", host=f"PC-{number}", site="Dresden")), firewall=()) for number in range(3)]
    found = fleet(entries(runs)).summary
    assert found.statements[0].text == "3 of 3 runs proved nothing of voice: the workstation was too busy (3)"
    assert {each.scope for each in found.statements} == {Scope.UNKNOWN, Scope.TIME}
    assert not any(each.verdict is Verdict.FAIL for each in found.statements)
    assert [spread.spreads[0].median for spread in found.stations] == [None] * 3


def test_a_blocked_port_stands_before_the_workstation_s_unsteadiness() -> None:
    """What decided comes first; and the rows of voice decided nothing."""
    document = unsteady(canned_run("bad"), Overall.FAIL)
    first = view(document).meaning[0]
    assert first.startswith("Calls will not connect reliably here: ")
    assert first.index("required port") < first.index("too unsteady") < first.index("measurement")
