"""The main job: measure this workstation and return the run document; the caller writes the files."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from nra.model.document import RunDocument
from nra.model.sample import StreamSample
from nra.net.ports import Network
from nra.net.system import SystemNetwork
from nra.probes.parts.probe import Watch
from nra.run.assessment import Span, assess
from nra.run.carry_out import carry_out
from nra.run.control import measured_sample
from nra.run.plan import make_plan
from nra.run.reporter import Reporter
from nra.run.settings import Settings
from nra.run.under_load import under_load
from nra.run.until_breach import until_breach


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Measured:
    """What a run gives: the document, and the packets behind it (None when no voice was measured)."""

    document: RunDocument
    stream: StreamSample | None


async def measure(settings: Settings, net: Network, reporter: Reporter, stop: Callable[[], bool]) -> Measured:
    """Plan, carry out, search for a breach, load, assess; a bad network is a result, and an interruption ends in a report too."""
    started_ns = net.clock.now_ns()
    watch = Watch(stop=stop, progress=reporter.progress, pulse=reporter.pulse)
    seen = await carry_out(make_plan(settings), net, watch, reporter)
    capacity = await until_breach(settings, seen.voice, net, watch, reporter)
    load = await under_load(settings, seen.voice, net, watch, reporter)
    span = Span(started_ns=started_ns, ended_ns=net.clock.now_ns(), interrupted=stop())
    sample = measured_sample(seen.voice)
    return Measured(document=assess(settings, seen, span, capacity, load), stream=None if sample is None else sample.stream)


def measure_here(settings: Settings, reporter: Reporter, stop: Callable[[], bool]) -> Measured:
    """Measure from this workstation."""
    # The selector loop everywhere: Windows' default one loses its UDP reader to an ICMP error (cpython gh-127057)
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        try:
            return runner.run(measure(settings, SystemNetwork(), reporter, stop))
        except KeyboardInterrupt:
            runner.get_loop().set_exception_handler(lambda _loop, _context: None)  # what is cut off now has nothing to say
            raise
