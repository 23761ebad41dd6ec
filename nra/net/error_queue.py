"""Which ICMP error ended it, and who sent that: the error queue of Linux' sockets (ip(7) IP_RECVERR; linux/errqueue.h).

Other systems keep no such queue: there the error number is all there is, and every function here finds nothing.
A TCP socket queues what answers its SYN since Linux 5.8. Found by trial on 6.18: each of these errors ends an attempt to connect at
once, asked for or not, so the evidence costs nothing there; but what an open connection would ride out ends it while this is asked.
"""

import contextlib
import os
import re
import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from errno import EMSGSIZE
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from nra.model.failure import Failure
from nra.net.failures import classify, system_words, unsent
from nra.wire.icmp import NO_NEIGHBOUR, TABLES, Meaning

IP_RECVERR: Final = (socket.IPPROTO_IP, 11)  # level and number: of the option, and of the control message
IPV6_RECVERR: Final = (socket.IPPROTO_IPV6, 25)
MSG_ERRQUEUE: Final[int] = getattr(socket, "MSG_ERRQUEUE", 0)  # Linux alone has it

EXTENDED_ERROR: Final = struct.Struct("=iBBBxII")  # sock_extended_err: errno, origin, type, code, padding, info, data
OFFENDER: Final = struct.Struct("=H2x4s")  # sockaddr_in without its tail: family, port, address
OFFENDER_6: Final = struct.Struct("=H6x16sI")  # sockaddr_in6: family, port, flow, address, scope
LOCAL: Final = 1  # SO_EE_ORIGIN_LOCAL: this workstation's own stack said so, without a packet
PROTOCOL_OF_ORIGIN: Final = {2: "ICMP", 3: "ICMPv6"}  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6

CONTROL_BYTES: Final = 512
MOST_ERRORS: Final = 64  # read at once; the rest keeps the socket readable


def tells_rst_from_icmp(system: str, release: str) -> bool:
    """Tell whether the system queues ICMP errors for TCP, so that a refusal without one was an RST (Linux 5.8)."""
    numbers = re.match(r"(\d+)\.(\d+)", release)
    return system == "linux" and numbers is not None and (int(numbers[1]), int(numbers[2])) >= (5, 8)


TELLS_RST_FROM_ICMP: Final = tells_rst_from_icmp(sys.platform, os.uname().release if hasattr(os, "uname") else "")


@dataclass(frozen=True, slots=True)
class QueuedError:
    """One entry of the queue: the error number, where it came from (SO_EE_ORIGIN_*), ICMP's type and code, and who sent it."""

    errno: int
    origin: int
    type: int
    code: int
    offender: str | None


def ask_for_errors(sock: socket.socket, *, wanted: bool = True) -> None:
    """Have ICMP errors kept with type, code and sender, where the system can; whoever asks must read them, or stays readable."""
    if MSG_ERRQUEUE:
        level, option = IPV6_RECVERR if sock.family == socket.AF_INET6 else IP_RECVERR
        with contextlib.suppress(OSError):
            sock.setsockopt(level, option, int(wanted))


def read_errors(sock: socket.socket) -> list[QueuedError]:
    """Return what the queue of a non-blocking socket holds, oldest first, and empty it; nothing where there is no queue."""
    errors: list[QueuedError] = []
    if not MSG_ERRQUEUE:
        return errors
    with contextlib.suppress(OSError):
        for _ in range(MOST_ERRORS):
            _, ancillary, _, _ = sock.recvmsg(0, CONTROL_BYTES, MSG_ERRQUEUE)
            errors += filter(None, (queued_error((level, kind), data) for level, kind, data in ancillary))
    return errors


def queued_error(number: tuple[int, int], data: bytes) -> QueuedError | None:
    """Return the error in a control message, None when it is another message or cut short."""
    if number not in (IP_RECVERR, IPV6_RECVERR) or len(data) < EXTENDED_ERROR.size:
        return None
    errno, origin, kind, code, _, _ = EXTENDED_ERROR.unpack_from(data)
    return QueuedError(errno, origin, kind, code, _offender(data[EXTENDED_ERROR.size :]))


def _offender(data: bytes) -> str | None:
    """Return the address in the sockaddr that follows; None where it is cut short or says that nobody is known."""
    family = int.from_bytes(data[:2], sys.byteorder)
    if family == socket.AF_INET and len(data) >= OFFENDER.size:
        return str(IPv4Address(OFFENDER.unpack_from(data)[1]))
    if family == socket.AF_INET6 and len(data) >= OFFENDER_6.size:
        _, packed, scope = OFFENDER_6.unpack_from(data)
        return str(IPv6Address(packed)) + (f"%{scope}" if scope else "")
    return None


def failures_of(errors: Iterable[QueuedError], operation: str, here: str) -> list[Failure]:
    """Return the failures that the errors amount to, fewer than these; `here` is the socket's own address."""
    return list(filter(None, (failure_of(error, operation, here) for error in errors)))


def failure_of(error: QueuedError, operation: str, here: str) -> Failure | None:
    """Return the failure that an error amounts to, None when it is none of the port's: too large a packet, for one."""
    by_number = OSError(error.errno, system_words(error.errno))
    protocol = PROTOCOL_OF_ORIGIN.get(error.origin)
    if protocol is None:
        return unsent(by_number, operation) if error.origin == LOCAL and error.errno != EMSGSIZE else None
    number = f"type {error.type}, code {error.code}"
    meaning = TABLES[protocol].get((error.type, error.code), Meaning("error", classify(by_number, operation).kind))
    if meaning.kind is None:
        return None
    said = f"{protocol} {meaning.words} ({number}) from {error.offender or 'an unknown address'}"
    if error.offender is not None and error.offender.partition("%")[0] == here.partition("%")[0]:
        own_stack = (protocol, error.type, error.code) in NO_NEIGHBOUR
        said = f"no such host or gateway on the link (own {protocol}, {number})" if own_stack else f"{said}, this workstation itself"
    return Failure(kind=meaning.kind, operation=operation, detail=said, by=error.offender)
