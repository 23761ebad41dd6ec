"""The real network: asyncio for streams, a thread for packets, the operating system's resolver."""

import asyncio
import ipaddress
import socket
import sys
from collections.abc import Callable

from nra.model.failure import Failure, FailureKind
from nra.net.abandon import in_thread
from nra.net.clock import SystemClock
from nra.net.datagrams import KernelStampedPort
from nra.net.driver import drive
from nra.net.failures import network_error
from nra.net.ports import DatagramPort, Machine, NetworkError, QuicFacts
from nra.net.quic import shake_hands
from nra.net.streams import TcpConnection, open_tcp, seconds_left
from nra.net.threaded_datagrams import ThreadStampedPort

SWITCH_INTERVAL_S = 0.0005  # how long a drawing thread may hold the interpreter while a packet is due (default 5 ms)


class SystemNetwork:
    """The world as this workstation sees it."""

    def __init__(self, clock: SystemClock | None = None) -> None:
        """Start with a clock of its own unless one is given."""
        self._clock = clock or SystemClock()
        self._driving = 0
        self._usual_switch_interval_s = sys.getswitchinterval()

    @property
    def clock(self) -> SystemClock:
        """The clock on which everything is timed."""
        return self._clock

    async def sleep_until(self, time_ns: int) -> None:
        """Wait until the time on the clock."""
        await asyncio.sleep(seconds_left(self._clock, time_ns))

    async def resolve(self, host: str, deadline_ns: int) -> tuple[str, ...]:
        """Return the host's addresses in the system's order of preference; raises NetworkError."""
        if is_address(host):
            return (host,)
        try:
            async with asyncio.timeout(seconds_left(self._clock, deadline_ns)):
                found = await in_thread(lambda: socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM), "nra-resolver")
        except TimeoutError as error:
            failure = Failure(kind=FailureKind.NAME_UNRESOLVED, operation="resolve", detail="the resolver did not answer in time")
            raise NetworkError(failure) from error
        except (OSError, UnicodeError) as error:
            raise _resolution_error(error) from error
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))

    async def connect(self, address: str, port: int, deadline_ns: int) -> tuple[TcpConnection, int]:
        """Open a TCP connection; return it and how many nanoseconds the handshake took; raises NetworkError."""
        return await open_tcp(self._clock, address, port, deadline_ns)

    def open_datagrams(self, address: str, port: int, *, channels: int = 1, dscp: int = 0) -> DatagramPort:
        """Open connected UDP sockets; raises NetworkError."""
        if hasattr(socket.socket, "recvmsg"):
            return KernelStampedPort(self._clock, address, port, channels, dscp)
        return ThreadStampedPort(self._clock, address, port, channels, dscp)

    async def quic_handshake(self, address: str, port: int, server_name: str, deadline_ns: int) -> QuicFacts:
        """Do a QUIC handshake for HTTP/3 verified against the system's roots, and close at once; raises NetworkError."""
        return await shake_hands(self, address, port, server_name, deadline_ns)

    async def drive(self, machine: Machine, port: DatagramPort, stop: Callable[[], bool]) -> None:
        """Run the machine on the port in a thread of its own until it is done or `stop` says so."""
        cancelled = False

        def stopped() -> bool:
            return cancelled or stop()

        self._driving += 1
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        try:
            await in_thread(lambda: drive(machine, port, self._clock, stopped), "nra-packets")
        finally:
            cancelled = True  # the thread may see its port closed before it sees this: nobody hears what it says then
            self._driving -= 1
            if not self._driving:  # of several machines side by side the last one restores
                sys.setswitchinterval(self._usual_switch_interval_s)


def is_address(host: str) -> bool:
    """Tell whether the host is a numeric address already."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _resolution_error(error: OSError | UnicodeError) -> NetworkError:
    if isinstance(error, OSError):
        return network_error(error, "resolve")
    return NetworkError(Failure(kind=FailureKind.NAME_NOT_FOUND, operation="resolve", detail="not a legal host name"))
