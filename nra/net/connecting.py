"""From SYN to SYN/ACK, and what to say when none comes: who declined, how, and after how long."""

import asyncio
import socket
from dataclasses import replace
from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.net.clock import seconds_left
from nra.net.error_queue import TELLS_RST_FROM_ICMP, ask_for_errors, failures_of, read_errors
from nra.net.failures import classify, network_error, no_answer, system_words, unsent
from nra.net.ports import Clock, NetworkError
from nra.net.sockets import socket_address

CONNECT: Final = "connect"


async def connect(clock: Clock, sock: socket.socket, address: str, port: int, deadline_ns: int) -> int:
    """Connect the socket and return the nanoseconds that took; raises NetworkError."""
    sock.setblocking(False)
    ask_for_errors(sock)
    started_ns = clock.now_ns()
    try:
        async with asyncio.timeout(seconds_left(clock, deadline_ns)):
            await asyncio.get_running_loop().sock_connect(sock, socket_address(address, port))
    except TimeoutError as error:
        raise no_answer(CONNECT, f"no answer to SYN within {(clock.now_ns() - started_ns) / 1e9:.1f} s") from error
    except OSError as error:
        if not is_connected(sock):
            raise NetworkError(not_connected(sock, error, clock.now_ns() - started_ns)) from error
    elapsed_ns = clock.now_ns() - started_ns
    stop_asking(sock)
    return elapsed_ns


def is_connected(sock: socket.socket) -> bool:
    """Tell whether a socket is connected: an ICMP error may come just behind the SYN/ACK and end nothing."""
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def stop_asking(sock: socket.socket) -> None:
    """Let an open connection ride out ICMP errors again (RFC 1122 4.2.3.9), one that came meanwhile too; raises NetworkError for an RST."""
    ask_for_errors(sock, wanted=False)
    pending = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if pending and not is_connected(sock):
        raise network_error(OSError(pending, system_words(pending)), CONNECT)


def not_connected(sock: socket.socket, error: OSError, elapsed_ns: int) -> Failure:
    """Return why an attempt to connect failed: an ICMP error and its sender where the system kept one, else an RST, else no route."""
    after = f"after {elapsed_ns / 1e6:.1f} ms"
    queued = read_errors(sock)
    if queued and (failures := failures_of(queued, CONNECT, str(sock.getsockname()[0]))):
        return replace(failures[-1], detail=f"{failures[-1].detail} {after}")
    if not error.errno:
        return classify(error, CONNECT)
    told = OSError(error.errno, system_words(error.errno))  # asyncio's own words only repeat the address
    failure = unsent(told, CONNECT) if TELLS_RST_FROM_ICMP else classify(told, CONNECT)
    if failure.kind is FailureKind.REFUSED:
        what = "RST" if TELLS_RST_FROM_ICMP else f"{failure.detail} (RST or ICMP)"
        return replace(failure, detail=f"{what} {after}")
    return failure
