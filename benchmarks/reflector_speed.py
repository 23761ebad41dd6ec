"""How many packets a reflector answers that gets more than it can answer, beside a C echo and beside the same core behind asyncio.

A thousand sessions of a hundred sockets, 172 octets, over loopback. Packets/s are those of one core: the inverse of the CPU time that a
packet costs, since the sender and whatever else runs here take their share of the cores. All take turns, and what counts is the median
of the rounds, each held against its own round's peers. Needs Linux and a C compiler.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from ground import load
from reflector_peers import compiled, flooded, hosted
from row import Row, Skipped, finish

ROUNDS: Final = 5
SECONDS: Final = 1.5
SENDERS: Final = 100
SESSIONS: Final = 10  # of each sender
WHAT: Final = "CPU time of a packet in a saturated reflector"
OF_C: Final = 1 / 0.8
"""The most that our cost may be of a C echo's: at least 0.8 of its packets/s."""
OF_ASYNCIO: Final = 1 / 8

Costs = Mapping[str, float]
"""CPU seconds a packet of each kind, in one round."""


def measure() -> list[Row | Skipped]:
    """Return a row for each peer."""
    if not sys.platform.startswith("linux"):
        return [Skipped(WHAT, "the batched engine is Linux's")]
    with tempfile.TemporaryDirectory() as folder:
        udp = compiled(Path(folder))
        if udp is None:
            return [Skipped(WHAT, "no C compiler (cc)")]
        print(f"{WHAT}: {load()} when it began", file=sys.stderr)
        commands = {
            "batched": hosted("batched"),
            "asking": (str(udp), "echo", "PORT", "asking"),
            "bare": (str(udp), "echo", "PORT", "bare"),
            "asyncio": hosted("asyncio"),
            "portable": hosted("portable"),
        }
        rounds = [{kind: flooded(command, udp, SECONDS, SENDERS, SESSIONS) for kind, command in commands.items()} for _ in range(ROUNDS)]
    return [
        compared(
            rounds,
            "asking",
            what="CPU time of a packet in a saturated reflector beside a C echo that asks the kernel for the same",
            limit=OF_C,
        ),
        compared(rounds, "bare", what="the same beside a C echo that asks for nothing"),
        compared(rounds, "asyncio", what="the same beside the same core behind asyncio's DatagramProtocol", limit=OF_ASYNCIO),
        compared(rounds, "portable", what="the same beside the portable engine"),
    ]


def compared(rounds: Sequence[Costs], kind: str, what: str, limit: float | None = None) -> Row:
    """Return how our cost compares with a peer's."""
    subject_s, floor_s = (median(costs[one] for costs in rounds) for one in ("batched", kind))
    return Row(
        what=what,
        subject=f"{1e6 * subject_s:.1f} µs: {1 / subject_s:,.0f}/s",
        floor=f"{1e6 * floor_s:.1f} µs: {1 / floor_s:,.0f}/s",
        ratio=median(costs["batched"] / costs[kind] for costs in rounds),
        limit=limit,
    )


if __name__ == "__main__":
    sys.exit(finish(*measure()))
