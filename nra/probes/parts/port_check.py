"""What all checks of a port share: the name resolved, IPv4 and IPv6 asked, the outcome told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from nra.model.failure import Failure
from nra.model.observation import Answer, Elsewhere
from nra.model.plan import CheckParameters, Task
from nra.net.ports import Network
from nra.probes.parts.addresses import ask_in_turn, names_until_ns
from nra.probes.parts.inquiry import Question, inquire
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One question to one address of a host, to be answered until `until_ns`."""

    net: Network
    watch: Watch
    host: str
    address: str
    port: int
    parameters: CheckParameters
    until_ns: int

    @property
    def server_name(self) -> str:
        """The name that a certificate must be for."""
        return self.parameters.server_name or self.host


Ask = Callable[[Asking], Awaitable[Answer]]
"""One question to one address; raises NetworkError."""


def port_check(name: str, ask: Ask) -> Probe:
    """Return the probe that asks a host: one address of each family that it has, others where these do not answer."""

    async def work(task: Task, net: Network, watch: Watch) -> Answer:
        parameters = check_parameters(task)
        now_ns = net.clock.now_ns()
        deadline_ns = now_ns + round(parameters.deadline_s * 1e9)
        addresses = await net.resolve(task.target.host, names_until_ns(now_ns, deadline_ns))

        async def ask_one(address: str, until_ns: int) -> Answer:
            port = task.target.port
            return await ask(
                Asking(net=net, watch=watch, host=task.target.host, address=address, port=port, parameters=parameters, until_ns=until_ns)
            )

        found = await ask_in_turn(net, addresses, deadline_ns, ask_one, each_family=True)
        return replace(found.value, elsewhere=tuple(_elsewhere(*other) for other in found.others))

    return observing(name, work)


async def asked_over_udp(asking: Asking, question: Question[T], told: Callable[[T], str]) -> Answer:
    """Ask one question over UDP and return the answer in the words of `told`; raises NetworkError."""
    answer, inquiry = await inquire(asking.net, asking.watch, asking.address, asking.port, question)
    return Answer(address=asking.address, elapsed_ms=inquiry.elapsed_ms, said=told(answer), tries=inquiry.tries)


def _elsewhere(address: str, outcome: Answer | Failure) -> Elsewhere:
    if isinstance(outcome, Failure):
        return Elsewhere(address=address, failure=outcome)
    return Elsewhere(address=address, said=outcome.said, elapsed_ms=outcome.elapsed_ms, trust=outcome.trust)
