"""Opening UDP sockets the way measurements need them: connected, marked, roomy."""

import contextlib
import ipaddress
import socket
import sys
from collections.abc import Callable
from typing import Final

from nra.net.failures import network_error, unsent
from nra.net.ports import NetworkError
from nra.net.stamps import ask_for_control

BUFFER_BYTES: Final = 4 << 20  # default buffers hold 256 packets of 172 bytes; the kernel caps what it does not grant
SPARE_FILES: Final = 64  # what the program has open beside the sockets of one stream
IPV6_TCLASS: Final = {"linux": 67, "darwin": 36}.get(sys.platform, 39)


def family_of(address: str) -> socket.AddressFamily:
    """Return the address family of a numeric address (a zone such as %eth0 is allowed)."""
    version = ipaddress.ip_address(address).version
    return socket.AF_INET6 if version == 6 else socket.AF_INET


def socket_address(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return what the socket calls take; an IPv6 zone becomes the scope number."""
    if family_of(address) == socket.AF_INET:
        return (address, port)
    bare, _, zone = address.partition("%")
    scope = 0
    if zone:
        scope = int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
    return (bare, port, 0, scope)


def set_dscp(sock: socket.socket, dscp: int) -> None:
    """Mark what the socket sends. Windows accepts this and sends 0 all the same (KB 248611)."""
    with contextlib.suppress(OSError):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TCLASS, dscp << 2)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)


def enlarge_buffers(sock: socket.socket) -> None:
    """Ask for buffers that outlast a stall of the workstation."""
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)


def receive_buffer(sock: socket.socket) -> int | None:
    """Return how many octets of arrivals the system grants a socket, None where it does not say; Linux counts its own overhead in."""
    try:
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    except OSError:
        return None


def household(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or the /64 in which an IPv6 host picks addresses as it likes."""
    if ":" not in address:
        return address
    return ipaddress.IPv6Address(address.partition("%")[0]).packed[:8].hex()


def make_room(sockets: int) -> None:
    """Raise this process's soft limit of open files where it would not let so many more sockets be opened (256 on macOS)."""
    if sys.platform == "win32":  # no such limit there
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets + SPARE_FILES
    if soft < wanted and soft != resource.RLIM_INFINITY:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def send_now(sock: socket.socket, payload: bytes, refused: Callable[[], None] = lambda: None) -> None:
    """Send one datagram; raises NetworkError; `refused` is called after each try that the system did not take.

    An ICMP error to an earlier datagram is reported by whatever call comes next and says nothing of this one: try again.
    """
    try:
        sock.send(payload)
    except OSError:
        refused()
        try:
            sock.send(payload)
        except OSError as error:
            refused()
            raise network_error(error, "send") from error


def open_connected(address: str, port: int, dscp: int, local_port: int = 0) -> socket.socket:
    """Return a non-blocking UDP socket connected to the peer, from `local_port` unless that is 0; raises NetworkError."""
    sock = None
    try:
        sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
        enlarge_buffers(sock)
        ask_for_control(sock)
        set_dscp(sock, dscp)
        sock.setblocking(False)
        if local_port:
            sock.bind(("::" if sock.family == socket.AF_INET6 else "0.0.0.0", local_port))
        sock.connect(socket_address(address, port))
    except OSError as error:
        if sock is not None:
            sock.close()
        raise NetworkError(unsent(error, "open")) from error
    return sock
