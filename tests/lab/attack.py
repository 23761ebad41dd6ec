"""Attack a reflector until SIGTERM, from addresses that are not ours: `python attack.py KIND HOST PORT RATE_PER_S [SEED]`.

Says "attacking" when the first packets are out, then every thousand, and in the end how many there were. KIND is one of `KINDS`, or
"replay": whatever passes by towards HOST and PORT is sent once more as it was, from its own address. Needs root; stays in its network
namespace.
"""

import contextlib
import itertools
import random
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from nra.wire.announcement import AnnouncementRequest
from nra.wire.receive_record import RecordRequest
from nra.wire.stamp import SenderPacket, encode_sender
from nra.wire.stamp_tlv import Tlv, encode_tlvs
from nra.wire.timestamps import ErrorEstimate, ntp_from_unix_ns

TICK_S: Final = 0.01
FORGED: Final = 0xC612_0000  # 198.18.0.0/15, for benchmarks (RFC 2544)
FORGED_HOSTS: Final = 1 << 17
ETHERNET: Final = 14
ALL_PROTOCOLS: Final = 0x0003
CLOCK: Final = ErrorEstimate.of(1_000_000, synchronized=False).encode()
VOICE: Final = 172
MOST: Final = 1400  # octets of a datagram that is not cut into fragments
OVERSIZED: Final = 60_000

Datagrams = Iterator[bytes]


def requests(chance: random.Random, tail: Callable[[], bytes]) -> Datagrams:
    """Yield requests that a reflector must answer, each of an SSID by chance."""
    while True:
        now = ntp_from_unix_ns(time.time_ns())
        yield encode_sender(SenderPacket(chance.randrange(1 << 16), now, CLOCK, ssid=chance.randrange(1 << 16), tail=tail()))


def voice(chance: random.Random) -> Datagrams:
    """Yield requests of the size of ours."""
    return requests(chance, lambda: encode_tlvs([Tlv(0x80, 1, bytes(VOICE - 48))]))


def bombs(chance: random.Random) -> Datagrams:
    """Yield requests full of TLVs, the costly ones among them: our own two, then empty ones by the hundred."""
    kinds = [bytes((0x80, type_, 0, 0)) for type_ in (0, 1, 4, 5, 6, 199, 250, 251)]
    questions = (RecordRequest(first=0, count=16), AnnouncementRequest(room=16))
    costly = encode_tlvs(Tlv(0x80, asked.TYPE, asked.encode()) for asked in questions)
    return requests(chance, lambda: (costly + b"".join(chance.choices(kinds, k=350)))[: MOST - 44])


def garbage(chance: random.Random) -> Datagrams:
    """Yield octets by chance."""
    while True:
        yield chance.randbytes(chance.randrange(MOST))


KINDS: Final[dict[str, Callable[[random.Random], Datagrams]]] = {
    "voice": voice,
    "bombs": bombs,
    "garbage": garbage,
    "one octet": lambda chance: itertools.repeat(b"\xff"),
    "oversized": lambda chance: itertools.repeat(bytes(OVERSIZED)),
}


def forged(chance: random.Random, host: bytes, port: int, payload: bytes) -> bytes:
    """Return an IPv4 packet from somewhere; the kernel fills in length and checksum, UDP goes without one."""
    source = FORGED + chance.randrange(FORGED_HOSTS)
    ip = struct.pack(">BBHHHBBH", 0x45, 0xB8, 0, 0, 0, 57, socket.IPPROTO_UDP, 0) + source.to_bytes(4) + host
    return ip + struct.pack(">HHHH", chance.randrange(30_000, 60_000), port, 8 + len(payload), 0) + payload


def flood(kind: str, host: str, port: int, rate_per_s: int, chance: random.Random, over: list[int]) -> int:
    """Send so many a second and return how many; what is too large for one packet is left to the kernel, and bears our address."""
    datagrams, packed = KINDS[kind](chance), socket.inet_aton(host)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sent, due = 0, time.monotonic()
    with raw, plain:
        while not over:
            for payload in itertools.islice(datagrams, max(1, round(rate_per_s * TICK_S))):
                with contextlib.suppress(OSError):
                    if len(payload) > MOST:
                        plain.sendto(payload, (host, port))
                    else:
                        raw.sendto(forged(chance, packed, port, payload), (host, 0))
                    sent += 1
            say(sent)
            due = max(due + TICK_S, time.monotonic() - TICK_S)
            time.sleep(max(0.0, due - time.monotonic()))
    return sent


def replay(host: str, port: int, over: list[int]) -> int:
    """Send every datagram that comes by for the host once more; return how many."""
    packed, seen, sent = socket.inet_aton(host), set[bytes](), 0
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS)) as tap, raw:
        tap.settimeout(TICK_S)
        say(0)
        while not over:
            with contextlib.suppress(TimeoutError):
                packet = tap.recv(65_536)[ETHERNET:]
                is_request = packet[9:10] == b"\x11" and packet[16:20] == packed and packet[22:24] == port.to_bytes(2)
                if is_request and packet[28:] not in seen:
                    seen.add(packet[28:])
                    raw.sendto(packet[:26] + bytes(2) + packet[28:], (host, 0))  # its UDP checksum may not have been made yet
                    sent += 1
    return sent


_told = [-1]


def say(sent: int) -> None:
    """Say that it has begun, and every thousand packets how many there were."""
    thousands = sent // 1000
    if thousands > _told[0]:
        sys.stdout.write(f"{thousands} thousand\n" if thousands else "attacking\n")
        sys.stdout.flush()
        _told[0] = thousands


def main(kind: str, host: str, port: str, rate_per_s: str, seed: str = "1") -> None:
    """Attack until terminated."""
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
    chance = random.Random(int(seed))
    sent = replay(host, int(port), over) if kind == "replay" else flood(kind, host, int(port), int(rate_per_s), chance, over)
    sys.stdout.write(f"sent {sent}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
