"""Bound UDP sockets for whoever answers: each datagram with source, own address, stamp, TTL and TOS; replies go back the same way."""

import contextlib
import select
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nra.net.clock import SystemClock, WallStamps
from nra.net.datagrams import DATAGRAM_BYTES, DRAIN, PLAUSIBLE_NS
from nra.net.failures import network_error
from nra.net.ports import NetworkError
from nra.net.sharing import spread_by_source
from nra.net.sockets import enlarge_buffers, family_of, set_dscp, socket_address
from nra.net.stamps import Ancillary, ask_for_control, read_control

CONTROL_BYTES: Final = 512
MOST_WAITING: Final = 100_000  # small packets that a large buffer holds
LINUX: Final = sys.platform.startswith("linux")
IP_PKTINFO: Final = 8  # linux/in.h; which of our addresses a datagram came to, so that the reply leaves from there
IPV6_PKTINFO: Final = 50
IPV6_RECVPKTINFO: Final = 49


@dataclass(frozen=True, slots=True, kw_only=True)
class Datagram:
    """A request as received; `local` is None where the system does not tell which of our addresses it came to."""

    payload: bytes
    source: tuple[str, int]
    local: str | None
    received_ns: int
    ttl: int | None
    tos: int | None
    channel: int
    raw_source: tuple[str, int]


class ServerPort:
    """One UDP socket per bound address."""

    def __init__(self, clock: SystemClock, binds: Sequence[tuple[str, int]], *, shared: bool = False) -> None:
        """Bind all addresses; raises NetworkError. Port 0 lets the system choose.

        `shared`: other processes may bind them too, if they say the same.
        """
        self._clock = clock
        self._wall = WallStamps(clock)
        self._sockets: list[socket.socket] = []
        self._dscp: list[int] = []
        self._channel_of: dict[socket.socket, int] = {}
        self._bound: list[tuple[str, int]] = []
        self._stamped = hasattr(socket.socket, "recvmsg")
        try:
            for address, port in binds:
                self.listen(address, port, shared=shared)
        except NetworkError:
            self.close()
            raise

    @property
    def bound(self) -> tuple[tuple[str, int], ...]:
        """The addresses and ports that are bound, by channel."""
        return tuple(self._bound)

    def listen(self, address: str, port: int, *, shared: bool = False) -> int:
        """Bind one more address and return its channel; raises NetworkError."""
        try:
            sock = _bound(address, port, shared)
        except OSError as error:
            raise network_error(error, "bind") from error
        channel = len(self._sockets)
        name = sock.getsockname()
        self._sockets.append(sock)
        self._dscp.append(0)
        self._channel_of[sock] = channel
        self._bound.append((str(name[0]), int(name[1])))
        return channel

    def share(self) -> None:
        """Let other processes of this user bind all addresses too from now on, if they say that they share them."""
        for sock in self._sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    def spread(self, processes: int) -> None:
        """Let each source choose among so many processes once they have all bound these addresses, always the same one."""
        for sock in self._sockets:
            spread_by_source(sock, processes)

    def pass_over(self) -> None:
        """Drop what has come until now, so many at most: it may be some other process's."""
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                for _ in range(MOST_WAITING):
                    sock.recv(1, socket.MSG_DONTWAIT)

    def receive(self, wait_s: float) -> list[Datagram]:
        """Wait for datagrams, at most `wait_s`."""
        readable, _, _ = select.select(self._sockets, (), (), wait_s)
        if not readable:
            return []
        stepped = self._wall.stepped()
        return [datagram for sock in readable for datagram in self._drain(sock, stepped)]

    def _drain(self, sock: socket.socket, stepped: bool) -> list[Datagram]:
        taken: list[Datagram] = []
        for _ in range(DRAIN):
            try:
                if self._stamped:
                    payload, ancillary, _, source = sock.recvmsg(DATAGRAM_BYTES, CONTROL_BYTES)
                else:
                    payload, source = sock.recvfrom(DATAGRAM_BYTES)
                    ancillary = []
            except (BlockingIOError, InterruptedError):
                break
            except OSError:  # an ICMP error to an earlier reply, or a datagram beyond the buffer: nobody's request
                continue
            taken.append(self._datagram(sock, payload, ancillary, source, stepped))
        return taken

    def _datagram(self, sock: socket.socket, payload: bytes, ancillary: Ancillary, source: tuple[str, int], stepped: bool) -> Datagram:
        received_ns = read_ns = self._clock.now_ns()
        control = read_control(ancillary)
        if control.wall_ns is not None and not stepped:
            on_line = self._wall.on_line(control.wall_ns)
            if read_ns - PLAUSIBLE_NS < on_line <= read_ns:
                received_ns = on_line
        return Datagram(
            payload=payload,
            source=(str(source[0]), int(source[1])),
            local=_local_address(ancillary),
            received_ns=received_ns,
            ttl=control.ttl,
            tos=control.tos,
            channel=self._channel_of[sock],
            raw_source=source,
        )

    def reply(self, request: Datagram, payload: bytes, dscp: int) -> bool:
        """Send the reply to where the request came from; False when the system would not."""
        sock = self._sockets[request.channel]
        self._mark(request.channel, dscp)
        try:
            if LINUX and request.local is not None:
                sock.sendmsg([payload], [_from_address(request.local)], socket.MSG_DONTWAIT, request.raw_source)
            else:
                sock.sendto(payload, request.raw_source)
        except OSError:
            return False
        return True

    def _mark(self, channel: int, dscp: int) -> None:
        """Let what is sent on a channel be marked so unless it asks for something else."""
        if self._dscp[channel] != dscp:
            set_dscp(self._sockets[channel], dscp)
            self._dscp[channel] = dscp

    def close(self) -> None:
        """Close the sockets."""
        for sock in self._sockets:
            sock.close()


def _bound(address: str, port: int, shared: bool) -> socket.socket:
    sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    try:
        enlarge_buffers(sock)
        ask_for_control(sock)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if LINUX:
            _ask_for_own_address(sock)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setblocking(False)
        sock.bind(socket_address(address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _ask_for_own_address(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)


def _local_address(ancillary: Ancillary) -> str | None:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO) and LINUX:
            return socket.inet_ntop(socket.AF_INET, data[8:12])  # struct in_pktinfo: interface, local, destination
        if (level, kind) == (socket.IPPROTO_IPV6, IPV6_PKTINFO) and LINUX:
            return socket.inet_ntop(socket.AF_INET6, data[:16])
    return None


def _from_address(local: str) -> tuple[int, int, bytes]:
    """Return the control message that makes a datagram leave from one of our addresses."""
    if ":" in local:
        return (socket.IPPROTO_IPV6, IPV6_PKTINFO, socket.inet_pton(socket.AF_INET6, local) + struct.pack("=I", 0))
    return (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I", 0) + socket.inet_aton(local) + bytes(4))


def every_address() -> tuple[str, ...]:
    """Return what to bind to listen on all addresses: IPv4, and IPv6 where this system really has it."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::", 0))
    except OSError:
        return ("0.0.0.0",)
    return ("0.0.0.0", "::")
