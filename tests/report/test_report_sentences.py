"""What the numbers mean, in sentences."""

from dataclasses import replace

import pytest

from nra.model.document import Finding
from nra.model.failure import FailureKind
from nra.model.observation import PortState
from nra.model.sample import NotTaken, ReflectorFacts
from nra.model.verdict import Overall, Verdict
from nra.model.voice import Instrument, Spread
from nra.report.sentences import advice, instrument_line, meaning, method_line, mos_cost_line, reflector_line, summary
from nra.scoring.findings import findings
from nra.testing.canned import KINDS, canned_run
from nra.testing.canned_ports import stopped


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("good", "Calls will sound good here: all 11 measurements are inside the limits; all 5 required ports are open."),
        (
            "bad",
            (
                "Calls will not sound good here: 2 of 11 measurements failed: Down Jitter 33.4 ms (limit < 30 ms), Down Packet Loss 3.00 % "
                "(limit < 1 %); 2 of 11 measurements came close to the limit: Up Jitter 22.0 ms (limit < 30 ms), Downstream MOS Score 3.91 "
                "(limit >= 3.6); 1 of 5 required ports failed: 3478 UDP STUN/TURN to netdiag.euc1.pure.cloud (no answer)."
            ),
        ),
        (
            "round-trip",
            (
                "No verdict: 2 of 11 measurements came close to the limit: Up Packet Loss 0.67 % (limit < 1 %), Down Packet Loss 0.67 % "
                "(limit < 1 %); 1 of 4 required ports could not be proven open: 16384-65535 UDP SRTP media to media servers of the service "
                "(no responder)."
            ),
        ),
        (
            "close",
            (
                "Calls will sound good here, with little to spare: 1 of 11 measurements came close to the limit: Down Jitter 24.6 ms "
                "(limit < 30 ms); all 5 required ports are open."
            ),
        ),
        (
            "interrupted",
            "No verdict: the run was interrupted; all 11 measurements are inside the limits; the firewall was not checked.",
        ),
        ("firewall-only", "The firewall lets through what calls need: all 5 required ports are open."),
        (
            "blocked",
            (
                "Calls will not connect reliably here: "
                "4 of 5 required ports failed: 443 TCP HTTPS to login.mypurecloud.de (tls intercepted), 3478 UDP STUN/TURN to "
                "netdiag.euc1.pure.cloud (no answer), 3478 UDP STUN/TURN at the reflector reflector.example.net (no answer), "
                "16384-65535 UDP SRTP media at the reflector reflector.example.net (refused); 11 of 11 measurements could not be made."
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
    refused = NotTaken(kind=FailureKind.UNREACHABLE, why="Network is unreachable", packets=9)
    gone = replace(unsteady, not_sent=9, instrument=replace(unsteady.instrument, not_taken=(refused,)))
    assert summary(replace(document, voice=gone)).startswith("No verdict: too many packets could not be sent; ")
    assert "too unsteady to measure with" in summary(replace(document, voice=replace(gone, not_sent=10)))
    assert any("NOT steady" in sentence and "it slept" in sentence for sentence in meaning(document))


def test_failed_firewall_alone() -> None:
    """When voice is well and a required port is closed, calls fail to connect rather than sound bad."""
    document = replace(canned_run("bad"), metrics=canned_run("good").metrics)
    said = summary(document)
    assert said.startswith("Calls will not connect reliably here: 1 of 5 required ports failed: 3478 UDP")
    assert said.endswith("; all 11 measurements are inside the limits.")


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


def test_a_closed_port_is_a_ticket() -> None:
    """Who has only these sentences can ask the firewall team: protocol, port, networks, outbound, why, what was seen and where."""
    assert advice(canned_run("bad"))[0] == (
        "Firewall team: open UDP 3478 outbound from this workstation (192.168.20.41) to 52.129.96.0/20, 169.150.104.0/21, "
        "167.234.48.0/20, 136.245.64.0/18 and let its replies back in (STUN/TURN: finds a way through NAT for WebRTC media; closed: more "
        "calls fail); seen: no answer from netdiag.euc1.pure.cloud; open at the reflector reflector.example.net."
    )
    assert advice(canned_run("blocked"))[0].startswith(
        "Firewall team: exempt TCP 443 outbound from this workstation (192.168.20.41) to *.mypurecloud.de from TLS inspection (HTTPS: "
        "sign-in, API, signalling of the WebRTC phone); seen: TLS intercepted on the way to login.mypurecloud.de"
    )


def test_a_port_is_told_once() -> None:
    """The sentence of the rule takes the place of what the finding of the same port advises; other findings keep theirs."""
    document = canned_run("blocked")
    assert [finding.where for finding in document.findings] == ["firewall"] * 4
    assert len(advice(document)) == 3 + 1
    other = Finding(where="firewall", severity="warn", text="The NAT is symmetric.", evidence="two ports seen", advice="Set it right")
    assert "Set it right." in advice(replace(document, findings=(*document.findings, other)))


def test_what_is_not_proven_comes_last() -> None:
    """A port without proof is named with what a rule must let through, behind what is known to be wrong."""
    *_, port, _next = advice(canned_run("round-trip"))
    assert port == (
        "Firewall team: confirm that UDP 16384-65535 is open outbound from this workstation (192.168.20.41) to 52.129.96.0/20, "
        "169.150.104.0/21, 167.234.48.0/20, 136.245.64.0/18 and that its replies come back in (SRTP media: the voice itself), which this "
        "run could not prove: not proven at media servers of the service."
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_required_port_that_is_not_open_is_named(kind: str) -> None:
    """In "What to do": protocol, port, each destination to allow and the host that was asked."""
    document = canned_run(kind)
    for check in document.firewall or () if kind != "no-network" else ():
        if check.required and check.state is not PortState.OPEN:
            wanted = (f"{check.protocol} {check.port}", check.allow_to, check.destination, check.purpose, "outbound")
            assert any(all(word in sentence for word in wanted) for sentence in advice(document)), check


def test_without_a_network_that_comes_first() -> None:
    """Nobody shall search the firewall for a cable that is not plugged in: what to do names the network, the request has the ports."""
    said = advice(canned_run("no-network"))
    assert said[0].startswith("At this workstation: Look at cable")
    assert not any("Firewall team" in sentence for sentence in said)


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


def test_instrument_line_tells_all_of_the_instrument() -> None:
    """Stamps, lateness, what packets waited for here each way, drops, pacing, buffer: what the document has, in one line."""
    voice = canned_run("good").voice
    assert voice is not None
    whole = replace(
        voice.instrument,
        send_delay_ms=Spread(p50=0.07, p99=0.21, max=2.3),
        pacing="woken 0.2 ms early, then spun",
        receive_buffer_bytes=425_984,
        note="the wall clock stepped by 3.0 ms",
    )
    line = instrument_line(whole)
    for part in (
        "; packets reached its network device after 0.1 ms (median), 0.2 ms (p99), 2.3 ms (maximum); ",
        "; sending thread woken 0.2 ms early, then spun; 416 KiB of arrivals kept per socket; the wall clock stepped by 3.0 ms.",
    ):
        assert part in line
    assert "\n" not in line


def test_instrument_line_admits_what_it_does_not_know() -> None:
    """A system that does not count its own drops is "unknown", not zero."""
    voice = canned_run("good").voice
    assert voice is not None
    blind: Instrument = replace(
        voice.instrument,
        local_drops=None,
        send_late_ms=None,
        send_delay_ms=None,
        receive_delay_ms=None,
        pacing="",
        receive_buffer_bytes=None,
    )
    assert instrument_line(blind) == (
        "This workstation as an instrument: steady; time stamps by kernel (sending) and kernel (receiving); "
        "packets dropped by its own socket: unknown."
    )


def test_method_line() -> None:
    """The method and why by that one; why there was none; nothing when nobody asked."""
    assert method_line(canned_run("good")) == "Voice was measured by stamp (STAMP Session-Reflector, RFC 8762): a reflector was given"
    assert method_line(canned_run("blocked")) == "Voice was not measured: nothing answered over UDP."
    assert method_line(canned_run("firewall-only")) == ""


def test_what_the_reflector_says_of_itself_is_one_sentence() -> None:
    """Nothing where it was not asked; what its system does not say is left out."""
    facts = ReflectorFacts(version="1.0", engine="batched", workers=2, stamps="kernel", sessions=3, load=0.25, cpus=2)
    assert reflector_line(None) == ""
    assert reflector_line(facts) == (
        "The reflector as an instrument: nra 1.0, batched engine, 2 processes; time stamps by kernel; 3 sessions; "
        "load 0.25 on 2 processors."
    )
    assert reflector_line(replace(facts, workers=1, load=None)).endswith("1 process; time stamps by kernel; 3 sessions.")


def test_a_self_test_promises_nothing_about_calls() -> None:
    """In region `local` nothing leaves the workstation: that it can measure is all that was found out."""
    document = canned_run("good")
    assert document.voice is not None
    run, target = replace(document.run, region="local"), replace(document.voice.target, address="127.0.0.1")
    here = replace(document, run=run, voice=replace(document.voice, target=target))
    assert summary(here).startswith("This workstation can measure; no network was measured, for region local is a self-test: all 11")
    assert advice(here)[-1] == "Measure a region now: nra regions lists them."
    assert summary(replace(document, run=run)).startswith("Calls will sound good here: all 11")  # a reflector elsewhere was named


def test_an_interrupted_run_does_not_accuse_the_network() -> None:
    """Cancelled while ports were being asked: it says so, and to measure again; nobody looks at a cable or writes to a firewall team."""
    document = canned_run("no-network")
    rows = tuple(map(stopped, document.firewall or ()))
    used = replace(document.run.used, interrupted=True)
    document = replace(document, run=replace(document.run, used=used), firewall=rows, findings=findings(None, document.metrics, rows))
    told = " ".join((*meaning(document), *advice(document)))
    assert "the run was interrupted" in told
    assert "Measure again" in told
    for accusation in ("Wi-Fi", "cable", "unreachable", "Firewall team", "could not be reached"):
        assert accusation not in told
