"""What a reflector says of its responders, as a run hears it."""

import asyncio

import pytest
from voice_world import HOST, KEY, reflecting

from nra.model.failure import FailureKind
from nra.model.observation import Observation
from nra.model.plan import CheckParameters, Target, Task
from nra.model.responder import Announcement
from nra.probes.parts.probe import Watch
from nra.probes.reflector_announcement import MOST_ROOM, PROBE
from nra.reflector.core import Reflector
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Peer
from nra.wire.stamp import UNAUTHENTICATED

PIN = "ab" * 32
NOTHING = Announcement(pin=None, ports=())


def heard(peer: Peer | None, key: bytes | None = None) -> tuple[Observation, FakeNetwork]:
    """Return what comes of asking a reflector."""
    net = FakeNetwork(udp={} if peer is None else {(HOST, 20862): peer})
    task = Task(probe=PROBE.name, target=Target(host=HOST, port=20862), parameters=CheckParameters(key=key))
    return asyncio.run(PROBE.run(task, net, Watch())), net


def announcing(count: int, key: bytes | None = None) -> tuple[Announcement, Peer]:
    """Return an announcement of so many ports, and the reflector that makes it."""
    announcement = Announcement(pin=PIN, ports=tuple(("UDP" if port % 2 else "TCP", port) for port in range(1, count + 1)))
    return announcement, reflecting(
        Reflector(keys=None if key is None else Keys((Holder(key),)), guard=Guard(rate_limit=0), announcement=announcement)
    )


@pytest.mark.parametrize("key", [None, KEY], ids=["open", "authenticated"])
@pytest.mark.parametrize("count", [1, 33, 64, 65, MOST_ROOM])
def test_all_ports_and_the_pin_are_heard(key: bytes | None, count: int) -> None:
    """A list that has no room in the first question is asked for again with room; every reply is as long as its question."""
    announcement, peer = announcing(count, key)
    seen, net = heard(peer, key)
    assert seen.value == announcement
    assert sum(len(port.sent) for port in net.ports) == (1 if count <= 64 else 2)


def test_a_list_beyond_all_room_is_cut() -> None:
    """What does not fit into one packet is not asked; nothing is made up."""
    announcement, peer = announcing(MOST_ROOM + 50)
    seen, _ = heard(peer)
    assert isinstance(seen.value, Announcement)
    assert seen.value.ports == announcement.ports[:MOST_ROOM]


def test_a_reflector_without_responders_announces_nothing() -> None:
    """Only its own port is there to be asked."""
    assert heard(reflecting())[0].value == NOTHING


def test_another_s_reflector_announces_nothing() -> None:
    """One that copies TLVs back as they came, and one that cuts them off."""
    whole = reflecting()

    def cutting(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        return (whole(payload, now_ns, source) or b"")[: UNAUTHENTICATED.size]

    def copying(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        return (whole(payload[: UNAUTHENTICATED.size], now_ns, source) or b"") + payload[UNAUTHENTICATED.size :]

    assert [heard(peer)[0].value for peer in (cutting, copying)] == [NOTHING, NOTHING]


@pytest.mark.parametrize("peer", [None, announcing(3, KEY)[1]], ids=["nobody", "one with a key"])
def test_silence_is_a_failure(peer: Peer | None) -> None:
    """Nothing is known of a reflector that does not answer."""
    seen, _ = heard(peer)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.NO_ANSWER
