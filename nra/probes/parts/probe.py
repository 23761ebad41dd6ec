"""What a probe is: a name and a function from a task to an observation."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Observation, Value
from nra.model.plan import CheckParameters, NatParameters, Task, VoiceParameters
from nra.model.pulse import Pulse
from nra.net.ports import Network, NetworkError


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a probe hears that it shall stop, and says how far it is (seconds done, seconds in all) and what it sees."""

    stop: Callable[[], bool] = lambda: False
    progress: Callable[[float, float], None] = lambda _done_s, _total_s: None
    pulse: Callable[[Pulse], None] = lambda _pulse: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One way to measure; `run` never raises for what the network does: a failure is an observation too."""

    name: str
    run: Callable[[Task, Network, Watch], Coroutine[Any, Any, Observation]]


Work = Callable[[Task, Network, Watch], Awaitable[Value]]


def observing(name: str, work: Work) -> Probe:
    """Return the probe that does `work` and turns its NetworkError into a failed observation, and a refusal by this machine as well."""

    async def run(task: Task, net: Network, watch: Watch) -> Observation:
        started_ns = net.clock.now_ns()
        value: Value | None = None
        failure: Failure | None = None
        try:
            value = await work(task, net, watch)
        except NetworkError as error:
            failure = error.failure
        except OSError as error:  # no file descriptor left, say: one question's loss, not the run's
            failure = Failure(kind=FailureKind.LOCAL, operation=name, detail=error.strerror or type(error).__name__)
        return Observation(task=task, started_ns=started_ns, ended_ns=net.clock.now_ns(), value=value, failure=failure)

    return Probe(name=name, run=run)


def voice_parameters(task: Task) -> VoiceParameters:
    """Return the task's parameters, which must be those of a voice stream."""
    if not isinstance(task.parameters, VoiceParameters):
        raise TypeError(f"{task.probe} takes VoiceParameters")
    return task.parameters


def check_parameters(task: Task) -> CheckParameters:
    """Return the task's parameters, which must be those of a port check."""
    if not isinstance(task.parameters, CheckParameters):
        raise TypeError(f"{task.probe} takes CheckParameters")
    return task.parameters


def nat_parameters(task: Task) -> NatParameters:
    """Return the task's parameters, which must be those of a question about NAT."""
    if not isinstance(task.parameters, NatParameters):
        raise TypeError(f"{task.probe} takes NatParameters")
    return task.parameters


def stopped(operation: str) -> NetworkError:
    """Return the exception for a task that the user interrupted before anything was measured."""
    return NetworkError(Failure(kind=FailureKind.STOPPED, operation=operation, detail="interrupted"))
