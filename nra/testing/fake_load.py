"""A load generator by hand: a line of so many Mbit/s whose queue delays whatever else goes there while the load lasts."""

from dataclasses import dataclass, replace

from nra.model.load import Burden, LoadCounts
from nra.model.plan import LoadOrder
from nra.net.ports import Clock
from nra.testing.impairment import Path

BIN_NS = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadScript:
    """What the line and the reflector do: rates, what the queues hold, how busy generators are, or why there is no load.

    `failure` is a refusal; `dies_after_s` is when the control channel of the load `dies_going` is cut.
    """

    up_mbit_s: float = 10.0
    down_mbit_s: float = 20.0
    up_queue_ms: float = 0.0
    down_queue_ms: float = 0.0
    busy: float = 0.3
    failure: str | None = None
    silent: bool = False
    dies_after_s: float | None = None
    dies_going: Burden = Burden.BOTH


class FakeLoad:
    """One generator at work on a manual clock."""

    def __init__(self, script: LoadScript, order: LoadOrder, clock: Clock, up: Path, down: Path) -> None:
        """Begin at once."""
        self._script, self._order, self._clock = script, order, clock
        self._start_ns, self._end_ns = clock.now_ns(), None if script.failure is None else clock.now_ns()
        self._paths = [(path, path.impairment) for path in (up, down)]
        if script.failure is None and not script.silent:
            for (path, before), burden, queue_ms in zip(
                self._paths, (Burden.UP, Burden.DOWN), (script.up_queue_ms, script.down_queue_ms), strict=True
            ):
                if order.burden in (burden, Burden.BOTH):
                    path.impairment = replace(before, delay_ms=before.delay_ms + queue_ms)

    @property
    def is_loading(self) -> bool:
        """Whether the reflector let the load begin."""
        return self._script.failure is None and not self._script.silent

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        if not self._script.silent and (self._dead or self._capped or self._lasted_s >= self._order.seconds):
            self.let_go()
        return self._end_ns is not None and not self._script.silent

    @property
    def counts(self) -> LoadCounts:
        """What a line of that rate would have carried until now."""
        if not self.is_loading:
            return LoadCounts(failure=self._script.failure)
        up, down = (self._octets(burden, rate) for burden, rate in self._rates)
        failure = "what arrived at the reflector is not known: no answer in time" if self._dead else None
        return LoadCounts(
            up=() if self._dead else up,
            down=down,
            seconds=self._lasted_s,
            busy_here=self._script.busy,
            busy_there=None if self._dead else self._script.busy,
            capped=self._capped,
            failure=failure,
        )

    def let_go(self) -> None:
        """End the load: the queues are empty again."""
        self._end_ns = self._end_ns or self._clock.now_ns()
        for path, before in self._paths:
            path.impairment = before

    def close(self) -> None:
        """End it at once."""
        self.let_go()

    @property
    def _rates(self) -> tuple[tuple[Burden, float], ...]:
        return (Burden.UP, self._script.up_mbit_s), (Burden.DOWN, self._script.down_mbit_s)

    @property
    def _lasted_s(self) -> float:
        return ((self._end_ns or self._clock.now_ns()) - self._start_ns) / 1e9

    @property
    def _dead(self) -> bool:
        script = self._script
        return script.dies_after_s is not None and self._order.burden is script.dies_going and self._lasted_s >= script.dies_after_s

    @property
    def _capped(self) -> bool:
        return any(sum(self._octets(burden, rate)) >= self._order.octets for burden, rate in self._rates)

    def _octets(self, burden: Burden, mbit_s: float) -> tuple[int, ...]:
        if self._order.burden not in (burden, Burden.BOTH):
            return ()
        return (round(mbit_s * 1e6 / 8 * BIN_NS / 1e9),) * int(self._lasted_s * 1e9 // BIN_NS)
