"""Datagrams that come alone, on loopback: taken, judged and answered with two calls of the system, each in its turn."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from nra.net.batched_server import BatchedServerPort, available
from nra.net.clock import SystemClock
from nra.net.desk import FRAME_AT
from nra.reflector.lone import NOTHING, Answer, answering
from nra.reflector.plain import NOT_PLAIN, UNANSWERED

pytestmark = pytest.mark.skipif(not available(), reason="the structures are Linux's")
CLOCK = SystemClock()
PACKET = bytes(range(44))


@dataclass(slots=True)
class Scene:
    """A socket; `verdict` is the judge's, `asked` what he was told of datagrams, `others` which were left to others."""

    port: BatchedServerPort
    sock: socket.socket
    verdict: int = NOT_PLAIN
    asked: list[tuple[int, bytes, int, int]] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)
    unsendable: int = 0

    def answer(self) -> Answer:
        """Return what answers the socket's datagrams."""
        desk = self.port.desk(0)

        def reflect(at: int, length: int, sender: bytes, received_ns: int, ttl: int, tos: int, now_ns: int) -> int:
            self.asked.append((length, sender, ttl, tos))
            assert (at, received_ns <= now_ns) == (FRAME_AT, True)
            return self.verdict

        def otherwise(length: int, read_ns: int) -> None:
            self.others.append(self.port.datagram_on(desk, 0, length, read_ns).payload)

        def refuse() -> None:
            self.unsendable += 1

        return answering(self.port, desk, self.port.file(0), CLOCK, reflect, otherwise, refuse)

    def came(self, answer: Answer) -> int:
        """Send a packet and have it answered."""
        self.sock.send(PACKET)
        assert self.port.ready(5) == [0]
        return answer()


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Yield a bound port and a connected sender."""
    port = BatchedServerPort(CLOCK, [("127.0.0.1", 0)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(port.bound[0])
        yield Scene(port, sock)
    port.close()


def test_the_first_is_left_to_others_and_the_next_is_judged(scene: Scene) -> None:
    """Before the kernel's control messages were seen once, nothing that stands in them is believed."""
    answer, scene.verdict = scene.answer(), 0
    assert scene.came(answer) > 0
    assert (scene.others, scene.asked) == ([PACKET], [])
    scene.came(answer)
    local, port = scene.sock.getsockname()
    assert [(length, sender) for length, sender, _, _ in scene.asked] == [(44, port.to_bytes(2) + socket.inet_aton(local))]
    reply = scene.sock.recv(100)
    assert (reply[:4], reply[12:], len(reply)) == (PACKET[:4], PACKET[12:], 44)
    assert reply[4:12] != PACKET[4:12]  # T3, written right before it is sent


def test_what_is_not_plain_is_left_to_others_and_what_came_too_fast_to_nobody(scene: Scene) -> None:
    """The judge says which."""
    answer = scene.answer()
    scene.came(answer)
    scene.verdict = NOT_PLAIN
    scene.came(answer)
    scene.verdict = UNANSWERED
    scene.came(answer)
    assert (len(scene.others), len(scene.asked)) == (2, 2)
    scene.sock.settimeout(0)
    with pytest.raises(BlockingIOError):
        scene.sock.recv(100)


def test_nothing_came(scene: Scene) -> None:
    """That is told, and nobody is asked."""
    assert scene.answer()() == NOTHING
    assert (scene.asked, scene.others) == ([], [])


def test_what_the_system_would_not_send_is_counted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one is answered as ever."""
    answer, scene.verdict = scene.answer(), 0
    scene.came(answer)
    monkeypatch.setattr(scene.port, "give", lambda *_: -1)
    refusing = scene.answer()
    scene.came(refusing)  # looked at
    scene.came(refusing)
    assert scene.unsendable == 1
    scene.came(answer)
    assert len(scene.sock.recv(100)) == 44
