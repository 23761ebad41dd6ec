"""SIP as far as OPTIONS goes (RFC 3261 11): the request, a response as its sender reads it, and the head that both are made of.

start line    Request-Line "OPTIONS sip:host SIP/2.0" or Status-Line "SIP/2.0 200 OK", then header fields, an empty line, a body
fields        name ":" value, names in any case and some in a compact form, values folded over lines that begin with a blank
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from nra.wire.errors import MalformedMessage

MAX_MESSAGE: Final = 65_535
"""Octets of a message; what is longer is not read to the end (18.1.1 asks no more of a UDP receiver)."""
BRANCH_COOKIE: Final = "z9hG4bK"
"""How every branch begins that is unique in space and time (8.1.1.7)."""
NOWHERE: Final = "nra.invalid"
"""What a client calls itself that does not tell or know its address (RFC 2606 2): answers go where the request came from."""
END: Final = b"\r\n\r\n"
VERSION: Final = b"SIP/2.0 "
COMPACT: Final = {"f": "from", "i": "call-id", "l": "content-length", "t": "to", "v": "via"}  # 7.3.3
ONCE: Final = ("from", "to", "call-id", "cseq")  # 8.1.1, 8.2.6.2: in every message, and Via as often as there are hops
ROOM: Final = "." * 114
"""As much as a stateless server's answer has beyond what it copies: "SIP/2.0 200 OK", `;received=` with the longest address, a port
after `rport` and a `;tag=` of 32 octets. So the answer is no longer than its request, and a server that minds that answers; what is
in the request alone leaves room for a line or two of the server's own, such as Allow."""
TRANSPORTS: Final = {"UDP": "", "TCP": ";transport=tcp"}
"""What a URI says of the transport that its Via names (19.1.1)."""

TOKEN: Final = r"[A-Za-z0-9.!%*_+`'~-]+"  # noqa: S105 - the grammar's word (25.1), nobody's password
_NAME: Final = re.compile(TOKEN)
_VALUE: Final = re.compile(r"[\t -~\x80-\xff]*")
_FOLDED: Final = re.compile(r"\r\n[ \t]+")  # 7.3.1
_CSEQ: Final = re.compile(rf"([0-9]{{1,10}})[ \t]+({TOKEN})")
_STATUS_LINE: Final = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: ([\t -~\x80-\xff]*))?", re.IGNORECASE)  # 7.2
_DIGITS: Final = re.compile(r"[0-9]{1,10}")
VIA: Final = re.compile(rf"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*{TOKEN}[ \t]+(\[[^\]]*\]|[^ \t:;,]+)(?:[ \t]*:[ \t]*[0-9]+)?", re.IGNORECASE)
_PARAMETER: Final = re.compile(rf'[ \t]*;[ \t]*({TOKEN})(?:[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^ \t;,"]+))?')
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_CALL_ID: Final = re.compile(rf"{TOKEN}(?:@{TOKEN})?")


@dataclass(frozen=True, slots=True)
class SipHead:
    """The start line and the fields: names in lower case and written out, each with its values in order, as they came."""

    start: str
    fields: Mapping[str, list[str]]
    cseq: int
    method: str

    def one(self, name: str) -> str:
        """Return the first value of a field that is there."""
        return self.fields[name][0]


@dataclass(frozen=True, slots=True)
class Via:
    """One hop of the way back: the host that the sender named, and parameters such as `branch`, `received` and `rport` (20.42)."""

    host: str
    parameters: Mapping[str, str]
    is_last: bool

    @classmethod
    def decode(cls, value: str) -> Self:
        """Read the first hop of a field's value; raises MalformedMessage."""
        hop = VIA.match(value)
        if hop is None:
            raise MalformedMessage(f"no Via: {value[:40]!r}")
        parameters: dict[str, str] = {}
        end = hop.end()
        while (found := _PARAMETER.match(value, end)) is not None:
            parameters.setdefault(found[1].lower(), found[2] or "")
            end = found.end()
        rest = value[end:].strip(" \t")
        if rest and not rest.startswith(","):
            raise MalformedMessage(f"no Via parameter: {rest[:40]!r}")
        return cls(hop[1].strip("[]"), parameters, not rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class SipResponse:
    """A response as the sender of its request reads it: `branch`, `call_id` and `cseq` say which request that was (17.1.3).

    `received` and `rport` are where the server saw the request come from, `server` is what it calls itself; None where it does not say.
    """

    status: int
    reason: str
    branch: str | None
    call_id: str
    cseq: int
    method: str
    received: str | None
    rport: int | None
    server: str | None


def options_request(
    host: str,
    port: int,
    transport: str,
    *,
    branch: str,
    tag: str,
    call_id: str,
    local: tuple[str, int] | None = None,
    cseq: int = 1,
) -> bytes:
    """Return OPTIONS to a server (11.1), answers to come back to where it came from (RFC 3581); raises ValueError for what has no place.

    `transport` is "UDP" or "TCP", `branch` begins with BRANCH_COOKIE, `local` is the own address and port, None leaves them out.
    """
    server = _host(host)
    client = NOWHERE if local is None else f"{_host(local[0])}:{local[1]}"
    known = transport in TRANSPORTS and branch.startswith(BRANCH_COOKIE)
    if not known or not _NAME.fullmatch(branch) or not _NAME.fullmatch(tag) or not _CALL_ID.fullmatch(call_id):
        raise ValueError(f"no transport, branch, tag and Call-ID: {transport!r} {branch!r} {tag!r} {call_id!r}")
    by = TRANSPORTS[transport]
    lines = (
        f"OPTIONS sip:{server}:{port}{by} SIP/2.0",
        f"Via: SIP/2.0/{transport} {client};rport;branch={branch}",
        "Max-Forwards: 70",
        f"From: <sip:nra@{NOWHERE}>;tag={tag}",
        f"To: <sip:{server}>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} OPTIONS",
        f"Contact: <sip:nra@{client}{by}>",
        "Accept: application/sdp",
        f"User-Agent: nra (room for the answer{ROOM})",
        "Content-Length: 0",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def read_head(message: bytes) -> SipHead:
    """Read a message up to the empty line; raises MalformedMessage, also when a field that every message has is missing or repeated."""
    head, end, _ = message.partition(END)
    start, *lines = _FOLDED.sub(" ", head.decode("latin-1")).split("\r\n")
    if not end:
        raise MalformedMessage(f"no SIP message: {message[:40]!r}")
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.rstrip(" \t").lower(), value.strip(" \t")
        if not colon or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise MalformedMessage(f"no header field: {line[:40]!r}")
        fields.setdefault(COMPACT.get(name, name), []).append(value)
    if not fields.get("via") or any(len(fields.get(name, ())) != 1 for name in ONCE):
        raise MalformedMessage("Via missing, or not one each of From, To, Call-ID and CSeq")
    cseq = _CSEQ.fullmatch(fields["cseq"][0])
    if cseq is None:
        raise MalformedMessage(f"no CSeq: {fields['cseq'][0][:40]!r}")
    return SipHead(start, fields, int(cseq[1]), cseq[2])


def is_response_complete(received: bytes) -> bool:
    """Tell whether a TCP stream holds the first response whole (18.3), or what is none or too long to be waited for."""
    message = received.lstrip(b"\r\n")  # 7.5
    if len(received) > MAX_MESSAGE or message[: len(VERSION)].upper() != VERSION[: len(message)]:
        return True
    head, end, body = message.partition(END)
    if not end:
        return False
    try:
        return len(body) >= _content_length(read_head(head + END), 0)
    except MalformedMessage:
        return True


def parse_response(message: bytes) -> SipResponse:
    """Read a response to a request of our own; raises MalformedMessage, also for one that is meant for others or is cut (8.1.3.3, 18.3)."""
    message = message[:MAX_MESSAGE].lstrip(b"\r\n")
    head = read_head(message)
    status = _STATUS_LINE.fullmatch(head.start)
    if status is None:
        raise MalformedMessage(f"no Status-Line: {head.start[:40]!r}")
    has = len(message) - message.index(END) - len(END)
    if _content_length(head, has) > has:
        raise MalformedMessage(f"a body cut to {has} octets")
    via = Via.decode(head.one("via"))
    if len(head.fields["via"]) > 1 or not via.is_last:
        raise MalformedMessage("a response with several hops left to go")
    received, rport = (via.parameters.get(name, "") for name in ("received", "rport"))
    return SipResponse(
        status=int(status[1]),
        reason=_text(status[2] or ""),
        branch=via.parameters.get("branch") or None,
        call_id=head.one("call-id"),
        cseq=head.cseq,
        method=head.method,
        received=received.strip("[]") or None,
        rport=int(rport) if _DIGITS.fullmatch(rport) else None,
        server=_text(head.one("server")) if "server" in head.fields else None,
    )


def _content_length(head: SipHead, absent: int) -> int:
    """Return the body's octets; where nothing is said it ends with the datagram, or over TCP, which forbids that, at once."""
    values = set(head.fields.get("content-length", ()))
    if not values:
        return absent
    (value, *others) = values
    if others or not _DIGITS.fullmatch(value):
        raise MalformedMessage(f"no Content-Length: {', '.join(sorted(values))[:40]!r}")
    return int(value)


def _host(host: str) -> str:
    """Return a name or an address as it stands in a URI: IPv6 in brackets, without its zone (19.1.1)."""
    bare = host.strip("[]").partition("%")[0]
    written = f"[{bare}]" if ":" in bare else bare
    if not _HOST.fullmatch(written):
        raise ValueError(f"no host: {host!r}")
    return written


def _text(octets: str) -> str:
    """Return what was read octet by octet as the UTF-8 that it is (25.1)."""
    return octets.encode("latin-1").decode("utf-8", errors="replace")
