"""What a reflector sends back for what it is sent, over real sockets: `python amplification.py HOST COUNT [SEED]`; ports of `--responders`.

Mutated requests go to its STAMP port one by one, each followed by one that is certainly answered, so that every reply is known to belong to
its request; to the other UDP ports they go by the dozen, and octets are added up. Prints a line of JSON: the largest factor of a request
and the factors of all octets, UDP payload and IP packets. `nra reflect` must be told --rate-limit 0.
"""

import json
import random
import socket
import sys
from itertools import count
from pathlib import Path
from typing import Final

sys.path += (str(Path(__file__).resolve().parents[1] / room) for room in ("fuzz", "wire"))

from mutate import mutated
from stamp_vectors import GOLDEN
from wire_decoders import CASES

from nra.model.responder import RESPONDERS
from nra.wire.beacon import EchoProbe, encode_echo
from nra.wire.dns import encode_query
from nra.wire.ntp import encode_request
from nra.wire.quic import encode_version_probe
from nra.wire.stamp import SenderPacket, decode_reflector, encode_sender
from nra.wire.stun import encode_binding_request

OPTIONS: Final = (
    b"OPTIONS sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\n"
    b"From: <sip:b@192.0.2.2>;tag=1\r\nTo: <sip:a@192.0.2.1>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
STAMP_PORT: Final = 20862
MARK: Final = 0xA3AF  # the SSID of what is certainly answered
HEADERS: Final = 28  # of IPv4 and UDP
MOST: Final = 1400
DOZEN: Final = 12
PATIENCE_S: Final = 5.0
SILENCE_S: Final = 0.05

REQUESTS: Final = (
    encode_sender(SenderPacket(7, 1 << 40, 1, ssid=1)),
    GOLDEN.sender_octets + GOLDEN.tlvs,
    encode_binding_request(bytes(range(12)), software="x" * 40),
    encode_query(7, "example.net"),
    encode_request(1 << 40),
    encode_version_probe(0x1A2A3A4A, bytes(8), bytes(8)),
    encode_echo(EchoProbe(1, 2, 3, 4), 172),
    OPTIONS,
)
SEEDS: Final = (*REQUESTS * 4, *(case.valid for case in CASES))  # mostly what somebody answers


class Sum:
    """Octets and packets there and back."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.sent, self.came = [0, 0], [0, 0]
        self.largest = 0.0

    def add(self, sent: list[bytes], came: list[bytes]) -> None:
        """Add requests and what came for them."""
        for totals, datagrams in ((self.sent, sent), (self.came, came)):
            totals[0] += len(datagrams)
            totals[1] += sum(map(len, datagrams))
        self.largest = max(self.largest, sum(map(len, came)) / max(1, sum(map(len, sent))))

    def factor(self, headers: int) -> float:
        """Return octets back beside octets there."""
        back, there = (packets * headers + octets for packets, octets in (self.came, self.sent))
        return back / there


def ask_stamp(sock: socket.socket, payload: bytes, numbers: "count[int]", total: Sum) -> None:
    """Send one request and its mark, and add what came before the mark's answer."""
    number = next(numbers)
    sock.send(payload)
    sock.send(encode_sender(SenderPacket(number, 1, 1, ssid=MARK)))
    came: list[bytes] = []
    while True:
        reply = sock.recv(2048)
        if len(reply) == len(encode_sender(SenderPacket(0, 1, 1))) and decode_reflector(reply).ssid == MARK:
            packet = decode_reflector(reply)
            if packet.sender_sequence == number:
                break
        came.append(reply)
    total.add([payload], came)


def ask_others(sock: socket.socket, payloads: list[bytes], total: Sum) -> None:
    """Send some requests, and add what came until it was silent."""
    for payload in payloads:
        sock.send(payload)
    came: list[bytes] = []
    sock.settimeout(SILENCE_S)
    try:
        while True:
            came.append(sock.recv(2048))
    except TimeoutError:
        total.add(payloads, came)


def corpus(chance: random.Random, datagrams: int) -> list[bytes]:
    """Return valid messages and what mutation made of them."""
    made = [*SEEDS, *(mutated(chance, chance.choice(SEEDS), SEEDS) for _ in range(datagrams))]
    return [payload[:MOST] for payload in made]


def main(host: str, datagrams: str, seed: str = "1") -> int:
    """Return 1 when any answer was larger than what it was an answer to."""
    chance = random.Random(int(seed))
    stamp, others = Sum(), Sum()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect((host, STAMP_PORT))
        numbers = count()
        for payload in corpus(chance, int(datagrams)):
            ask_stamp(sock, payload, numbers, stamp)
    for port in (each.port for each in RESPONDERS if each.protocol == "UDP" and each.service != "STAMP"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((host, port))
            asked = corpus(chance, int(datagrams) // DOZEN)
            for at in range(0, len(asked), DOZEN):
                ask_others(sock, asked[at : at + DOZEN], others)
    found = {
        name: {"requests": total.sent[0], "replies": total.came[0], "largest": total.largest}
        | {"udp": total.factor(0), "ip": total.factor(HEADERS)}
        for name, total in (("stamp", stamp), ("responders", others))
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return int(max(stamp.largest, others.largest) > 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
