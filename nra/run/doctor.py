"""The self-test: examine this machine as an instrument, then measure voice against itself, where no network can be blamed."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final

from nra.model.plan import Target, Task, VoiceParameters
from nra.model.sample import VoiceSample
from nra.model.self_test import SCHEMA, Reading, SelfTest
from nra.net.clock import SystemClock
from nra.net.ports import Network, NetworkError
from nra.net.self_test import clocks, deliveries, load, room, timers
from nra.net.system import SystemNetwork
from nra.probes.parts.probe import Watch
from nra.run.assessment import iso
from nra.run.carry_out import observe_stream
from nra.run.reporter import Reporter
from nra.run.workstation import describe
from nra.scoring import doctor
from nra.scoring.evidence import words
from nra.scoring.voice import score_voice

INTERVAL_MS: Final = 20.0
PAYLOAD_BYTES: Final = 172  # 20 ms of G.711 and the RTP header
INTERRUPTED: Final = "interrupted"

Stop = Callable[[], bool]
Served = Callable[[], AbstractContextManager[Target]]
"""Lends a Session-Reflector of this machine's own; raises CannotExamine where there can be none."""


class CannotExamine(Exception):  # noqa: N818 - says what is the case
    """A part of the self-test could not be carried out; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: what is shown while it lasts, patterns of the keys that it reads, and how it reads them."""

    phase: str
    keys: tuple[str, ...]
    read: Callable[[], Iterable[Reading]]


def self_test_here(duration_s: float, tool_version: str, served: Served, reporter: Reporter, stop: Stop) -> SelfTest:
    """Examine this machine; timers and noise floor are watched for `duration_s` each."""
    network = SystemNetwork()
    parts = (
        *standing_parts(duration_s, stop),
        Part(phase="noise floor", keys=("noise.*",), read=lambda: noise(served, duration_s, network, reporter, stop)),
    )
    return self_test(parts, duration_s, tool_version, reporter, stop)


def standing_parts(duration_s: float, stop: Stop) -> tuple[Part, ...]:
    """Return all parts that need nobody at the other end."""
    share_ns = round(duration_s * 1e9 / len(timers.METHODS))
    return (
        Part(phase="clocks", keys=("clock.*",), read=clocks.resolutions),
        Part(phase="datagrams", keys=("datagram.*_stamp", "datagram.*_ipv4"), read=deliveries.ipv4),
        Part(phase="datagrams", keys=("datagram.*_ipv6",), read=deliveries.ipv6),
        Part(phase="datagrams", keys=("datagram.drops",), read=deliveries.drops),
        Part(phase="buffers", keys=("buffer.*",), read=room.buffers),
        Part(phase="sockets", keys=("files.*",), read=room.open_sockets),
        Part(phase="load", keys=("load.cpu",), read=load.busy),
        Part(phase="load", keys=("load.collector",), read=load.collector),
        *(Part(phase="timers", keys=(f"timer.{name}",), read=partial(one_timer, name, share_ns, stop)) for name in timers.METHODS),
    )


def one_timer(name: str, share_ns: int, stop: Stop) -> tuple[Reading]:
    """Return how late one way of waiting is."""
    return (timers.lateness(name, share_ns, stop),)


def self_test(parts: Iterable[Part], duration_s: float, tool_version: str, reporter: Reporter, stop: Stop) -> SelfTest:
    """Carry out the parts one after the other and judge; what could not be examined is a row that says so."""
    clock, watch = SystemClock(), clocks.WallWatch()
    started_ns = clock.now_ns()
    readings: list[Reading] = []
    lacking: dict[str, str] = {}
    shown = ""
    for part in parts:
        if stop():
            lacking |= dict.fromkeys(part.keys, INTERRUPTED)
            continue
        if part.phase != shown:
            shown = part.phase
            reporter.phase(shown)
        try:
            readings += part.read()
        except NetworkError as error:
            lacking |= dict.fromkeys(part.keys, words(error.failure))
        except (CannotExamine, OSError, RuntimeError) as error:  # the last: no thread can be started
            lacking |= dict.fromkeys(part.keys, str(error))
        watch.look()
    readings += watch.readings()
    rows, interrupted = doctor.checks(readings, lacking), stop()
    return SelfTest(
        schema=SCHEMA,
        verdict=doctor.overall(rows, interrupted=interrupted),
        tool_version=tool_version,
        started_at=iso(started_ns),
        elapsed_s=(clock.now_ns() - started_ns) / 1e9,
        duration_s=duration_s,
        interrupted=interrupted,
        host=describe(None),
        checks=rows,
    )


def noise(served: Served, duration_s: float, network: Network, reporter: Reporter, stop: Stop) -> tuple[Reading, ...]:
    """Return what a stream to this machine's own reflector shows; raises CannotExamine when there is none."""
    with served() as target, asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        sample = runner.run(stream(target, duration_s, network, Watch(stop=stop, progress=reporter.progress), reporter))
    return doctor.noise_floor(score_voice(sample, ()))


async def stream(target: Target, duration_s: float, network: Network, watch: Watch, reporter: Reporter) -> VoiceSample:
    """Send one call's packets and return what became of them; raises CannotExamine."""
    parameters = VoiceParameters(
        duration_s=duration_s, interval_ms=INTERVAL_MS, codec="g711", payload_bytes=PAYLOAD_BYTES, calls=1, dscp=deliveries.EF
    )
    seen = await observe_stream(Task(probe="voice_stream", target=target, parameters=parameters), network, watch, reporter)
    if isinstance(seen.value, VoiceSample):
        return seen.value
    raise CannotExamine(words(seen.failure) if seen.failure else "no stream came about")
