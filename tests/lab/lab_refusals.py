"""Firewalls and routers of the lab that decline, each in its own way, and what the client is told of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab_programs import Program
from lab_world import CLIENT, MIDDLE, SERVER, World, need

ASK: Final = str(Path(__file__).with_name("ask_refusals.py"))
ANSWER_ICMP: Final = str(Path(__file__).with_name("answer_icmp.py"))
HOOK: Final = {CLIENT: "output", MIDDLE: "forward", SERVER: "input"}
RATE_LIMITS: Final = ("/proc/sys/net/ipv4/icmp_ratelimit", "/proc/sys/net/ipv6/icmp/ratelimit")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a port: the failure's kind ("open" without one), detail and sender."""

    kind: str
    detail: str | None
    by: str | None


def rules(world: World, place: str, *lines: str) -> None:
    """Let a place of the world filter by the rules, in the words of nft, and answer each packet that it rejects."""
    need("nft")
    for limit in RATE_LIMITS:
        world.run(place, "tee", limit, lines="0")
    script = [f"add rule inet lab filter {line}" for line in lines]
    chain = f"add chain inet lab filter {{ type filter hook {HOOK[place]} priority 0; }}"
    world.run(place, "nft", "-f", "-", lines="\n".join(["add table inet lab", chain, *script]))


def told(world: World, address: str, *ports: str) -> dict[str, Told]:
    """Return what the client is told of ports such as `udp:9`, all asked side by side."""
    ended = world.python(CLIENT, ASK, address, *ports).end(30)
    assert (ended.code, ended.err) == (0, ""), ended.err
    lines: Sequence[tuple[str, int, str, str | None, str | None]] = [json.loads(line) for line in ended.out.splitlines()]
    return {f"{protocol}:{port}": Told(kind, detail, by) for protocol, port, kind, detail, by in lines}


def start_complaining(world: World, protocol: str, kind: int, code: int, delay_ms: int = 0, skip: int = 0) -> Program:
    """Let the middle send an ICMP error for each packet that comes from the client, whether it forwards it or not."""
    orders = ("m1", protocol, str(kind), str(code), str(delay_ms), str(skip))
    return world.python(MIDDLE, ANSWER_ICMP, *orders).wait_for("complaining")
