"""`--calls-until-breach`: one short stream after the other to the reflector, more and more calls at once, until a limit breaks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from nra.model.capacity import EndedBy, Outcome
from nra.model.document import Capacity, CapacityStep
from nra.model.plan import Task, VoiceParameters
from nra.model.pulse import Pulse
from nra.model.sample import VoiceSample
from nra.net.ports import Network
from nra.probes.parts.probe import Watch
from nra.run.carry_out import observe_stream
from nra.run.control import Climbed
from nra.run.reporter import Reporter
from nra.run.search import Search, most_streams
from nra.run.settings import Settings
from nra.scoring.assess import LEAST_PACKETS, voice_rows
from nra.scoring.capacity import breaking_row, failed_step, judged_step
from nra.scoring.voice import score_voice

METHOD: Final = "stamp"  # the public endpoints allow too few packets a second
SHARE: Final = 1 / 3  # of --duration: how long each stream takes, within these bounds
SHORTEST_S, LONGEST_S = 5.0, 10.0
ROOM: Final = 1.25  # for losses: of a single call must arrive what is enough to be judged
PAUSE_S: Final = 1.0  # before each stream: for queues to empty
BESIDE_S: Final = 4.0  # PAUSE_S, late replies are waited for, and the reflector is asked what it received; longer on slow paths only


@dataclass(frozen=True, slots=True)
class Course:
    """Shows the progress of one stream as that of the whole search, of which so much is done and so much left at most."""

    reporter: Reporter
    done_s: float
    left_s: float

    def phase(self, text: str) -> None:
        """Pass it on."""
        self.reporter.phase(text)

    def progress(self, done_s: float, total_s: float) -> None:
        """Add what was done before."""
        self.reporter.progress(self.done_s + done_s, self.done_s + self.left_s)

    def pulse(self, seen: Pulse) -> None:
        """Pass nothing on: it is of one stream of several."""


async def until_breach(settings: Settings, climbed: Iterable[Climbed], net: Network, watch: Watch, reporter: Reporter) -> Capacity | None:
    """Search against the reflector that has just given the run's own stream; None when nobody asked for it."""
    most = settings.asked.calls_until_breach
    if most is None:
        return None
    search, steps, started_ns = Search(most), list[CapacityStep](), net.clock.now_ns()
    task = reflector_task(climbed)
    while task is not None and not watch.stop() and (calls := search.next_calls()) is not None:
        course = Course(reporter, (net.clock.now_ns() - started_ns) / 1e9, search.most_left() * stream_s(settings))
        course.phase(f"until breach: {in_words(calls)}, at most {minutes(course.left_s)} left")
        await net.sleep_until(net.clock.now_ns() + round(PAUSE_S * 1e9))
        step = await one_step(task, calls, settings, net, watch, course)
        steps.append(step)
        if step.outcome is not Outcome.INTERRUPTED:
            search.took(calls, step.outcome)
    ended_by = EndedBy.METHOD if task is None and not watch.stop() else search.ended_by
    return outcome_of(search, settings, steps, ended_by)


def reflector_task(climbed: Iterable[Climbed]) -> Task | None:
    """Return the task that gave a stream against a reflector, with the address that answered; None where there was none."""
    for _, seen in climbed:
        if seen is not None and isinstance(seen.value, VoiceSample) and seen.value.method == METHOD:
            return seen.task
    return None


async def one_step(task: Task, calls: int, settings: Settings, net: Network, watch: Watch, reporter: Reporter) -> CapacityStep:
    """Send one stream of so many calls and judge it by the run's own limits."""
    if not isinstance(task.parameters, VoiceParameters):
        raise TypeError(f"{task.probe} takes VoiceParameters")
    parameters = replace(task.parameters, calls=calls, duration_s=step_s(settings))
    observation = await observe_stream(replace(task, parameters=parameters), net, watch, reporter)
    sample = observation.value
    if isinstance(sample, VoiceSample):
        voice = score_voice(sample, [settings.codec])
        refused = sum(ledger.refused for ledger in sample.ledgers)
        step = judged_step(calls, voice, voice_rows(voice, settings.thresholds), settings.thresholds, refused)
    else:
        step = failed_step(calls, observation.failure)
    return replace(step, outcome=Outcome.INTERRUPTED, note=None) if watch.stop() else step


def outcome_of(search: Search, settings: Settings, steps: Sequence[CapacityStep], ended_by: EndedBy) -> Capacity:
    """Return what the search came to: a number that nothing showed is None, and 0 only where the network would not carry one call."""
    none_carried = search.carried == 0 and ended_by is not EndedBy.LIMIT
    at_stop = [step for step in steps if step.calls == search.stopped_at and step.outcome is Outcome.BREACHED]
    return Capacity(
        most_calls=settings.asked.calls_until_breach or 0,
        carried=None if none_carried else search.carried,
        confirmed=search.confirmed or (search.carried == 0 and ended_by is EndedBy.LIMIT),
        stopped_at=search.stopped_at,
        ended_by=ended_by,
        broke=breaking_row(at_stop, settings.thresholds) if ended_by is EndedBy.LIMIT else None,
        step_s=step_s(settings),
        steps=tuple(steps),
    )


def step_s(settings: Settings) -> float:
    """Return how long each stream takes: a third of --duration, 5 to 10 s, and long enough to judge a single call."""
    asked = settings.asked
    return max(min(LONGEST_S, max(SHORTEST_S, asked.duration_s * SHARE)), ROOM * LEAST_PACKETS * asked.interval_ms / 1000)


def stream_s(settings: Settings) -> float:
    """Return how long one stream takes with all that belongs to it, at most on usual paths."""
    return step_s(settings) + BESIDE_S


def announcement(settings: Settings) -> str:
    """Return what the search will take, to be said beforehand; empty when nobody asked for it."""
    most = settings.asked.calls_until_breach
    if most is None:
        return ""
    streams = most_streams(most)
    return (
        f"until breach: up to {in_words(most)} after the run's own stream, at most {streams} streams of {step_s(settings):g} s, "
        f"{minutes(streams * stream_s(settings))}"
    )


def in_words(calls: int) -> str:
    """Return `1 call`, `2 calls`."""
    return f"{calls} call" if calls == 1 else f"{calls} calls"


def minutes(seconds: float) -> str:
    """Return a duration to the minute, rounded up, or in seconds below two of them."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{-(-seconds // 60):.0f} min"
