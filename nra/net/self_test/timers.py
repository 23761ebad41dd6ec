"""How late each way of waiting is: the same waits, by every method that this system has."""

import asyncio
import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from nra.model.self_test import Reading
from nra.net.self_test.timerfd import NoTimerfd, timerfd

Wait = Callable[[float], None]
Method = Callable[[], AbstractContextManager[Wait]]

SHORTEST_NS: Final = 2_000_000
SPREAD_NS: Final = 4_000_000
STRIDE_NS: Final = 1_618_034  # waits of changing length, so that none keeps in step with the kernel's own tick
SPIN_S: Final = 0.002  # woken this early, the rest is spun
LEAST_WAITS: Final = 5


@contextmanager
def sleeping() -> Iterator[Wait]:
    """Lend `time.sleep`."""
    yield time.sleep


@contextmanager
def selecting() -> Iterator[Wait]:
    """Lend `select` on a socket to which nothing is sent (Windows takes no empty lists)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield lambda wait_s: void(select.select([sock], (), (), wait_s))


@contextmanager
def on_the_loop() -> Iterator[Wait]:
    """Lend `call_at` of asyncio's selector loop."""
    with contextlib.closing(asyncio.SelectorEventLoop()) as loop:

        def wait(wait_s: float) -> None:
            loop.call_at(loop.time() + wait_s, loop.stop)
            loop.run_forever()

        yield wait


@contextmanager
def on_an_event() -> Iterator[Wait]:
    """Lend `wait` of a `threading.Event` that nobody sets."""
    event = threading.Event()
    yield lambda wait_s: void(event.wait(wait_s))


@contextmanager
def spinning() -> Iterator[Wait]:
    """Lend an early wake-up whose rest is spun away."""

    def wait(wait_s: float) -> None:
        due_ns = time.perf_counter_ns() + round(wait_s * 1e9)
        time.sleep(max(0.0, wait_s - SPIN_S))
        while time.perf_counter_ns() < due_ns:
            pass

    yield wait


METHODS: Final[Mapping[str, Method]] = {
    "sleep": sleeping,
    "select": selecting,
    "asyncio": on_the_loop,
    "event": on_an_event,
    "timerfd": timerfd,
    "spin": spinning,
}


def void(_value: object) -> None:
    """Let a call be a statement."""


def lateness(
    name: str,
    share_ns: int,
    stop: Callable[[], bool] = lambda: False,
    methods: Mapping[str, Method] = METHODS,
    now_ns: Callable[[], int] = time.perf_counter_ns,
) -> Reading:
    """Return how late one method woke up within its share of time, in ms: the 99th percentile, with median and maximum."""
    key = f"timer.{name}"
    try:
        with methods[name]() as wait:
            late_ns = _late_ns(wait, share_ns, stop, now_ns)
    except NoTimerfd as error:
        return Reading(key=key, evidence=str(error), exists=False)
    if len(late_ns) < LEAST_WAITS:
        return Reading(key=key, evidence=f"only {len(late_ns)} waits came to their end in {share_ns / 1e9:.1f} s")
    late_ns.sort()
    p50, p99, most = (late_ns[-(-percent * len(late_ns) // 100) - 1] / 1e6 for percent in (50, 99, 100))
    return Reading(key=key, value=p99, evidence=f"median {p50:.3f}, largest {most:.3f} ms of {len(late_ns)} waits")


def _late_ns(wait: Wait, share_ns: int, stop: Callable[[], bool], now_ns: Callable[[], int]) -> list[int]:
    late_ns: list[int] = []
    end_ns, length_ns = now_ns() + share_ns, 0
    while now_ns() < end_ns and not stop():
        length_ns = (length_ns + STRIDE_NS) % SPREAD_NS
        due_ns = now_ns() + SHORTEST_NS + length_ns
        wait(max(0.0, (due_ns - now_ns()) / 1e9))
        late_ns.append(now_ns() - due_ns)
    return late_ns
