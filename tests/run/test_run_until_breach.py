"""How many calls a line carries, on a fake network whose bottleneck is known: 80 kbit/s each way for a call of G.711."""

import asyncio
from collections.abc import Callable

import pytest
from run_world import ADDRESS, REFLECTOR, healthy, reflecting, settings

from nra.archive.document import decode, encode
from nra.model.capacity import EndedBy, Outcome
from nra.model.document import Capacity, RunDocument
from nra.model.failure import Failure, FailureKind
from nra.model.pulse import Pulse
from nra.model.verdict import Overall
from nra.net.ports import NetworkError
from nra.reflector.core import Reflector
from nra.reflector.guard import Guard
from nra.run.measure import measure
from nra.run.reporter import Silent
from nra.run.settings import Settings
from nra.run.until_breach import Course, announcement, step_s
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Impairment

KBIT_S = 80  # of one call of G.711 in packets of 20 ms: 172 octets and 28 of IPv4 and UDP, 50 times a second


class Told:
    """A reporter that remembers."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        self.phases: list[str] = []
        self.progressed: list[tuple[float, float]] = []

    def phase(self, text: str) -> None:
        """Remember it."""
        self.phases.append(text)

    def progress(self, done_s: float, total_s: float) -> None:
        """Remember it."""
        self.progressed.append((done_s, total_s))

    def pulse(self, seen: Pulse) -> None:
        """Remember nothing of it."""


def asking(most: int, duration_s: float = 6.0, interval_ms: float = 20.0) -> Settings:
    """Return settings for a search up to so many calls, with short streams."""
    return settings("eu-central-1", REFLECTOR, only="voice", duration_s=duration_s, interval_ms=interval_ms, calls_until_breach=most)


def searched(
    plan: Settings, net: FakeNetwork, stop: Callable[[], bool] = lambda: False, reporter: Told | None = None
) -> tuple[RunDocument, Capacity]:
    """Return the run document, which survives being written and read, and its part about the search."""
    document = asyncio.run(measure(plan, net, reporter or Silent(), stop)).document
    assert decode(encode(document)) == document
    assert document.capacity is not None
    return document, document.capacity


def narrow(kbit_s: float) -> Impairment:
    """Return a way of that rate with a queue of a quarter of a second or so."""
    return Impairment(delay_ms=20, rate_kbit_s=kbit_s, queue_packets=25)


@pytest.mark.parametrize("carried", [0, 1, 3, 5])
@pytest.mark.parametrize("way", ["up", "down"])
def test_the_number_is_the_line_s(carried: int, way: str) -> None:
    """A line of half a call more than so many need carries that many; the limit that broke is in the direction that is narrow."""
    plan = asking(8)
    _, capacity = searched(plan, healthy(plan, **{way: narrow(KBIT_S * (carried + 0.5))}))
    assert (capacity.carried, capacity.confirmed, capacity.stopped_at) == (carried, True, carried + 1)
    assert capacity.ended_by is EndedBy.LIMIT
    assert capacity.broke is not None
    assert capacity.broke.key.startswith(way)
    assert [step.outcome for step in capacity.steps if step.calls == carried + 1] == [Outcome.BREACHED] * 2


def test_a_line_that_carries_all_of_them_is_said_to_carry_at_least_so_many() -> None:
    """No limit broke: the number is what was asked for, seen twice."""
    plan = asking(3)
    document, capacity = searched(plan, healthy(plan))
    assert (capacity.carried, capacity.confirmed, capacity.ended_by, capacity.broke) == (3, True, EndedBy.MOST, None)
    assert [step.calls for step in capacity.steps] == [1, 2, 3, 3]
    assert document.verdict is Overall.PASS


def test_rows_and_verdict_are_those_of_the_stream_before() -> None:
    """The run's own stream is as asked for and judged as always: the search changes no row and no verdict."""
    plan = asking(8)
    document, capacity = searched(plan, healthy(plan, up=narrow(200)))
    assert document.voice is not None
    assert (document.voice.calls, document.voice.sent, document.verdict) == (1, 300, Overall.PASS)
    assert (capacity.carried, document.run.asked.calls_until_breach) == (2, 8)


def test_a_step_can_be_checked() -> None:
    """Each stream with what it sent, what it came to and the row nearest to its limit each way."""
    plan = asking(2)
    _, capacity = searched(plan, healthy(plan, up=narrow(100)))
    assert [(step.calls, step.outcome, step.sent) for step in capacity.steps] == [
        (1, "carried", 250),
        (2, "breached", 500),
        (2, "breached", 500),
        (1, "carried", 250),
    ]
    broken = capacity.steps[1]
    assert broken.up is not None
    assert broken.up == capacity.broke
    assert (broken.up.label, broken.up.verdict, broken.up.note) == ("Up Packet Loss", "FAIL", "small sample")
    assert broken.down is not None
    assert broken.down.verdict == "PASS"


def test_a_workstation_that_cannot_send_in_time_is_not_the_network() -> None:
    """Where this machine stalls with many calls, the number is a lower bound, and the machine is named."""
    plan = asking(8)
    net = healthy(plan)

    def stall(now_ns: int) -> None:
        if net.ports and net.ports[-1].channels >= 4 and len(net.ports[-1].sent) % 40 == 0:
            net.clock.advance_to(now_ns + 60_000_000)

    net.before_send = stall
    _, capacity = searched(plan, net)
    assert (capacity.carried, capacity.confirmed, capacity.ended_by, capacity.broke) == (3, True, EndedBy.WORKSTATION, None)
    assert {step.outcome for step in capacity.steps if step.calls >= 4} == {Outcome.WORKSTATION}
    assert "could not be sent in time" in (capacity.steps[2].note or "")


def test_sockets_that_the_system_will_not_give_are_not_the_network() -> None:
    """A stream that this machine cannot even open is its own limit."""
    plan = asking(8)
    net = healthy(plan)
    opened = net.open_datagrams

    class Poor(FakeNetwork):
        def open_datagrams(self, address, port, *, channels=1, dscp=0, local_port=0):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            if channels > 2:
                raise NetworkError(Failure(kind=FailureKind.LOCAL, operation="open", detail="too many open files"))
            return opened(address, port, channels=channels, dscp=dscp, local_port=local_port)

    poor = Poor(clock=net.clock, names=net.names, udp=net.udp, tcp=net.tcp, up=net.up, down=net.down)
    _, capacity = searched(plan, poor)
    assert (capacity.carried, capacity.ended_by) == (2, EndedBy.WORKSTATION)
    assert capacity.steps[2].note == "too many open files"


def test_a_reflector_s_rate_limit_is_not_the_network() -> None:
    """A reflector that answers so many packets a second and no more is named as what ended the search."""
    plan = asking(8)
    net = healthy(plan)
    net.udp[ADDRESS, REFLECTOR.port] = reflecting(Reflector(guard=Guard(rate_limit=160)))
    _, capacity = searched(plan, net)
    assert (capacity.carried, capacity.ended_by) == (3, EndedBy.REFLECTOR)


def test_an_interruption_keeps_what_was_measured() -> None:
    """Ctrl-C in the middle of the search: the streams so far, the number that was carried so far, not confirmed."""
    plan = asking(20)
    net = healthy(plan)
    begun_ns = net.clock.now_ns()
    document, capacity = searched(plan, net, lambda: net.clock.now_ns() - begun_ns > 22e9)
    assert (capacity.carried, capacity.confirmed, capacity.ended_by) == (2, False, EndedBy.INTERRUPTED)
    assert [step.outcome for step in capacity.steps] == ["carried", "carried", "interrupted"]
    assert document.run.used.interrupted


def test_without_a_reflector_that_answered_nothing_is_searched() -> None:
    """Where the ladder had to take something else, the public endpoint is spared."""
    plan = asking(20)
    net = healthy(plan)
    del net.udp[ADDRESS, REFLECTOR.port]
    document, capacity = searched(plan, net)
    assert document.voice is not None
    assert document.voice.method == "echo"
    assert (capacity.carried, capacity.ended_by, capacity.steps) == (None, EndedBy.METHOD, ())


def test_nobody_who_did_not_ask_waits() -> None:
    """Without the option there is no search."""
    plan = settings("eu-central-1", REFLECTOR, only="voice", duration_s=6.0)
    assert asyncio.run(measure(plan, healthy(plan), Silent(), lambda: False)).document.capacity is None
    assert announcement(plan) == ""


def test_says_beforehand_and_at_each_stream_how_long_it_takes() -> None:
    """The bound is said first; each stream says how many calls it is and how much is left."""
    plan, told = asking(8), Told()
    _, capacity = searched(plan, healthy(plan, up=narrow(250)), reporter=told)
    assert announcement(plan) == "until breach: up to 8 calls after the run's own stream, at most 16 streams of 5 s, 3 min"
    phases = [text for text in told.phases if text.startswith("until breach")]
    assert len(phases) == len(capacity.steps)
    assert phases[0] == "until breach: 1 call, at most 90 s left"
    assert phases[-1] == "until breach: 3 calls, at most 9 s left"


def test_the_bar_is_that_of_the_whole_search() -> None:
    """What was done before a stream stands in front of it, and what is left at most behind it."""
    told = Told()
    Course(told, 30.0, 60.0).progress(2.0, 5.0)
    assert told.progressed == [(32.0, 90.0)]


@pytest.mark.parametrize(("duration_s", "interval_ms", "expected_s"), [(30, 20, 10), (4, 20, 5), (21, 20, 7), (30, 200, 25)])
def test_a_stream_is_a_third_of_the_duration_and_long_enough(duration_s: float, interval_ms: float, expected_s: float) -> None:
    """5 to 10 s, and more only where a hundred packets of a single call take more."""
    assert step_s(asking(5, duration_s=duration_s, interval_ms=interval_ms)) == expected_s
