"""The answer to SIP OPTIONS, stateless (RFC 3261 8.2.7, 11.2): proof that signalling passes, nothing else.

Only what an answer must copy is read: Via, From, To, Call-ID, CSeq (RFC 3261 8.2.6.2).
"""

import re
from hashlib import sha256
from typing import Final

OPTIONS: Final = re.compile(r"OPTIONS sips?:[!-~]+ SIP/2\.0")
NAME: Final = re.compile(r"[A-Za-z-]+")
VALUE: Final = re.compile(r"[\t -~\x80-\xff]*")
MOST_BYTES: Final = 4096  # no OPTIONS is longer: what is, is not worth reading
FOLDED: Final = re.compile(r"\r\n[ \t]+")  # RFC 3261 7.3.1
NAMES: Final = {
    "via": "via",
    "v": "via",
    "from": "from",
    "f": "from",
    "to": "to",
    "t": "to",
    "call-id": "call-id",
    "i": "call-id",
    "cseq": "cseq",
}
"""Fields that an answer copies, with their compact forms (RFC 3261 7.3.3)."""
ONCE: Final = ("from", "to", "call-id", "cseq")
CSEQ: Final = re.compile(r"\d{1,10}[ \t]+OPTIONS")
TAG: Final = re.compile(r";\s*tag\s*=")
TAG_DIGITS: Final = 8
RPORT: Final = re.compile(r";\s*rport\s*(?=;|$)")  # RFC 3581 3: asked for, not yet filled in
SENT_BY: Final = re.compile(r"SIP\s*/\s*2\.0\s*/\s*[A-Za-z]+\s+(\[[^\]]*\]|[^\s:;,]+)")


def sip_answer(request: bytes, source: tuple[str, int]) -> bytes | None:
    """Return 200 to an OPTIONS request, None for anything else; our own Via is none, so it goes back where it came from."""
    if len(request) > MOST_BYTES:
        return None
    head, end, _ = request.partition(b"\r\n\r\n")
    start, *lines = FOLDED.sub(" ", head.decode("latin-1")).split("\r\n")
    if not end or not OPTIONS.fullmatch(start):
        return None
    fields: dict[str, list[str]] = {name: [] for name in NAMES.values()}
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.rstrip(" \t").lower(), value.strip(" \t")
        if not colon or not NAME.fullmatch(name) or not VALUE.fullmatch(value):
            return None
        if name in NAMES:
            fields[NAMES[name]].append(value)
    if not fields["via"] or any(len(fields[name]) != 1 for name in ONCE) or not CSEQ.fullmatch(fields["cseq"][0]):
        return None
    return _ok(fields, source)


def _ok(fields: dict[str, list[str]], source: tuple[str, int]) -> bytes:
    first, *others = fields["via"]
    (call_id,), (to,) = fields["call-id"], fields["to"]
    if not TAG.search(to):
        to += f";tag={sha256(call_id.encode('latin-1')).hexdigest()[:TAG_DIGITS]}"  # the same for the same call (8.2.7)
    lines = [
        "SIP/2.0 200 OK",
        f"Via: {_received(first, source)}",
        *(f"Via: {via}" for via in others),
        f"From: {fields['from'][0]}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {fields['cseq'][0]}",
        "Content-Length: 0",
    ]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


def _received(via: str, source: tuple[str, int]) -> str:
    """Return the topmost Via with where the request really came from (RFC 3261 18.2.1, RFC 3581 4)."""
    address, port = source[0].partition("%")[0], source[1]
    first, comma, others = via.partition(",")
    sent_by = SENT_BY.match(first)
    filled = RPORT.sub(f";rport={port}", first)
    if filled != first or sent_by is None or sent_by[1].strip("[]") != address:
        filled = f"{filled.rstrip()};received={address}"
    return filled + comma + others
