"""Who may load the path with octets for their own sake, how much and for how long: `Caps` is the table, `Loads` keeps to it.

A reflector in a cloud pays for what it sends, and a load disturbs everybody who measures beside it: so there is one at a time, holders of
keys take turns (`turns.py`), and each has an allowance for the hour.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from nra.net.quic_load import Flow
from nra.net.quic_visit import Visit
from nra.reflector.key_file import Holder
from nra.reflector.turns import Turns
from nra.wire.control import Load, Loading, Refused, Unloaded

NS_PER_S: Final = 1_000_000_000
HOUR_NS: Final = 3600 * NS_PER_S
GRACE_NS: Final = 3 * NS_PER_S  # from the end of a load's time until its place is another's
BUSY: Final = "busy: another load is running, try again in half a minute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most of everything; octets are both ways added, with IP and UDP headers. There is one load at a time."""

    seconds: int = 20  # of one load
    megabytes: int = 500  # of one load
    megabytes_of_holder: int = 2_000  # in an hour
    megabytes_in_all: int = 10_000  # in an hour: about a dollar of traffic


@dataclass(slots=True, kw_only=True)
class Running:
    """A load under way, or just over: since when, and how long the server had been idle before."""

    holder: bytes
    flow: Flow
    visit: Visit
    start_ns: int
    until_ns: int
    idle_ns: int


@dataclass(slots=True)
class Allowance:
    """Octets granted in the hour that began at `since_ns`."""

    since_ns: int
    octets: int = 0

    def left(self, megabytes: int, now_ns: int) -> int:
        """Return how many octets of so many megabytes an hour are left."""
        if now_ns - self.since_ns >= HOUR_NS:
            self.since_ns, self.octets = now_ns, 0
        return megabytes * 1_000_000 - self.octets


@dataclass(slots=True)
class Loads:
    """The loads of one reflector."""

    caps: Caps = field(default_factory=Caps)
    running: list[Running] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    turns: Turns = field(default_factory=Turns)
    _of_holder: dict[bytes, Allowance] = field(default_factory=dict)
    _in_all: Allowance = field(default_factory=lambda: Allowance(0))

    def begin(self, visit: Visit, holder: Holder, asked: Load, now_ns: int) -> Loading | Refused:
        """Begin a load on a connection, of no more than the caps leave; what comes to nothing is refused."""
        answer = self._begun(visit, holder, asked, now_ns)
        self.counters["loads_refused" if isinstance(answer, Refused) else "loads"] += 1
        return answer

    def _begun(self, visit: Visit, holder: Holder, asked: Load, now_ns: int) -> Loading | Refused:
        self.expire(now_ns)
        left, wanted = self._left(holder, now_ns), asked.up + asked.down
        if wanted == 0 or left <= 0:
            return Refused(why="the octets that this key may move in an hour are used up" if wanted else "no octets were asked for")
        if self.running or self.turns.is_others(holder.key, now_ns):
            self.turns.refused(holder.key, now_ns)
            return Refused(why=BUSY)
        share = min(1.0, left / wanted)
        granted = Loading(up=int(asked.up * share), down=int(asked.down * share), seconds=min(asked.seconds, self.caps.seconds))
        until_ns = now_ns + granted.seconds * NS_PER_S
        flow = visit.load(now_ns, until_ns, pour=granted.down, swallow=granted.up)
        for allowance in (self._of_holder[holder.key], self._in_all):
            allowance.octets += granted.up + granted.down
        idle_ns = visit.idle_ns()
        self.running.append(Running(holder=holder.key, flow=flow, visit=visit, start_ns=now_ns, until_ns=until_ns, idle_ns=idle_ns))
        self.turns.begin(holder.key, now_ns, until_ns)
        return granted

    def end(self, visit: Visit, now_ns: int) -> Unloaded | Refused:
        """End the load of a connection and tell what became of it."""
        load = next((each for each in self.running if each.visit is visit), None)
        if load is None:
            return Refused(why="no load is running on this connection, or its time was over long ago")
        self._take_off(load)
        self.turns.ended(now_ns)
        idle_ns, lasted_ns = visit.idle_ns() - load.idle_ns, max(1, now_ns - load.start_ns)
        return Unloaded(octets=load.flow.octets, busy=min(1.0, max(0.0, 1 - idle_ns / lasted_ns)), capped=load.flow.is_capped)

    def gone(self, visit: Visit, now_ns: int) -> None:
        """Forget the load of a connection that is over."""
        for load in [each for each in self.running if each.visit is visit]:
            self._take_off(load)
            self.turns.ended(now_ns)

    def expire(self, now_ns: int) -> None:
        """End what has outlasted its time."""
        for load in [each for each in self.running if now_ns >= each.until_ns + GRACE_NS]:
            self._take_off(load)
        self.turns.expire(now_ns)
        for key in [key for key, allowance in self._of_holder.items() if now_ns - allowance.since_ns >= HOUR_NS]:
            del self._of_holder[key]

    def _take_off(self, load: Running) -> None:
        """End a load, and give back what it was granted and did not move."""
        load.flow.end()
        self.running.remove(load)
        self.counters.update(load_octets=sum(load.flow.octets))
        for allowance in (self._of_holder.get(load.holder), self._in_all):
            if allowance is not None and allowance.since_ns <= load.start_ns:
                allowance.octets -= load.flow.unused_bytes

    def _left(self, holder: Holder, now_ns: int) -> int:
        """Return how many octets one more load may have."""
        own = self._of_holder.setdefault(holder.key, Allowance(now_ns))
        caps = self.caps
        left = (own.left(caps.megabytes_of_holder, now_ns), self._in_all.left(caps.megabytes_in_all, now_ns))
        return min(caps.megabytes * 1_000_000, *left)
