"""From the plan to observations: ports side by side first, then voice down the ladder until one way works."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Observation
from nra.model.plan import CheckParameters, Plan, PortQuestion, Rung, Task
from nra.net.ports import Network
from nra.probes import BUILTIN
from nra.probes.parts.probe import Watch
from nra.run.control import Asked, Climbed, control_task
from nra.run.reporter import Reporter

PROBES: Final = {probe.name: probe for probe in BUILTIN}
HEAD_START_S: Final = 1.0  # what has not answered by then is waiting, not working: it no longer disturbs the stream
BEAT_S: Final = 0.1  # how long at most until a request to stop is noticed
OVERTIME_S: Final = 1.0  # a check ends by its own deadline; one that does not is left behind this much later
CLOSING_S: Final = 3.0  # after a request to stop: the closing exchange, or the handshake that is under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """All that happened: every rung as far as the ladder was climbed, every port, and the control if one was needed."""

    voice: tuple[Climbed, ...]
    ports: tuple[Asked, ...]
    control: Observation | None = None


async def carry_out(plan: Plan, net: Network, watch: Watch, reporter: Reporter) -> Observations:
    """Do all that the plan says; every wait is bounded, and what was measured before an interruption is kept."""
    reporter.phase(f"firewall: {len(plan.ports)} ports" if plan.ports else "firewall: skipped")
    asking = [asyncio.ensure_future(ask_port(question, net, watch)) for question in plan.ports]
    if asking:
        await asyncio.wait(asking, timeout=HEAD_START_S)
    climbed = await climb(plan.voice, net, watch, reporter)
    reporter.phase("collecting")
    ports = tuple(await asyncio.gather(*asking))
    control = None if watch.stop() else control_task(plan, climbed, ports)
    return Observations(voice=climbed, ports=ports, control=None if control is None else await observe(control, net, watch))


async def ask_port(question: PortQuestion, net: Network, watch: Watch) -> Asked:
    """Return what came of one question."""
    return question, None if question.task is None else await observe(question.task, net, watch)


async def climb(rungs: tuple[Rung, ...], net: Network, watch: Watch, reporter: Reporter) -> tuple[Climbed, ...]:
    """Try the rungs in order until one gives a measurement; those after it are not tried."""
    climbed: list[Climbed] = []
    found = False
    for rung in rungs:
        observation = None
        if rung.task is not None and not found and not watch.stop():
            reporter.phase(f"voice: {rung.method} to {rung.task.target.host} port {rung.task.target.port}")
            observation = await observe_stream(rung.task, net, watch, reporter)
            found = observation.value is not None
        climbed.append((rung, observation))
    return tuple(climbed)


async def observe_stream(task: Task, net: Network, watch: Watch, reporter: Reporter) -> Observation:
    """Return what came of a voice stream; progress is shown from here, for drawing in the sending thread makes packets late."""
    progress = [(0.0, 0.0)]

    def note(done_s: float, total_s: float) -> None:
        progress[0] = done_s, total_s

    def beat() -> None:
        if progress[0][1]:
            reporter.progress(*progress[0])

    return await observe(task, net, replace(watch, progress=note), beat)


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
    is_check = isinstance(task.parameters, CheckParameters)
    if since_stop_ns is not None and since_stop_ns >= (0 if is_check else CLOSING_S * 1e9):
        return Failure(kind=FailureKind.STOPPED, operation=task.probe, detail="interrupted")
    if isinstance(task.parameters, CheckParameters) and age_ns > (task.parameters.deadline_s + OVERTIME_S) * 1e9:
        return Failure(kind=FailureKind.NO_ANSWER, operation=task.probe, detail=f"no result within {age_ns / 1e9:.1f} s")
    return None
