"""The real network: asyncio for streams, a thread for packets, the operating system's resolver."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable

from nra.model.plan import ControlAccess, LoadOrder
from nra.model.region import ProxySetting
from nra.net.abandon import in_thread
from nra.net.clock import SystemClock, seconds_left
from nra.net.datagrams import KernelStampedPort
from nra.net.driver import drive
from nra.net.load_process import LoadProcess
from nra.net.names import Names
from nra.net.pacing import Punctual, sharpen_timers
from nra.net.ports import DatagramPort, Machine, QuicFacts
from nra.net.proxies import proxies
from nra.net.quic import shake_hands
from nra.net.quic_line import QuicLine, open_line
from nra.net.quiet import QUIET
from nra.net.streams import TcpConnection, open_tcp
from nra.net.threaded_datagrams import ThreadStampedPort


class SystemNetwork:
    """The world as this workstation sees it."""

    def __init__(self, clock: SystemClock | None = None) -> None:
        """Start with a clock of its own unless one is given."""
        self._clock = clock or SystemClock()
        self._names = Names(self._clock)

    @property
    def clock(self) -> SystemClock:
        """The clock on which everything is timed."""
        return self._clock

    async def sleep_until(self, time_ns: int) -> None:
        """Wait until the time on the clock."""
        await asyncio.sleep(seconds_left(self._clock, time_ns))

    async def resolve(self, host: str, deadline_ns: int) -> tuple[str, ...]:
        """Return the host's addresses in the system's order of preference, asked once; raises NetworkError."""
        if is_address(host):
            return (host,)
        return await self._names.addresses(host, deadline_ns)

    async def connect(self, address: str, port: int, deadline_ns: int) -> tuple[TcpConnection, int]:
        """Open a TCP connection; return it and how many nanoseconds the handshake took; raises NetworkError."""
        return await open_tcp(self._clock, address, port, deadline_ns)

    def open_datagrams(self, address: str, port: int, *, channels: int = 1, dscp: int = 0, local_port: int = 0) -> DatagramPort:
        """Open connected UDP sockets, the first of them from `local_port` (0: the system chooses); raises NetworkError."""
        if hasattr(socket.socket, "recvmsg"):
            return KernelStampedPort(self._clock, address, port, channels, dscp, local_port)
        return ThreadStampedPort(self._clock, address, port, channels, dscp, local_port)

    async def quic_handshake(self, address: str, port: int, server_name: str, deadline_ns: int) -> QuicFacts:
        """Do a QUIC handshake for HTTP/3 verified against public roots or the system's, and close at once; raises NetworkError."""
        return await shake_hands(self, address, port, server_name, deadline_ns)

    async def open_quic(self, address: str, access: ControlAccess, server_name: str, deadline_ns: int, *, dscp: int = 0) -> QuicLine:
        """Open a reflector's control channel, whose key must be the pinned one, and say who we are; raises NetworkError."""
        return await open_line(self, address, access, server_name, deadline_ns, dscp)

    def generate_load(self, order: LoadOrder) -> LoadProcess:
        """Start a load generator; why it could not be started or came to nothing stands in its counts."""
        return LoadProcess(order)

    def proxies(self) -> tuple[ProxySetting, ...]:
        """Return the proxies that this workstation is set to use; may take two seconds, so not while packets are sent."""
        return proxies()

    async def drive(self, machine: Machine, port: DatagramPort, stop: Callable[[], bool]) -> None:
        """Run the machine on the port in a thread of its own until it is done or `stop` says so."""
        cancelled = False

        def stopped() -> bool:
            return cancelled or stop()

        def punctually() -> None:
            sharpen_timers()
            drive(machine, port, self._clock, stopped, Punctual(self._clock))

        with QUIET.kept():
            try:
                await in_thread(punctually, "nra-packets")
            finally:
                cancelled = True  # the thread may see its port closed before it sees this: nobody hears what it says then


def is_address(host: str) -> bool:
    """Tell whether the host is a numeric address already."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
