"""What all checks of a port share: both families asked, the outcome of each told, all of it over by the deadline."""

import asyncio
import errno
from typing import Any, Final

import pytest

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer, Elsewhere, Observation
from nra.model.plan import CheckParameters, Target, Task
from nra.probes.parts.port_check import Asking, asked_over_udp, port_check
from nra.probes.parts.probe import Watch
from nra.testing.fake_network import FakeNetwork, TcpScript, refusal
from nra.testing.impairment import Impairment, Path

NAME: Final = "server.example"
FOUR, SIX, OTHER_SIX = "192.0.2.1", "2001:db8::1", "2001:db8::2"
MS: Final = 1_000_000


class Hello:
    """Says hello and takes only an echo of it."""

    name: Final = "hello"

    def __init__(self) -> None:
        """Nothing asked."""
        self.asked_ns = 0

    def ask(self, now_ns: int) -> bytes:
        """Say hello."""
        self.asked_ns = now_ns
        return b"hello"

    def understand(self, payload: bytes) -> tuple[str, int] | None:
        """Take an echo."""
        return (payload.decode(), self.asked_ns) if payload == b"hello" else None


def echo(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Return what came."""
    return payload


async def connect(asking: Asking) -> Answer:
    """Connect; the answer names the server's name."""
    connection, elapsed_ns = await asking.net.connect(asking.address, asking.port, asking.until_ns)
    await connection.close()
    return Answer(address=asking.address, elapsed_ms=elapsed_ns / MS, said=f"accepted as {asking.server_name}")


async def greet(asking: Asking) -> Answer:
    """Greet over UDP."""
    return await asked_over_udp(asking, Hello(), lambda said: f"{said} to you")


def observed(net: FakeNetwork, ask: str = "connect", host: str = NAME, watch: Watch | None = None, **parameters: Any) -> Observation:
    """Return what comes of a check of port 443 within five seconds."""
    probe = port_check(ask, {"connect": connect, "greet": greet}[ask])
    task = Task(probe=ask, target=Target(host=host, port=443), parameters=CheckParameters(deadline_s=5.0, **parameters))
    return asyncio.run(probe.run(task, net, watch or Watch()))


def network(*addresses: str, **tcp: TcpScript) -> FakeNetwork:
    """Return a network in which the host's addresses, in order a0, a1, ..., accept as told; those not told are silent."""
    script = {(address, 443): tcp[f"a{number}"] for number, address in enumerate(addresses) if f"a{number}" in tcp}
    return FakeNetwork(names={NAME: addresses}, tcp=script)


def test_both_families_are_asked_and_told() -> None:
    """The first answer leads, the other family's stands beside it with its words and its time."""
    answer = observed(network(FOUR, SIX, a0=TcpScript(elapsed_ms=10.0), a1=TcpScript(elapsed_ms=30.0))).value
    said = f"accepted as {NAME}"
    assert answer == Answer(address=FOUR, elapsed_ms=10.0, said=said, elsewhere=(Elsewhere(address=SIX, said=said, elapsed_ms=30.0),))


def test_a_family_that_fails_stands_beside_the_answer() -> None:
    """Two silent IPv6 addresses do not close the port, but whoever reads the row learns of them."""
    answer = observed(network(SIX, FOUR, OTHER_SIX, a1=TcpScript())).value
    assert isinstance(answer, Answer)
    assert answer.address == FOUR
    assert [(other.address, other.said, other.failure is not None and other.failure.kind) for other in answer.elsewhere] == [
        (SIX, None, FailureKind.NO_ANSWER),
        (OTHER_SIX, None, FailureKind.NO_ANSWER),
    ]


def test_an_address_alone_has_no_elsewhere() -> None:
    """A numeric host has one address."""
    answer = observed(FakeNetwork(tcp={(FOUR, 443): TcpScript()}), host=FOUR).value
    assert isinstance(answer, Answer)
    assert answer.elsewhere == ()


def test_the_server_s_name_may_be_another_than_the_host_s() -> None:
    """A reflector is asked by its address and shows a certificate for a name."""
    answer = observed(FakeNetwork(tcp={(FOUR, 443): TcpScript()}), host=FOUR, server_name="other.example").value
    assert isinstance(answer, Answer)
    assert answer.said == "accepted as other.example"


def test_a_failure_of_all_is_a_failure() -> None:
    """With what became of each address."""
    failure = observed(network(FOUR, SIX, a0=TcpScript(failure=refusal(FailureKind.REFUSED, "connect", "RST")))).failure
    assert failure == Failure(
        kind=FailureKind.REFUSED, operation="connect", detail=f"IPv4 {FOUR}: RST; IPv6 {SIX}: no answer to SYN", address=FOUR
    )


@pytest.mark.parametrize("ask", ["connect", "greet"])
@pytest.mark.parametrize("addresses", [(FOUR,), (FOUR, SIX), (FOUR, SIX, OTHER_SIX, "192.0.2.2", "192.0.2.3")])
@pytest.mark.parametrize("resolver_ms", [0, 4900])
def test_all_is_over_by_the_deadline(ask: str, addresses: tuple[str, ...], resolver_ms: int) -> None:
    """Trap 8: however many addresses are silent, and however slowly their name resolves."""

    class Slow(FakeNetwork):
        """A network with a slow resolver."""

        async def resolve(self, host: str, deadline_ns: int) -> tuple[str, ...]:
            """Take its time, but no more than it is given."""
            self.clock.advance_to(min(deadline_ns, self.clock.now_ns() + resolver_ms * MS))
            return await super().resolve(host, deadline_ns)

    seen = observed(Slow(names={NAME: addresses}), ask)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.NO_ANSWER
    assert seen.ended_ns - seen.started_ns <= 5_000 * MS


def test_a_question_over_udp_in_its_own_words() -> None:
    """The time is that of the try that was answered."""
    net = FakeNetwork(names={NAME: (FOUR,)}, udp={(FOUR, 443): echo}, up=Path(Impairment(delay_ms=8, loss_runs=(range(1),))))
    assert observed(net, "greet").value == Answer(address=FOUR, elapsed_ms=8.0, said="hello to you", tries=2)


def test_a_stop_is_a_stopped_check() -> None:
    """What the other family would have said is not waited for."""
    net = FakeNetwork(names={NAME: (FOUR, SIX)}, udp={(SIX, 443): echo})
    seen = observed(net, "greet", watch=Watch(stop=lambda: bool(net.ports)))
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.STOPPED
    assert len(net.ports) == 1


def test_a_name_that_does_not_resolve() -> None:
    """The resolver's failure is the observation, and nothing is asked."""
    failure = observed(FakeNetwork()).failure
    assert failure is not None
    assert failure.kind is FailureKind.NAME_NOT_FOUND


def test_what_is_wrong_in_us_is_not_the_network_s() -> None:
    """Our own mistake is no observation."""
    with pytest.raises(LookupError):
        raising(LookupError("mine"))


def test_a_machine_that_gives_no_more_loses_one_question() -> None:
    """A process without a free file descriptor, say: the failure is local, and all others go on."""
    failure = raising(OSError(errno.EMFILE, "Too many open files")).failure
    assert failure is not None
    assert (failure.kind, failure.operation, failure.detail) == (FailureKind.LOCAL, "broken", "Too many open files")


def raising(error: Exception) -> Observation:
    """Return what comes of a check whose question meets an error."""

    async def broken(asking: Asking) -> Answer:
        raise error

    task = Task(probe="broken", target=Target(host=FOUR, port=443), parameters=CheckParameters())
    return asyncio.run(port_check("broken", broken).run(task, FakeNetwork(), Watch()))
