"""What a datagram is to a reflector before anything is remembered of it: a request, with which key, or another reflector's answer."""

from contextlib import suppress
from typing import Final, NamedTuple

from nra.reflector.keys import Keys
from nra.wire.errors import BadHmac
from nra.wire.stamp import AUTHENTICATED, UNAUTHENTICATED, Layout, SenderPacket, decode_sender

AFTER_SEQUENCE: Final = slice(UNAUTHENTICATED.timestamp, AUTHENTICATED.timestamp)
"""Zeros in an authenticated request, where any other has T1, Error Estimate and SSID."""
REPLY_WITHIN: Final = 1 << 36
"""How far T3 may be behind T2 in what is taken for a reply: 16 s, in both formats of time stamps; a busy reflector takes its time."""


class Accepted(NamedTuple):
    """A packet that may be answered, and with which key it is authenticated."""

    packet: SenderPacket
    key: bytes | None


def layout_of(payload: bytes, keys: Keys | None) -> Layout:
    """Tell authenticated packets from others: all are where only they are answered, else those that are laid out so for a known SSID."""
    if keys is None:
        return UNAUTHENTICATED
    if keys.only:
        return AUTHENTICATED
    is_sealed = len(payload) >= AUTHENTICATED.size and not any(payload[AFTER_SEQUENCE])
    return AUTHENTICATED if is_sealed and keys.of(ssid_at(payload, AUTHENTICATED)) else UNAUTHENTICATED


def decoded(payload: bytes, layout: Layout, keys: Keys | None) -> Accepted | str:
    """Return the packet, or why it is none of ours; raises MalformedMessage."""
    if keys is None or layout is UNAUTHENTICATED:
        return Accepted(decode_sender(payload), None)
    is_whole = len(payload) >= AUTHENTICATED.size
    possible = keys.of(ssid_at(payload, AUTHENTICATED)) if is_whole else ()
    for key in possible:
        with suppress(BadHmac):
            return Accepted(decode_sender(payload, key), key)
    if any(payload[AFTER_SEQUENCE]):
        return "unauthenticated"
    if not is_whole:
        return "malformed"
    return "bad_hmac" if possible else "unknown_ssid"


def is_reply(payload: bytes, layout: Layout) -> bool:
    """Tell what another reflector answered: two of them, on whatever ports, would go on answering each other for ever.

    A reply bears T2 where a request has zeros or padding, and T3 shortly behind it: chance does that once in 2^28.
    """
    at = layout.receive_timestamp
    received, sent = payload[at : at + 8], payload[layout.timestamp : layout.timestamp + 8]
    return any(received) and 0 <= int.from_bytes(sent) - int.from_bytes(received) < REPLY_WITHIN


def ssid_at(payload: bytes, layout: Layout) -> int:
    """Return the SSID in a packet of this layout."""
    return int.from_bytes(payload[layout.ssid : layout.ssid + 2])
