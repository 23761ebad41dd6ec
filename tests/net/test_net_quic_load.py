"""Octets for their own sake between two connections of aioquic in memory: every octet is counted, and no more is kept than allowed."""

from collections.abc import Callable
from typing import Final

import pytest
from aioquic._buffer import Buffer
from aioquic.quic import events
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import pull_quic_header

from nra.net.quic_line import new_connection
from nra.net.quic_load import CHUNK, IN_FLIGHT_BYTES, IPV4_UDP_BYTES, WINDOW_BYTES, Flow, headers_bytes, is_one_way
from nra.net.quic_server import server_configuration
from nra.reflector.responders.certificate import made_pem

US: Final = ("192.0.2.10", 50000)
THEM: Final = ("192.0.2.1", 443)
STEP_NS: Final = 5_000_000  # one way
S: Final = 1_000_000_000
PEM: Final = made_pem()


class Link:
    """Two connections, each of which may have a load, and what went over the wire between them."""

    def __init__(self) -> None:
        """Shake hands."""
        self.client = new_connection("reflector", THEM)
        packets = self.client.datagrams_to_send(now=0.0)
        header = pull_quic_header(Buffer(data=packets[0][0]), host_cid_length=8)
        self.server = QuicConnection(configuration=server_configuration(PEM), original_destination_connection_id=header.destination_cid)
        self.server._local_max_streams_uni.value = 0  # as a visit has it
        self.flows: dict[QuicConnection, Flow] = {}
        self.carried: dict[QuicConnection, list[tuple[int, int]]] = {self.client: [], self.server: []}
        self.heard: set[int] = set()
        self.now_ns = 0
        for packet, _ in packets:
            self.server.receive_datagram(packet, US, now=0.0)
        self.run_until(lambda: False, S // 2)

    def load(self, end: QuicConnection, *, pour: int = 0, swallow: int = 0, seconds: float = 2.0) -> Flow:
        """Begin a load at one end."""
        until_ns = self.now_ns + round(seconds * S)
        flow = Flow(end, self.now_ns, until_ns, pour=pour, swallow=swallow, headers_bytes=IPV4_UDP_BYTES)
        self.flows[end] = flow
        return flow

    def run_until(self, done: Callable[[], bool], for_ns: int) -> None:
        """Let time pass in steps of one way."""
        end_ns = self.now_ns + for_ns
        while not done() and self.now_ns < end_ns:
            for one, other, source in ((self.client, self.server, US), (self.server, self.client, THEM)):
                self._serve(one)
                self._carry(one, other, source)
            self.now_ns += STEP_NS

    def _serve(self, end: QuicConnection) -> None:
        timer_s = end.get_timer()
        if timer_s is not None and timer_s <= self.now_ns / 1e9:
            end.handle_timer(now=self.now_ns / 1e9)
        while (event := end.next_event()) is not None:
            if isinstance(event, events.StreamDataReceived) and end in self.flows and is_one_way(event.stream_id):
                self.flows[end].swallow(event.stream_id, len(event.data))
            elif isinstance(event, events.StreamDataReceived):
                self.heard.add(event.stream_id)
            if isinstance(event, events.StreamReset) and end in self.flows:
                self.flows[end].stopped(event.error_code)

    def _carry(self, one: QuicConnection, other: QuicConnection, source: tuple[str, int]) -> None:
        flow = self.flows.get(one)
        if flow is not None:
            flow.pour(self.now_ns)
        for packet, _ in one.datagrams_to_send(now=self.now_ns / 1e9):
            if flow is not None:
                flow.sent(len(packet))
            self.carried[one].append((self.now_ns, len(packet) + IPV4_UDP_BYTES))
            if other in self.flows:
                self.flows[other].arrived(len(packet), self.now_ns)
            other.receive_datagram(packet, source, now=self.now_ns / 1e9)


@pytest.fixture(name="link")
def connected() -> Link:
    """Two ends that have shaken hands."""
    return Link()


@pytest.mark.parametrize("way", ["up", "down"])
def test_every_octet_that_arrives_is_counted_in_its_tenth_of_a_second(link: Link, way: str) -> None:
    """With the headers of IP and UDP, at the end where it arrived: whichever end pours."""
    one, other = (link.client, link.server) if way == "up" else (link.server, link.client)
    begun_ns = link.now_ns
    counting, _ = link.load(other, swallow=50_000_000), link.load(one, pour=50_000_000)
    link.run_until(lambda: False, S)
    truth = [0] * 10
    for at_ns, octets in link.carried[one]:
        if begun_ns <= at_ns < begun_ns + S:
            truth[(at_ns - begun_ns) // 100_000_000] += octets
    assert counting.octets == truth
    assert sum(truth) > 1_000_000


def test_it_ends_when_its_time_is_over(link: Link) -> None:
    """The one-way stream is cut off, what waited is not sent any more."""
    counting, pouring = link.load(link.server, swallow=50_000_000, seconds=1.0), link.load(link.client, pour=50_000_000, seconds=0.3)
    link.run_until(lambda: False, S)
    assert pouring.is_over
    assert not pouring.is_capped
    assert sum(counting.octets[4:]) < 5_000  # acknowledgements and the like


def test_it_ends_when_its_octets_are_used_up(link: Link) -> None:
    """No more than one flight beyond the cap, and it is said."""
    counting, pouring = link.load(link.server, swallow=2_000_000), link.load(link.client, pour=300_000)
    link.run_until(lambda: False, S)
    assert (pouring.is_over, pouring.is_capped) == (True, True)
    assert sum(counting.octets) == pytest.approx(300_000, rel=0.2)
    assert pouring.unused_bytes == 0


def test_the_end_that_receives_hears_of_the_other_s_end(link: Link) -> None:
    """And why: whoever measures beside a load must know when there is none any more."""
    counting, _ = link.load(link.client, swallow=2_000_000), link.load(link.server, pour=300_000)
    link.run_until(lambda: False, S)
    assert (counting.is_over, counting.is_capped) == (True, True)
    again, _ = link.load(link.client, swallow=2_000_000), link.load(link.server, pour=2_000_000, seconds=0.2)
    link.run_until(lambda: False, S)
    assert (again.is_over, again.is_capped) == (True, False)


def test_an_end_that_is_sent_more_than_it_granted_stops_counting(link: Link) -> None:
    """The other end may not go on for ever: what it may send on streams is bounded by what is still granted."""
    counting, _ = link.load(link.server, swallow=300_000), link.load(link.client, pour=50_000_000)
    link.run_until(lambda: counting.is_over, S)
    assert counting.is_capped
    assert counting.allowed_bytes <= WINDOW_BYTES + 300_000
    used = link.server._local_max_data.used
    link.run_until(lambda: False, 3 * S)
    assert link.server._local_max_data.used - used <= WINDOW_BYTES


def test_acknowledgements_of_what_is_poured_cap_nothing(link: Link) -> None:
    """An end that only pours has no room for arrivals to use up."""
    link.load(link.server, swallow=50_000_000)
    pouring = link.load(link.client, pour=50_000_000)
    link.run_until(lambda: False, S // 2)
    assert sum(pouring.octets) > 0
    assert not pouring.is_over


def test_the_window_is_never_further_ahead_than_what_is_kept(link: Link) -> None:
    """aioquic would double it with every half that is used; here it follows what was swallowed."""
    link.load(link.server, swallow=50_000_000)
    link.load(link.client, pour=50_000_000)
    for _ in range(20):
        link.run_until(lambda: False, S // 20)
        window = link.server._local_max_data
        assert window.value - window.swallowed <= WINDOW_BYTES  # type: ignore[attr-defined]
    assert window.used > WINDOW_BYTES / 2


def test_a_load_that_is_cut_off_leaves_room_for_words(link: Link) -> None:
    """What was lost of it will never come, and must not stand in the way of what is asked and answered afterwards."""
    link.load(link.server, swallow=50_000_000, seconds=9.0)
    pouring = link.load(link.client, pour=50_000_000, seconds=9.0)
    window = link.server._local_max_data
    window.swallowed = -WINDOW_BYTES  # type: ignore[attr-defined] # as if that much had been lost on the way
    link.run_until(lambda: window.used == window.value, 8 * S)
    assert window.used == window.value
    pouring.end()
    stream = link.client.get_next_available_stream_id()
    link.client.send_stream_data(stream, b"unload", end_stream=True)
    link.run_until(lambda: stream in link.heard, S)
    assert stream in link.heard


def test_whoever_acknowledges_nothing_makes_us_keep_no_more() -> None:
    """What is poured waits in a buffer that is topped up and never filled."""
    link = Link()
    pouring = link.load(link.server, pour=500_000_000)
    link.load(link.client, swallow=500_000_000)
    for _ in range(200):
        pouring.pour(link.now_ns)
        link.server.datagrams_to_send(now=link.now_ns / 1e9)  # lost, all of them
    buffers = [len(stream.sender._buffer) for stream in link.server._streams.values()]
    assert max(buffers) <= IN_FLIGHT_BYTES + len(CHUNK)


def test_headers_are_those_of_the_family() -> None:
    """20 or 40 octets of IP and 8 of UDP."""
    assert (headers_bytes("192.0.2.1"), headers_bytes("2001:db8::1")) == (28, 48)
