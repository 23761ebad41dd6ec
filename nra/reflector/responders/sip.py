"""The answer to SIP OPTIONS, stateless (RFC 3261 8.2.7, 11.2): proof that signalling passes, nothing else.

Only what an answer must copy is read: Via, From, To, Call-ID, CSeq (RFC 3261 8.2.6.2).
"""

import re
from hashlib import sha256
from typing import Final

from nra.wire.errors import MalformedMessage
from nra.wire.sip import VIA, SipHead, read_head

OPTIONS: Final = re.compile(r"OPTIONS sips?:[!-~]+ SIP/2\.0")
MOST_BYTES: Final = 4096  # no OPTIONS is longer: what is, is not worth reading
TAG: Final = re.compile(r";\s*tag\s*=")
TAG_DIGITS: Final = 8
RPORT: Final = re.compile(r";\s*rport\s*(?=;|$)")  # RFC 3581 3: asked for, not yet filled in


def sip_answer(request: bytes, source: tuple[str, int]) -> bytes | None:
    """Return 200 to an OPTIONS request, None for anything else; our own Via is none, so it goes back where it came from."""
    if len(request) > MOST_BYTES:
        return None
    try:
        head = read_head(request)
    except MalformedMessage:
        return None
    return _ok(head, source) if OPTIONS.fullmatch(head.start) and head.method == "OPTIONS" else None


def _ok(head: SipHead, source: tuple[str, int]) -> bytes:
    first, *others = head.fields["via"]
    call_id, to = head.one("call-id"), head.one("to")
    if not TAG.search(to):
        to += f";tag={sha256(call_id.encode('latin-1')).hexdigest()[:TAG_DIGITS]}"  # the same for the same call (8.2.7)
    lines = [
        "SIP/2.0 200 OK",
        f"Via: {_received(first, source)}",
        *(f"Via: {via}" for via in others),
        f"From: {head.one('from')}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {head.one('cseq')}",
        "Content-Length: 0",
    ]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


def _received(via: str, source: tuple[str, int]) -> str:
    """Return the topmost Via with where the request really came from (RFC 3261 18.2.1, RFC 3581 4)."""
    address, port = source[0].partition("%")[0], source[1]
    first, comma, others = via.partition(",")
    hop = VIA.match(first)
    filled = RPORT.sub(f";rport={port}", first)
    if filled != first or hop is None or hop[1].strip("[]") != address:
        filled = f"{filled.rstrip()};received={address}"
    return filled + comma + others
