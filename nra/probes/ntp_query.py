"""Does an NTP server answer (RFC 5905), and how far from its clock is ours: a phone that does not know the time trusts no certificate."""

import random
from typing import Final

from nra.model.observation import Answer
from nra.probes.parts.addresses import MS
from nra.probes.parts.inquiry import inquire
from nra.probes.parts.port_check import Asking, port_check
from nra.probes.parts.probe import Probe
from nra.wire.errors import MalformedMessage
from nra.wire.ntp import KISSES, NtpReply, decode_reply, encode_request

NONCE_BITS: Final = 64


class NtpQuestion:
    """Asks for the time; each try has a nonce of its own in place of our clock's time."""

    name: Final = "NTP request"

    def __init__(self) -> None:
        """Nothing asked yet."""
        self._asked_ns: dict[int, int] = {}

    def ask(self, now_ns: int) -> bytes:
        """Return a request."""
        nonce = random.getrandbits(NONCE_BITS)
        self._asked_ns[nonce] = now_ns
        return encode_request(nonce)

    def understand(self, payload: bytes) -> tuple[tuple[NtpReply, int], int] | None:
        """Return the reply to one of our requests with its T1, and that time again."""
        try:
            reply = decode_reply(payload)
        except MalformedMessage:
            return None
        asked_ns = self._asked_ns.get(reply.origin)
        return None if asked_ns is None else ((reply, asked_ns), asked_ns)


def told(reply: NtpReply, t1_ns: int, t4_ns: int) -> str:
    """Return what the server said, in words; the offset is positive where our clock is behind."""
    if reply.kiss is not None:
        return f"NTP kiss-o'-death {reply.kiss} ({KISSES.get(reply.kiss, 'a code of its own')})"
    offset_ns = reply.offset_ns(t1_ns, t4_ns)
    if offset_ns is None:
        return f"NTP stratum {reply.stratum}, not synchronized"
    return f"NTP stratum {reply.stratum}, clock offset {offset_ns / MS:+z.1f} ms"


async def query(asking: Asking) -> Answer:
    """Ask a server for the time; raises NetworkError."""
    (reply, t1_ns), inquiry = await inquire(asking.net, asking.watch, asking.address, asking.port, NtpQuestion())
    said = told(reply, t1_ns, t1_ns + round(inquiry.elapsed_ms * MS))
    return Answer(address=asking.address, elapsed_ms=inquiry.elapsed_ms, said=said, tries=inquiry.tries)


PROBE: Final[Probe] = port_check("ntp_query", query)
