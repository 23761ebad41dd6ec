"""What plain sockets see from the client: nothing of `nra`'s own network, so that the lab can be trusted before `nra` is.

Words for what came of it: `answered`, `silent`, `closed` (TCP: the peer hung up without a word), `no handshake` (TCP: no answer to
the SYN), or the name of the kernel's error such as `ECONNREFUSED`.
"""

import errno
import os
import socket
import ssl
import struct
from ipaddress import ip_address
from typing import Final, NamedTuple

from lab_world import CLIENT, World

from nra.wire.dns import DnsResponse, RecordType, decode_response, encode_query
from nra.wire.stun import TransportAddress, decode_message, encode_binding_request

PATIENCE_S: Final = 1.0  # for kernels, which answer at once if they have nothing else to do
HANDSHAKE_S: Final = 2.5  # a SYN that was held up is sent again after a second
PROGRAM_S: Final = 5.0  # for programs on a busy machine
RECVERR: Final = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}  # ip(7), ipv6(7)
EXTENDED_ERROR: Final = struct.Struct("=I4B")  # errno, origin, ICMP type, ICMP code (ip(7), sock_extended_err)
OFFENDER: Final = {socket.AF_INET: slice(20, 24), socket.AF_INET6: slice(24, 40)}  # behind it, the address in a sockaddr
PADDING: Final = "as long as the answer, for servers that never send more than they got"
HELLO: Final = b"hello\r\n"


class Seen(NamedTuple):
    """What came of a question: one of the words above, an answer's octets; where ICMP ended it (UDP) its type, code and sender."""

    word: str
    octets: bytes = b""
    icmp: tuple[int, int] | None = None
    by: str | None = None


def udp_socket(world: World, address: str, place: str = CLIENT) -> socket.socket:
    """Return a socket of the address's family in a namespace, whose errors tell which ICMP message they are."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with world.inside(place):
        sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(*RECVERR[family], 1)
    return sock


def udp(world: World, address: str, port: int, octets: bytes = HELLO, patience_s: float = PATIENCE_S) -> Seen:
    """Send a datagram and wait for one answer or error."""
    with udp_socket(world, address) as sock:
        return asked(sock, address, port, octets, patience_s)


def asked(sock: socket.socket, address: str, port: int, octets: bytes = HELLO, patience_s: float = PATIENCE_S) -> Seen:
    """Do the same with a socket that may have asked others before."""
    sock.settimeout(patience_s)
    try:
        sock.sendto(octets, (address, port))
        return Seen("answered", sock.recv(65535))
    except TimeoutError:
        return Seen("silent")
    except OSError as error:
        return _told(sock, error)


def tcp(world: World, address: str, port: int, octets: bytes = HELLO, patience_s: float = PATIENCE_S) -> Seen:
    """Connect, send, and wait for the first octets of an answer."""
    with world.inside(CLIENT):
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    with sock:
        sock.settimeout(max(patience_s, HANDSHAKE_S))
        try:
            sock.connect((address, port))
        except TimeoutError:
            return Seen("no handshake")
        except OSError as error:
            return Seen(_name(error))
        sock.settimeout(patience_s)
        try:
            sock.sendall(octets)
            answer = sock.recv(65535)
        except TimeoutError:
            return Seen("silent")
        except OSError as error:
            return Seen(_name(error))
        return Seen("answered", answer) if answer else Seen("closed")


def issuer(world: World, address: str, port: int, name: str, roots: str | None = None) -> str:
    """Return who issued the certificate shown for a name (CN); with roots, as PEM file, fails unless it leads to them."""
    context = ssl.create_default_context(cafile=roots)
    with world.inside(CLIENT):
        plain = socket.create_connection((address, port), timeout=PROGRAM_S)
    with plain, context.wrap_socket(plain, server_hostname=name) as sock:
        certificate = sock.getpeercert() or {}
    parts = dict(part for parts in certificate["issuer"] for part in parts)  # type: ignore[misc]
    return parts["commonName"]


def dns(world: World, server: str, name: str, kind: RecordType = RecordType.A, patience_s: float = PROGRAM_S) -> DnsResponse | None:
    """Return what a resolver says about a name, None when it says nothing."""
    seen = udp(world, server, 53, encode_query(7, name, kind), patience_s)
    return decode_response(seen.octets) if seen.word == "answered" else None


def stun(sock: socket.socket, server: str, port: int) -> TransportAddress:
    """Return the address that a STUN server sees a socket under; fails when it does not answer."""
    seen = asked(sock, server, port, encode_binding_request(os.urandom(12), software=PADDING), PROGRAM_S)
    assert seen.word == "answered", seen
    reflexive = decode_message(seen.octets).reflexive
    assert reflexive is not None
    return reflexive


def _name(error: OSError) -> str:
    return errno.errorcode[error.errno or 0]


def _told(sock: socket.socket, error: OSError) -> Seen:
    try:
        _, ancillary, _, _ = sock.recvmsg(1, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return Seen(_name(error))
    data = ancillary[0][2]
    _, _, kind, code, _ = EXTENDED_ERROR.unpack_from(data)
    return Seen(_name(error), icmp=(kind, code), by=str(ip_address(data[OFFENDER[sock.family]])))
