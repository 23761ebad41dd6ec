"""The desk for one datagram, on loopback: what one call of the system lays on it is read and sent back with one call each."""

import ctypes
import socket

import pytest
from loopback import LOOPBACKS, family

from nra.net.batched_server import MSG_DONTWAIT, BatchedServerPort, available
from nra.net.clock import SystemClock
from nra.net.desk import FRAME_AT, STRANGE, Desk
from nra.net.sockets import set_dscp
from nra.net.stamps import ask_for_control, read_control
from nra.wire.timestamps import SECOND_NS

pytestmark = pytest.mark.skipif(not available(), reason="the structures are Linux's")
CLOCK = SystemClock()


def taken(port: BatchedServerPort, desk: Desk) -> int:
    """Wait for a datagram, take it onto the desk and return its length."""
    assert port.ready(5) == [0]
    return int(port.take(port.file(0), desk.incoming, MSG_DONTWAIT))


@pytest.mark.parametrize("address", LOOPBACKS)
def test_a_datagram_is_told_and_sent_back(address: str) -> None:
    """Stamp, own address, TTL, TOS and sender in one reading; the reply leaves from there, as long and marked as asked."""
    port = BatchedServerPort(CLOCK, [(address, 0)])
    with socket.socket(family(address), socket.SOCK_DGRAM) as sock:
        ask_for_control(sock)
        set_dscp(sock, 46)
        sock.settimeout(5)
        sock.connect(port.bound[0])
        desk, own = port.desk(0), socket.inet_pton(family(address), address)
        for round_, payload in enumerate((b"first", b"second one")):
            sock.send(payload)
            assert taken(port, desk) == len(payload)
            control_bytes, seconds, nanoseconds, local, _, tos, sender = desk.told.unpack_from(desk.octets)
            assert (desk.payload(len(payload)), local, tos) == (payload, own, 184)
            assert sender[:2] == sock.getsockname()[1].to_bytes(2)
            assert abs(port.placed(seconds * SECOND_NS + nanoseconds, CLOCK.now_ns()) - CLOCK.now_ns()) < SECOND_NS
            assert (desk.trusted_bytes == control_bytes) is bool(round_)  # looked at once, trusted from then on
            desk.look()
            desk.address(3, local, 10)
            desk.octets[FRAME_AT : FRAME_AT + 3] = b"rep"
            assert port.give(port.file(0), desk.outgoing, MSG_DONTWAIT) == 3
            got, ancillary, _, source = sock.recvmsg(100, 256)
            assert (got, source[:2], read_control(ancillary).tos) == (b"rep", port.bound[0], 40)
    port.close()


def test_what_the_kernel_tells_otherwise_is_not_trusted() -> None:
    """Without its stamp a datagram's control messages lie elsewhere; the desk is made ready again, and the next one is read as ever."""
    port = BatchedServerPort(CLOCK, [("127.0.0.1", 0)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(port.bound[0])
        desk, served = port.desk(0), port._sockets[0]
        served.setsockopt(socket.SOL_SOCKET, 35, 0)  # SO_TIMESTAMPNS
        sock.send(b"strange")
        length = taken(port, desk)
        desk.look()
        assert desk.trusted_bytes == STRANGE
        datagram = port.datagram_on(desk, 0, length, CLOCK.now_ns())
        assert (datagram.payload, datagram.source, datagram.local) == (b"strange", sock.getsockname(), "127.0.0.1")
        served.setsockopt(socket.SOL_SOCKET, 35, 1)
        sock.send(b"usual")
        assert taken(port, desk) == 5
        desk.look()
        assert desk.trusted_bytes == desk.layout.control_bytes
    port.close()


def test_an_empty_socket_says_so() -> None:
    """Nothing came: the call says -1, nothing is made up."""
    port = BatchedServerPort(CLOCK, [("127.0.0.1", 0)])
    assert port.take(port.file(0), port.desk(0).incoming, MSG_DONTWAIT) == -1
    assert isinstance(port.desk(0).incoming, ctypes.c_void_p)
    port.close()
