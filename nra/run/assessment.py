"""From observations to the run document: scoring does the judging, this puts the pieces together."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nra.model.document import SCHEMA, Capacity, Finding, LadderStep, Run, RunDocument, Used
from nra.model.failure import FailureKind
from nra.model.observation import Answer, Mappings, Observation
from nra.model.plan import Rung
from nra.model.sample import VoiceSample
from nra.model.under_load import Load
from nra.run.carry_out import Observations
from nra.run.control import Climbed, Explanation, explained, measured_sample, network_was_gone, observed, until_silence
from nra.run.questions import host_port
from nra.run.settings import Settings
from nra.run.workstation import describe, packages
from nra.scoring.assess import overall, voice_rows
from nra.scoring.evidence import words
from nra.scoring.findings import findings, of_unlike_pin
from nra.scoring.firewall import check_port
from nra.scoring.load_findings import load_findings
from nra.scoring.surroundings import surroundings
from nra.scoring.voice import score_voice
from nra.scoring.wall_clock import wall_clock

NOT_TRIED: Final = "not tried: a better way worked"
INTERRUPTED: Final = "interrupted"
SEVERITIES: Final = ("fail", "warn", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When the run started and ended by the wall clock (Unix nanoseconds), and how long it took by the other one."""

    started_ns: int
    ended_ns: int
    interrupted: bool


def assess(settings: Settings, seen: Observations, span: Span, capacity: Capacity | None = None, load: Load | None = None) -> RunDocument:
    """Return the run document: every number, row, finding and the verdict, which neither the search for a breach nor a load changes."""
    sample = judged_sample(seen)
    voice = score_voice(sample, settings.codecs) if sample is not None else None
    explanation = None if span.interrupted else explained(seen.voice, seen.ports, seen.control, [*observed(seen.ports), *seen.surroundings])
    why = "" if sample is not None else INTERRUPTED if span.interrupted else why_not_measured(seen.voice)
    skipped = settings.asked.only == "firewall"
    metrics = voice_rows(voice, settings.thresholds, skipped=skipped, why_absent="not asked for" if skipped else why)
    controls = everything(seen)
    checks = tuple(check_port(question, observations, controls) for question, observations in seen.ports)
    unsteady = voice is not None and not voice.instrument.steady
    return RunDocument(
        schema=SCHEMA,
        verdict=overall(metrics, checks, unsteady=unsteady, interrupted=span.interrupted),
        run=describe_run(settings, seen, span, explanation.text if explanation and voice is None else None),
        voice=voice,
        firewall=None if settings.asked.only == "voice" else checks,
        metrics=metrics,
        findings=gravest_first(
            *told(explanation),
            *of_unlike_pin(unlike_pin(seen)),
            *wall_clock(iso(span.started_ns)),
            *surroundings(settings.portal, seen.surroundings, seen.proxies, checks),
            *findings(voice, metrics, checks, remarks=sample.remarks if sample is not None else ()),
            *load_findings(load, metrics, settings.thresholds),
        ),
        thresholds=settings.thresholds,
        capacity=capacity,
        load=load,
    )


def everything(seen: Observations) -> list[Observation]:
    """Return all observations of the run: each of them can show that the network was there while another met silence."""
    asked = [*(each for _, each in seen.voice), *observed(seen.ports), *seen.surroundings, seen.control]
    return [each for each in asked if each is not None]


def judged_sample(seen: Observations) -> VoiceSample | None:
    """Return what is to be judged: where only the round trip is known, a far end that died is not counted as loss."""
    sample = measured_sample(seen.voice)
    if sample is None or sample.silent_since_s is None or any(ledger.stateful for ledger in sample.ledgers):
        return sample
    return sample if network_was_gone(seen.control, seen.ports) else until_silence(sample)


def unlike_pin(seen: Observations) -> str | None:
    """Return who answered in the pinned reflector's place on its control channel: beside a stream of STAMP, or asked for one in QUIC."""
    sample = measured_sample(seen.voice)
    if sample is not None and sample.unlike_pin is not None:
        return sample.unlike_pin
    for rung, each in seen.voice:
        failure = each.failure if each is not None and rung.method == "quic" else None
        if each is not None and failure is not None and failure.kind is FailureKind.TLS_UNTRUSTED:
            return f"UDP {each.task.target.port} of {each.task.target.host}: {failure.detail}"
    return None


def gravest_first(*found: Finding) -> tuple[Finding, ...]:
    """Return the findings in the order in which they should be read."""
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def told(explanation: Explanation | None) -> tuple[Finding, ...]:
    """Return the explanation of a silence as a finding."""
    if explanation is None:
        return ()
    text = f"{explanation.text[:1].upper()}{explanation.text[1:]}."
    return (Finding(where="measurement", severity="warn", text=text, evidence="", advice=explanation.advice),)


def why_not_measured(climbed: tuple[Climbed, ...]) -> str:
    """Return why a row has no number, short enough to stand in eleven of them: the whole story is told once, in `used.why`."""
    if len(climbed) == 1:
        return outcome(*climbed[0])
    tried = dict.fromkeys(rung.method for rung, seen in climbed if seen is not None)
    return f"no way to measure worked ({', '.join(tried)})" if tried else "no way to measure is known"


def outcome(rung: Rung, seen: Observation | None) -> str:
    """Return why a rung was not taken."""
    if rung.task is None:
        return rung.why
    if seen is None or seen.failure is None:
        return NOT_TRIED
    if seen.failure.kind is FailureKind.STOPPED:
        return INTERRUPTED
    return f"{host_port(rung.task.target)} {words(seen.failure)}"


def ladder(climbed: tuple[Climbed, ...]) -> tuple[LadderStep, ...]:
    """Return every rung with its fate, the one that was taken with the reason to take it."""
    steps = []
    found = measured_sample(climbed) is not None
    for rung, seen in climbed:
        taken = seen is not None and isinstance(seen.value, VoiceSample)
        fate = INTERRUPTED if rung.task is not None and seen is None and not found else outcome(rung, seen)
        steps.append(LadderStep(method=rung.method, taken=taken, why=rung.why if taken else fate))
    return tuple(steps)


def why_this_method(steps: tuple[LadderStep, ...]) -> tuple[str | None, str]:
    """Return the method that was taken and why, with what kept the better ones from it."""
    before: list[str] = []
    for step in steps:
        if step.taken:
            return step.method, "; ".join([step.why, *before])
        before.append(f"not {step.method}: {step.why}")
    return None, "; ".join(before) or "voice was not asked for"


def local_address(seen: Observations) -> str | None:
    """Return the address from which this workstation sent, None where nothing was connected that told which it was.

    Where UDP is blocked, what connected over TCP tells it: a firewall's team needs the source of what it shall open.
    """
    sample = measured_sample(seen.voice)
    if sample is not None and sample.local_address:
        return sample.local_address
    values = [each.value for each in everything(seen)]
    mapped = [value.local_address for value in values if isinstance(value, Mappings)]
    connected = [value.local_address for value in values if isinstance(value, Answer)]
    return next(filter(None, (*mapped, *connected)), None)


def describe_run(settings: Settings, seen: Observations, span: Span, explanation: str | None) -> Run:
    """Return who measured, when, where and how; `explanation` says why nothing answered."""
    steps = ladder(seen.voice)
    method, why = why_this_method(steps)
    return Run(
        id=uuid.uuid4().hex,
        tool_version=settings.tool_version,
        started_at=iso(span.started_ns),
        ended_at=iso(span.ended_ns),
        org=settings.org,
        site=settings.site,
        seat=settings.seat,
        case=settings.case,
        host=describe(local_address(seen)),
        region=settings.region.name,
        asked=settings.asked,
        used=Used(
            method=method,
            why="; ".join(part for part in (why, explanation) if part),
            ladder=steps,
            config=settings.config,
            elapsed_s=(span.ended_ns - span.started_ns) / 1e9,
            interrupted=span.interrupted,
        ),
        packages=packages(),
        stick=settings.stick,
    )


def iso(unix_ns: int) -> str:
    """Return the time as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(unix_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
