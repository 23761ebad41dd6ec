"""Findings: where it lies, what was seen, what to do."""

import re
from dataclasses import replace
from typing import Any, Literal

import pytest
from samples import CODECS, GENESYS, MS, call_rows, echo_sample, ledger, losing, quiet_instrument, stamp_sample, steady, voice_sample

from nra.model.document import Finding, FirewallCheck
from nra.model.failure import FailureKind
from nra.model.observation import PortState
from nra.model.sample import NotTaken, VoiceSample, column
from nra.model.verdict import Verdict
from nra.scoring.assess import voice_rows
from nra.scoring.findings import findings
from nra.scoring.voice import score_voice
from nra.scoring.wording import HELD_BACK, HUNG_UP, NOT_TAKEN, ROWS, UNSTEADY, Words


def found_in(sample: VoiceSample, **more: Any) -> tuple[Finding, ...]:
    """Return the findings of a sample."""
    voice = score_voice(sample, CODECS)
    return findings(voice, voice_rows(voice, GENESYS), **more)


def test_a_clean_path_has_no_findings() -> None:
    """Nothing stands out of a good line."""
    assert found_in(stamp_sample(steady(1500), steady(1))) == ()


def test_a_failed_row_names_direction_number_and_limit() -> None:
    """Loss on the way down is found there, with what was seen and what was expected."""
    (finding,) = [finding for finding in found_in(stamp_sample(steady(1500), losing(1500, range(0, 1500, 50)))) if "lost" in finding.text]
    assert (finding.where, finding.severity) == ("down", "fail")
    assert finding.text == "Packets get lost on the way from the region to this workstation."
    assert finding.evidence == "Down Packet Loss 2.00 %, expected < 1"
    assert finding.advice


def test_a_warned_row_is_a_warning() -> None:
    """Between WARN and limit the severity is warn."""
    (finding,) = found_in(stamp_sample(losing(1500, range(0, 1500, 150)), steady(1)))
    assert (finding.where, finding.severity) == ("up", "warn")


def test_a_bad_mos_tells_what_took_the_points() -> None:
    """The evidence of a failed MOS is its price list."""
    mos = [finding for finding in found_in(stamp_sample(losing(1500, range(0, 1500, 5)), steady(1))) if "MOS Score" in finding.evidence]
    assert [finding.where for finding in mos] == ["up"]
    assert re.search(r"Upstream MOS Score \d\.\d\d, expected >= 3\.6; delay took 0\.0 .*; loss took \d+\.\d points of R", mos[0].evidence)


def test_the_round_trip_is_told_once() -> None:
    """With an unknown direction the rows up and down are one number and one finding."""
    found = found_in(echo_sample(losing(1500, range(0, 1500, 50))))
    assert [finding.where for finding in found] == ["round trip"]
    assert "cannot tell" in found[0].text


def test_every_row_has_its_words() -> None:
    """Each of the eleven rows leads to a sentence and to an advice when it fails."""
    voice = score_voice(stamp_sample(steady(1500), steady(1)), CODECS)
    failed = [replace(row, verdict=Verdict.FAIL) for row in voice_rows(voice, GENESYS)]
    found = findings(voice, failed)
    assert len(found) == 11
    assert {finding.text for finding in found} >= {ROWS["round_trip_avg_ms"].text}
    assert all("{" not in finding.text + finding.advice and finding.text and finding.advice for finding in found)


def with_marking(tos: int, tos_up: int) -> VoiceSample:
    """Return a clean call whose packets arrive with these octets."""
    rows, _ = call_rows(steady(1500), steady(1))
    return voice_sample([(*row[:8], tos, tos_up) for row in rows], ledger(rows))


def unsteady() -> VoiceSample:
    """Return a clean call measured by a busy workstation."""
    return stamp_sample(steady(1500), steady(1), instrument=quiet_instrument(send_late_ns=column([9 * MS] * 100)))


def untaken(kind: FailureKind, method: str = "stamp", missed: int = 0) -> VoiceSample:
    """Return a call of which 500 packets were not taken, and some slots missed."""
    rows, _ = call_rows(steady(1500), steady(1))
    told = replace(ledger(rows), not_sent=500 + missed)
    taken = NotTaken(kind=kind, why="no route", packets=500)
    return voice_sample(rows, told, method=method, instrument=quiet_instrument(not_taken=(taken,)))


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (untaken(FailureKind.UNREACHABLE), [NOT_TAKEN]),
        (untaken(FailureKind.LOCAL, "quic"), [HELD_BACK]),
        (untaken(FailureKind.REFUSED, "quic"), [HUNG_UP]),
        (untaken(FailureKind.UNREACHABLE, missed=10), [NOT_TAKEN]),
        (untaken(FailureKind.UNREACHABLE, missed=100), [UNSTEADY, NOT_TAKEN]),
    ],
    ids=["link gone", "held back by QUIC", "hung up on", "few missed", "busy as well"],
)
def test_who_would_not_take_packets(sample: VoiceSample, words: list[Words]) -> None:
    """A workstation is busy where it missed its slots, not where its link was gone or QUIC's connection would not take a packet."""
    assert [finding.text for finding in found_in(sample)] == [each.text for each in words]


@pytest.mark.parametrize(
    ("sample", "where", "severity", "evidence"),
    [
        (with_marking(46 << 2, 0), "up", "info", "sent with DSCP 46, arrived with DSCP 0"),
        (with_marking(18 << 2, 46 << 2), "down", "info", "sent with DSCP 46, arrived with DSCP 18"),
        (unsteady(), "workstation", "warn", "100 of 100 packets were sent more than 5 ms late"),
        (stamp_sample(steady(1500), steady(1), silent_since_s=12.0), "reflector", "warn", "no answer from 12.0 s on"),
        (stamp_sample(losing(1500, [700, 701, 702]), steady(1)), "up", "warn", "longest run 3 packets (60 ms), burst ratio 2.99"),
        (stamp_sample(steady(1500), steady(1), remarks=("the reflector dropped 5 packets",)), "measurement", "info", ""),
    ],
    ids=["bleached up", "bleached down", "unsteady", "silent", "burst", "remark"],
)
def test_standouts(sample: VoiceSample, where: str, severity: str, evidence: str) -> None:
    """What no row shows is told: changed marking, a busy workstation, a peer gone silent, a burst, the probe's own remarks."""
    (finding,) = found_in(sample, remarks=sample.remarks)
    assert (finding.where, finding.severity, finding.evidence) == (where, severity, evidence)
    if sample.remarks:
        assert finding.text == "The reflector dropped 5 packets."


def test_a_reply_without_marking_proves_nothing_about_the_way_down() -> None:
    """A peer that does not report the marking it saw does not reflect it either."""
    rows, _ = call_rows(steady(1500), steady(1))
    unreported = [(*row[:8], 0, -(2**63)) for row in rows]
    assert found_in(voice_sample(unreported, ledger(rows))) == ()


def test_two_lost_packets_are_no_burst() -> None:
    """40 ms of loss are concealed."""
    assert found_in(stamp_sample(losing(1500, [700, 701]), steady(1))) == ()


def test_a_bad_moment_is_told_beside_the_average() -> None:
    """A worst 15 s at least 0.2 MOS below the whole is told with its time."""
    found = found_in(stamp_sample(losing(3000, range(2250, 3000, 20)), steady(1)))
    (moment,) = [finding for finding in found if "stretch" in finding.text]
    assert (moment.where, moment.severity) == ("up", "info")
    assert re.fullmatch(r"MOS \d\.\d\d from 45 s on for 15 s, \d\.\d\d over all", moment.evidence)


def test_a_direction_clearly_worse_is_named() -> None:
    """0.2 MOS between the directions is worth a look at what carries one of them only."""
    found = found_in(stamp_sample(steady(1500), losing(1500, range(0, 1500, 15))))
    assert [finding.evidence[:12] for finding in found if "clearly worse: " in finding.text] == ["Upstream MOS"]
    assert {finding.where for finding in found} == {"down"}


def port_check(state: PortState, verdict: Verdict, *, required: bool = True, **changes: Any) -> FirewallCheck:
    """Return a row of the Firewall column."""
    values: dict[str, Any] = {
        "port": "3478", "protocol": "UDP", "service": "STUN", "purpose": "media relay", "destination": "turn.example", "address": None,
        "required": required, "state": state, "verdict": verdict, "evidence": "3 sent, no answer", "connect_ms": None,
        "allow_to": "192.0.2.0/24",
    }  # fmt: skip
    return FirewallCheck(**(values | changes))


@pytest.mark.parametrize("state", [PortState.REFUSED, PortState.NO_ANSWER, PortState.TLS_INTERCEPTED])
@pytest.mark.parametrize("required", [True, False])
def test_a_failed_port_is_a_request_to_the_firewall_team(state: PortState, required: bool) -> None:
    """Protocol, port, what a rule must let through and purpose stand in the advice; optional ports are never a finding."""
    found = findings(None, (), [port_check(state, Verdict.FAIL if required else Verdict.INFO, required=required)])
    assert bool(found) is required
    for finding in found:
        assert (finding.where, finding.severity, finding.evidence) == ("firewall", "fail", "3 sent, no answer")
        assert "UDP 3478 to turn.example" in finding.text
        assert finding.advice.startswith("Firewall team: ")
        assert "UDP 3478 to 192.0.2.0/24" in finding.advice
        assert "media relay" in finding.advice


@pytest.mark.parametrize(
    ("by", "who"),
    [
        ("workstation", "At this workstation"),
        ("host", "Whoever runs the far end"),
        ("way", "Firewall team"),
        (None, "Firewall team"),
    ],
)
def test_a_refusal_goes_to_whoever_refused(by: Literal["workstation", "host", "way"] | None, who: str) -> None:
    """A host that was reached and refuses is no firewall team's job, and neither is what never left the workstation."""
    (finding,) = findings(None, (), [port_check(PortState.REFUSED, Verdict.FAIL, refused_by=by)])
    assert finding.advice.startswith(f"{who}: ")


@pytest.mark.parametrize("state", [PortState.NO_RESPONDER, PortState.DNS_FAILED, PortState.UNREACHABLE])
def test_required_ports_that_could_not_be_proven_are_told_once_together(state: PortState) -> None:
    """One reason, one finding, every port in it with what a rule must let through; not measured is a warning, not a failure."""
    those = [port_check(state, Verdict.NOT_MEASURED, port=port) for port in ("3478", "16384-65535")]
    optional = port_check(state, Verdict.INFO, required=False, port="19302")
    (finding,) = findings(None, (), [*those, optional])
    assert (finding.where, finding.severity) == ("firewall", "warn")
    assert all(f"UDP {port} to turn.example" in finding.evidence for port in ("3478", "16384-65535"))
    assert "19302" not in finding.evidence + finding.advice
    if state is PortState.NO_RESPONDER:
        assert "UDP 3478, UDP 16384-65535" in finding.advice


def test_braces_in_what_others_said_are_only_text() -> None:
    """A remark or a host name is never taken for a template."""
    (finding,) = findings(None, (), remarks=["the peer said {way} {0}"])
    assert finding.text == "The peer said {way} {0}."


def test_a_warning_says_that_the_limit_was_met() -> None:
    """A row inside its limit but close to it is not told in the words of a failure."""
    close = [found for found in found_in(stamp_sample(steady(1200, 60.0), steady(1, 60.0))) if found.severity == "warn"]
    assert [found.text for found in close] == ["Still inside the limit, but close to it: the way to the region and back takes long."]


def test_losses_at_random_are_no_bursts() -> None:
    """Three in a row among many single losses happen at random: nobody is sent to hunt for their cause."""
    lost = [*range(0, 1200, 20), 401, 402]
    assert not [found for found in found_in(stamp_sample(losing(1200, lost), steady(1))) if "bursts" in found.text]
