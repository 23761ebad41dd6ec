"""Whom a redirected TCP connection was meant for: connection tracking knows (linux/netfilter_ipv4.h, SO_ORIGINAL_DST)."""

import asyncio
import socket
import struct
from typing import Final

ORIGINAL_DESTINATION: Final = 80
LEVELS: Final = {socket.AF_INET: socket.IPPROTO_IP, socket.AF_INET6: socket.IPPROTO_IPV6}
ADDRESSES: Final = {socket.AF_INET: slice(4, 8), socket.AF_INET6: slice(8, 24)}  # of a sockaddr; the port stands at 2
SOCKADDR_BYTES: Final = 28
MAPPED: Final = "::ffff:"


def original_destination(writer: asyncio.StreamWriter) -> tuple[str, int]:
    """Return the address and port that the client had asked for."""
    sock: socket.socket = writer.get_extra_info("socket")
    own: str = sock.getsockname()[0]
    family = socket.AF_INET if own.startswith(MAPPED) else sock.family
    sockaddr = sock.getsockopt(LEVELS[family], ORIGINAL_DESTINATION, SOCKADDR_BYTES)
    return socket.inet_ntop(family, sockaddr[ADDRESSES[family]]), struct.unpack_from(">H", sockaddr, 2)[0]


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until one side ends, then hang up on the other."""
    try:
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
