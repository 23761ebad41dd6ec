"""From observations to the run document: scoring does the judging, this puts the pieces together."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nra.model.document import SCHEMA, LadderStep, Run, RunDocument, Used
from nra.model.failure import FailureKind
from nra.model.observation import Observation
from nra.model.plan import Rung
from nra.model.sample import VoiceSample
from nra.run.carry_out import Climbed, Observations
from nra.run.settings import Settings
from nra.run.workstation import describe
from nra.scoring.assess import overall, voice_rows
from nra.scoring.findings import findings
from nra.scoring.firewall import check_port, control_answered, words
from nra.scoring.voice import score_voice

NOT_TRIED: Final = "not tried: a better way worked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When the run started and ended by the wall clock (Unix nanoseconds), and how long it took by the other one."""

    started_ns: int
    ended_ns: int
    interrupted: bool


def assess(settings: Settings, seen: Observations, span: Span) -> RunDocument:
    """Return the run document: every number, row, finding and the verdict."""
    sample = measured_sample(seen.voice)
    voice = score_voice(sample, settings.codecs) if sample is not None else None
    why = "" if sample is not None else why_not_measured(seen.voice)
    skipped = settings.asked.only == "firewall"
    metrics = voice_rows(voice, settings.thresholds, skipped=skipped, why_absent="not asked for" if skipped else why)
    observed = [observation for _, observation in (*seen.voice, *seen.ports)]
    control = control_answered(observed)
    checks = tuple(check_port(question, observation, control=control) for question, observation in seen.ports)
    unsteady = voice is not None and not voice.instrument.steady
    return RunDocument(
        schema=SCHEMA,
        verdict=overall(metrics, checks, unsteady=unsteady),
        run=describe_run(settings, seen.voice, span, sample),
        voice=voice,
        firewall=None if settings.asked.only == "voice" else checks,
        metrics=metrics,
        findings=findings(voice, metrics, checks, remarks=sample.remarks if sample is not None else ()),
        thresholds=settings.thresholds,
    )


def measured_sample(climbed: tuple[Climbed, ...]) -> VoiceSample | None:
    """Return the sample of the rung that worked, None where none did."""
    for _, observation in climbed:
        if observation is not None and isinstance(observation.value, VoiceSample):
            return observation.value
    return None


def why_not_measured(climbed: tuple[Climbed, ...]) -> str:
    """Return why there is no voice: what became of each way."""
    if any(seen is not None and seen.failure is not None and seen.failure.kind is FailureKind.STOPPED for _, seen in climbed):
        return "interrupted"
    return "; ".join(f"{rung.method}: {outcome(rung, seen)}" for rung, seen in climbed) or "no way to measure is known"


def outcome(rung: Rung, seen: Observation | None) -> str:
    """Return why a rung was not taken."""
    if rung.task is None:
        return rung.why
    if seen is None or seen.failure is None:
        return NOT_TRIED
    return f"{rung.task.target.host}:{rung.task.target.port} {words(seen.failure)}"


def ladder(climbed: tuple[Climbed, ...]) -> tuple[LadderStep, ...]:
    """Return every rung with its fate, the one that was taken with the reason to take it."""
    steps = []
    for rung, seen in climbed:
        taken = seen is not None and isinstance(seen.value, VoiceSample)
        steps.append(LadderStep(method=rung.method, taken=taken, why=rung.why if taken else outcome(rung, seen)))
    return tuple(steps)


def why_this_method(steps: tuple[LadderStep, ...]) -> tuple[str | None, str]:
    """Return the method that was taken and why, with what kept the better ones from it."""
    before: list[str] = []
    for step in steps:
        if step.taken:
            return step.method, "; ".join([step.why, *before])
        before.append(f"not {step.method}: {step.why}")
    return None, "; ".join(before) or "voice was not asked for"


def describe_run(settings: Settings, climbed: tuple[Climbed, ...], span: Span, sample: VoiceSample | None) -> Run:
    """Return who measured, when, where and how."""
    steps = ladder(climbed)
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
        host=describe(sample.local_address or None if sample is not None else None),
        region=settings.region.name,
        asked=settings.asked,
        used=Used(
            method=method,
            why=why,
            ladder=steps,
            config=settings.config,
            elapsed_s=(span.ended_ns - span.started_ns) / 1e9,
            interrupted=span.interrupted,
        ),
    )


def iso(unix_ns: int) -> str:
    """Return the time as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(unix_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
