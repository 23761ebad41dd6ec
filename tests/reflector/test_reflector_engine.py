"""The portable engine on loopback: real sockets, one thread, nothing that stops it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nra.net.server import every_address
from nra.reflector.core import Reflector
from nra.reflector.engine import CannotListen, Engine
from nra.wire.stamp import SenderPacket, decode_reflector, encode_sender
from nra.wire.stamp_tlv import TlvType, encode_tlvs, parse_tlvs
from nra.wire.stamp_values import Location, request_tlv
from nra.wire.timestamps import ntp_from_unix_ns

HAS_IPV6 = "::" in every_address()
LOOPBACKS = ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not HAS_IPV6, reason="no IPv6 here"))]


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
def test_it_answers_on_loopback(address: str) -> None:
    """The reply comes from the address that was asked, with TTL, both times in order and the sender's own address as evidence."""
    with running(Engine(Reflector(), [(address, 0)])) as engine, client(*engine.bound[0]) as sock:
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


def test_it_listens_on_several_addresses() -> None:
    """Replies leave from the socket and address that the request came to."""
    with running(Engine(Reflector(), [("127.0.0.1", 0), ("127.0.0.2", 0), ("0.0.0.0", 0)])) as engine:
        for address, port in (engine.bound[0], engine.bound[1], ("127.0.0.3", engine.bound[2][1])):
            with client(address, port) as sock:  # connected: a reply from anywhere else would not arrive
                sock.send(request(0))
                assert decode_reflector(sock.recv(2000)).sender_sequence == 0


def test_trap_13_garbage_does_not_stop_it() -> None:
    """Trap 13: empty, one-byte and large datagrams are counted and dropped, the next request is answered."""
    reflector = Reflector()
    with running(Engine(reflector, [("127.0.0.1", 0)])) as engine, client(*engine.bound[0]) as sock:
        for junk in (b"", b"x", bytes(43), b"\xff" * 1400, bytes(60_000)):
            sock.send(junk)
        sock.send(request(9))
        replies = [sock.recv(65_535)]
        while decode_reflector(replies[-1]).sender_sequence != 9:
            replies.append(sock.recv(65_535))
        assert reflector.counters["too_short"] == 3
        assert max(len(reply) for reply in replies) <= 60_000


def test_a_sender_that_is_gone_does_not_stop_it() -> None:
    """The ICMP error that its reply brings back is nobody's request."""
    with running(Engine(Reflector(), [("127.0.0.1", 0)])) as engine:
        for _ in range(3):
            with client(*engine.bound[0]) as gone:
                gone.send(request(0))
        with client(*engine.bound[0]) as sock:
            sock.send(request(1))
            assert decode_reflector(sock.recv(2000)).sender_sequence == 1


def test_a_port_that_is_taken() -> None:
    """The system's reason is told, and no socket is left open (warnings are errors here)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(CannotListen, match="in use"):
            Engine(Reflector(), [("127.0.0.1", 0), ("127.0.0.1", taken.getsockname()[1])])


def test_its_sockets_are_closed_in_the_end() -> None:
    """What it listened on is free again."""
    with running(Engine(Reflector(), [("127.0.0.1", 0)])) as engine:
        address, port = engine.bound[0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))
