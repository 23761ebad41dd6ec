"""DNS over TCP, and which name stands for a host (RFC 1035, RFC 7766)."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import pytest

from nra.model.failure import FailureKind
from nra.model.observation import Answer, Observation
from nra.model.plan import CheckParameters, Target, Task
from nra.probes.dns_query import PROBE, TCP_PROBE, name_of
from nra.probes.parts.probe import Watch
from nra.testing.fake_network import FakeNetwork, TcpScript, refusal
from nra.wire.dns import HEADER, decode_response, frame, unframe

ADDRESS: Final = "192.0.2.53"
NAME: Final = "dns.example"
RECORD: Final = bytes.fromhex("c00c" + "00010001000000010004" + "c0000235")


def served(query: bytes) -> bytes:
    """Return a server's answer with one address."""
    return HEADER.pack(HEADER.unpack_from(query)[0], 0x8180, 1, 1, 0, 0) + query[HEADER.size :] + RECORD


def over_tcp(answer: bytes | Callable[[bytes], bytes] = b"", **script: Any) -> Observation:
    """Return what the probe makes of a server's answer over TCP."""
    net = FakeNetwork(names={NAME: (ADDRESS,)}, tcp={(ADDRESS, 53): TcpScript(elapsed_ms=12.0, answer=answer, **script)})
    return asyncio.run(TCP_PROBE.run(task("dns_query_tcp", NAME), net, Watch()))


def task(probe: str, host: str) -> Task:
    """Return the question to port 53."""
    return Task(probe=probe, target=Target(host=host, port=53), parameters=CheckParameters())


def test_an_answer_over_tcp() -> None:
    """A framed answer to our own query is the right protocol; the time is that of the TCP handshake."""
    answer = over_tcp(lambda request: frame(served(unframe(request) or b""))).value
    assert answer == Answer(address=ADDRESS, elapsed_ms=12.0, said="DNS answer with code 0 and 1 addresses")


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: served(unframe(request) or b""),
        lambda request: frame(served(unframe(request) or b""))[:-1],
        lambda request: frame(served(bytes((request[2] ^ 1,)) + request[3:])),
        lambda request: request,
        lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        lambda _: b"",
    ],
    ids=["without its length", "cut", "another id", "an echo", "another protocol", "closed"],
)
def test_what_is_no_answer_to_us_opens_nothing(answer: Callable[[bytes], bytes]) -> None:
    """A middlebox that accepts every connection is found out by what it says."""
    failure = over_tcp(answer).failure
    assert failure is not None
    assert failure.kind is FailureKind.WRONG_PROTOCOL


def test_a_refused_connection_is_refused() -> None:
    """The way there failed before anything was asked."""
    failure = over_tcp(failure=refusal(FailureKind.REFUSED, "connect")).failure
    assert failure is not None
    assert failure.kind is FailureKind.REFUSED


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("dns.google", "dns.google"),
        ("8.8.4.4", "4.4.8.8.in-addr.arpa"),
        ("2001:db8::53", "3.5" + ".0" * 22 + ".8.b.d.0.1.0.0.2.ip6.arpa"),
        ("fe80::1%eth0", "1" + ".0" * 28 + ".8.e.f.ip6.arpa"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_every_host_has_a_name_to_ask_for(host: str, name: str) -> None:
    """An address is asked for by the name that leads back to it, and no host breaks the probe (RFC 1035 3.5, RFC 3596 2.5)."""
    assert name_of(host) == name
    net = FakeNetwork(names={host: (ADDRESS,)}, udp={(host, 53): answering, (ADDRESS, 53): answering})
    assert isinstance(asyncio.run(PROBE.run(task("dns_query", host), net, Watch())).value, Answer)
    (_, asked), *_ = net.ports[0].sent
    assert decode_response(served(asked.payload)).question == name


def test_an_address_is_asked_over_tcp_too() -> None:
    """The same name goes over both transports."""
    asked: list[bytes] = []

    def answer(request: bytes) -> bytes:
        asked.append(served(unframe(request) or b""))
        return frame(asked[0])

    net = FakeNetwork(tcp={(ADDRESS, 53): TcpScript(answer=answer)})
    assert isinstance(asyncio.run(TCP_PROBE.run(task("dns_query_tcp", ADDRESS), net, Watch())).value, Answer)
    assert decode_response(asked[0]).question == "53.2.0.192.in-addr.arpa"


def answering(query: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
    """Answer over UDP."""
    return served(query)
