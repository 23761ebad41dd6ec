"""Impairments that decide each packet's fate by a seeded generator and write down what they decided."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from nra.testing.chance import BurstLoss, Bursts, Jitter, JitterShape

MS: Final = 1_000_000
HEAD_BYTES: Final = 128  # enough of a packet to know it again
UNDER_UDP_BYTES: Final = 28  # what IPv4 and UDP add to a payload before it meets the bottleneck


class Cause(StrEnum):
    """Why a packet was lost."""

    CHANCE = "chance"  # `loss`
    BURST = "burst"  # `bursts`
    PLACED = "placed"  # `loss_runs`, `loss_spans_s`
    QUEUE = "queue"  # no room before the bottleneck


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """What one direction does to packets, in this order; shares in 0..1, times in milliseconds, spans in seconds after the first packet.

    Lost by chance (`loss`), in bursts, or placed by hand: `loss_runs` by number, `loss_spans_s` by when a packet comes, the end not
    included. Then the bottleneck: `rate_kbit_s` of IP packets, before it a queue that drops what comes when `queue_packets` wait.
    Then the way: `delay_ms` and jitter, whose law is `jitter_shape`, for a share of them `reorder_ms` on top, and in the spans of
    `detours` (from, until, by how many ms) the way is longer; `in_order` lets nobody overtake. A share is copied, each copy with a
    jitter of its own. What would leave within `stalls_s` leaves at its end.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    jitter_shape: JitterShape = JitterShape.UNIFORM
    jitter_correlation: float = 0.0
    in_order: bool = False
    loss: float = 0.0
    bursts: Bursts | None = None
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_ms: float = 50.0
    loss_runs: tuple[range, ...] = ()
    loss_spans_s: tuple[tuple[float, float], ...] = ()
    rate_kbit_s: float | None = None
    queue_packets: int = 50
    stalls_s: tuple[tuple[float, float], ...] = ()
    detours: tuple[tuple[float, float, float], ...] = ()
    seed: int = 1


CLEAN: Final = Impairment()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What became of one packet: its number on this path, its first bytes, when it came, when its copies left, or why it was lost."""

    number: int
    head: bytes
    came_ns: int
    left_ns: tuple[int, ...]
    lost_to: Cause | None = None


class Bottleneck:
    """One link that sends a packet after the other, and a queue of so many packets before it that drops what finds no room."""

    def __init__(self, rate_kbit_s: float | None, queue_packets: int) -> None:
        """Stand idle; without a rate it takes no time."""
        self._ns_per_byte = 0.0 if rate_kbit_s is None else 8e6 / rate_kbit_s
        self._places = queue_packets
        self._ends: deque[int] = deque()  # of the packet that is being sent and of those that wait

    def through_ns(self, payload_bytes: int, now_ns: int) -> int | None:
        """Return when a packet that comes now is through, None when it is dropped."""
        if not self._ns_per_byte:
            return now_ns
        while self._ends and self._ends[0] <= now_ns:
            self._ends.popleft()
        if len(self._ends) > self._places:
            return None
        begin_ns = self._ends[-1] if self._ends else now_ns
        self._ends.append(begin_ns + round((payload_bytes + UNDER_UDP_BYTES) * self._ns_per_byte))
        return self._ends[-1]


@dataclass(slots=True)
class Path:
    """One direction: hand it packets, it says when copies leave; `passages` is the truth to compare with."""

    impairment: Impairment = CLEAN
    passages: list[Passage] = field(default_factory=list)
    _random: random.Random = field(init=False)
    _jitter: Jitter = field(init=False)
    _bursts: BurstLoss | None = field(init=False)
    _bottleneck: Bottleneck = field(init=False)
    _first_ns: int | None = field(init=False, default=None)
    _last_left_ns: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Seed the generator."""
        asked = self.impairment
        self._random = random.Random(asked.seed)
        self._jitter = Jitter(asked.jitter_shape, asked.jitter_correlation, self._random)
        self._bursts = None if asked.bursts is None else BurstLoss(asked.bursts, self._random)
        self._bottleneck = Bottleneck(asked.rate_kbit_s, asked.queue_packets)

    def carry(self, payload: bytes, now_ns: int) -> tuple[int, ...]:
        """Return when each copy of the packet leaves; empty when it is lost."""
        if self._first_ns is None:
            self._first_ns = now_ns
        fate = self._fate(len(payload), now_ns - self._first_ns, now_ns)
        lost_to, left_ns = (fate, ()) if isinstance(fate, Cause) else (None, fate)
        passage = Passage(number=len(self.passages), head=payload[:HEAD_BYTES], came_ns=now_ns, left_ns=left_ns, lost_to=lost_to)
        self.passages.append(passage)
        return left_ns

    def _fate(self, payload_bytes: int, since_ns: int, now_ns: int) -> tuple[int, ...] | Cause:
        asked, chance = self.impairment, self._random.random
        lost, copied, held = chance() < asked.loss, chance() < asked.duplicate, chance() < asked.reorder
        lost_to = self._lost_to(lost, since_ns / 1e9)
        if lost_to is not None:
            return lost_to
        through_ns = self._bottleneck.through_ns(payload_bytes, now_ns)
        if through_ns is None:
            return Cause.QUEUE
        longer_ms = sum(longer_ms for start, end, longer_ms in asked.detours if start <= since_ns / 1e9 < end)
        begin_ns = through_ns + round((asked.delay_ms + longer_ms + (asked.reorder_ms if held else 0.0)) * MS)
        return tuple(self._leaves_ns(begin_ns, now_ns - since_ns) for _ in range(2 if copied else 1))

    def _lost_to(self, by_chance: bool, since_s: float) -> Cause | None:
        asked, number = self.impairment, len(self.passages)
        in_burst = self._bursts is not None and self._bursts.takes()
        placed = any(number in run for run in asked.loss_runs) or any(start <= since_s < end for start, end in asked.loss_spans_s)
        causes = ((by_chance, Cause.CHANCE), (in_burst, Cause.BURST), (placed, Cause.PLACED))
        return next((cause for holds, cause in causes if holds), None)

    def _leaves_ns(self, begin_ns: int, first_ns: int) -> int:
        """Return when a copy leaves that would arrive at `begin_ns` if there were no jitter and no stall."""
        asked = self.impairment
        left_ns = begin_ns + round(self._jitter.draw() * asked.jitter_ms * MS)
        for start_s, end_s in asked.stalls_s:
            if start_s <= (left_ns - first_ns) / 1e9 < end_s:
                left_ns = first_ns + round(end_s * 1e9)
        if asked.in_order:
            left_ns = self._last_left_ns = max(left_ns, self._last_left_ns)
        return left_ns


Peer = Callable[[bytes, int, tuple[str, int]], bytes | None]
"""A server as a function: payload, time of arrival (ns), source address and port; returns the reply or None."""
