"""A box that takes every TCP connection that is redirected to it: python transparent_proxy.py PORT MANNER [RELAYED_PORT...].

The handshake is completed whoever was asked, and before anybody knows whether he exists. Connections to relayed ports are passed on;
with the others, and where a relay finds nobody, it does as its manner says: `silent`, `close` or `reset`.
"""

import asyncio
import socket
import struct
import sys
from typing import Final

from original_destination import original_destination, pump

LINGER_NOT: Final = struct.pack("ii", 1, 0)  # closing then sends RST (socket(7), SO_LINGER)


async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read and never answer."""
    while await reader.read(65536):
        pass


async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up at once by FIN, and take what still comes, lest the kernel answer it by RST."""
    writer.write_eof()
    await be_silent(reader, writer)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up at once by RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    writer.transport.abort()


MANNERS: Final = {"silent": be_silent, "close": close, "reset": reset}


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, port: int) -> None:
    """Pass both directions on; raises OSError when nobody is there."""
    theirs, to_them = await asyncio.open_connection(address, port)
    await asyncio.gather(pump(reader, to_them), pump(theirs, writer))


async def main(port: str, manner: str, *relayed: str) -> None:
    """Serve until killed."""

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address, asked = original_destination(writer)
        try:
            if str(asked) in relayed:
                await relay(reader, writer, address, asked)
            else:
                await MANNERS[manner](reader, writer)
        except OSError:
            await MANNERS[manner](reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(taken, None, int(port), backlog=1000)
    print(f"listening on {port}", flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
