"""Impairments that decide each packet's fate by a seeded generator and write down what they decided."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

MS: Final = 1_000_000
HEAD_BYTES: Final = 128  # enough of a packet to know it again


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """What one direction does to packets: shares in 0..1, times in milliseconds; jitter is uniform in 0..`jitter_ms`.

    A reordered packet is held back by `reorder_ms`. To place losses by hand, `loss_runs` drops packets by their number, and
    `loss_spans_s` by when they come: pairs of seconds after the first packet, the end not included.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_ms: float = 50.0
    loss_runs: tuple[range, ...] = ()
    loss_spans_s: tuple[tuple[float, float], ...] = ()
    seed: int = 1


CLEAN: Final = Impairment()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What became of one packet: its number on this path, its first bytes, when it came, when its copies left (none: lost)."""

    number: int
    head: bytes
    came_ns: int
    left_ns: tuple[int, ...]


@dataclass(slots=True)
class Path:
    """One direction: hand it packets, it says when copies leave; `passages` is the truth to compare with."""

    impairment: Impairment = CLEAN
    passages: list[Passage] = field(default_factory=list)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Seed the generator."""
        self._random = random.Random(self.impairment.seed)

    def carry(self, payload: bytes, now_ns: int) -> tuple[int, ...]:
        """Return when each copy of the packet leaves; empty when it is lost."""
        number = len(self.passages)
        left_ns = self._fate(number, now_ns)
        self.passages.append(Passage(number=number, head=payload[:HEAD_BYTES], came_ns=now_ns, left_ns=left_ns))
        return left_ns

    def _fate(self, number: int, now_ns: int) -> tuple[int, ...]:
        asked, chance = self.impairment, self._random.random
        lost, copied, held = chance() < asked.loss, chance() < asked.duplicate, chance() < asked.reorder
        since_s = (now_ns - self.passages[0].came_ns) / 1e9 if self.passages else 0.0
        if lost or any(number in run for run in asked.loss_runs) or any(start <= since_s < end for start, end in asked.loss_spans_s):
            return ()
        times = []
        for _ in range(2 if copied else 1):
            delay_ms = asked.delay_ms + chance() * asked.jitter_ms + (asked.reorder_ms if held else 0.0)
            times.append(now_ns + round(delay_ms * MS))
        return tuple(times)


Peer = Callable[[bytes, int, tuple[str, int]], bytes | None]
"""A server as a function: payload, time of arrival (ns), source address and port; returns the reply or None."""
