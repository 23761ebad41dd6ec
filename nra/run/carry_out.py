"""From the plan to observations: ports side by side first, then voice down the ladder until one way works."""

import asyncio
from dataclasses import dataclass
from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Observation
from nra.model.plan import Plan, PortQuestion, Rung, Task
from nra.net.ports import Network
from nra.probes import BUILTIN
from nra.probes.parts.probe import Watch
from nra.run.reporter import Reporter

PROBES: Final = {probe.name: probe for probe in BUILTIN}
PORT_DEADLINE_S: Final = 10.0  # for one port with all its addresses and tries; a network that drops everything takes this long
SIDE_BY_SIDE: Final = 32
HEAD_START_S: Final = 1.5  # what has not answered by then is waiting, not working: it no longer disturbs the stream

Climbed = tuple[Rung, Observation | None]  # None: not tried
Asked = tuple[PortQuestion, Observation | None]  # None: nobody there to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """All that happened: every rung as far as the ladder was climbed, every port."""

    voice: tuple[Climbed, ...]
    ports: tuple[Asked, ...]


async def carry_out(plan: Plan, net: Network, watch: Watch, reporter: Reporter) -> Observations:
    """Do all that the plan says; every wait is bounded, and what was measured before an interruption is kept."""
    reporter.phase(f"firewall: {len(plan.ports)} ports" if plan.ports else "firewall: skipped")
    limit = asyncio.Semaphore(SIDE_BY_SIDE)
    asking = [asyncio.ensure_future(ask_port(question, net, watch, limit)) for question in plan.ports]
    if asking:
        await asyncio.wait(asking, timeout=HEAD_START_S)
    climbed = await climb(plan.voice, net, watch, reporter)
    reporter.phase("collecting")
    return Observations(voice=climbed, ports=tuple(await asyncio.gather(*asking)))


async def ask_port(question: PortQuestion, net: Network, watch: Watch, limit: asyncio.Semaphore) -> Asked:
    """Return what came of one question."""
    if question.task is None:
        return question, None
    async with limit:
        return question, await within_deadline(question.task, net, watch)


async def within_deadline(task: Task, net: Network, watch: Watch) -> Observation:
    """Return the task's observation, a failed one when it does not end in time."""
    started_ns = net.clock.now_ns()
    try:
        async with asyncio.timeout(PORT_DEADLINE_S):
            return await PROBES[task.probe].run(task, net, watch)
    except TimeoutError:
        failure = Failure(kind=FailureKind.NO_ANSWER, operation=task.probe, detail=f"no result within {PORT_DEADLINE_S:g} s")
        return Observation(task=task, started_ns=started_ns, ended_ns=net.clock.now_ns(), failure=failure)


async def climb(rungs: tuple[Rung, ...], net: Network, watch: Watch, reporter: Reporter) -> tuple[Climbed, ...]:
    """Try the rungs in order until one gives a measurement; those after it are not tried."""
    climbed: list[Climbed] = []
    found = False
    for rung in rungs:
        observation = None
        if rung.task is not None and not found and not watch.stop():
            reporter.phase(f"voice: {rung.method} to {rung.task.target.host} port {rung.task.target.port}")
            observation = await PROBES[rung.task.probe].run(rung.task, net, watch)
            found = observation.value is not None
        climbed.append((rung, observation))
    return tuple(climbed)
