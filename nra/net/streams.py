"""TCP and TLS connections in which every step has a deadline."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from nra.model.observation import Trust
from nra.net.abandon import in_thread
from nra.net.clock import seconds_left
from nra.net.connecting import CONNECT, connect
from nra.net.failures import OUT_OF_DATE, classify, network_error, no_answer
from nra.net.ports import Clock, NetworkError, TlsFacts
from nra.net.sockets import family_of
from nra.net.trust import issued_by, public_context, system_context, tls_facts, unlike_pin, unverified_context

READ_BYTES: Final = 16384
MOST_BYTES: Final = 65536  # no answer that we ask for is longer
CLOSE_S: Final = 0.5
TLS: Final = "tls handshake"
NOT_THE_CHAIN: Final = (*OUT_OF_DATE, 62, 64)
"""Verification errors that another store would not mend: out of date, another host name, another address (openssl/x509_vfy.h)."""


class TcpConnection:
    """An open TCP connection."""

    def __init__(self, clock: Clock, peer: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold the connection's two ends."""
        self._clock = clock
        self._peer = peer
        self._reader = reader
        self._writer = writer

    def local_address(self) -> str | None:
        """Return the address from which this workstation connected, None where the system does not say any more."""
        name = self._writer.get_extra_info("sockname")
        return str(name[0]) if name else None

    async def secure(self, server_name: str, deadline_ns: int, pin: str | None = None) -> TlsFacts:
        """Start TLS and verify the chain; raises NetworkError, which names who issued what is refused.

        With `pin` that key alone is trusted (SHA-256 of SubjectPublicKeyInfo in hex), whatever the chain. Else the public roots are,
        and on a second connection, all within the deadline, the workstation's own store.
        """
        if pin is None:
            return await self._verified(server_name, deadline_ns)
        await self._start_tls(unverified_context, server_name, deadline_ns)
        failure = unlike_pin(self._certificate(), pin)
        if failure is not None:
            raise NetworkError(failure)
        return self._facts(Trust.PIN)

    async def _verified(self, server_name: str, deadline_ns: int) -> TlsFacts:
        try:
            await self._start_tls(public_context, server_name, deadline_ns)
        except ssl.SSLCertVerificationError as error:
            refused = error
        else:
            return self._facts(Trust.PUBLIC)
        unasked = ""
        if refused.verify_code not in NOT_THE_CHAIN:
            try:
                await self._reconnect(deadline_ns)
                await self._start_tls(system_context, server_name, deadline_ns)
            except ssl.SSLCertVerificationError as error:
                refused = error
            except NetworkError as error:
                unasked = f"; the system's own roots could not be tried ({error.failure.detail})"
            else:
                return self._facts(Trust.SYSTEM)
        failure = classify(refused, TLS)
        detail = issued_by(failure.detail, await self._refused_certificate(server_name, deadline_ns))
        raise NetworkError(replace(failure, detail=detail + unasked)) from refused

    async def _start_tls(self, trusting: Callable[[], ssl.SSLContext], server_name: str, deadline_ns: int) -> None:
        """Shake hands; raises SSLCertVerificationError for the certificate, NetworkError for everything else."""
        try:
            async with asyncio.timeout(seconds_left(self._clock, deadline_ns)):
                self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # who speaks first shall be heard as TLS
                context = await in_thread(trusting, "nra-roots")  # 50 ms: other checks are timed meanwhile
                await self._writer.start_tls(context, server_hostname=server_name)
        except TimeoutError as error:
            raise no_answer(TLS, "connected, then silence") from error
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            raise network_error(error, TLS) from error

    async def _reconnect(self, deadline_ns: int) -> None:
        """Take a new connection to the same peer in place of one whose handshake failed; raises NetworkError."""
        again, _ = await open_tcp(self._clock, *self._peer, deadline_ns)
        await self.close()
        self._reader, self._writer = again._reader, again._writer

    async def _refused_certificate(self, server_name: str, deadline_ns: int) -> bytes | None:
        """Ask for the refused certificate once more, on a connection that trusts anybody and sends nothing."""
        try:
            await self._reconnect(deadline_ns)
            await self._start_tls(unverified_context, server_name, deadline_ns)
        except (OSError, NetworkError):
            return None
        return self._certificate()

    def _certificate(self) -> bytes | None:
        certificate: bytes | None = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return certificate

    def _facts(self, trust: Trust) -> TlsFacts:
        return tls_facts(self._writer.get_extra_info("ssl_object").version() or "", self._certificate(), trust)

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


async def open_tcp(clock: Clock, address: str, port: int, deadline_ns: int) -> tuple[TcpConnection, int]:
    """Open a TCP connection; return it and the nanoseconds from SYN to the system's word; raises NetworkError."""
    try:
        sock = socket.socket(family_of(address), socket.SOCK_STREAM)
    except OSError as error:
        raise network_error(error, CONNECT) from error
    try:
        elapsed_ns = await connect(clock, sock, address, port, deadline_ns)
        reader, writer = await asyncio.open_connection(sock=sock)
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError):
            raise network_error(error, CONNECT) from error
        raise
    return TcpConnection(clock, (address, port), reader, writer), elapsed_ns
