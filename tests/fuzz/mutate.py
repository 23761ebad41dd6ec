"""Mutated datagrams at every decoder, at the reflector and at its responders: `python tests/fuzz/mutate.py [COUNT [SEED]]`.

Ten million unless told otherwise: some minutes on one core. Each starts from a valid message and is cut, spliced, repeated or flipped.
Out of a decoder may come a value or MalformedMessage, out of the reflector a reply no larger than the request or none; anything else is
printed with the octets that caused it, and the exit code is 1. The same count and seed give the same datagrams.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

sys.path += (str(Path(__file__).resolve().parents[1] / room) for room in ("wire", "reflector"))

from fake_kernel import World
from wire_decoders import CASES

from nra.net.batched_server import available
from nra.net.tcp_server import Respond
from nra.reflector.core import Reflector, Request
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.responders.tcp import TCP_ANSWERS
from nra.reflector.responders.udp import UDP_ANSWERS, UdpAnswer
from nra.wire.errors import MalformedMessage

COUNT: Final = 10_000_000
SEED: Final = 20261125
SOURCE: Final = ("192.0.2.1", 50000)
NOW_NS: Final = 1_767_600_000_000_000_000
MOST_BYTES: Final = 2048
MOST_MUTATIONS: Final = 4
FEW: Final = 1
MANY: Final = 4
INTERESTING: Final = tuple(
    bytes.fromhex(word) for word in ("00", "01", "7f", "80", "ff", "0000", "ffff", "0d0a", "0d0a0d0a", "c00c", "7fffffff")
)

Feed = Callable[[bytes], object]
"""Takes a datagram; may raise MalformedMessage."""


@dataclass(slots=True)
class Tally:
    """How many datagrams each target took and refused, and what should not have come out: at most a few of each kind."""

    fed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: dict[tuple[str, str], bytes] = field(default_factory=dict)


class TooLarge(Exception):  # noqa: N818 - says what is the case
    """A reply is larger than its request."""


class Different(Exception):  # noqa: N818 - says what is the case
    """An engine answers or counts otherwise than the core."""


def request_of(payload: bytes) -> Request:
    """Return a datagram as the reflector's engine hands it over."""
    return Request(payload=payload, source=SOURCE, destination="192.0.2.2", destination_port=20862, received_ns=NOW_NS, ttl=57, tos=184)


def reflecting(key: bytes | None) -> Feed:
    """Return a reflector that is fed a datagram."""
    reflector = Reflector(keys=None if key is None else Keys((Holder(key),)), guard=Guard(rate_limit=0))

    def feed(payload: bytes) -> None:
        response = reflector.answer(request_of(payload), NOW_NS)
        lawful(payload, b"" if response is None else reflector.stamped(response, NOW_NS))

    return feed


def batched(copies: int) -> Feed:
    """Return the batched engine, fed so many copies of a datagram at once: one is answered by itself, several are answered together.

    What it sends and counts must be what the core says.
    """
    reflector, core = (Reflector(guard=Guard(rate_limit=0)) for _ in range(2))
    world = World(reflector, "127.0.0.1", NOW_NS)
    world.engine.few = FEW
    world.close()  # its socket: nothing comes by it

    def feed(payload: bytes) -> None:
        request = replace(request_of(payload), destination_port=world.engine.bound[0][1])
        sent = [reply.payload for reply in world.serve([request] * copies)]
        answers = [core.answer(request, NOW_NS) for _ in range(copies)]
        if sent != [core.stamped(answer, NOW_NS) for answer in answers if answer is not None] or reflector.counters != core.counters:
            raise Different(f"{len(sent)} replies, {dict(reflector.counters)}")
        for reply in sent:
            lawful(payload, reply)

    return feed


def over_udp(answer: UdpAnswer) -> Feed:
    """Return a responder that is fed a datagram."""
    return lambda payload: answer(request_of(payload), NOW_NS)


def over_tcp(answer: Respond) -> Feed:
    """Return a responder that is fed what came over a connection so far."""
    return lambda payload: answer(payload, SOURCE)


def lawful(request: bytes, reply: bytes | None) -> None:
    """Raise TooLarge for a reply over UDP that is larger than its request."""
    if reply is not None and len(reply) > len(request):
        raise TooLarge(f"{len(reply)} octets for {len(request)}")


def targets() -> dict[str, Feed]:
    """Return everything that is fed: decoders, the reflector open and with a key, its batched engine, responders over UDP and TCP.

    That a reply over UDP is never larger than its request is held one room higher (`nra.reflector.responders.udp.serve`).
    """
    feeds: dict[str, Feed] = {case.name: case.decode for case in CASES}
    feeds |= {"reflector": reflecting(None), "reflector with a key": reflecting(bytes(32))}
    if available():
        feeds |= {"batched engine, one": batched(FEW), "batched engine, many": batched(MANY)}
    feeds |= {f"{name} over UDP": over_udp(answer) for name, answer in UDP_ANSWERS.items()}
    feeds |= {f"{name} over TCP": over_tcp(answer) for name, answer in TCP_ANSWERS.items()}
    return feeds


def mutated(chance: random.Random, valid: bytes, others: tuple[bytes, ...]) -> bytes:
    """Return the message after one to four mutations."""
    octets = bytearray(valid)
    for _ in range(chance.randint(1, MOST_MUTATIONS)):
        at, kind = chance.randrange(len(octets) + 1), chance.randrange(6)
        if kind == 0 and octets:
            octets[at % len(octets)] ^= 1 << chance.randrange(8)
        elif kind == 1:
            octets[at:at] = chance.choice(INTERESTING)
        elif kind == 2:
            del octets[at : at + chance.randint(1, 8)]
        elif kind == 3:
            octets[at:] = chance.choice(others)[at:]
        elif kind == 4:
            octets[at:at] = octets[max(0, at - chance.randint(1, 64)) : at]
        else:
            size = len(word := chance.choice(INTERESTING))
            octets[at : at + size] = word
    return bytes(octets[:MOST_BYTES])


def fuzz(count: int, seed: int, feeds: Mapping[str, Feed]) -> Tally:
    """Feed so many mutated datagrams to the targets in turn, and tally what came of them."""
    chance, tally = random.Random(seed), Tally()
    seeds = tuple(case.valid for case in CASES)
    own = {case.name: case.valid for case in CASES}
    names = tuple(feeds)
    for number in range(count):
        name = names[number % len(names)]
        datagram = mutated(chance, own.get(name) or chance.choice(seeds), seeds)
        tally.fed[name] += 1
        try:
            feeds[name](datagram)
        except MalformedMessage:
            tally.refused[name] += 1
        except Exception as error:  # noqa: BLE001 - which one it is, is the question
            tally.faults.setdefault((name, type(error).__name__), datagram)
    return tally


def main(count: str = str(COUNT), seed: str = str(SEED)) -> int:
    """Fuzz, print what came of it, return the exit code."""
    tally = fuzz(int(count), int(seed), targets())
    for name in tally.fed:
        print(f"{name:28} {tally.fed[name]:>9} fed {tally.refused[name]:>9} malformed")
    for (name, kind), datagram in tally.faults.items():
        print(f"FAULT {name}: {kind} for {datagram.hex()}")
    print(f"{sum(tally.fed.values())} datagrams, seed {seed}, {len(tally.faults)} faults")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
