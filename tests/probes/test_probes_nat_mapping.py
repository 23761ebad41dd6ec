"""The NAT probe: one local port towards several STUN servers, whom it asks, in which order, and when it is content."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Final

import pytest
from test_probes_udp_echo import most_in_a_second

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Mapped, Mappings, Observation
from nra.model.plan import NatParameters, Target, Task
from nra.net.ports import DatagramPort, NetworkError
from nra.net.system import SystemNetwork
from nra.probes import nat_mapping
from nra.probes.nat_mapping import MOST_SERVERS, PROBE, Server, in_order
from nra.probes.parts.probe import Watch
from nra.reflector.background import background
from nra.reflector.core import Reflector
from nra.reflector.engine import Engine
from nra.testing.fake_network import FIRST_PORT, LOCAL_ADDRESS, FakeNetwork, FakePort, refusal
from nra.testing.impairment import Impairment, Path, Peer
from nra.wire.stun import ErrorCode, TransportAddress, decode_message, encode_binding_error, encode_binding_success

MS: Final = 1_000_000
A, B, C = "198.51.100.1", "198.51.100.2", "198.51.100.3"
SIX, OTHER_SIX = "2001:db8::1", "2001:db8::2"
PORT, OTHER_PORT = 3478, 19302
OURS: Final = (LOCAL_ADDRESS, FIRST_PORT)
SCRIPTED: Final = "as the script says"
PUBLIC: Final = "203.0.113.7"


def seeing(address: str, port: int) -> Peer:
    """Return a STUN server that sees us there, whatever we are."""

    def peer(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
        return encode_binding_success(decode_message(payload).transaction, TransportAddress(address, port))

    return peer


def honest(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """See us where we are: no NAT is between."""
    return encode_binding_success(decode_message(payload).transaction, TransportAddress(*source))


def refusing(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Answer with an error."""
    return encode_binding_error(decode_message(payload).transaction, ErrorCode(403, "Forbidden"))


def observed(net: FakeNetwork, *servers: str | tuple[str, int], deadline_s: float = 6.0, watch: Watch | None = None) -> Observation:
    """Return what comes of asking these hosts, at port 3478 unless told otherwise."""
    targets = tuple(Target(host=host, port=port) for host, port in ((each, PORT) if isinstance(each, str) else each for each in servers))
    parameters = NatParameters(servers=targets, deadline_s=deadline_s)
    task = Task(probe="nat_mapping", target=Target(host="", port=0), parameters=parameters)
    return asyncio.run(PROBE.run(task, net, watch or Watch()))


def seen_by(observation: Observation) -> list[tuple[str, int, str, int]]:
    """Return the mappings: server, its port, and where it saw us."""
    assert isinstance(observation.value, Mappings), observation.failure
    assert (observation.value.local_address, observation.value.local_port) == OURS
    return [(each.server, each.server_port, each.address, each.port) for each in observation.value.seen]


def failure_of(observation: Observation) -> Failure:
    """Return the failure."""
    assert observation.failure is not None
    return observation.failure


def asked(net: FakeNetwork) -> list[tuple[str, int]]:
    """Return where questions went, in order; every socket is closed and came from one local port."""
    assert all(port.closed for port in net.ports)
    assert {port.local_port(0) for port in net.ports} <= {FIRST_PORT}
    return [port._to for port in net.ports]


@pytest.mark.parametrize(
    ("first", "second", "mapped"),
    [
        (honest, honest, (OURS, OURS)),
        (seeing(PUBLIC, 1024), seeing(PUBLIC, 1024), ((PUBLIC, 1024), (PUBLIC, 1024))),
        (seeing(PUBLIC, 1024), seeing(PUBLIC, 1025), ((PUBLIC, 1024), (PUBLIC, 1025))),
        (seeing(PUBLIC, 1024), seeing("203.0.113.8", 1024), ((PUBLIC, 1024), ("203.0.113.8", 1024))),
    ],
    ids=["no NAT", "one mapping", "another port", "another address"],
)
def test_what_two_servers_see(first: Peer, second: Peer, mapped: tuple[tuple[str, int], ...]) -> None:
    """Each server's own word, in the order in which they were asked, from one local port (RFC 5780 4.3)."""
    net = FakeNetwork(udp={(A, PORT): first, (B, PORT): second, (C, PORT): honest})
    assert seen_by(observed(net, A, B, C)) == [(A, PORT, *mapped[0]), (B, PORT, *mapped[1])]
    assert asked(net) == [(A, PORT), (B, PORT)]


def test_only_one_socket_is_open_at_a_time() -> None:
    """The second could not be bound to the port otherwise."""

    class Careful(FakeNetwork):
        """Lets nobody open a socket while another one is."""

        def open_datagrams(self, address: str, port: int, *, channels: int = 1, dscp: int = 0, local_port: int = 0) -> DatagramPort:
            """Look first."""
            assert all(each.closed for each in self.ports)
            assert local_port == (FIRST_PORT if self.ports else 0)
            return FakeNetwork.open_datagrams(self, address, port, channels=channels, dscp=dscp, local_port=local_port)

    assert len(seen_by(observed(Careful(udp={(A, PORT): honest, (B, PORT): honest}), A, B))) == 2


def test_a_silent_server_is_passed_over() -> None:
    """Two others are enough."""
    net = FakeNetwork(udp={(B, PORT): honest, (C, PORT): honest})
    assert [server for server, *_ in seen_by(observed(net, A, B, C))] == [B, C]


def test_names_are_looked_up_side_by_side_and_one_may_fail() -> None:
    """A resolver that knows one name only does for both of that name's addresses; a silent one leaves time for two questions."""
    net = FakeNetwork(
        names={"gone.example": refusal(FailureKind.NAME_UNRESOLVED, "resolve"), "two.example": (A, B)},
        udp={(A, PORT): honest, (B, PORT): honest},
    )
    seen = observed(net, "gone.example", "two.example")
    assert [server for server, *_ in seen_by(seen)] == [A, B]
    assert seen.ended_ns - seen.started_ns < 3_200 * MS


def test_lookups_overlap() -> None:
    """Ten slow names take as long as one."""
    waiting = 0
    most = 0

    class Slow(FakeNetwork):
        """Answers when everybody has asked."""

        async def resolve(self, host: str, deadline_ns: int) -> tuple[str, ...]:
            """Let the others come first."""
            nonlocal waiting, most
            waiting += 1
            most = max(most, waiting)
            await asyncio.sleep(0)
            waiting -= 1
            return (A,)

    observed(Slow(udp={(A, PORT): honest}), *(f"{number}.example" for number in range(10)))
    assert most == 10


def servers(*addresses: str, port: int = PORT) -> list[Server]:
    """Return one host's servers."""
    return [Server(address, port) for address in addresses]


MANY: Final = servers(*(f"198.51.100.{number}" for number in range(100)))


@pytest.mark.parametrize(
    ("hosts", "order"),
    [
        ([servers(A, B), servers(C)], servers(A, C, B)),
        ([servers(SIX, A), servers(OTHER_SIX), servers(B)], servers(A, B)),
        ([servers(SIX), servers(OTHER_SIX)], servers(SIX, OTHER_SIX)),
        ([servers(A), servers(A, port=OTHER_PORT), servers(B)], [*servers(A, B), *servers(A, port=OTHER_PORT)]),
        ([servers(A), servers(A)], servers(A)),
        ([MANY], MANY[:MOST_SERVERS]),
        ([], []),
    ],
    ids=["hosts take turns", "IPv4 before IPv6", "IPv6 alone", "a second port last", "each once", "not too many", "none"],
)
def test_whom_to_ask_first(hosts: Sequence[Sequence[Server]], order: list[Server]) -> None:
    """NATs are IPv4's and one socket has one family; different addresses can show more than different ports."""
    assert in_order(hosts) == order


def test_a_second_port_of_one_address_is_the_last_resort() -> None:
    """With nobody else to ask it shows a symmetric NAT at least; with two addresses it is not asked."""
    net = FakeNetwork(udp={(A, PORT): seeing(PUBLIC, 1024), (A, OTHER_PORT): seeing(PUBLIC, 1025), (B, PORT): seeing(PUBLIC, 1026)})
    assert seen_by(observed(net, A, (A, OTHER_PORT), (A, 9))) == [(A, PORT, PUBLIC, 1024), (A, OTHER_PORT, PUBLIC, 1025)]
    assert asked(net) == [(A, PORT), (A, OTHER_PORT)]
    assert [server for server, *_ in seen_by(observed(net, A, (A, OTHER_PORT), B))] == [A, B]


def test_a_second_port_is_asked_where_the_other_address_is_silent() -> None:
    """It is better than one answer."""
    net = FakeNetwork(udp={(A, PORT): honest, (A, OTHER_PORT): honest})
    assert [port for _, port, *_ in seen_by(observed(net, A, B, (A, OTHER_PORT)))] == [PORT, OTHER_PORT]
    assert asked(net) == [(A, PORT), (B, PORT), (A, OTHER_PORT)]


def test_one_answer_is_a_value_too() -> None:
    """It can show that there is no NAT; what it cannot show is for others to say."""
    assert len(seen_by(observed(FakeNetwork(udp={(A, PORT): honest}), A, B))) == 1


def test_an_error_is_no_mapping() -> None:
    """A server that refuses is passed over, and told where nobody else answers."""
    net = FakeNetwork(udp={(A, PORT): refusing, (B, PORT): honest})
    assert [server for server, *_ in seen_by(observed(net, A, B))] == [B]
    failure = failure_of(observed(FakeNetwork(udp={(A, PORT): refusing}), A))
    assert (failure.kind, failure.detail) == (FailureKind.WRONG_PROTOCOL, f"IPv4 {A}: error 403 Forbidden")


@pytest.mark.parametrize("deadline_s", [2.0, 6.0])
def test_silence_ends_by_the_deadline(deadline_s: float) -> None:
    """Trap 8: a network without UDP costs no more, and the words name each server that was asked."""
    net = FakeNetwork()
    seen = observed(net, A, B, C, deadline_s=deadline_s)
    failure = failure_of(seen)
    assert failure.kind is FailureKind.NO_ANSWER
    assert failure.detail == "; ".join(f"IPv4 {address}: 3 sent within 500 ms, no answer within 1500 ms" for address, _ in asked(net))
    assert seen.ended_ns - seen.started_ns <= deadline_s * 1_000 * MS


def test_the_most_telling_failure_stands() -> None:
    """A server that is refused says more than one without a route."""
    net = FakeNetwork(udp={(A, PORT): refusal(FailureKind.UNREACHABLE, "open"), (B, PORT): refusal(FailureKind.REFUSED)})
    assert failure_of(observed(net, A, B)).kind is FailureKind.REFUSED


@pytest.mark.parametrize(
    ("net", "hosts", "kind", "detail"),
    [
        (
            FakeNetwork(),
            ("a.example", "b.example"),
            FailureKind.NAME_NOT_FOUND,
            f"a.example: {SCRIPTED}; b.example: {SCRIPTED}",
        ),
        (FakeNetwork(), (), FailureKind.LOCAL, "no STUN server is known"),
    ],
)
def test_nobody_to_ask(net: FakeNetwork, hosts: tuple[str, ...], kind: FailureKind, detail: str) -> None:
    """The resolver's failure names the hosts."""
    failure = failure_of(observed(net, *hosts))
    assert (failure.kind, failure.detail) == (kind, detail)


def test_an_interruption_ends_it() -> None:
    """Nothing is said of half a comparison."""
    net = FakeNetwork(udp={(A, PORT): honest})
    assert failure_of(observed(net, A, B, watch=Watch(stop=lambda: len(net.ports) > 1))).kind is FailureKind.STOPPED
    assert asked(net) == [(A, PORT), (B, PORT)]


class Taken(FakeNetwork):
    """A workstation on which somebody takes our local port as soon as it is free, so many times."""

    times = 1
    next_port = FIRST_PORT

    def open_datagrams(self, address: str, port: int, *, channels: int = 1, dscp: int = 0, local_port: int = 0) -> DatagramPort:
        """Open, unless the port is wanted again."""
        if local_port and self.times:
            self.times -= 1
            self.next_port += 1
            raise NetworkError(refusal(FailureKind.LOCAL, "open", "Address already in use"))
        made = FakePort(self, self.udp.get((address, port)), address, port, channels, dscp, local_port or self.next_port)
        self.ports.append(made)
        return made


def test_a_local_port_that_is_taken_meanwhile() -> None:
    """All is asked again from another one: what the first port was mapped to is no comparison."""
    net = Taken(udp={(A, PORT): honest, (B, PORT): honest})
    value = observed(net, A, B).value
    assert isinstance(value, Mappings)
    assert value == Mappings(
        local_address=LOCAL_ADDRESS,
        local_port=FIRST_PORT + 1,
        seen=tuple(Mapped(server=each, server_port=PORT, address=LOCAL_ADDRESS, port=FIRST_PORT + 1) for each in (A, B)),
    )
    assert [port._to[0] for port in net.ports] == [A, A, B]


def test_a_local_port_that_is_taken_twice_is_a_failure() -> None:
    """It is this workstation's, and the words say which port."""
    net = Taken(udp={(A, PORT): honest, (B, PORT): honest})
    net.times = 2
    failure = failure_of(observed(net, A, B))
    assert failure.kind is FailureKind.LOCAL
    assert failure.detail == f"the local port {FIRST_PORT + 1} could not be taken again: Address already in use"
    assert all(port.closed for port in net.ports)


def test_another_way_out_of_this_workstation_is_no_comparison() -> None:
    """Where a VPN leads to the second server the source address is another one, and so may the NAT be."""

    class Vpn(FakePort):
        """Sends from another address."""

        @property
        def local_address(self) -> str:
            """The tunnel's."""
            return "192.0.2.99" if self._to[0] == B else LOCAL_ADDRESS

    class Split(FakeNetwork):
        """Leads to the second server through the tunnel."""

        def open_datagrams(self, address: str, port: int, *, channels: int = 1, dscp: int = 0, local_port: int = 0) -> DatagramPort:
            """Open at either end."""
            made = Vpn(self, self.udp.get((address, port)), address, port, channels, dscp, local_port or FIRST_PORT)
            self.ports.append(made)
            return made

    net = Split(udp={(A, PORT): seeing(PUBLIC, 1024), (B, PORT): seeing("203.0.113.99", 7), (C, PORT): seeing(PUBLIC, 1024)})
    assert [server for server, *_ in seen_by(observed(net, A, B, C))] == [A, C]


@pytest.mark.parametrize("first_tries", [0, 1, 2])
def test_at_most_ten_transactions_in_any_second(first_tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where server after server answers at once with an error, however many, and where tries are repeated (RFC 5780 4)."""
    monkeypatch.setattr(nat_mapping, "MOST_SERVERS", len(MANY))
    addresses = tuple(address for address, _ in MANY)
    lost = tuple(range(start, start + first_tries) for start in range(0, 200, first_tries + 1)) if first_tries else ()
    up = Path(Impairment(loss_runs=lost))
    net = FakeNetwork(names={"many.example": addresses}, udp={(each, PORT): refusing for each in addresses}, up=up)
    assert observed(net, "many.example").failure is not None
    times_ns = sorted(at_ns for port in net.ports for at_ns, _ in port.sent)
    assert len(times_ns) > 20
    assert most_in_a_second(times_ns) <= 10


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere 127.0.0.2 is no address of this machine")
def test_two_servers_on_loopback_see_one_local_port() -> None:
    """The real network: our own responders at two addresses, the port taken again between them, no NAT in the way."""
    engine = Engine(Reflector(), [])
    bound = [engine.listen(address, 0, "STUN") for address in ("127.0.0.1", "127.0.0.2")]
    parameters = NatParameters(servers=tuple(Target(host=address, port=port) for address, port in bound))
    task = Task(probe="nat_mapping", target=parameters.servers[0], parameters=parameters)
    with background(engine.run, "udp"):
        value = asyncio.run(PROBE.run(task, SystemNetwork(), Watch())).value
    assert isinstance(value, Mappings)
    assert [(each.server, each.server_port) for each in value.seen] == bound
    assert value.local_address == "127.0.0.1"
    assert {(each.address, each.port) for each in value.seen} == {(value.local_address, value.local_port)}


def test_a_port_in_use_is_a_local_failure_on_the_real_network_too() -> None:
    """That is how the probe knows that somebody else has its port by now."""
    net = SystemNetwork()
    held = net.open_datagrams("127.0.0.1", 9)
    try:
        with pytest.raises(NetworkError) as caught:
            net.open_datagrams("127.0.0.1", 10, local_port=held.local_port(0))
    finally:
        held.close()
    assert caught.value.failure.kind is FailureKind.LOCAL
