"""TCP and TLS connections in which every step has a deadline."""

import asyncio
import contextlib
import hashlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from nra.net.failures import classify, network_error, no_answer
from nra.net.ports import Clock, NetworkError, TlsFacts
from nra.net.sockets import family_of, socket_address
from nra.wire.errors import MalformedMessage
from nra.wire.x509 import issuer

READ_BYTES: Final = 16384
MOST_BYTES: Final = 65536  # no answer that we ask for is longer
CLOSE_S: Final = 0.5


def seconds_left(clock: Clock, deadline_ns: int) -> float:
    """Return how long until the deadline, never negative."""
    return max(0.0, (deadline_ns - clock.now_ns()) / 1e9)


class TcpConnection:
    """An open TCP connection."""

    def __init__(self, clock: Clock, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold the connection's two ends."""
        self._clock = clock
        self._reader = reader
        self._writer = writer

    async def secure(self, server_name: str, deadline_ns: int) -> TlsFacts:
        """Start TLS and verify the chain against the system's roots; raises NetworkError, which names who issued what it refuses."""
        context = ssl.create_default_context()
        try:
            async with asyncio.timeout(seconds_left(self._clock, deadline_ns)):
                await self._writer.start_tls(context, server_hostname=server_name)
        except TimeoutError as error:
            raise no_answer("tls handshake", "connected, then silence") from error
        except ssl.SSLCertVerificationError as error:
            failure = classify(error, "tls handshake")
            named = await self._issuer(server_name, deadline_ns)
            raise NetworkError(replace(failure, detail=f"{failure.detail}; issued by {named}")) from error
        except OSError as error:
            raise network_error(error, "tls handshake") from error
        return tls_facts(self._writer.get_extra_info("ssl_object"))

    async def _issuer(self, server_name: str, deadline_ns: int) -> str:
        """Ask for the refused certificate once more, on a connection that trusts anybody and sends nothing."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        address, port, *_ = self._writer.get_extra_info("peername")
        try:
            again, _ = await open_tcp(self._clock, address, port, deadline_ns)
            try:
                async with asyncio.timeout(seconds_left(self._clock, deadline_ns)):
                    await again._writer.start_tls(context, server_hostname=server_name)
                return issuer(again._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)) or "an unnamed issuer"
            finally:
                await again.close()
        except (OSError, NetworkError, MalformedMessage):
            return "an unknown issuer"

    async def exchange(self, request: bytes, enough: Callable[[bytes], bool], deadline_ns: int) -> bytes:
        """Send a request and read until `enough` says so or the peer closes; raises NetworkError."""
        answer = b""
        try:
            async with asyncio.timeout(seconds_left(self._clock, deadline_ns)):
                self._writer.write(request)
                await self._writer.drain()
                while not enough(answer) and len(answer) < MOST_BYTES:
                    more = await self._reader.read(READ_BYTES)
                    if not more:
                        break
                    answer += more
        except TimeoutError as error:
            raise no_answer("exchange", f"connected, then silence after {len(answer)} bytes") from error
        except OSError as error:
            raise network_error(error, "exchange") from error
        return answer

    async def close(self) -> None:
        """Close the connection, politely for a moment, then at once."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._writer.wait_closed()


def tls_facts(tls: ssl.SSLObject) -> TlsFacts:
    """Return what the handshake showed."""
    certificate = tls.getpeercert() or {}
    raw = tls.getpeercert(binary_form=True)
    issuer = ", ".join(f"{value}" for part in certificate.get("issuer", ()) for _, value in part)  # type: ignore[str-unpack]
    return TlsFacts(
        version=tls.version() or "",
        issuer=issuer or None,
        certificate_sha256=hashlib.sha256(raw).hexdigest() if raw else None,
    )


async def open_tcp(clock: Clock, address: str, port: int, deadline_ns: int) -> tuple[TcpConnection, int]:
    """Open a TCP connection; return it and the nanoseconds from SYN to the system's word; raises NetworkError."""
    loop = asyncio.get_running_loop()
    sock = socket.socket(family_of(address), socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        started_ns = clock.now_ns()
        async with asyncio.timeout(seconds_left(clock, deadline_ns)):
            await loop.sock_connect(sock, socket_address(address, port))
        elapsed_ns = clock.now_ns() - started_ns
        reader, writer = await asyncio.open_connection(sock=sock)
    except TimeoutError as error:
        sock.close()
        raise no_answer("connect", "no answer to SYN") from error
    except OSError as error:
        sock.close()
        raise network_error(error, "connect") from error
    except BaseException:
        sock.close()
        raise
    return TcpConnection(clock, reader, writer), elapsed_ns
