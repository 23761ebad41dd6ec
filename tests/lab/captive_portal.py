"""A captive portal's web server: python captive_portal.py PORT HOST, until it is killed.

Whatever is asked of other hosts is redirected (302) to http://HOST/login; there it shows its page.
"""

import asyncio
import re
import sys

PAGE = b"<title>Welcome to the lab's Wi-Fi</title>\n"
HOST_LINE = re.compile(rb"\r\nhost: *([^\r: ]+)", re.IGNORECASE)  # RFC 9110 7.2


def answer_to(head: bytes, host: str) -> bytes:
    """Return the response to a request's head."""
    asked = HOST_LINE.search(head)
    if asked and asked[1].decode("latin-1") == host:
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(PAGE), PAGE)
    return b"HTTP/1.1 302 Found\r\nLocation: http://%b/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % host.encode("ascii")


async def main(port: str, host: str) -> None:
    """Serve until killed."""

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(answer_to(await reader.readuntil(b"\r\n\r\n"), host))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(taken, None, int(port), backlog=1000)
    print(f"listening on {port}", flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
