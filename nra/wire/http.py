"""Just enough HTTP/1.1 to ask whether a web server is there: a HEAD request and the head of the answer (RFC 9112)."""

import re
from dataclasses import dataclass
from typing import Final

from nra.wire.errors import MalformedMessage

MAX_HEAD: Final = 65_536
"""Octets of a head; a server that sends more is not read to the end."""

_STATUS_LINE: Final = re.compile(r"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: ([^\x00\r]*))?", re.ASCII)  # RFC 9112 4
_FIELD_LINE: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00\r]*)", re.ASCII)  # RFC 9112 5
_TARGET: Final = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """The head of an answer: fields in order, names as sent."""

    version: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """Return the first field of that name, in whatever case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def head_request(host: str, path: str = "/") -> bytes:
    """Return a HEAD request after which the server closes; raises ValueError for what has no place in a request line."""
    if not _TARGET.fullmatch(host) or not _TARGET.fullmatch(path):
        raise ValueError(f"no host and path: {host!r} {path!r}")
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"HEAD {path} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: nra\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode("ascii")


def is_head_complete(received: bytes) -> bool:
    """Tell whether the head has ended, or is too long to be waited for."""
    return b"\n\r\n" in received or b"\n\n" in received or len(received) > MAX_HEAD


def parse_response(received: bytes) -> HttpResponse:
    """Read the head; what follows it is ignored; raises MalformedMessage for another protocol and for half a head."""
    head, end, _ = received[:MAX_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")
    status_line, *field_lines = head.decode("latin-1").split("\n")
    status = _STATUS_LINE.fullmatch(status_line)
    if not end or status is None:
        raise MalformedMessage(f"no HTTP/1.x answer: {received[:40]!r}")
    return HttpResponse(
        version=status[1],
        status=int(status[2]),
        reason=status[3] or "",
        headers=tuple(map(_field, field_lines)),
    )


def _field(line: str) -> tuple[str, str]:
    matched = _FIELD_LINE.fullmatch(line)
    if matched is None:
        raise MalformedMessage(f"no header field: {line[:40]!r}")
    return matched[1], matched[2].strip(" \t")
