"""What the kernel really tells of a datagram, by sending some over loopback: stamps, TTL, TOS, drops."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from nra.model.self_test import Reading
from nra.net.ports import NetworkError
from nra.net.self_test.pair import DSCP_SHIFT, Heard, LoopbackPair, OpenPair, Pair

IPV4: Final = "127.0.0.1"
IPV6: Final = "::1"
EF: Final = 46  # RFC 3246: the marking of voice
VOICE_BYTES: Final = 172  # 20 ms of G.711 and the RTP header
SENT: Final = 50
SILENT: Final = 3  # datagrams that did not arrive one after the other: loopback itself is blocked
EARLY_NS: Final = 1_000_000  # how far the kernel's reading of the wall clock may lie outside ours

FLOOD: Final = 64
FLOOD_BYTES: Final = 1000
TINY_BYTES: Final = 1  # systems give what they hold to be the least


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one exchange showed: how many were sent, those that were heard each with when it was sent, what was stamped on sending."""

    sent: int
    heard: tuple[tuple[int, Heard], ...]
    stamps: tuple[int, ...] | None
    untold: str | None
    accepted_dscp: int | None


def exchange(pair: Pair) -> Delivered:
    """Send some datagrams one by one, each heard before the next."""
    heard: list[tuple[int, Heard]] = []
    sent = silent = 0
    while sent < SENT and silent < SILENT:
        sent_ns, answer = pair.send(bytes(VOICE_BYTES)), pair.hear()
        sent += 1
        silent = 0 if answer else silent + 1
        heard += [(sent_ns, answer)] if answer else []
    stamps = pair.sent_stamps()
    return Delivered(
        sent=sent,
        heard=tuple(heard),
        stamps=None if stamps is None else tuple(stamps),
        untold=pair.untold,
        accepted_dscp=pair.accepted_dscp,
    )


def ipv4(open_pair: OpenPair = LoopbackPair) -> Iterator[Reading]:
    """Yield of how many datagrams (in percent) each stamp was delivered, and how many arrived with the DSCP they were sent with."""
    with closing(open_pair(IPV4, dscp=EF)) as pair:
        seen = exchange(pair)
    yield _told(seen, "datagram.receive_stamp", sum(plausible(*each) for each in seen.heard))
    yield _transmitted(seen)
    yield from _header(seen, "ipv4")


def ipv6(open_pair: OpenPair = LoopbackPair) -> Iterator[Reading]:
    """Yield what IPv6 has apart from IPv4: hop limit, traffic class and what becomes of the DSCP in it."""
    try:
        pair = open_pair(IPV6, dscp=EF)
    except (OSError, NetworkError) as error:
        for name in ("ttl", "tos", "dscp"):
            yield Reading(key=f"datagram.{name}_ipv6", evidence=f"no IPv6 on loopback here ({error})", exists=False)
        return
    with closing(pair):
        seen = exchange(pair)
    yield from _header(seen, "ipv6")


def _header(seen: Delivered, version: str) -> Iterator[Reading]:
    yield _told(seen, f"datagram.ttl_{version}", sum(heard.control.ttl is not None for _, heard in seen.heard))
    yield _told(seen, f"datagram.tos_{version}", sum(heard.control.tos is not None for _, heard in seen.heard))
    yield _marked(seen, f"datagram.dscp_{version}")


def plausible(sent_ns: int, heard: Heard) -> bool:
    """Tell whether the kernel's receive stamp lies between sending and reading."""
    stamp_ns = heard.control.wall_ns
    return stamp_ns is not None and sent_ns - EARLY_NS <= stamp_ns <= heard.read_ns + EARLY_NS


def _told(seen: Delivered, key: str, count: int) -> Reading:
    if seen.untold is not None:
        return Reading(key=key, evidence=seen.untold, exists=False)
    if not seen.heard:
        return Reading(key=key, evidence=f"none of {seen.sent} datagrams arrived over loopback")
    return Reading(key=key, value=100 * count / len(seen.heard), evidence=f"{count} of {len(seen.heard)} datagrams")


def _transmitted(seen: Delivered) -> Reading:
    key = "datagram.transmit_stamp"
    if seen.stamps is None:
        return Reading(key=key, evidence="this system stamps nothing that is sent", exists=False)
    if not seen.heard:
        return Reading(key=key, evidence=f"none of {seen.sent} datagrams arrived over loopback")
    first_ns, last_ns = seen.heard[0][0], seen.heard[-1][1].read_ns
    good = sum(first_ns - EARLY_NS <= stamp_ns <= last_ns + EARLY_NS for stamp_ns in seen.stamps)
    return Reading(key=key, value=100 * good / seen.sent, evidence=f"{good} of {seen.sent} datagrams")


def _marked(seen: Delivered, key: str) -> Reading:
    """Return how many datagrams arrived with EF (in percent); a system may take the marking and send something else."""
    told = [heard.control.tos >> DSCP_SHIFT for _, heard in seen.heard if heard.control.tos is not None]
    if seen.untold is not None:
        taken = "took" if seen.accepted_dscp == EF else "refused"
        return Reading(key=key, evidence=f"{seen.untold}; the socket {taken} the marking, what arrives is not known", exists=False)
    if not told:
        return Reading(key=key, evidence="the system did not say with which DSCP the datagrams arrived")
    arrived = max(set(told), key=told.count)
    evidence = f"asked {EF}, the socket took it, arrived {arrived}"
    if seen.accepted_dscp != EF:
        evidence = f"asked {EF}, the socket refused it and says {seen.accepted_dscp}, arrived {arrived}"
    elif arrived == 0:
        evidence += ": silently ignored"
    return Reading(key=key, value=100 * told.count(EF) / len(told), evidence=evidence)


def drops(open_pair: OpenPair = LoopbackPair) -> Iterator[Reading]:
    """Yield how many (in percent) of the datagrams that a tiny buffer had no room for were counted as dropped."""
    key = "datagram.drops"
    with closing(open_pair(IPV4, receive_bytes=TINY_BYTES)) as pair:
        if not pair.counts_drops:
            yield Reading(key=key, evidence=pair.untold or "this system does not count what a socket drops", exists=False)
            return
        for _ in range(FLOOD):
            pair.send(bytes(FLOOD_BYTES))
        read = len(pair.drain())
        pair.send(b"")  # the count comes with the next datagram that finds room
        last = pair.hear()
    dropped, counted = FLOOD - read, (last.control.drops if last else None) or 0
    if not dropped:
        yield Reading(key=key, evidence=f"no drop could be provoked: {FLOOD} datagrams found room")
        return
    yield Reading(key=key, value=100 * counted / dropped, evidence=f"{counted} counted of {dropped} dropped")
