"""A QUIC server that strangers try to wear down: nothing is remembered of them before they have proven where they are, and little after."""

import os
import socket
import sys
import threading

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import HandshakeCompleted, PingAcknowledged, QuicEvent
from aioquic.quic.packet import QuicPacketType, pull_quic_header

from aioquic._buffer import Buffer  # isort: skip
from control_link import KEY, PEM, Echo, EchoHost, Link, Stranger, wait

from nra.net import quic_visit
from nra.net.clock import SystemClock
from nra.net.quic_server import FIRST_BYTES, ID_BYTES, QuicServer, Room, server_configuration
from nra.net.server import ServerPort
from nra.wire import control
from nra.wire.control import CloseCode

PATIENCE_S = 20


def first_packet(link: Link, source: tuple[str, int] = ("198.51.100.7", 4711)) -> bytes:
    """Return the first datagram of a connection."""
    stranger = link.stranger(source)
    ((packet, _),) = stranger.connection.datagrams_to_send(now=stranger.now_s)
    return packet


def kind_of(packet: bytes) -> QuicPacketType:
    """Return what a packet is."""
    return pull_quic_header(Buffer(data=packet), host_cid_length=ID_BYTES).packet_type


def test_a_guest_is_served() -> None:
    """Handshake, hello, a question and its answer."""
    link = Link()
    guest = link.stranger().hello()
    stream = guest.ask(b'"a question"')
    guest.exchange()
    assert guest.told(stream) == b'"a question"'
    assert len(link.server) == 1


def test_the_first_answer_is_a_retry_and_nothing_is_remembered() -> None:
    """A forged source gets one packet, smaller than what was sent in its name, however often it is tried."""
    link = Link()
    for number in range(200):
        packet = first_packet(link, (f"203.0.113.{number}", 443))
        (answer,) = link.hand_over(packet, (f"203.0.113.{number}", 443))
        assert kind_of(answer) is QuicPacketType.RETRY
        assert len(answer) < len(packet) / 5
    assert len(link.server) == 0
    assert link.server.counters == {"received": 200, "asked_again": 200}


def test_no_flight_is_larger_than_what_it_answers() -> None:
    """Over a whole handshake with a token, the server never has sent more than came from that address."""
    link = Link()
    guest = link.stranger()
    sent = 0
    for _ in range(8):
        for packet, _to in guest.connection.datagrams_to_send(now=guest.now_s):
            for answer in guest.give(packet):
                sent += len(answer)
                guest.connection.receive_datagram(answer, ("192.0.2.1", 443), now=guest.now_s)
            assert link.sockets.octets <= 3 * guest.sent_octets  # RFC 9000 8.1, before the address is proven
    assert sent > 0


def test_a_token_is_good_for_its_address_alone() -> None:
    """Whoever carries a token elsewhere is not let in, and not answered."""
    link = Link()
    here, there = ("198.51.100.7", 4711), ("198.51.100.8", 4711)
    stranger = link.stranger(here)
    ((first, _),) = stranger.connection.datagrams_to_send(now=stranger.now_s)
    (retry,) = link.hand_over(first, here)
    stranger.connection.receive_datagram(retry, ("192.0.2.1", 443), now=stranger.now_s)
    ((second, _),) = stranger.connection.datagrams_to_send(now=stranger.now_s)
    assert link.hand_over(second, there) == []
    assert link.server.counters["bad_retry_token"] == 1
    assert len(link.server) == 0
    assert link.hand_over(second, here) != []
    assert len(link.server) == 1


def test_a_token_expires() -> None:
    """One that was kept for a minute is good for nothing."""
    link = Link()
    stranger = link.stranger()
    ((first, _),) = stranger.connection.datagrams_to_send(now=stranger.now_s)
    (retry,) = stranger.give(first)
    stranger.connection.receive_datagram(retry, ("192.0.2.1", 443), now=stranger.now_s)
    ((second, _),) = stranger.connection.datagrams_to_send(now=stranger.now_s)
    wait(link, 60)
    assert stranger.give(second) == []
    assert len(link.server) == 0


@pytest.mark.parametrize("size", [0, 1, 20, 100, 1199, 1200, 1500, 9000])
def test_garbage_is_counted_and_not_answered(size: int) -> None:
    """Octets of no meaning, of any length, with every first octet."""
    link = Link()
    for first in range(256):
        assert link.hand_over((bytes((first,)) + os.urandom(size))[:size], ("198.51.100.9", 9)) == [] or size >= FIRST_BYTES
    assert len(link.server) == 0
    assert link.server.counters["received"] == 256


def test_short_first_packets_are_not_answered() -> None:
    """What is smaller than RFC 9000 demands might be answered by more than it is."""
    link = Link()
    packet = first_packet(link)
    assert link.hand_over(packet[:1199], ("198.51.100.7", 4711)) == []
    assert link.server.counters["nobodys"] == 1


def test_another_version_is_told_which_there_are() -> None:
    """The list of versions is small, and a list is not answered by a list: two servers would never stop."""
    link = Link()
    stranger = link.stranger(versions=(0x0A0A0A0A,))
    ((packet, _),) = stranger.connection.datagrams_to_send(now=stranger.now_s)
    (answer,) = stranger.give(packet)
    assert kind_of(answer) is QuicPacketType.VERSION_NEGOTIATION
    assert len(answer) < 100
    assert stranger.give(answer.ljust(1200, b"\0")) == []


def test_strangers_of_one_source_do_not_take_all_the_room() -> None:
    """Whoever opens many connections without a word is let in so often, somebody else still is."""
    link = Link(room=Room(strangers=10, strangers_of_source=4, guests=20))
    for port in range(30):
        link.stranger(("198.51.100.7", 5000 + port)).exchange()
    assert len(link.server) == 4
    assert link.server.counters["too_many_strangers"] >= 26
    guest = link.stranger(("203.0.113.5", 5000)).hello()
    assert guest.closed_with is None
    assert link.host.guests[-1].visit.is_known


def test_an_ipv6_household_is_one_source() -> None:
    """A /64 has more addresses than anybody could count: they are one."""
    link = Link(room=Room(strangers=10, strangers_of_source=4, guests=20))
    for number in range(10):
        link.stranger((f"2001:db8::{number:x}", 5000)).exchange()
    assert len(link.server) == 4


def test_strangers_go_after_two_seconds() -> None:
    """Slow ones make room for others: no hello, no stay, whatever else they send."""
    link = Link(room=Room(strangers=4, strangers_of_source=4, guests=20))
    slow = [link.stranger(("198.51.100.7", 5000 + port)).exchange() for port in range(4)]
    for stranger in slow:
        stranger.ask(b'{"ask":', is_whole=False)
        stranger.exchange()
    wait(link, 2.1)
    assert [stranger.exchange().closed_with for stranger in slow] == [CloseCode.TOO_LATE] * 4
    wait(link, 3)
    assert len(link.server) == 0
    assert link.server.counters["closed_too_late"] == 4


def test_guests_do_not_take_the_strangers_room() -> None:
    """Whoever has said who he is no longer stands in the way of those who want to."""
    link = Link(room=Room(strangers=1, strangers_of_source=1, guests=3))
    guests = [link.stranger(("198.51.100.7", 5000 + port)).hello() for port in range(5)]
    assert [guest.closed_with for guest in guests] == [None] * 5
    assert [guest.visit.is_known for guest in link.host.guests] == [True] * 3
    assert link.server.counters["no_room"] > 0


def test_whoever_is_barred_gets_nothing() -> None:
    """Networks that are not allowed, sources that begin too often: no answer, one count."""
    host = EchoHost()
    host.barred = "not_allowed"
    link = Link(host)
    assert link.hand_over(first_packet(link), ("198.51.100.7", 4711)) == []
    assert link.server.counters == {"received": 1, "not_allowed": 1}


def test_a_source_pays_only_for_what_it_has_proven() -> None:
    """Forging somebody's address takes nothing of his share: the first packet is nobody's, the one with a token is the source's."""
    link = Link()
    link.stranger().exchange(2)
    assert link.host.began == [None, "198.51.100.7"]
    assert len(link.server) == 1


@pytest.mark.parametrize("limited", [None, "198.51.100.7"])
def test_whoever_begins_too_often_waits(limited: str | None) -> None:
    """No answer, one count."""
    link = Link()
    link.host.limited[limited] = "rate_limited"
    link.stranger().exchange()
    assert len(link.server) == 0
    assert link.server.counters["rate_limited"] == 1


def test_a_connection_that_fails_takes_nobody_with_it() -> None:
    """A defect in others' code on others' octets ends that connection alone."""
    link = Link()
    ill, well = link.stranger(("198.51.100.7", 1)).hello(), link.stranger(("198.51.100.8", 1)).hello()
    first: Echo = link.host.guests[0]

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    first.visit._connection.receive_datagram = fail  # type: ignore[method-assign]
    ill.ask(b"1")
    ill.exchange()
    assert (len(link.server), first.is_gone, link.server.counters["failed"]) == (1, True, 1)
    stream = well.ask(b"2")
    assert well.exchange().told(stream) == b"2"


def test_the_end_is_said() -> None:
    """Guests are told that the server goes, and the sockets are closed."""
    link = Link()
    guest = link.stranger().hello(KEY)
    link.server.run(lambda: True)
    for answer in link.sockets.sent.pop(guest.source):
        guest.connection.receive_datagram(answer, ("192.0.2.1", 443), now=guest.now_s)
    assert guest.exchange().closed_with == CloseCode.ENDING
    assert link.sockets.closed


def moved(link: Link, source: tuple[str, int]) -> tuple[Stranger, list[bytes]]:
    """Return somebody who has shaken hands and then sent one small packet from another place, and what came back there."""
    stranger = link.stranger().exchange()
    stranger.connection.send_ping(1)
    ((packet, _),) = stranger.connection.datagrams_to_send(now=stranger.now_s)
    assert len(packet) < 40
    answers = link.hand_over(packet, source)
    assert sum(map(len, answers)) <= len(packet)
    return stranger, answers


def test_another_address_is_not_followed() -> None:
    """Whoever shook hands from his own address cannot have anybody else's sent anything."""
    link = Link()
    stranger, answers = moved(link, ("203.0.113.5", 4711))
    wait(link, 1)
    assert (answers, link.sockets.sent.get(("203.0.113.5", 4711))) == ([], None)
    assert link.server.counters["moved"] == 1
    assert stranger.hello().closed_with is None


def test_a_port_that_is_barred_is_not_followed() -> None:
    """Who may be answered is asked again for each place, not for the first alone."""
    link = Link()
    stranger = link.stranger().exchange()
    link.host.barred = "not_allowed"
    stranger.source = ("198.51.100.7", 4712)
    stranger.hello()
    assert link.server.counters["not_allowed"] > 0
    assert link.sockets.sent == {}


def test_another_port_gets_no_more_than_it_sent_until_it_is_proven() -> None:
    """A NAT may give a connection another port: it goes on, and nothing that is answered on the way there is larger than what came."""
    link = Link()
    guest = link.stranger().hello()
    before, octets = guest.sent_octets, link.sockets.octets
    guest.source = ("198.51.100.7", 4712)
    stream = guest.ask(b'"' + b"a" * 900 + b'"')
    for _ in range(8):
        link.clock.advance_to(link.clock.now_ns() + 1_000_000)
        for packet, _to in guest.connection.datagrams_to_send(now=guest.now_s):
            for answer in guest.give(packet):
                guest.connection.receive_datagram(answer, ("192.0.2.1", 443), now=guest.now_s)
            assert link.sockets.octets - octets <= guest.sent_octets - before
    guest.exchange()
    assert link.host.guests[0].visit._unproven(guest.source) == []
    while (event := guest.connection.next_event()) is not None:
        guest.events.append(event)
    assert len(guest.told(stream)) == 902


def test_small_packets_from_another_port_get_no_more_than_they_are() -> None:
    """Also where the answer would be the connection's end, and however long the sender is silent then."""
    link = Link()
    there = ("198.51.100.7", 4712)
    stranger, answers = moved(link, there)
    stream = stranger.connection.get_next_available_stream_id()
    stranger.connection.send_stream_data(stream, b"x", end_stream=True)
    ((packet, _),) = stranger.connection.datagrams_to_send(now=stranger.now_s)
    sent = sum(map(len, answers + link.hand_over(packet, there)))
    for _ in range(100):
        wait(link, 0.1, steps=1)
        sent += sum(map(len, link.collected(there)))
    assert sent <= 40 + len(packet)
    assert link.server.counters["closed_not_allowed"] == 1


def test_nobody_moves_before_hands_are_shaken() -> None:
    """A handshake that is finished from another port proves nothing of that port."""
    link = Link()
    stranger = link.stranger()
    for _ in range(2):
        for packet, _to in stranger.connection.datagrams_to_send(now=stranger.now_s):
            for answer in stranger.give(packet):
                stranger.connection.receive_datagram(answer, ("192.0.2.1", 443), now=stranger.now_s)
    packets = [packet for packet, _ in stranger.connection.datagrams_to_send(now=stranger.now_s)]
    assert packets
    assert [link.hand_over(packet, ("198.51.100.7", 4712)) for packet in packets] == [[]] * len(packets)
    assert link.server.counters["moved"] == len(packets)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has all of 127.0.0.0/8 on loopback")
def test_over_real_sockets_another_address_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shaken hands at 127.0.0.1, a packet from 127.0.0.2: that address hears nothing, the first one is served on."""
    monkeypatch.setattr(quic_visit, "HELLO_NS", PATIENCE_S * 1_000_000_000)  # who never says hello is not sent away meanwhile
    clock, over = SystemClock(), threading.Event()
    port = ServerPort(clock, [("127.0.0.1", 0)])
    server = QuicServer(port, clock, server_configuration(PEM), EchoHost())
    thread = threading.Thread(target=server.run, args=(over.is_set,))
    thread.start()
    client = QuicConnection(configuration=QuicConfiguration(alpn_protocols=[control.ALPN], verify_mode=0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        here.bind(("127.0.0.1", 0))
        there.bind(("127.0.0.2", 0))
        here.settimeout(PATIENCE_S)

        def exchange_until(kind: type[QuicEvent]) -> None:
            while True:
                for packet, _ in client.datagrams_to_send(now=clock.now_ns() / 1e9):
                    here.sendto(packet, port.bound[0])
                while (event := client.next_event()) is not None:
                    if isinstance(event, kind):
                        return
                client.receive_datagram(here.recv(2048), port.bound[0], now=clock.now_ns() / 1e9)

        try:
            client.connect(port.bound[0], now=clock.now_ns() / 1e9)
            exchange_until(HandshakeCompleted)
            client.send_ping(1)
            exchange_until(PingAcknowledged)
            client.send_ping(2)
            for packet, _ in client.datagrams_to_send(now=clock.now_ns() / 1e9):
                there.sendto(packet, port.bound[0])
            client.send_ping(3)
            exchange_until(PingAcknowledged)
        finally:
            over.set()
            thread.join(PATIENCE_S)
        there.setblocking(False)
        with pytest.raises(BlockingIOError):
            there.recv(2048)
    assert server.counters["moved"] >= 1
