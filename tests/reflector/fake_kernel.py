"""The two calls of Linux that the batched engine makes, played in memory: what was laid into the rows, and what was sent from them."""

import ctypes
import socket
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from struct import Struct
from typing import Any, Final

import numpy as np

from nra.net.clock import SystemClock
from nra.net.message_layout import CMSG, MESSAGE
from nra.net.server import Datagram
from nra.reflector.batched_engine import BatchedEngine
from nra.reflector.core import Reflector, Request

NS_PER_S: Final = 1_000_000_000
SOCKADDR: Final = Struct("=H2s4s8x")
SOCKADDR6: Final = Struct("=H2sI16sI")
STAMP: Final = Struct("=qq")
PKTINFO: Final = Struct("=I4s4s")
PKTINFO6: Final = Struct("=16sI")
INT: Final = Struct("=i")


@dataclass(frozen=True, slots=True)
class Sent:
    """One reply as it left."""

    payload: bytes
    to: tuple[str, int]
    local: str
    tos: int


class HandClock(SystemClock):
    """Time stands still until it is moved."""

    __slots__ = ("now",)

    def __init__(self, now_ns: int) -> None:
        """Start there."""
        self.now = now_ns

    def line(self) -> tuple[Callable[[], int], int]:
        """Return the time that was set."""
        return self.now_ns, 0

    def now_ns(self) -> int:
        """Return the time that was set."""
        return self.now


class SameWall:
    """A wall clock that is the line itself."""

    def stepped(self) -> bool:
        """It never steps."""
        return False

    def on_line(self, wall_ns: int) -> int:
        """Return the same time."""
        return wall_ns


class FakeKernel:
    """Gives what is queued, takes what is sent; nothing can be sent to the ports in `unreachable`."""

    def __init__(self, family: socket.AddressFamily) -> None:
        """Have nothing yet."""
        self.family = family
        self.queue: deque[Request] = deque()
        self.sent: list[Sent] = []
        self.unreachable: set[int] = set()
        self.told_otherwise: set[bytes] = set()  # payloads that come without their stamp
        self.socket_dscp = [0]

    def recvmmsg(self, file: int, place: ctypes.c_void_p, rows: int, flags: int, timeout: None) -> int:
        """Lay the queued datagrams into the messages."""
        count = 0
        for message in messages_at(place, rows):
            if not self.queue:
                break
            message["length"] = self._lay(message, self.queue.popleft())
            count += 1
        return count or -1

    def recvmsg(self, file: int, place: ctypes.c_void_p, flags: int) -> int:
        """Lay the next datagram into the message, which has no place for its length."""
        return self._lay(messages_at(place, 1)[0], self.queue.popleft()) if self.queue else -1

    def _lay(self, message: Any, request: Request) -> int:
        name, control = self._name(request.source), self._control(request)
        assert len(name) <= message["name_bytes"]
        ctypes.memmove(int(message["name"]), name, len(name))
        room = int(message["control_bytes"])
        ctypes.memmove(int(message["control"]), control, min(len(control), room))
        left = request.payload
        for at, size in parts_of(message):
            ctypes.memmove(at, left[:size], len(left[:size]))
            left = left[size:]
        assert not left
        message["name_bytes"], message["control_bytes"], message["flags"] = len(name), min(len(control), room), 0
        return len(request.payload)

    def sendmmsg(self, file: int, place: ctypes.c_void_p, count: int, flags: int) -> int:
        """Take the messages until one cannot be sent."""
        for number, message in enumerate(messages_at(place, count)):
            name = ctypes.string_at(int(message["name"]), int(message["name_bytes"]))
            port = int.from_bytes(name[2:4])
            if port in self.unreachable:
                return number or -1
            address = socket.inet_ntop(self.family, name[4:8] if self.family == socket.AF_INET else name[8:24])
            payload = b"".join(ctypes.string_at(at, size) for at, size in parts_of(message))
            local, tos = self._marks(ctypes.string_at(int(message["control"]), int(message["control_bytes"])))
            self.sent.append(Sent(payload, (address, port), local, tos))
        return count

    def sendmsg(self, file: int, place: ctypes.c_void_p, flags: int) -> int:
        """Take the message, or not."""
        return self.sendmmsg(file, place, 1, flags)

    def reply(self, request: Datagram, payload: bytes, dscp: int) -> bool:
        """Take what is sent without the rows."""
        if request.source[1] in self.unreachable:
            return False
        self.sent.append(Sent(payload, request.source, str(request.local), dscp << 2))
        return True

    def _name(self, source: tuple[str, int]) -> bytes:
        address, port = socket.inet_pton(self.family, source[0]), source[1].to_bytes(2)
        if self.family == socket.AF_INET:
            return SOCKADDR.pack(socket.AF_INET, port, address)
        return SOCKADDR6.pack(socket.AF_INET6, port, 0, address, 0)

    def _control(self, request: Request) -> bytes:
        local = socket.inet_pton(self.family, str(request.destination))
        stamp = (1, 35, STAMP.pack(*divmod(request.received_ns, NS_PER_S)))
        if self.family == socket.AF_INET:
            told = [stamp, (0, 8, PKTINFO.pack(1, local, local)), (0, 2, INT.pack(request.ttl)), (0, 1, bytes((request.tos or 0,)))]
        else:
            told = [stamp, (41, 50, PKTINFO6.pack(local, 1)), (41, 52, INT.pack(request.ttl)), (41, 67, INT.pack(request.tos))]
        if request.payload in self.told_otherwise:
            told = told[1:]
        return b"".join(
            CMSG.pack(CMSG.size + len(data), level, kind) + data.ljust(-(-len(data) // 8) * 8, b"\0") for level, kind, data in told
        )

    def _marks(self, control: bytes) -> tuple[str, int]:
        (length, level, kind), at = CMSG.unpack_from(control), CMSG.size
        local = control[at + 4 : at + 8] if self.family == socket.AF_INET else control[at : at + 16]
        assert (length, level, kind) == ((28, 0, 8) if self.family == socket.AF_INET else (36, 41, 50))
        at = 32 if self.family == socket.AF_INET else 40
        if len(control) == at:
            return socket.inet_ntop(self.family, local), self.socket_dscp[0] << 2
        assert CMSG.unpack_from(control, at) == ((20, 0, 1) if self.family == socket.AF_INET else (20, 41, 67))
        return socket.inet_ntop(self.family, local), INT.unpack_from(control, at + CMSG.size)[0]


def messages_at(place: ctypes.c_void_p, rows: int) -> "np.ndarray[Any, Any]":
    """Return the kernel's structures that lie there."""
    assert place.value is not None
    octets = (ctypes.c_uint8 * (rows * MESSAGE.itemsize)).from_address(place.value)
    messages: np.ndarray[Any, Any] = np.ctypeslib.as_array(octets).view(MESSAGE)
    return messages


def parts_of(message: Any) -> Iterator[tuple[int, int]]:
    """Yield where the parts of a message's datagram lie, and how long they are."""
    octets = ctypes.string_at(int(message["iov"]), 16 * int(message["iov_count"]))
    yield from Struct("=QQ").iter_unpack(octets)


class World:
    """An engine whose kernel and clock are ours."""

    def __init__(self, reflector: Reflector, address: str, now_ns: int) -> None:
        """Put kernel and clock in the place of the system's."""
        self.clock = HandClock(now_ns)
        self.engine = BatchedEngine(reflector, [(address, 0)], self.clock)
        self.kernel = FakeKernel(socket.AF_INET6 if ":" in address else socket.AF_INET)
        port: Any = self.engine._port
        port._wall = SameWall()
        self.kernel.socket_dscp = port._dscp
        port._receive, port._send, port._send_one = self.kernel.recvmmsg, self.kernel.sendmmsg, self.kernel.sendmmsg
        port.reply, port.take, port.give = self.kernel.reply, self.kernel.recvmsg, self.kernel.sendmsg
        self.answer = self.engine._answering(0)

    def serve(self, requests: list[Request], *, singly: bool = False) -> list[Sent]:
        """Let these requests come as one batch, or singly one behind the other, and return what is answered."""
        self.kernel.sent = []
        self.kernel.queue.extend(replace(request, destination_port=0) for request in requests)
        if not singly:
            self.engine._serve(0)
        while self.kernel.queue:
            self.answer()
        self.engine._tally.tell()
        assert not self.kernel.queue
        return self.kernel.sent

    def close(self) -> None:
        """Close the engine's socket."""
        self.engine._port.close()
