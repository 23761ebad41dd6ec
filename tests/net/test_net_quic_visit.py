"""One connection to our server: what a guest may ask and keep waiting there, and what a stranger may not."""

import pytest
from control_link import Echo, Link, Stranger, wait

from nra.net.quic_visit import GUESTS_BYTES, MOST_STREAMS, MOST_WAITING, STRANGERS_BYTES
from nra.wire.control import MOST_DATAGRAM_BYTES, MOST_REQUEST_BYTES, CloseCode


def guest_of(link: Link) -> Echo:
    """Return who speaks for the newest connection."""
    guest: Echo = link.host.guests[-1]
    return guest


def kept_octets(guest: Stranger, link: Link) -> int:
    """Return how much of the connection's streams the server keeps."""
    streams = guest_of(link).visit._connection._streams.values()
    return sum(len(stream.receiver._buffer) for stream in streams)


def test_a_request_may_come_in_pieces() -> None:
    """It is whole when its stream has ended, not before."""
    link = Link()
    guest = link.stranger().hello()
    stream = guest.ask(b"one, ", is_whole=False)
    guest.exchange()
    assert guest_of(link).asked[1:] == []
    guest.connection.send_stream_data(stream, b"two", end_stream=True)
    assert guest.exchange().told(stream) == b"one, two"


def test_many_requests_one_after_the_other() -> None:
    """Streams that are done count no longer."""
    link = Link()
    guest = link.stranger().hello()
    for number in range(5 * MOST_STREAMS):
        stream = guest.ask(str(number).encode())
        assert guest.exchange().told(stream) == str(number).encode()
        wait(link, 0.03)
        guest.exchange()  # what was answered is acknowledged
    assert guest.closed_with is None


@pytest.mark.parametrize("known", [False, True])
def test_a_request_that_is_too_long_ends_the_connection(known: bool) -> None:
    """Nobody gathers what no request is."""
    link = Link()
    guest = link.stranger().hello() if known else link.stranger().exchange()
    guest.ask(b" " * (MOST_REQUEST_BYTES + 1), is_whole=False)
    assert guest.exchange().closed_with == CloseCode.TOO_MUCH


def test_thousands_of_streams() -> None:
    """More at once than are granted are refused by QUIC itself, before they cost anything."""
    link = Link()
    guest = link.stranger().hello()
    for _ in range(5000):
        guest.ask(b"{", is_whole=False)
    guest.exchange(50)
    assert len(guest_of(link).visit._connection._streams) <= MOST_STREAMS
    assert len(guest_of(link).visit._asked) <= MOST_STREAMS


def test_a_stream_beyond_what_is_granted_ends_the_connection() -> None:
    """A peer that does not keep to the limit breaks the protocol."""
    link = Link()
    guest = link.stranger().hello()
    guest.connection._remote_max_streams_bidi = 10_000
    for _ in range(MOST_STREAMS + 5):
        guest.ask(b"{", is_whole=False)
    guest.exchange(20)
    assert guest.closed_with is not None


def test_unidirectional_streams_are_not_granted() -> None:
    """Nobody here speaks on them."""
    link = Link()
    guest = link.stranger().hello()
    assert guest.connection._remote_max_streams_uni == 0


@pytest.mark.parametrize("known", [False, True])
def test_one_octet_far_ahead_doubles_nothing_again_and_again(known: bool) -> None:
    """aioquic makes room up to a stream's farthest octet and raises its windows as that moves: what may come in all is bounded here."""
    link = Link()
    guest = link.stranger().hello() if known else link.stranger().exchange()
    stream = guest.ask(b"", is_whole=False)
    sender = guest.connection._get_or_create_stream_for_send(stream).sender
    most = 0
    for _ in range(40):
        if guest.closed_with is not None:
            break
        limit = min(guest.connection._streams[stream].max_stream_data_remote, guest.connection._remote_max_data)
        sender._buffer_start = sender._buffer_stop = max(0, limit - 1)
        sender._pending.add(limit - 1, limit)
        sender._buffer, sender._buffer_stop = bytearray(b"x"), limit
        sender.buffer_is_empty = False
        guest.connection._remote_max_data_used = 0
        guest.exchange(3)
        most = max(most, kept_octets(guest, link))
    assert guest.closed_with == CloseCode.TOO_MUCH
    assert most <= 2 * (GUESTS_BYTES if known else STRANGERS_BYTES)


def test_a_reset_stream_is_forgotten() -> None:
    """Half a request that is taken back is nobody's."""
    link = Link()
    guest = link.stranger().hello()
    stream = guest.ask(b"half", is_whole=False)
    guest.exchange()
    guest.connection.reset_stream(stream, 0)
    guest.exchange()
    assert guest_of(link).visit._asked == {}
    assert guest_of(link).asked[1:] == []


def test_datagrams_come_back_marked() -> None:
    """Each is answered at once, in a packet with the reply's marking."""
    link = Link()
    guest = link.stranger().hello()
    guest.connection.send_datagram_frame(b"voice")
    guest.exchange()
    assert guest_of(link).datagrams == [(b"voice", True)]
    assert link.sockets.marks[-1] == 46


def test_a_datagram_that_is_too_long_blocks_nothing() -> None:
    """Its answer would stand before all later ones for ever; it is not made, and counted."""
    link = Link()
    guest = link.stranger().hello()
    guest.connection.send_datagram_frame(b"x" * (MOST_DATAGRAM_BYTES + 1))
    guest.exchange()
    guest.connection.send_datagram_frame(b"y" * MOST_DATAGRAM_BYTES)
    guest.exchange()
    assert [(len(octets), may) for octets, may in guest_of(link).datagrams] == [(1171, False), (1170, True)]
    assert link.server.counters["datagram_too_long"] == 1
    assert len(guest_of(link).visit._connection._datagrams_pending) == 0


def test_a_guest_that_acknowledges_nothing_keeps_a_few_answers_waiting() -> None:
    """What congestion control holds back is bounded: further datagrams come, and are not answered."""
    link = Link()
    guest = link.stranger().hello()
    for _ in range(300):
        link.clock.advance_to(link.clock.now_ns() + 1_000_000)
        guest.connection.send_datagram_frame(b"z" * 1000)
        guest.connection._loss._cc.congestion_window = 1 << 30
        for packet, _to in guest.connection.datagrams_to_send(now=guest.now_s):
            guest.give(packet)
    assert len(guest_of(link).visit._connection._datagrams_pending) <= MOST_WAITING
    assert link.server.counters["held_back"] > 0
    assert guest_of(link).datagrams[-1][1] is False


def test_a_guest_may_stay_as_long_as_it_was_told() -> None:
    """Then it is sent away, however lively it is."""
    link = Link()
    guest = link.stranger().hello()
    guest_of(link).visit.know(link.clock.now_ns() + 1_000_000_000)
    guest.exchange()
    guest.ask(b"lively")
    guest.exchange()
    wait(link, 1.1)
    assert guest.exchange().closed_with == CloseCode.DONE


def test_a_guest_that_leaves_is_forgotten() -> None:
    """And whoever spoke for it hears of that."""
    link = Link()
    guest = link.stranger().hello()
    guest.connection.close()
    guest.exchange()
    wait(link, 5)
    assert (len(link.server), guest_of(link).is_gone) == (0, True)
    assert link.server._by_id == {}


def test_a_silent_guest_is_forgotten() -> None:
    """After the idle time of QUIC (RFC 9000 10.1)."""
    link = Link()
    link.stranger().hello()
    wait(link, 61, steps=200)
    assert (len(link.server), guest_of(link).is_gone) == (0, True)


def test_a_guest_may_move() -> None:
    """A NAT gives another port: packets go where the last one came from, once that is proven (RFC 9000 9)."""
    link = Link()
    guest = link.stranger().hello()
    guest.source = ("198.51.100.7", 4712)
    stream = guest.ask(b"still here")
    assert guest.exchange(20).told(stream) == b"still here"
