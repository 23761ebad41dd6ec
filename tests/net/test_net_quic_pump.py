"""One connection that moves octets for their own sake: every wait has a deadline, and nothing is taken for an answer that is none."""

import socket
from collections.abc import Iterator

import pytest

from nra.model.failure import FailureKind
from nra.net.ports import NetworkError
from nra.net.quic_line import new_connection
from nra.net.quic_load import IPV4_UDP_BYTES, Flow
from nra.net.quic_pump import TOO_MUCH, Pump
from nra.wire.control import MOST_ANSWER_BYTES, Facts

HOST = "127.0.0.1"


@pytest.fixture(name="pump")
def silent() -> Iterator[Pump]:
    """A pump towards somebody who listens and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((HOST, 0))
        port = listener.getsockname()[1]
        pump = Pump(new_connection("reflector", (HOST, port)), HOST, port)
        yield pump
        pump.close()


def test_silence_ends_at_the_deadline(pump: Pump) -> None:
    """No answer in time is a failure of its own."""
    with pytest.raises(NetworkError) as raised:
        pump.ask(Facts(), pump.clock.now_ns() + 1_000_000_000)  # time enough to begin to wait
    assert raised.value.failure.kind is FailureKind.NO_ANSWER
    assert pump.idle_ns > 0


def test_an_answer_without_end_is_refused(pump: Pump) -> None:
    """Nobody fills this end's memory."""
    pump._gather(0, bytes(MOST_ANSWER_BYTES), is_whole=False)
    before = pump.failure
    pump._gather(0, b"x", is_whole=False)
    assert before is None
    assert pump.failure is not None
    assert pump.failure.kind is FailureKind.WRONG_PROTOCOL


def test_more_than_may_come_ends_it(pump: Pump) -> None:
    """Whoever sends on for all that was said is not listened to any longer, also after the load's end."""
    pump.flow = Flow(pump.connection, 0, 1, pour=0, swallow=1, headers_bytes=IPV4_UDP_BYTES)
    pump.flow.end()
    pump.most_bytes = 2 * (1000 + IPV4_UDP_BYTES)
    for _ in range(2):
        pump._take(bytes(1000))
    before = pump.failure
    with pytest.raises(BlockingIOError):
        pump._take(bytes(1000))
    assert before is None
    with pytest.raises(NetworkError, match=TOO_MUCH):
        pump.ask(Facts(), pump.clock.now_ns() + 50_000_000)


def test_nobody_there_is_known_at_once() -> None:
    """A closed port says so by ICMP, where the system tells."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind((HOST, 0))
        port = gone.getsockname()[1]
    pump = Pump(new_connection("reflector", (HOST, port)), HOST, port)
    with pytest.raises(NetworkError) as raised:
        pump.ask(Facts(), pump.clock.now_ns() + 3_000_000_000)
    pump.close()
    assert raised.value.failure.kind in (FailureKind.REFUSED, FailureKind.NO_ANSWER)
