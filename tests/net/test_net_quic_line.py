"""Our end of the control channel against our server: the pin comes before the token, and every end of a question is a failure in words."""

import asyncio
from dataclasses import replace

import pytest
from control_link import ACCESS, ADDRESS, KEY, ONE_WAY_NS, Link, LinkPort

from nra.model.failure import Failure, FailureKind
from nra.model.plan import ControlAccess
from nra.model.sample import StampKind
from nra.net.ports import NetworkError, Transmission
from nra.net.quic_line import QuicLine, open_line
from nra.testing.fake_network import refusal
from nra.wire import control
from nra.wire.control import MOST_DATAGRAM_BYTES

SECOND_NS = 1_000_000_000


def opened(link: Link, access: ControlAccess = ACCESS, seconds: float = 3) -> QuicLine:
    """Open a line."""
    return asyncio.run(open_line(link, ADDRESS, access, "reflector.example", link.clock.now_ns() + round(seconds * SECOND_NS), 46))


def refused(link: Link, access: ControlAccess = ACCESS, seconds: float = 3) -> Failure:
    """Return why no line could be opened."""
    with pytest.raises(NetworkError) as caught:
        opened(link, access, seconds)
    return caught.value.failure


def stamp(ssid: int, size: int = 172) -> bytes:
    """Return octets with an SSID where STAMP has it."""
    return bytes(14) + ssid.to_bytes(2) + b"v" * (size - 16)


def port_of(line: QuicLine) -> LinkPort:
    """Return the socket below."""
    port: LinkPort = line._port._under  # type: ignore[assignment]
    return port


def test_open_and_ask() -> None:
    """Handshake and hello, then a question; the socket is marked as the stream will be."""
    link = Link()
    line = opened(link)
    assert port_of(line).dscp == 46
    with pytest.raises(NetworkError, match="wrong_protocol"):  # the echo's answer is our question
        asyncio.run(line.ask(control.Facts(), link.clock.now_ns() + SECOND_NS))
    assert link.host.guests[0].asked[1] == control.encode(control.Facts())


def test_it_takes_three_round_trips() -> None:
    """Retry, handshake, hello: what is measured afterwards waits no longer than that."""
    link = Link()
    began_ns = link.clock.now_ns()
    opened(link)
    assert 6 * ONE_WAY_NS <= link.clock.now_ns() - began_ns < 8 * ONE_WAY_NS


def test_another_key_than_the_pinned_one_never_sees_the_token() -> None:
    """Whoever answers there may be anybody."""
    link = Link()
    failure = refused(link, replace(ACCESS, pin="00" * 32))
    assert (failure.kind, failure.operation) == (FailureKind.TLS_UNTRUSTED, "quic handshake")
    assert link.host.guests[0].asked == []
    assert link.opened[0].closed


def test_an_unknown_key_is_said_to_be_unknown() -> None:
    """Over a connection to the right reflector that is certain, and told without waiting for the connection to drain."""
    link = Link()
    began_ns = link.clock.now_ns()
    failure = refused(link, replace(ACCESS, key=bytes(32)))
    assert failure == Failure(kind=FailureKind.REFUSED, operation="quic control", detail="the reflector does not know this key")
    assert link.clock.now_ns() - began_ns < 8 * ONE_WAY_NS


def test_silence_is_bounded() -> None:
    """Nobody there: as many tries as there was time for, and no longer than allowed."""
    link = Link()
    link.lost = lambda _number: True
    began_ns = link.clock.now_ns()
    failure = refused(link)
    assert failure == Failure(kind=FailureKind.NO_ANSWER, operation="quic handshake", detail="4 tries, no answer")
    assert link.clock.now_ns() - began_ns == 3 * SECOND_NS


def test_losses_are_repaired() -> None:
    """Every third packet of ours is lost: QUIC sends again, the line is opened and asked all the same."""
    link = Link()
    link.lost = lambda number: number % 3 == 1
    line = opened(link, seconds=10)
    with pytest.raises(NetworkError, match="wrong_protocol"):
        asyncio.run(line.ask(control.Facts(), link.clock.now_ns() + 10 * SECOND_NS))


def test_a_server_that_ends_is_told() -> None:
    """A question that it takes with it fails at once."""
    link = Link()
    line = opened(link)
    link.server.run(lambda: True)
    with pytest.raises(NetworkError, match="the reflector has ended"):
        asyncio.run(line.ask(control.Facts(), link.clock.now_ns() + 10 * SECOND_NS))


def test_a_question_without_an_answer_ends_at_its_deadline() -> None:
    """The line stays as it is."""
    link = Link()
    line = opened(link)
    link.host.guests[0].request = lambda *_: None  # type: ignore[method-assign]
    until_ns = link.clock.now_ns() + SECOND_NS
    with pytest.raises(NetworkError, match="no answer in time"):
        asyncio.run(line.ask(control.Facts(), until_ns))
    assert link.clock.now_ns() == until_ns


def test_datagrams_come_back_on_the_channel_of_their_ssid() -> None:
    """Calls share the connection: each reply is its call's, stamped as its packet was."""
    link = Link()
    port = opened(link).datagrams()
    for channel, ssid in ((0, 700), (1, 701)):
        port.send(Transmission(channel=channel, payload=stamp(ssid)))
    until_ns = link.clock.now_ns() + SECOND_NS
    arrivals = [*port.receive(until_ns), *port.receive(until_ns)]
    assert [(each.channel, each.payload) for each in arrivals] == [(0, stamp(700)), (1, stamp(701))]  # type: ignore[union-attr]
    assert {(each.stamp, each.ttl, each.tos) for each in arrivals} == {(StampKind.KERNEL, 60, 184)}  # type: ignore[union-attr]


def test_the_kernel_s_stamp_is_that_of_the_packet_that_carried_it() -> None:
    """Acknowledgements and what QUIC says beside are not taken for it."""
    link = Link()
    port = opened(link).datagrams()
    sent_ns = []
    for _ in range(20):
        sent_ns.append(link.clock.now_ns())
        port.send(Transmission(channel=0, payload=stamp(700)))
        port.receive(link.clock.now_ns() + SECOND_NS // 50)
    assert list(port.left_ns(0)) == [at_ns + 1000 for at_ns in sent_ns]
    assert list(port.left_ns(1)) == []


def test_what_is_too_long_is_refused_and_blocks_nothing() -> None:
    """aioquic would keep it at the head of its queue for ever, and all that comes after it."""
    link = Link()
    port = opened(link).datagrams()
    with pytest.raises(NetworkError, match="1171 octets where 1170 fit"):
        port.send(Transmission(channel=0, payload=stamp(700, MOST_DATAGRAM_BYTES + 1)))
    port.send(Transmission(channel=0, payload=stamp(700, MOST_DATAGRAM_BYTES)))
    assert len(port.receive(link.clock.now_ns() + SECOND_NS)) == 1


def test_what_congestion_control_holds_back_is_not_sent() -> None:
    """Nobody acknowledges: the window fills, and from then on each packet is refused instead of growing old in a queue."""
    link = Link()
    line = opened(link)
    port = line.datagrams()
    link.lost = lambda _number: True
    sent = held = 0
    for _ in range(60):
        try:
            port.send(Transmission(channel=0, payload=stamp(700, 1000)))
            sent += 1
        except NetworkError as error:
            assert error.failure.detail == "held back by congestion control"
            held += 1
        link.clock.advance_to(link.clock.now_ns() + 1_000_000)
    assert sent > 5
    assert held > 20
    assert len(line._port._connection._datagrams_pending) == 0


def test_what_the_system_will_not_send_is_not_sent() -> None:
    """QUIC takes it for lost; the stream is told the truth."""
    link = Link()
    line = opened(link)
    port_of(line).refusing = NetworkError(refusal(FailureKind.LOCAL, "send", "no buffer space available"))
    with pytest.raises(NetworkError, match="no buffer space"):
        line.datagrams().send(Transmission(channel=0, payload=stamp(700)))


def test_how_datagrams_travel_is_named() -> None:
    """Congestion control and pacing stand in the report's instrument line."""
    link = Link()
    words = opened(link).datagrams().equipment().pacing
    assert words == "by hand; in QUIC DATAGRAM frames, congestion control reno, paced by it: what it held back counts as not sent (aioquic)"


def test_nothing_is_sent_to_whoever_has_gone() -> None:
    """The connection was closed by the server: its reason is the failure of every packet."""
    link = Link()
    port = opened(link).datagrams()
    link.server.run(lambda: True)
    port.receive(link.clock.now_ns() + SECOND_NS)
    with pytest.raises(NetworkError, match="the reflector has ended"):
        port.send(Transmission(channel=0, payload=stamp(700)))


def test_closing_says_farewell() -> None:
    """The server forgets the connection at once, not after its idle time."""
    link = Link()
    line = opened(link)
    line.close()
    link.clock.advance_to(link.clock.now_ns() + 2 * SECOND_NS)
    link.server.glance()
    assert (len(link.server), port_of(line).closed, KEY) == (0, True, ACCESS.key)
