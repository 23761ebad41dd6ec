"""The probes of ports: an answer of the right protocol makes a port open, everything else is a failure with its kind."""

import asyncio
from typing import Any

import pytest
from voice_world import HOST, KEY, MS, reflecting

from nra.model.failure import FailureKind
from nra.model.observation import Answer, Observation, Trust
from nra.model.plan import CheckParameters, Target, Task
from nra.net.ports import TlsFacts
from nra.probes import BUILTIN
from nra.probes.parts.probe import Watch
from nra.probes.stun_binding import is_complete
from nra.reflector.core import Reflector
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.responders import HTTP_ANSWER, stun_answer
from nra.testing.fake_network import FakeNetwork, TcpScript, refusal
from nra.testing.impairment import Peer
from nra.wire.dns import HEADER

PROBES = {probe.name: probe for probe in BUILTIN}
FACTS = TlsFacts(version="TLSv1.3", issuer="Example CA", certificate_sha256="00")
NAME = "server.example"


def asked(probe: str, net: FakeNetwork, host: str = HOST, **parameters: Any) -> Observation:
    """Return what comes of a check of port 443."""
    task = Task(probe=probe, target=Target(host=host, port=443), parameters=CheckParameters(**parameters))
    return asyncio.run(PROBES[probe].run(task, net, Watch()))


def tcp(**script: Any) -> FakeNetwork:
    """Return a network with one TCP server."""
    return FakeNetwork(names={NAME: (HOST,)}, tcp={(HOST, 443): TcpScript(**script)})


def udp(peer: Peer) -> FakeNetwork:
    """Return a network with one UDP server."""
    return FakeNetwork(names={NAME: (HOST,)}, udp={(HOST, 443): peer})


def stun(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
    """Answer Binding requests."""
    return stun_answer(payload, source)


def dns(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Answer a query with REFUSED."""
    transaction, _, questions, *_ = HEADER.unpack_from(payload)
    return HEADER.pack(transaction, 0x8185, questions, 0, 0, 0) + payload[HEADER.size :]


def echo(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Return what came, as a beacon does."""
    return payload


def answer_of(seen: Observation) -> Answer:
    """Return the answer."""
    assert isinstance(seen.value, Answer), seen.failure
    return seen.value


OPEN = {
    "tcp_connect": (tcp(elapsed_ms=12.0), "SYN/ACK"),
    "tls_handshake": (tcp(elapsed_ms=12.0, tls=FACTS), "TLSv1.3, certificate issued by Example CA"),
    "http_head": (tcp(elapsed_ms=12.0, answer=HTTP_ANSWER), "HTTP 204"),
    "beacon_echo": (udp(echo), "echo"),
    "stun_binding": (udp(stun), "STUN success, sees us as 192.0.2.10 port 50000"),
    "stamp_echo": (udp(reflecting()), "STAMP reply"),
    "dns_query": (udp(dns), "DNS answer with code 5 and 0 addresses"),
    "name_resolution": (tcp(), "server.example has 1 address (by DNS, a hosts file or a cache)"),
}


@pytest.mark.parametrize("probe", OPEN)
def test_an_answer_of_the_right_protocol(probe: str) -> None:
    """The answer says from where, after how long, and what it was (contract 4.4: open)."""
    net, said = OPEN[probe]
    answer = answer_of(asked(probe, net, NAME))
    assert (answer.address, answer.said) == (HOST, said)
    if net.tcp and probe != "name_resolution":
        assert answer.elapsed_ms == 12.0


def test_stun_over_tcp() -> None:
    """The answer must be to our own request: a fixed one is not (RFC 8489 6.2.2)."""
    net = tcp(answer=lambda request: stun_answer(request, ("192.0.2.10", 50000)) or b"")
    assert answer_of(asked("stun_binding_tcp", net)).said == "STUN success, sees us as 192.0.2.10 port 50000"
    assert (
        asked("stun_binding_tcp", tcp(answer=stun_answer(bytes.fromhex("000100002112a442") + bytes(12), ("192.0.2.10", 5)))).value is None
    )


def test_a_stun_stream_is_read_to_the_end_of_a_message() -> None:
    """Half a message is not enough, a whole one or what can never become one is."""
    whole = stun_answer(bytes.fromhex("000100002112a442") + bytes(12), ("192.0.2.10", 5)) or b""
    assert [is_complete(whole[:size]) for size in (0, 10, 20, len(whole))] == [False, False, False, True]
    assert is_complete(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize(
    ("probe", "script", "kind"),
    [
        ("http_head", {"answer": b"SSH-2.0-x\r\n"}, FailureKind.WRONG_PROTOCOL),
        ("http_head", {"answer": b""}, FailureKind.WRONG_PROTOCOL),
        ("stun_binding_tcp", {"answer": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, FailureKind.WRONG_PROTOCOL),
        ("tls_handshake", {"tls": refusal(FailureKind.TLS_UNTRUSTED, "tls handshake")}, FailureKind.TLS_UNTRUSTED),
        ("tls_handshake", {"tls": None}, FailureKind.TLS_FAILED),
        ("tcp_connect", {"failure": refusal(FailureKind.REFUSED, "connect")}, FailureKind.REFUSED),
    ],
)
def test_an_answer_of_another_protocol_is_no_open_port(probe: str, script: dict[str, Any], kind: FailureKind) -> None:
    """A middlebox that accepts in the server's place is found out by what it says."""
    seen = asked(probe, tcp(**script))
    assert seen.failure is not None
    assert seen.failure.kind is kind


@pytest.mark.parametrize(
    "probe", ["tcp_connect", "tls_handshake", "http_head", "stun_binding_tcp", "stun_binding", "stamp_echo", "beacon_echo", "dns_query"]
)
def test_silence_ends_by_the_deadline(probe: str) -> None:
    """Trap 8: whatever is asked, a filtered network costs the deadline and no more, with four silent addresses too."""
    net = FakeNetwork(names={NAME: ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8::3")})
    seen = asked(probe, net, NAME, deadline_s=5.0)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.NO_ANSWER
    assert seen.ended_ns - seen.started_ns <= 5_000 * MS


@pytest.mark.parametrize("probe", ["tcp_connect", "stun_binding", "stamp_echo", "dns_query", "name_resolution"])
@pytest.mark.parametrize("kind", [FailureKind.NAME_NOT_FOUND, FailureKind.NAME_UNRESOLVED])
def test_names_that_do_not_resolve(probe: str, kind: FailureKind) -> None:
    """The resolver's failure is the observation (contract 4.4: dns_failed)."""
    seen = asked(probe, FakeNetwork(names={NAME: refusal(kind, "resolve")}), NAME)
    assert seen.failure is not None
    assert seen.failure.kind is kind


def test_the_second_address_is_tried() -> None:
    """A dead first address does not make a port silent; each has its share of the time."""
    net = FakeNetwork(names={NAME: ("192.0.2.66", HOST)}, tcp={(HOST, 443): TcpScript(tls=FACTS)})
    seen = asked("tls_handshake", net, NAME)
    assert answer_of(seen).address == HOST
    assert seen.ended_ns - seen.started_ns == 2_510 * MS


def test_tls_says_what_vouches_for_the_chain() -> None:
    """Issuer and trust go into the answer, so that a row can tell the workstation's own roots from public ones."""
    facts = TlsFacts(version="TLSv1.2", issuer="Inspection CA", certificate_sha256="00", trust=Trust.SYSTEM)
    answer = answer_of(asked("tls_handshake", tcp(tls=facts)))
    assert (answer.issuer, answer.trust) == ("Inspection CA", Trust.SYSTEM)


def test_a_reflector_s_key_is_used() -> None:
    """A port check of an authenticated reflector is authenticated."""
    net = udp(reflecting(Reflector(keys=Keys((Holder(KEY),)))))
    assert answer_of(asked("stamp_echo", net, key=KEY)).said == "STAMP reply"
    seen = asked("stamp_echo", net)
    assert seen.failure is not None


def test_parameters_of_another_kind_are_a_mistake_of_ours() -> None:
    """A check without its parameters is a programming error, not a network's fault."""
    from voice_world import stream_task

    task = stream_task(probe="tcp_connect")
    with pytest.raises(TypeError, match="CheckParameters"):
        asyncio.run(PROBES["tcp_connect"].run(task, tcp(), Watch()))
    with pytest.raises(TypeError, match="NatParameters"):
        asyncio.run(PROBES["nat_mapping"].run(task, tcp(), Watch()))
    with pytest.raises(TypeError, match="VoiceParameters"):
        asyncio.run(
            PROBES["voice_stream"].run(Task(probe="voice_stream", target=task.target, parameters=CheckParameters()), tcp(), Watch())
        )
