"""Region `local`: reflector and responders of this process, for as long as the block lasts."""

import socket
import threading

import pytest

from nra.reflector import embedded as room
from nra.reflector.embedded import embedded
from nra.reflector.engine import CannotListen
from nra.reflector.key_file import Holder
from nra.reflector.responders import http_answer, stun_answer
from nra.wire.stamp import SenderPacket, decode_reflector, encode_sender
from nra.wire.stun import decode_message, encode_binding_request

KEY = bytes(range(32))
PATIENCE_S = 20.0
PADDING = "a request as long as its answer"


def asked(kind: socket.SocketKind, address: str, port: int, payload: bytes) -> bytes:
    """Send and return what comes back."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.settimeout(5)
        sock.connect((address, port))
        sock.send(payload)
        return sock.recv(2000)


def test_three_servers_answer_and_then_are_gone() -> None:
    """STAMP, STUN and HTTP, each on a port of the system's choice; no thread is left behind."""
    before = set(threading.enumerate())
    with embedded() as servers:
        reply = decode_reflector(asked(socket.SOCK_DGRAM, servers.address, servers.reflector_port, encode_sender(SenderPacket(5, 0, 1))))
        answer = decode_message(
            asked(socket.SOCK_DGRAM, servers.address, servers.stun_port, encode_binding_request(bytes(12), software=PADDING))
        )
        page = asked(socket.SOCK_STREAM, servers.address, servers.http_port, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (reply.sender_sequence, page[:12]) == (5, b"HTTP/1.1 204")
    assert answer.reflexive is not None
    assert answer.reflexive.address == "127.0.0.1"
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_with_a_key_its_reflector_is_authenticated() -> None:
    """The self-test runs in the mode that was asked for."""
    with embedded(Holder(KEY)) as servers:
        payload = encode_sender(SenderPacket(5, 0, 1), KEY)
        assert decode_reflector(asked(socket.SOCK_DGRAM, servers.address, servers.reflector_port, payload), KEY).sender_sequence == 5


def test_a_client_that_says_nothing_stops_no_server() -> None:
    """Trap 13 for TCP: one connection that is closed at once, one with garbage, then a good one."""
    with embedded() as servers:
        for junk in (b"", b"\x16\x03\x01"):
            with socket.create_connection((servers.address, servers.http_port)) as sock:
                sock.sendall(junk)
        assert asked(socket.SOCK_STREAM, servers.address, servers.http_port, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")[:12] == b"HTTP/1.1 204"


def test_without_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without loopback is told so in one sentence."""
    monkeypatch.setattr(room, "LOOPBACKS", ("192.0.2.1",))
    with pytest.raises(CannotListen, match="no loopback to listen on"), embedded():
        pass


@pytest.mark.parametrize("payload", [b"", b"x", bytes(20), encode_binding_request(bytes(12))[:-1]])
def test_only_binding_requests_are_answered_as_stun(payload: bytes) -> None:
    """Anything else gets nothing; neither does a response, which would go back and forth."""
    assert stun_answer(payload, ("192.0.2.1", 5)) is None
    success = stun_answer(encode_binding_request(bytes(12)), ("192.0.2.1", 5)) or b""
    assert stun_answer(success, ("192.0.2.1", 5)) is None


def test_http_waits_for_the_head() -> None:
    """An answer before the empty line would race the request."""
    assert http_answer(b"GET / HTTP/1.1\r\n", ("192.0.2.1", 5)) is None
    assert http_answer(b"GET / HTTP/1.1\r\n\r\n", ("192.0.2.1", 5)) is not None
