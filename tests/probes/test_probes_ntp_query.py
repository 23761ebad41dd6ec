"""The NTP probe: what opens the port, and what it says of this workstation's clock (RFC 5905)."""

import asyncio
from collections.abc import Callable
from typing import Final

import pytest

from nra.model.failure import FailureKind
from nra.model.observation import Answer, Observation
from nra.model.plan import CheckParameters, Target, Task
from nra.probes.ntp_query import PROBE
from nra.probes.parts.probe import Watch
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Impairment, Path, Peer
from nra.wire.ntp import HEADER
from nra.wire.timestamps import ntp_from_unix_ns

NAME: Final = "time.example"
SERVER: Final = ("192.0.2.1", 123)
TASK: Final = Task(probe="ntp_query", target=Target(host=NAME, port=123), parameters=CheckParameters())
MS: Final = 1_000_000


def serving(*, leap: int = 0, stratum: int = 2, reference_id: bytes = b"\xc0\0\2\1", ahead_ns: int = 0) -> Peer:
    """Return a server whose clock is ahead of ours by so much."""

    def serve(request: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
        time = ntp_from_unix_ns(now_ns + ahead_ns)
        return HEADER.pack(leap << 6 | 0x24, stratum, 6, -20, 0, 0, reference_id, time, HEADER.unpack(request)[-1], time, time)

    return serve


def observed(peer: Peer, up: Impairment | None = None, down: Impairment | None = None) -> Observation:
    """Return what the probe makes of a server."""
    net = FakeNetwork(names={NAME: SERVER[:1]}, udp={SERVER: peer}, up=Path(up or Impairment()), down=Path(down or Impairment()))
    return asyncio.run(PROBE.run(TASK, net, Watch()))


def answered(peer: Peer, up: Impairment | None = None, down: Impairment | None = None) -> Answer:
    """Return the answer."""
    seen = observed(peer, up, down)
    assert isinstance(seen.value, Answer), seen.failure
    return seen.value


@pytest.mark.parametrize(
    ("ahead_ns", "said"),
    [(12_300_000, "+12.3 ms"), (-5 * 10**9, "-5000.0 ms"), (0, "+0.0 ms"), (-10_000, "+0.0 ms")],
)
def test_the_offset_is_that_of_the_clock_not_of_the_way(ahead_ns: int, said: str) -> None:
    """The way there and back cancels where both take as long (RFC 5905 8); there is no offset of -0.0 ms."""
    answer = answered(serving(ahead_ns=ahead_ns), Impairment(delay_ms=40), Impairment(delay_ms=40))
    assert answer.said == f"NTP stratum 2, clock offset {said}"
    assert (answer.address, answer.tries, answer.elapsed_ms) == (SERVER[0], 1, 80.0)


def test_a_late_answer_counts_from_its_own_question() -> None:
    """When the first try is lost, T1 is that of the second: offset and time are not off by the wait."""
    answer = answered(serving(ahead_ns=7 * MS), Impairment(delay_ms=10, loss_runs=(range(1),)), Impairment(delay_ms=10))
    assert (answer.said, answer.tries, answer.elapsed_ms) == ("NTP stratum 2, clock offset +7.0 ms", 2, 20.0)


@pytest.mark.parametrize(
    ("peer", "said"),
    [
        (serving(stratum=0, reference_id=b"RATE"), "NTP kiss-o'-death RATE (asked too often)"),
        (serving(stratum=0, reference_id=b"DENY", leap=3), "NTP kiss-o'-death DENY (access denied by the server)"),
        (serving(stratum=0, reference_id=b"XNEW"), "NTP kiss-o'-death XNEW (a code of its own)"),
        (serving(stratum=16, leap=3), "NTP stratum 16, not synchronized"),
        (serving(leap=3), "NTP stratum 2, not synchronized"),
    ],
)
def test_a_server_that_gives_no_time_is_an_answer_all_the_same(peer: Peer, said: str) -> None:
    """The port is open whatever the server says of itself; a time that it does not know is not compared (RFC 5905 7.4)."""
    assert answered(peer).said == said


def old(reply: bytes) -> bytes:
    """Return a reply to an earlier request of somebody's."""
    return reply[:24] + bytes(8) + reply[32:]


@pytest.mark.parametrize(
    "spoil",
    [old, lambda reply: reply[:47], lambda reply: b"\x23" + reply[1:], lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n" * 2],
    ids=["another nonce", "cut", "an echo of ours", "another protocol"],
)
def test_what_is_no_answer_to_us_opens_nothing(spoil: Callable[[bytes], bytes]) -> None:
    """The origin timestamp must be the nonce that we sent (RFC 5905 8: a bogus packet)."""

    def spoilt(request: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
        reply = serving()(request, now_ns, source)
        return spoil(reply or b"")

    failure = observed(spoilt).failure
    assert failure is not None
    assert failure.kind is FailureKind.NO_ANSWER


def test_no_request_tells_our_time_or_is_sent_twice() -> None:
    """Every try carries a nonce of its own in place of the time."""
    net = FakeNetwork(names={NAME: SERVER[:1]})
    asyncio.run(PROBE.run(TASK, net, Watch()))
    payloads = [transmission.payload for _, transmission in net.ports[0].sent]
    assert len(payloads) == len(set(payloads)) == 3
    assert all(abs(int.from_bytes(payload[40:48]) - ntp_from_unix_ns(net.clock.now_ns())) >> 32 > 60 for payload in payloads)
