"""What the numbers mean, in sentences."""

from dataclasses import replace

import pytest

from nra.model.document import Finding, Instrument
from nra.model.verdict import Overall, Verdict
from nra.report.sentences import advice, instrument_line, meaning, method_line, mos_cost_line, summary
from nra.testing.canned import KINDS, canned_run


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("good", "Calls will sound good here: all 11 measurements are inside the limits; all 3 required ports are open."),
        (
            "bad",
            (
                "Calls will not sound good here: 2 of 11 measurements failed: Down Jitter 33.4 ms (limit < 30 ms), Down Packet Loss 3.00 % "
                "(limit < 1 %); 2 of 11 measurements came close to the limit: Up Jitter 22.0 ms (limit < 30 ms), Downstream MOS Score 3.91 "
                "(limit >= 3.6); 1 of 3 required ports failed: 3478 UDP STUN/TURN (no answer)."
            ),
        ),
        (
            "round-trip",
            (
                "Calls will sound good here, with little to spare: 2 of 11 measurements came close to the limit: Up Packet Loss 0.67 % "
                "(limit < 1 %), Down Packet Loss 0.67 % (limit < 1 %); all 3 required ports are open."
            ),
        ),
        (
            "interrupted",
            "No verdict: the run was interrupted; all 11 measurements are inside the limits; the firewall was not checked.",
        ),
        ("firewall-only", "The firewall lets through what calls need: all 3 required ports are open."),
        (
            "blocked",
            (
                "Calls will not connect reliably here: 11 of 11 measurements could not be made; "
                "1 of 3 required ports failed: 3478 UDP STUN/TURN (no answer)."
            ),
        ),
    ],
)
def test_summary(kind: str, sentence: str) -> None:
    """The first sentence says what to expect of calls and which rows and ports decided it."""
    assert summary(canned_run(kind)) == sentence


@pytest.mark.parametrize("kind", KINDS)
def test_meaning_begins_with_the_summary(kind: str) -> None:
    """The verdict comes first; every sentence has one full stop at its end and none is empty."""
    sentences = meaning(canned_run(kind))
    assert sentences[0] == summary(canned_run(kind))
    assert all(sentence.endswith(".") and not sentence.endswith("..") and len(sentence) > 1 for sentence in sentences)


def test_many_rows_are_cut_short() -> None:
    """A long list of rows names the first five and counts the others."""
    document = canned_run("blocked")
    metrics = (replace(document.metrics[0], verdict=Verdict.PASS, value=1.0), *document.metrics[1:])
    assert "10 of 11 measurements could not be made: Down Jitter, Up Packet Loss, Down Packet Loss, Up Packet Discards, " in summary(
        replace(document, metrics=metrics)
    )
    assert "Down Packet Discards and 5 more" in summary(replace(document, metrics=metrics))


def test_unsteady_workstation_is_the_reason() -> None:
    """Without a steady instrument there is no verdict, and the sentence says so before anything else."""
    document = canned_run("good")
    assert document.voice is not None
    unsteady = replace(document.voice, instrument=replace(document.voice.instrument, steady=False, note="it slept"))
    document = replace(document, verdict=Overall.INCONCLUSIVE, voice=unsteady)
    assert summary(document).startswith("No verdict: this workstation was too unsteady to measure with; ")
    assert any("NOT steady" in sentence and "it slept" in sentence for sentence in meaning(document))


def test_failed_firewall_alone() -> None:
    """When voice is well and a required port is closed, calls fail to connect rather than sound bad."""
    document = replace(canned_run("bad"), metrics=canned_run("good").metrics)
    assert summary(document).startswith("Calls will not connect reliably here: all 11 measurements are inside the limits; 1 of 3 ")


def test_findings_come_gravest_first() -> None:
    """What failed is said before what is worth knowing, and advice is given once."""
    document = canned_run("bad")
    texts = [sentence.split(" (")[0] for sentence in meaning(document)[1:5]]
    assert texts == [
        "Packets arrive at uneven intervals on the way from the region to this workstation",
        "UDP 3478 to netdiag.euc1.pure.cloud gets no answer although a control did",
        "Losses come in bursts on the way from the region to this workstation",
        "The priority marking of voice is changed on the way from the region to this workstation",
    ]
    twice = replace(document, findings=document.findings * 2)
    assert advice(twice) == advice(document)


def test_advice_always_ends_with_the_next_step() -> None:
    """Every verdict has a next step, also without findings."""
    for kind in KINDS:
        assert advice(canned_run(kind))
    assert advice(canned_run("good")) == ("Nothing needs mending. Measure again when the network is busiest: one run is a snapshot.",)


def test_finding_without_advice_or_evidence() -> None:
    """An empty part of a finding leaves no empty sentence and no empty brackets."""
    finding = Finding(where="measurement", severity="info", text="The stream was short.", evidence="", advice="")
    document = replace(canned_run("good"), findings=(finding,))
    assert meaning(document)[1] == "The stream was short."
    assert advice(document) == advice(canned_run("good"))


def test_mos_cost_line() -> None:
    """What each impairment took, largest first, for each direction; nothing where nothing took any."""
    bad, good, round_trip = canned_run("bad").voice, canned_run("good").voice, canned_run("round-trip").voice
    assert bad is not None
    assert good is not None
    assert round_trip is not None
    assert mos_cost_line(bad) == (
        "What brought the upstream MOS to 4.39, in points of R: loss 0.8. "
        "What brought the downstream MOS to 3.91, in points of R: loss 11.0, discards 5.1."
    )
    assert mos_cost_line(good) == ""
    assert mos_cost_line(round_trip) == "What brought the MOS to 4.36, in points of R: loss 2.5."


def test_instrument_line_admits_what_it_does_not_know() -> None:
    """A system that does not count its own drops is "unknown", not zero."""
    voice = canned_run("good").voice
    assert voice is not None
    blind: Instrument = replace(voice.instrument, local_drops=None, send_late_ms=None, receive_delay_ms=None)
    assert instrument_line(blind) == (
        "This workstation as an instrument: steady; time stamps by kernel (sending) and kernel (receiving); "
        "packets dropped by its own socket: unknown."
    )


def test_method_line() -> None:
    """The method and why by that one; why there was none; nothing when nobody asked."""
    assert method_line(canned_run("good")) == "Voice was measured by stamp (STAMP Session-Reflector, RFC 8762): a reflector was given"
    assert method_line(canned_run("blocked")) == "Voice was not measured: nothing answered over UDP."
    assert method_line(canned_run("firewall-only")) == ""
