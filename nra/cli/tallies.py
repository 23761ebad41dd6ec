"""What the processes of a reflector counted, and what is said of it at the end."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from nra.cli.service_log import ServiceLog

if TYPE_CHECKING:
    from nra.reflector.core import Reflector

CRASHED: Final = 3


class Tally(NamedTuple):
    """What one process counted."""

    counters: dict[str, int]
    sessions: int
    evicted: int
    rebound: int


def tally(reflector: "Reflector") -> Tally:
    """Return what the reflector counted."""
    sessions = reflector.sessions
    return Tally(dict(reflector.counters), len(sessions), sessions.evicted, sessions.rebound)


def counters_of(tallies: Sequence[Tally]) -> dict[str, int]:
    """Return the counters of all processes, in the order of their names."""
    return dict(sorted(sum((Counter(one.counters) for one in tallies), Counter[str]()).items()))


def sessions_of(tallies: Sequence[Tally]) -> dict[str, int]:
    """Return how many sessions all processes remember, have dropped because there were too many, and have followed to a new port."""
    return {name: sum(getattr(one, name) for one in tallies) for name in ("sessions", "evicted", "rebound")}


def summary(tallies: Sequence[Tally]) -> str:
    """Return the counters of all processes on one line."""
    counters, sessions = (", ".join(f"{name} {count}" for name, count in of(tallies).items()) for of in (counters_of, sessions_of))
    return f"ended: {counters or 'nothing received'}; {sessions}"


def ended(tallies: Sequence[Tally], lost: int, workers: int, events: ServiceLog) -> int:
    """Say what was counted, and return the exit code."""
    click.echo(summary(tallies))
    if lost:
        events.tell("lost", f"{lost} of {workers} worker processes ended unexpectedly", processes=lost)
    facts: dict[str, Any] = {"counters": counters_of(tallies), **sessions_of(tallies)}
    events.tell("ended", **facts)
    return CRASHED if lost else 0
