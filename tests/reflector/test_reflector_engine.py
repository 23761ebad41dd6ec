"""Both engines on loopback: real sockets, one thread, nothing that stops them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from nra.net.server import every_address
from nra.net.sockets import set_dscp
from nra.net.stamps import ask_for_control, read_control
from nra.reflector.core import Reflector
from nra.reflector.engine import CannotListen, Engine, claim
from nra.reflector.engines import best_engine
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.wire.beacon import EchoProbe, encode_echo
from nra.wire.stamp import SenderPacket, decode_reflector, encode_sender
from nra.wire.stamp_tlv import Tlv, TlvType, encode_tlvs, parse_tlvs
from nra.wire.stamp_values import ClassOfService, DirectMeasurement, Location, request_tlv
from nra.wire.timestamps import ntp_from_unix_ns

HAS_IPV6 = "::" in every_address()
KINDS = [Engine] if best_engine() is Engine else [Engine, best_engine()]
LOOPBACKS = ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not HAS_IPV6, reason="no IPv6 here"))]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[Engine]:
    """Each engine that there is on this system."""
    engine: type[Engine] = request.param
    return engine


@contextmanager
def running(engine: Engine) -> Iterator[Engine]:
    """Run the engine while the block lasts."""
    over = threading.Event()
    thread = threading.Thread(target=engine.run, args=(over.is_set,))
    thread.start()
    try:
        yield engine
    finally:
        over.set()
        thread.join(5)
        assert not thread.is_alive()


@contextmanager
def client(address: str, port: int) -> Iterator[socket.socket]:
    """Yield a connected UDP socket."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((address, port))
        yield sock


def request(sequence: int, tail: bytes = b"") -> bytes:
    """Return a sender's packet of now."""
    return encode_sender(SenderPacket(sequence, ntp_from_unix_ns(time.time_ns()), 1, 77, tail))


@pytest.mark.parametrize("address", LOOPBACKS)
def test_it_answers_on_loopback(kind: type[Engine], address: str) -> None:
    """The reply comes from the address that was asked, with TTL, both times in order and the sender's own address as evidence."""
    with running(kind(Reflector(), [(address, 0)])) as engine, client(*engine.bound[0]) as sock:
        before = time.time_ns()
        sock.send(request(3, encode_tlvs([request_tlv(Location.request())])))
        reply = decode_reflector(sock.recv(2000))
        after = time.time_ns()
        seen = Location.decode({tlv.type: tlv.value for tlv in parse_tlvs(reply.tail)}[TlvType.LOCATION])
        assert (reply.sequence, reply.sender_sequence, reply.ssid) == (0, 3, 77)
        assert before - 5_000_000 < reply.t2_ns(before) <= reply.t3_ns(before) < after + 5_000_000
        assert 0 < reply.sender_ttl <= 255
        assert seen.source_port == sock.getsockname()[1]
        assert seen.destination_port == engine.bound[0][1]


def test_it_listens_on_several_addresses(kind: type[Engine]) -> None:
    """Replies leave from the socket and address that the request came to."""
    with running(kind(Reflector(), [("127.0.0.1", 0), ("127.0.0.2", 0), ("0.0.0.0", 0)])) as engine:
        for address, port in (engine.bound[0], engine.bound[1], ("127.0.0.3", engine.bound[2][1])):
            with client(address, port) as sock:  # connected: a reply from anywhere else would not arrive
                sock.send(request(0))
                assert decode_reflector(sock.recv(2000)).sender_sequence == 0


def test_trap_13_garbage_does_not_stop_it(kind: type[Engine]) -> None:
    """Trap 13: empty, one-byte and large datagrams are counted and dropped, the next request is answered."""
    reflector = Reflector()
    with running(kind(reflector, [("127.0.0.1", 0)])) as engine, client(*engine.bound[0]) as sock:
        for junk in (b"", b"x", bytes(43), b"\xff" * 1400, bytes(60_000)):
            sock.send(junk)
        sock.send(request(9))
        replies = [sock.recv(65_535)]
        while decode_reflector(replies[-1]).sender_sequence != 9:
            replies.append(sock.recv(65_535))
        assert reflector.counters["too_short"] == 3
        assert max(len(reply) for reply in replies) <= 60_000


def test_a_sender_that_is_gone_does_not_stop_it(kind: type[Engine]) -> None:
    """The ICMP error that its reply brings back is nobody's request."""
    with running(kind(Reflector(), [("127.0.0.1", 0)])) as engine:
        for _ in range(3):
            with client(*engine.bound[0]) as gone:
                gone.send(request(0))
        with client(*engine.bound[0]) as sock:
            sock.send(request(1))
            assert decode_reflector(sock.recv(2000)).sender_sequence == 1


def test_a_port_that_is_taken(kind: type[Engine]) -> None:
    """The system's reason is told, and no socket is left open (warnings are errors here)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(CannotListen, match="in use"):
            kind(Reflector(), [("127.0.0.1", 0), ("127.0.0.1", taken.getsockname()[1])])


def test_its_sockets_are_closed_in_the_end(kind: type[Engine]) -> None:
    """What it listened on is free again."""
    with running(kind(Reflector(), [("127.0.0.1", 0)])) as engine:
        address, port = engine.bound[0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))


def test_large_datagrams_come_back_whole(kind: type[Engine]) -> None:
    """Whatever parts of memory a datagram lies in: the padding is the request's, of few and of many at a time."""
    with running(kind(Reflector(), [("127.0.0.1", 0)])) as engine, client(*engine.bound[0]) as sock:
        for size in (4, 27, 28, 29, 211, 212, 213, 1400, 9000, 60_000):
            padding = bytes(place * 7 % 251 for place in range(size - 4))
            sock.send(request(size, encode_tlvs([Tlv(0x80, TlvType.EXTRA_PADDING, padding)])))
            reply = decode_reflector(sock.recv(65_535))
            assert (reply.sender_sequence, reply.tail[4:]) == (size, padding)


def test_a_burst_is_answered_in_order(kind: type[Engine]) -> None:
    """Many that wait together are numbered as they came, each session by itself, and each goes back to its own sender."""
    reflector = Reflector()
    engine = kind(reflector, [("127.0.0.1", 0)])
    with ExitStack() as stack:
        clients = [stack.enter_context(client(*engine.bound[0])) for _ in range(3)]
        for number in range(30):
            for sock in clients:
                sock.send(request(number, encode_tlvs([request_tlv(DirectMeasurement(sender_tx=number + 1))])))
        with running(engine):
            for sock in clients:
                replies = [decode_reflector(sock.recv(2000)) for _ in range(30)]
                assert [(reply.sequence, reply.sender_sequence) for reply in replies] == [(number, number) for number in range(30)]
                assert all(reply.t2_ns(time.time_ns()) <= reply.t3_ns(time.time_ns()) for reply in replies)
    assert reflector.counters == {"received": 90, "answered": 90}
    assert len(reflector.sessions) == 3


def test_the_marking_is_each_packet_s_own(kind: type[Engine]) -> None:
    """Packets of one burst that were marked or ask differently are answered accordingly."""
    engine = kind(Reflector(), [("127.0.0.1", 0)])
    with client(*engine.bound[0]) as sock:
        ask_for_control(sock)
        for number in range(60):
            tail = encode_tlvs([request_tlv(ClassOfService(dscp1=number)), request_tlv(DirectMeasurement(sender_tx=1))])
            set_dscp(sock, 46 if number % 2 else 0)
            sock.send(request(number, tail if number % 3 else b""))
        with running(engine):
            for number in range(60):
                _, ancillary, _, _ = sock.recvmsg(2000, 256)
                wanted = number if number % 3 else (46 if number % 2 else 0)
                assert read_control(ancillary).tos in (wanted << 2, None)


def test_authenticated_packets_and_services_beside_it(kind: type[Engine]) -> None:
    """With a key nothing is plain, and another service has a port of its own in the same loop."""
    key = bytes(range(32))
    engine = kind(Reflector(keys=Keys((Holder(key),))), [("127.0.0.1", 0)])
    service = engine.listen("127.0.0.1", 0, "echo")
    with running(engine), client(*engine.bound[0]) as sock, client(*service) as other:
        for number in range(40):
            sock.send(encode_sender(SenderPacket(number, 0, 1, 7), key))
        assert [decode_reflector(sock.recv(2000), key).sequence for _ in range(40)] == list(range(40))
        other.send(encode_echo(EchoProbe(1, 2, 3, 4), 100))
        assert len(other.recv(2000)) == 100


def test_what_is_claimed_is_free_and_has_its_port(kind: type[Engine]) -> None:
    """A port is chosen once, before several share it; one that is taken is told."""
    ((address, port),) = claim([("127.0.0.1", 0)])
    assert port
    with running(kind(Reflector(), [(address, port)])), pytest.raises(CannotListen, match="in use"):
        claim([(address, port)])


def test_granted_sessions_beside_plain_ones(kind: type[Engine]) -> None:
    """Both kinds come by one port, one by one and many at once: each is answered in its own."""
    keys, key = Keys(only=False), bytes(range(32))
    keys.grant(7, key, 2**62, Holder(key))
    with running(kind(Reflector(keys=keys), [("127.0.0.1", 0)])) as engine, client(*engine.bound[0]) as sock:
        for burst in (1, 60):
            for number in range(burst):
                sock.send(encode_sender(SenderPacket(number, burst, 1, 7), key))
                sock.send(request(number))
            replies = [sock.recv(2000) for _ in range(2 * burst)]
            assert sorted(map(len, replies)) == [44] * burst + [112] * burst
            for reply in replies:
                assert decode_reflector(reply, key if len(reply) == 112 else None).ssid == (7 if len(reply) == 112 else 77)


def test_what_was_recorded_on_the_way_is_answered_once(kind: type[Engine]) -> None:
    """One by one or many at once, from its own port or another: each packet has one reply, and each copy is counted."""
    key = bytes(range(32))
    reflector = Reflector(keys=Keys((Holder(key, 7),)))
    packets = [encode_sender(SenderPacket(number, number + 1, 1, 7), key) for number in range(40)]
    with running(kind(reflector, [("127.0.0.1", 0)])) as engine, client(*engine.bound[0]) as sock, client(*engine.bound[0]) as other:
        for payload in packets:
            sock.send(payload)
            sock.recv(2000)
        for payload in packets:
            other.send(payload)
            sock.send(payload)
        fresh = encode_sender(SenderPacket(40, 41, 1, 7), key)
        sock.send(fresh)
        assert decode_reflector(sock.recv(2000), key).sequence == 40
    assert (reflector.counters["answered"], reflector.counters["replayed"], len(reflector.sessions)) == (41, 80, 1)
