"""A pair of sockets of any system, and clocks moved by hand, for the self-test."""

from collections.abc import Callable
from dataclasses import dataclass, field

from nra.net.self_test.pair import Heard
from nra.net.stamps import Control

EF_TOS = 46 << 2
START_NS = 1_767_600_000_000_000_000
WINDOWS = "Python has no recvmsg on this system"


@dataclass
class FakePair:
    """Two sockets as a script describes them; what is sent waits until it is heard, as much as there is room for."""

    tos: int | None = EF_TOS
    ttl: int | None = 64
    stamp_after_ns: int | None = 10_000  # None: no receive stamp
    transmit_stamp_after_ns: int | None = 5_000  # None: this system has none
    untold: str | None = None
    counts_drops: bool = True
    miscounted: int = 0
    accepted_dscp: int | None = 46
    room: int = 1_000_000
    deaf: bool = False
    granted_bytes: tuple[int, int] = (8 << 20, 8 << 20)
    refuses_after: int | None = None
    closed: bool = False
    sent: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    dropped: int = 0

    def send(self, payload: bytes) -> int:
        """Take a datagram, or drop it, or refuse it as the script says."""
        if self.refuses_after is not None and len(self.sent) >= self.refuses_after:
            raise OSError(55, "No buffer space available")
        now_ns = START_NS + len(self.sent) * 1_000_000
        self.sent.append(now_ns)
        if not self.deaf and len(self.waiting) < self.room:
            self.waiting.append(now_ns)
        else:
            self.dropped += 1
        return now_ns

    def hear(self) -> Heard | None:
        """Return the oldest that waits."""
        if not self.waiting:
            return None
        sent_ns = self.waiting.pop(0)
        if self.untold is not None:
            return Heard(read_ns=sent_ns + 50_000)
        wall_ns = None if self.stamp_after_ns is None else sent_ns + self.stamp_after_ns
        drops = self.dropped - self.miscounted if self.counts_drops and self.dropped else None
        return Heard(read_ns=sent_ns + 50_000, control=Control(wall_ns, self.ttl, self.tos, drops))

    def drain(self) -> list[Heard]:
        """Return all that waits."""
        return [heard for _ in range(len(self.waiting)) if (heard := self.hear())]

    def sent_stamps(self) -> list[int] | None:
        """Return a stamp for each that was sent."""
        after_ns = self.transmit_stamp_after_ns
        return None if after_ns is None else [sent_ns + after_ns for sent_ns in self.sent]

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def opening(pair: FakePair) -> Callable[..., FakePair]:
    """Return what opens this pair whatever it is asked for."""
    return lambda _address, **_how: pair


class Hand:
    """A clock set by hand; each reading of it takes `cost_ns`."""

    def __init__(self, now_ns: int = START_NS, cost_ns: int = 0) -> None:
        """Stand at a time."""
        self.now, self.cost_ns = now_ns, cost_ns

    def __call__(self) -> int:
        """Return the time."""
        self.now += self.cost_ns
        return self.now
