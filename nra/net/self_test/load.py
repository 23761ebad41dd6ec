"""Whatever else takes this program's time: other programs, and Python's own garbage collector."""

import gc
import os
import time
from collections.abc import Callable, Iterator
from typing import Final

from nra.model.self_test import Reading

COLLECTIONS: Final = 3

Loads = Callable[[], tuple[float, float, float]]

LOADS: Final[Loads | None] = getattr(os, "getloadavg", None)  # Windows has none
CORES: Final = os.cpu_count() or 1


def busy(loads: Loads | None = LOADS, cores: int = CORES) -> Iterator[Reading]:
    """Yield how many programs wanted to run in the last minute, in percent of the cores."""
    key = "load.cpu"
    if loads is None:
        yield Reading(key=key, evidence="this system has no load average", exists=False)
        return
    load = loads()[0]
    yield Reading(key=key, value=100 * load / cores, evidence=f"load {load:.2f} on {cores} cores, last minute")


def collector(collect: Callable[[], int] = gc.collect, now_ns: Callable[[], int] = time.perf_counter_ns) -> Iterator[Reading]:
    """Yield how long a full collection of this program's objects stops it, the longest of some, in ms."""
    took_ns = []
    for _ in range(COLLECTIONS):
        started_ns = now_ns()
        collect()
        took_ns.append(now_ns() - started_ns)
    state = "on" if gc.isenabled() else "off"
    yield Reading(key="load.collector", value=max(took_ns) / 1e6, evidence=f"longest of {COLLECTIONS}; automatic collection is {state}")
