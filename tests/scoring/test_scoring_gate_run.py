"""One run held against a policy."""

import math
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.catalogue import thresholds
from nra.model.document import FirewallCheck, RunDocument
from nra.model.judgement import Case, JudgedRun
from nra.model.observation import PortState
from nra.model.policy import Policy, SiteLimits, Waiver
from nra.model.verdict import Overall, Verdict
from nra.model.voice import Voice
from nra.scoring.gate_run import judge_run, thresholds_at
from nra.testing.canned import KINDS, canned_run

TODAY: Final = date(2026, 11, 25)
PLAIN: Final = Policy(name="plain", thresholds=thresholds())
GOOD: Final = canned_run("good")

# contract 2, to the letter: what passes
HOLDS: Final = {
    "jitter_ms": lambda value: value < 30,
    "loss_percent": lambda value: value < 1,
    "discard_percent": lambda value: value < 5,
    "order_percent": lambda value: value >= 98,
    "avg_ms": lambda value: value < 150,
    "mos": lambda value: value >= 3.6,
}
LIMITS: Final = {"jitter_ms": 30.0, "loss_percent": 1.0, "discard_percent": 5.0, "order_percent": 98.0, "avg_ms": 150.0, "mos": 3.6}


def judged(document: RunDocument, policy: Policy = PLAIN) -> JudgedRun:
    """Return the run, judged today."""
    return judge_run(document, "run.json", policy, TODAY)


def case_of(run: JudgedRun, key: str) -> Case:
    """Return the first case with that key."""
    return next(case for case in run.cases if case.key == key)


def voice_of(document: RunDocument) -> Voice:
    """Return the voice half, which is there."""
    assert document.voice is not None
    return document.voice


def with_value(key: str, value: float) -> RunDocument:
    """Return a good run with one number changed, and every verdict that stands in it left at PASS."""
    voice = voice_of(GOOD)
    part, _, name = key.rpartition("_") if key.endswith("mos") else key.partition("_")
    if key == "round_trip_avg_ms":
        return replace(GOOD, voice=replace(voice, round_trip=replace(voice.round_trip, avg_ms=value)))
    changed: dict[str, Any] = {name: value}
    direction = replace(voice.up if part == "up" else voice.down, **changed)
    return replace(GOOD, voice=replace(voice, up=direction) if part == "up" else replace(voice, down=direction))


def with_ports(document: RunDocument, state: PortState, *, port: str = "443", **changes: object) -> RunDocument:
    """Return the run with one port's rows in that state; the verdict that stands there is left as it was."""
    rows: tuple[FirewallCheck, ...] = document.firewall or ()
    return replace(document, firewall=tuple(replace(row, state=state, **changes) if row.port == port else row for row in rows))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_policy_the_gate_agrees_with_the_run(kind: str) -> None:
    """Judged again by the same limits, every kind of run comes to what it came to."""
    document = canned_run(kind)
    assert judged(document).verdict == (document.verdict if not document.run.used.interrupted else Overall.INCONCLUSIVE)


@given(
    key=st.sampled_from([each.key for each in thresholds().limits]),
    steps=st.integers(-3, 3),
    far=st.one_of(st.none(), st.floats(-50, 50, allow_nan=False)),
)
def test_the_limits_of_the_contract_decide_and_nothing_else(key: str, steps: int, far: float | None) -> None:
    """At the limit, next to it and far from it: FAIL exactly where the contract says so, whatever verdict stands in the document."""
    name = key.partition("_")[2] if key != "round_trip_avg_ms" else "avg_ms"
    value = LIMITS[name]
    if far is None:
        for _ in range(abs(steps)):
            value = math.nextafter(value, math.inf if steps > 0 else -math.inf)
    else:
        value = min(max(value + far, 1.0 if name == "mos" else 0.0), 100.0 if name.endswith("percent") else 1e6)
    run = judged(with_value(key, value))
    assert (case_of(run, key).verdict is Verdict.FAIL) is not HOLDS[name](value)
    assert (run.verdict is Overall.FAIL) is not HOLDS[name](value)


def test_the_verdicts_that_stand_in_the_document_are_never_asked() -> None:
    """Whoever edits verdicts in a document changes nothing, to either side."""
    bad = canned_run("bad")
    painted = replace(
        bad,
        verdict=Overall.PASS,
        metrics=tuple(replace(each, verdict=Verdict.PASS) for each in bad.metrics),
        firewall=tuple(replace(each, verdict=Verdict.PASS) for each in bad.firewall or ()),
    )
    assert judged(painted) == judged(bad)
    assert judged(painted).verdict is Overall.FAIL
    good = replace(GOOD, verdict=Overall.FAIL, metrics=tuple(replace(each, verdict=Verdict.FAIL) for each in GOOD.metrics))
    assert judged(good).verdict is Overall.PASS


def test_a_failure_says_what_to_do() -> None:
    """Row and port carry the advice that a report would give."""
    run = judged(canned_run("bad"))
    assert case_of(run, "down_loss_percent").advice.startswith("Network team: ")
    assert case_of(run, "3478/UDP").advice.startswith("Firewall team: Allow UDP 3478")


def test_limits_of_a_site_hold_there_alone() -> None:
    """The site's name is taken as people type it."""
    strict = replace(
        thresholds(), limits=tuple(replace(each, limit=1.0, warn=None) if each.unit == "ms" else each for each in thresholds().limits)
    )
    policy = replace(PLAIN, sites=(SiteLimits(site=" munich ", thresholds=strict),))
    assert judged(GOOD, policy).verdict is Overall.FAIL
    assert judged(canned_run("good", site="Hamburg"), policy).verdict is Overall.PASS
    assert thresholds_at(policy, None) == PLAIN.thresholds


def test_an_optional_port_never_fails_unless_the_policy_requires_it() -> None:
    """The policy adds to what the run requires."""
    blocked = with_ports(GOOD, PortState.NO_ANSWER, port="19302")
    assert judged(blocked).verdict is Overall.PASS
    run = judged(blocked, replace(PLAIN, ports=("19302/udp",)))
    assert run.verdict is Overall.FAIL
    assert case_of(run, "19302/UDP").required


def test_a_port_that_was_not_asked_is_not_measured() -> None:
    """Silence of the document is no proof."""
    run = judged(GOOD, replace(PLAIN, ports=("5061/TCP",)))
    assert run.verdict is Overall.INCONCLUSIVE
    assert case_of(run, "5061/TCP").verdict is Verdict.NOT_MEASURED


def test_where_nobody_answers_another_place_of_the_same_port_decides() -> None:
    """A required port that is open at the reflector is proven, although nobody is known at the service who would answer."""
    first = next(row for row in GOOD.firewall or () if not row.required)
    rows = (replace(first, state=PortState.NO_RESPONDER), replace(first, state=PortState.OPEN, destination="reflector.example.net"))
    run = judged(replace(GOOD, firewall=rows), replace(PLAIN, ports=(f"{first.port}/{first.protocol}",)))
    assert [case.required for case in run.cases if case.half == "firewall"] == [False, True]
    assert run.verdict is Overall.PASS


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (PortState.OPEN, Overall.PASS),
        (PortState.REFUSED, Overall.FAIL),
        (PortState.NO_ANSWER, Overall.FAIL),
        (PortState.TLS_INTERCEPTED, Overall.FAIL),
        (PortState.NO_RESPONDER, Overall.INCONCLUSIVE),
        (PortState.DNS_FAILED, Overall.INCONCLUSIVE),
        (PortState.UNREACHABLE, Overall.INCONCLUSIVE),
    ],
)
def test_a_required_port_is_judged_by_its_state(state: PortState, verdict: Overall) -> None:
    """Contract 4.4."""
    assert judged(with_ports(GOOD, state, required=True)).verdict is verdict


def test_skipped_is_not_required_unless_the_policy_says_so() -> None:
    """A run of one half passes; a policy may insist on both."""
    half = canned_run("firewall-only")
    assert judged(half).verdict is Overall.PASS
    assert judged(half, replace(PLAIN, measured=("voice",))).verdict is Overall.INCONCLUSIVE
    voice_only = replace(GOOD, firewall=None, run=replace(GOOD.run, asked=replace(GOOD.run.asked, only="voice")))
    assert judged(voice_only).verdict is Overall.PASS
    assert judged(voice_only, replace(PLAIN, measured=("firewall",))).verdict is Overall.INCONCLUSIVE


@pytest.mark.parametrize("rows", [None, ()])
def test_a_firewall_half_that_is_missing_is_not_measured(rows: tuple[FirewallCheck, ...] | None) -> None:
    """Nobody asked to skip it."""
    assert judged(replace(GOOD, firewall=rows)).verdict is Overall.INCONCLUSIVE


def test_an_unsteady_instrument_proves_nothing_of_voice() -> None:
    """Neither good nor bad numbers count; a blocked port is blocked all the same."""
    voice = voice_of(canned_run("bad"))
    unsteady = replace(voice, instrument=replace(voice.instrument, steady=False))
    assert judged(replace(GOOD, voice=unsteady)).verdict is Overall.INCONCLUSIVE
    assert judged(replace(canned_run("bad"), voice=unsteady)).verdict is Overall.FAIL


def test_strict_counts_what_came_close() -> None:
    """A WARN becomes a FAIL that says why."""
    run = judged(canned_run("close"), replace(PLAIN, strict=True))
    assert run.verdict is Overall.FAIL
    assert case_of(run, "down_jitter_ms").note.endswith("which the policy counts as failure")


def waiver(what: str, **changes: object) -> Waiver:
    """Return a waiver in force."""
    given = {"owner": "net team", "reason": "line ordered", "expires": date(2026, 12, 31)} | changes
    return Waiver(what=what, **given)  # type: ignore[arg-type]


def test_waived_rows_and_ports_do_not_count() -> None:
    """All three that fail are waived: what is left comes close."""
    waivers = (waiver("down_jitter_ms"), waiver("DOWN_LOSS_PERCENT", site="munich"), waiver("3478/udp", workstation="pc-0417"))
    run = judged(canned_run("bad"), replace(PLAIN, waivers=waivers))
    assert run.verdict is Overall.WARN
    assert [case.waiver for case in run.cases if case.waiver] == list(waivers)


@pytest.mark.parametrize(
    "changes", [{"site": "Hamburg"}, {"workstation": "PC-1"}, {"expires": date(2026, 11, 24)}, {"what": "up_jitter_ms"}]
)
def test_a_waiver_covers_what_it_names_and_only_as_long(changes: dict[str, object]) -> None:
    """Another site, another workstation, another row, or a day too late."""
    others = (waiver("down_loss_percent"), waiver("3478/UDP"))
    given = {"what": "down_jitter_ms"} | changes
    policy = replace(PLAIN, waivers=(*others, waiver(**given)))  # type: ignore[arg-type]
    assert judged(canned_run("bad"), policy).verdict is Overall.FAIL


def test_the_last_day_of_a_waiver_is_a_day_of_it() -> None:
    """It holds until the end of the day that it names."""
    policy = replace(PLAIN, waivers=tuple(waiver(what, expires=TODAY) for what in ("down_jitter_ms", "down_loss_percent", "3478/UDP")))
    assert judged(canned_run("bad"), policy).verdict is Overall.WARN
