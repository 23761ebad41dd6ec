"""How finely the clocks move, and whether the wall clock runs evenly beside the one that never steps."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from nra.model.self_test import Reading

NowNs = Callable[[], int]

CLOCKS: Final[dict[Literal["perf_counter", "monotonic", "time"], NowNs]] = {
    "perf_counter": time.perf_counter_ns,
    "monotonic": time.monotonic_ns,
    "time": time.time_ns,
}
STEPS: Final = 500  # seen of a clock are enough to know its smallest
MOST_READS: Final = 2_000_000
WATCHED_NS: Final = 60_000_000  # nearly four ticks of the coarsest clock, 15.6 ms on Windows
GLANCE: Final = 64  # reads of a clock between two looks at how long that has taken

BRACKET_NS: Final = 20_000  # a pair of readings further apart than this was interrupted: read again
TRIES: Final = 5
STEP_NS: Final = 500_000
COARSE_TICKS: Final = 4
SLEW_PPM: Final = 500  # what NTP corrects a clock by at most without a step (ntpd's limit)
LEAST_WATCHED_NS: Final = 500_000_000  # in less time the error of reading two clocks looks like drift


def resolutions() -> Iterator[Reading]:
    """Yield the resolution of each clock."""
    for clock, read_ns in CLOCKS.items():
        info = time.get_clock_info(clock)
        yield resolution(clock, read_ns, time.perf_counter_ns, f"{info.implementation} claims {info.resolution * 1e6:g} µs")


def resolution(clock: str, read_ns: NowNs, now_ns: NowNs, claim: str) -> Reading:
    """Return the smallest step that a clock was seen to make, in µs."""
    key, least, steps, back = f"clock.{clock}", None, 0, 0
    started_ns, last = now_ns(), read_ns()
    for count in range(MOST_READS):
        read = read_ns()
        if read > last:
            least, steps = min(read - last, least or read - last), steps + 1
        elif read < last:
            back += 1
        last = read
        if steps >= STEPS or (count % GLANCE == 0 and now_ns() - started_ns > WATCHED_NS):
            break
    went_back = f"; went back {back} times" if back else ""
    if least is None:
        return Reading(key=key, evidence=f"did not move within {(now_ns() - started_ns) / 1e6:.0f} ms; {claim}{went_back}")
    return Reading(key=key, value=least / 1000, evidence=f"{claim}{went_back}")


@dataclass(frozen=True, slots=True)
class _Look:
    line_ns: int
    ahead_ns: int


class WallWatch:
    """Looks at both clocks now and then; between two looks the wall clock may drift, but not step."""

    def __init__(self, wall_ns: NowNs = time.time_ns, line_ns: NowNs = time.perf_counter_ns, tick_ns: int | None = None) -> None:
        """Take the first look; `tick_ns` is how coarsely the wall clock moves (None: as it claims)."""
        self._wall_ns, self._line_ns = wall_ns, line_ns
        self._tick_ns = round(time.get_clock_info("time").resolution * 1e9) if tick_ns is None else tick_ns
        self._first = self._last = self._read()
        self._looks = 1
        self.steps_ns: list[int] = []

    def _read(self) -> _Look:
        for _ in range(TRIES):
            before, wall, after = self._line_ns(), self._wall_ns(), self._line_ns()
            if after - before <= BRACKET_NS:
                break
        return _Look(after, wall - (before + after) // 2)

    def look(self) -> None:
        """Look again, and take down a step: a change that no slewing explains."""
        now = self._read()
        change_ns = now.ahead_ns - self._last.ahead_ns
        slewed_ns = (now.line_ns - self._last.line_ns) * SLEW_PPM // 1_000_000
        if abs(change_ns) > max(STEP_NS, COARSE_TICKS * self._tick_ns) + slewed_ns:
            self.steps_ns.append(change_ns)
        self._last = now
        self._looks += 1

    def readings(self) -> Iterator[Reading]:
        """Yield the largest step in ms (0 when none was seen) and the drift in ppm, steps left out."""
        watched_ns = self._last.line_ns - self._first.line_ns
        evidence = f"{self._looks} looks within {watched_ns / 1e9:.1f} s"
        yield Reading(key="clock.step", value=max(map(abs, self.steps_ns), default=0) / 1e6, evidence=evidence)
        if watched_ns < LEAST_WATCHED_NS:
            yield Reading(key="clock.drift", evidence=f"watched for {watched_ns / 1e9:.1f} s only")
            return
        drifted_ns = self._last.ahead_ns - self._first.ahead_ns - sum(self.steps_ns)
        ppm = drifted_ns / watched_ns * 1e6
        error_ppm = max(BRACKET_NS, self._tick_ns) / watched_ns * 1e6
        yield Reading(key="clock.drift", value=abs(ppm), evidence=f"{ppm:+.1f} ppm, to within {error_ppm:.0f}")
