"""The cheap test of QUIC: only a Version Negotiation packet to one of our datagrams opens the port (RFC 9000 6)."""

import asyncio
import random
from collections.abc import Callable
from struct import unpack
from typing import Final

import pytest

from nra.model.failure import FailureKind
from nra.model.observation import Answer, Observation
from nra.model.plan import CheckParameters, Target, Task
from nra.probes.parts.probe import Watch
from nra.probes.quic_version import PROBE
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Impairment, Path, Peer
from nra.wire.quic import is_reserved

NAME: Final = "quic.example"
SERVER: Final = ("192.0.2.1", 443)
TASK: Final = Task(probe="quic_version", target=Target(host=NAME, port=443), parameters=CheckParameters())
LISTED: Final = bytes.fromhex("00000001" + "6b3343cf" + "5a6a7a8a")


def negotiation(request: bytes, versions: bytes = LISTED) -> bytes:
    """Return the packet that a server answers with; ids of our probes have 8 octets."""
    destination_id, source_id = request[5:14], request[14:23]
    return b"\xc0\0\0\0\0" + source_id + destination_id + versions


def observed(answer: Callable[[bytes], bytes | None], lost: int = 0) -> Observation:
    """Return what the probe makes of a server 10 ms away."""

    def peer(request: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        return answer(request)

    served: Peer = peer
    net = FakeNetwork(names={NAME: SERVER[:1]}, udp={SERVER: served}, up=Path(Impairment(delay_ms=10, loss_runs=(range(lost),))))
    return asyncio.run(PROBE.run(TASK, net, Watch()))


@pytest.mark.parametrize(
    ("versions", "said"),
    [(LISTED, "v1, v2"), (bytes.fromhex("ff00001d00000001"), "draft-29, v1"), (bytes.fromhex("0a0a0a0a"), "reserved versions only")],
)
def test_a_list_of_versions_is_an_answer(versions: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The versions are named, those that only exercise negotiation left out (RFC 9000 15)."""
    monkeypatch.setattr(random, "getrandbits", lambda _bits: 0x1234)  # else one time in 65,536 our own version is listed
    seen = observed(lambda request: negotiation(request, versions))
    assert isinstance(seen.value, Answer), seen.failure
    assert (seen.value.address, seen.value.said) == (SERVER[0], f"QUIC version negotiation: {said}")
    assert (seen.value.elapsed_ms, seen.value.tries) == (10.0, 1)


def test_a_lost_datagram_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is that of the try which was answered."""
    monkeypatch.setattr(random, "getrandbits", lambda _bits: 0x1234)  # as above
    seen = observed(negotiation, lost=2)
    assert isinstance(seen.value, Answer)
    assert (seen.value.elapsed_ms, seen.value.tries) == (10.0, 3)


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: request,
        lambda request: negotiation(request)[:5] + request[5:23] + LISTED,
        lambda request: negotiation(request[:5] + b"\x08" + bytes(8) + request[14:]),
        lambda request: negotiation(request, LISTED + request[1:5]),
        lambda request: negotiation(request, b""),
        lambda _: b"\0",
        lambda _: None,
    ],
    ids=["an echo", "ids not exchanged", "another id", "our own version", "no version", "an octet", "silence"],
)
def test_what_is_no_answer_to_us_opens_nothing(answer: Callable[[bytes], bytes | None]) -> None:
    """Ids must come back exchanged, and a list with our own version must be discarded (RFC 9000 6.2, 17.2.1)."""
    failure = observed(answer).failure
    assert failure is not None
    assert failure.kind is FailureKind.NO_ANSWER


def test_every_try_is_a_connection_of_its_own() -> None:
    """1200 octets, a reserved version, ids that were not used before (RFC 9000 14.1, 15)."""
    net = FakeNetwork(names={NAME: SERVER[:1]})
    asyncio.run(PROBE.run(TASK, net, Watch()))
    payloads = [transmission.payload for _, transmission in net.ports[0].sent]
    assert [len(payload) for payload in payloads] == [1200] * 3
    assert all(is_reserved(unpack(">I", payload[1:5])[0]) for payload in payloads)
    assert len({identifier for payload in payloads for identifier in (payload[6:14], payload[15:23])}) == 6
