"""From the plan to observations: every question side by side first, then voice by the best way that somebody answered on."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Observation
from nra.model.plan import FarEnd, Plan, PortQuestion, Rung, Task, VoiceParameters
from nra.model.pulse import Pulse
from nra.model.region import ProxySetting
from nra.model.responder import Announcement
from nra.net.ports import Network
from nra.probes import BUILTIN
from nra.probes.parts.probe import Watch
from nra.run.control import Climbed, control_task, observed, witness_task
from nra.run.far_end import Asked, rows_there, together
from nra.run.reporter import Reporter

T = TypeVar("T")

PROBES: Final = {probe.name: probe for probe in BUILTIN}
MOST_AT_ONCE: Final = 64  # questions under way: each has a socket, and a small router's table of connections is small
SPACING_NS: Final = 10_000_000  # between the starts of two questions: together they begin no faster than two calls' packets
HEAD_START_S: Final = 1.0  # what has not answered by then is waiting, not working: it no longer disturbs the stream
BEAT_S: Final = 0.1  # how long at most until a request to stop is noticed
ENOUGH_S: Final = 8.0  # from the first question on: whatever begins late has what is left of it, so that a dead network costs no more
LEAST_S: Final = 1.5  # of the latest: three tries and their answers
OVERTIME_S: Final = 1.0  # a check ends by its own deadline; one that does not is left behind this much later
MOST_PULSES: Final = 16  # that wait to be shown; they come four times a second and are fetched ten times
CLOSING_S: Final = 3.0  # after a request to stop: the closing exchange, or the handshake that is under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """All that happened: every rung as far as the ladder was climbed, every port, the control if one was needed.

    `surroundings` are the plan's, and what was asked of the reflector beforehand, or afterwards because it was silent.
    """

    voice: tuple[Climbed, ...]
    ports: tuple[Asked, ...]
    surroundings: tuple[Observation, ...] = ()
    proxies: tuple[ProxySetting, ...] = ()
    control: Observation | None = None


class Questions:
    """Asks many questions side by side: not too many at once, and not all in the same moment."""

    def __init__(self, net: Network, watch: Watch) -> None:
        """Nothing asked yet."""
        self._net, self._watch = net, watch
        self._end_ns = net.clock.now_ns() + round(ENOUGH_S * 1e9)
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._starts = asyncio.Lock()

    async def ask(self, task: Task) -> Observation:
        """Return what came of one question."""
        async with self._room:
            async with self._starts:
                await self._net.sleep_until(self._net.clock.now_ns() + SPACING_NS)
            return await observe(self._in_time(task), self._net, self._watch)

    def _in_time(self, task: Task) -> Task:
        """Return the task with no more time than is left for all."""
        if isinstance(task.parameters, VoiceParameters):
            return task
        left_s = max(LEAST_S, (self._end_ns - self._net.clock.now_ns()) / 1e9)
        if task.parameters.deadline_s <= left_s:
            return task
        return replace(task, parameters=replace(task.parameters, deadline_s=left_s))

    async def ask_port(self, question: PortQuestion) -> Asked:
        """Return what came of one row's questions."""
        return question, tuple(await asyncio.gather(*map(self.ask, question.tasks)))

    async def ask_far_end(self, far: FarEnd | None) -> tuple[tuple[Asked, ...], tuple[Observation, ...]]:
        """Return what came of the rows that the reflector has opened, and of the questions that led to them."""
        if far is None:
            return (), ()
        own, *others = far.announcement
        seen = [await self.ask(own)]
        if seen[0].value is None:
            seen += await asyncio.gather(*map(self.ask, (*others, *far.alive)))
        announced = next((each.value for each in seen if isinstance(each.value, Announcement)), None)
        return tuple(await asyncio.gather(*map(self.ask_port, rows_there(far, announced)))), tuple(seen)


async def carry_out(plan: Plan, net: Network, watch: Watch, reporter: Reporter) -> Observations:
    """Do all that the plan says; every wait is bounded, and what was measured before an interruption is kept."""
    beyond = ", and those of the reflector" if plan.far_end is not None else ""
    reporter.phase(f"firewall: {len(plan.ports)} ports{beyond}" if plan.ports else "firewall: skipped")
    questions = Questions(net, watch)
    there = {rung: begun(questions.ask(rung.question)) for rung in plan.voice if rung.question is not None}
    ports = [begun(questions.ask_port(question)) for question in plan.ports]
    far_end = begun(questions.ask_far_end(plan.far_end))
    surroundings = [begun(questions.ask(task)) for task in plan.surroundings]
    proxies = begun(asyncio.to_thread(net.proxies if plan.surroundings else tuple))
    if plan.ports:
        await asyncio.wait([*ports, far_end, *surroundings, proxies], timeout=HEAD_START_S)
    climbed = await climb(plan.voice, there, net, watch, reporter)
    reporter.phase("collecting")
    there_rows, there_seen = await far_end
    rows = together(await asyncio.gather(*ports), there_rows)
    around = [*await asyncio.gather(*surroundings), *there_seen]
    witness = None if watch.stop() else witness_task(climbed, [*observed(rows), *around])
    if witness is not None:
        around.append(await observe(witness, net, watch))
    control = None if watch.stop() else control_task(plan, climbed, rows)
    return Observations(
        voice=climbed,
        ports=rows,
        surroundings=tuple(around),
        proxies=await proxies,
        control=None if control is None else await observe(control, net, watch),
    )


def begun(doing: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """Let something go on beside everything else."""
    return asyncio.ensure_future(doing)


async def climb(
    rungs: tuple[Rung, ...], there: Mapping[Rung, "asyncio.Task[Observation]"], net: Network, watch: Watch, reporter: Reporter
) -> tuple[Climbed, ...]:
    """Take the first rung at which somebody answered and that gives a measurement; those after it are not tried."""
    climbed: list[Climbed] = []
    found = False
    for rung in rungs:
        observation = None
        if rung.task is not None and not found and not watch.stop():
            reporter.phase(f"voice: {rung.method} to {rung.task.target.host} port {rung.task.target.port}")
            observation = await there[rung] if rung in there else None
            if observation is None or isinstance(observation.value, Answer):
                observation = await observe_stream(from_there(rung.task, observation), net, watch, reporter)
                found = observation.value is not None
        climbed.append((rung, observation))
    await ended(there.values())
    return tuple(climbed)


def from_there(task: Task, answered: Observation | None) -> Task:
    """Return the task with the address at which somebody answered."""
    address = answered.value.address if answered is not None and isinstance(answered.value, Answer) else None
    return replace(task, target=replace(task.target, address=address))


async def ended(questions: Iterable["asyncio.Task[Observation]"]) -> None:
    """Let nobody wait for answers that nobody needs."""
    for question in questions:
        question.cancel()
    await asyncio.gather(*questions, return_exceptions=True)


async def observe_stream(task: Task, net: Network, watch: Watch, reporter: Reporter) -> Observation:
    """Return what came of a voice stream; progress is shown from here, for drawing in the sending thread makes packets late."""
    progress, pulses = [(0.0, 0.0)], deque[Pulse](maxlen=MOST_PULSES)

    def note(done_s: float, total_s: float) -> None:
        progress[0] = done_s, total_s

    def beat() -> None:
        if progress[0][1]:
            reporter.progress(*progress[0])
        while pulses:
            reporter.pulse(pulses.popleft())

    return await observe(task, net, replace(watch, progress=note, pulse=pulses.append), beat)


async def observe(task: Task, net: Network, watch: Watch, beat: Callable[[], None] = lambda: None) -> Observation:
    """Return the task's observation; a failed one when it outlasts its time, or the request to stop by too much."""
    started_ns = net.clock.now_ns()
    stopped_ns: int | None = None
    doing = asyncio.ensure_future(PROBES[task.probe].run(task, net, watch))
    while not (await asyncio.wait([doing], timeout=BEAT_S))[0]:
        beat()
        now_ns = net.clock.now_ns()
        if stopped_ns is None and watch.stop():
            stopped_ns = now_ns
        failure = overdue(task, now_ns - started_ns, None if stopped_ns is None else now_ns - stopped_ns)
        if failure is not None:
            doing.cancel()
            await asyncio.wait([doing], timeout=BEAT_S)  # let it close what it opened
            return Observation(task=task, started_ns=started_ns, ended_ns=now_ns, failure=failure)
    return doing.result()


def overdue(task: Task, age_ns: int, since_stop_ns: int | None) -> Failure | None:
    """Return why a task is waited for no longer, None while it is; times are its age and how long ago the user asked to stop."""
    parameters = task.parameters
    if since_stop_ns is not None and since_stop_ns >= (CLOSING_S * 1e9 if isinstance(parameters, VoiceParameters) else 0):
        return Failure(kind=FailureKind.STOPPED, operation=task.probe, detail="interrupted")
    if not isinstance(parameters, VoiceParameters) and age_ns > (parameters.deadline_s + OVERTIME_S) * 1e9:
        return Failure(kind=FailureKind.NO_ANSWER, operation=task.probe, detail=f"no result within {age_ns / 1e9:.1f} s")
    return None
