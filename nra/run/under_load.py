"""`--load`: octets up, down and both ways at full speed, and beside them a short stream of voice as the run's own was."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from nra.model.load import Burden, LoadCounts
from nra.model.observation import Observation
from nra.model.plan import LoadOrder, Task, VoiceParameters
from nra.model.pulse import Pulse
from nra.model.sample import VoiceSample
from nra.model.under_load import Load
from nra.model.voice import Voice
from nra.net.ports import LoadRun, Network
from nra.probes.parts.probe import Watch
from nra.run.carry_out import observe_stream
from nra.run.control import Climbed, measured_sample
from nra.run.reporter import Reporter
from nra.run.settings import Settings
from nra.run.until_breach import minutes, reflector_task
from nra.scoring.assess import LEAST_PACKETS
from nra.scoring.load import call_kbit_s, headers_bytes, load_phase
from nra.scoring.voice import score_voice

STREAM_S: Final = 5.0
ROOM: Final = 1.25  # for losses: of a single call must arrive what is enough to be judged
BEGIN_S: Final = 8.0  # until a generator has been started, has shaken hands and was let in
SETTLE_S: Final = 1.0  # slow start: the stream begins when the load is what it will be
SPARE_S: Final = 3.0  # of the load beside the stream: until the stream's first packet
TELL_S: Final = 7.0  # until a generator has told what was counted
PAUSE_S: Final = 1.0  # before each phase: for queues to empty
BEAT_S: Final = 0.05
LAST_S: Final = 0.3  # a stream says four times a second how far it is, and no more when its last packet was sent
MEGA: Final = 1_000_000
NO_STREAM: Final = "it takes a stream of method stamp to a reflector of one's own, and there was none"
NO_ACCESS: Final = "the reflector's control channel is not known: it takes --key-file and --pin"
INTERRUPTED: Final = "interrupted"
RAISE: Final = "raise --max-megabytes, unless the reflector's own cap ended it"


class Beside:
    """Shows a stream's progress as that of its phase, and lets the load go when the stream's last packet is on its way."""

    def __init__(self, reporter: Reporter, run: LoadRun) -> None:
        """Nothing sent yet."""
        self.reporter, self.run = reporter, run
        self._is_done = False

    def is_short(self) -> bool:
        """Tell whether the load ended by itself: a stream that went on would be beside nothing."""
        return self.run.is_over and not self._is_done

    def phase(self, text: str) -> None:
        """Pass it on."""
        self.reporter.phase(text)

    def progress(self, done_s: float, total_s: float) -> None:
        """Pass it on; late answers need no load, and how the stream is closed shall not suffer from it."""
        self.reporter.progress(done_s, total_s)
        if total_s - done_s <= LAST_S and not self._is_done:
            self._is_done = True
            asyncio.get_running_loop().call_later(total_s - done_s, self.run.let_go)

    def pulse(self, seen: Pulse) -> None:
        """Pass nothing on: it is not of the run's own stream."""


async def under_load(settings: Settings, climbed: Iterable[Climbed], net: Network, watch: Watch, reporter: Reporter) -> Load | None:
    """Load the path to the reflector that has just given the run's own stream; None when nobody asked for it."""
    most = settings.asked.load_megabytes
    if most is None:
        return None
    climbed = tuple(climbed)
    task, sample = reflector_task(climbed), measured_sample(climbed)
    if task is None or sample is None or not isinstance(task.parameters, VoiceParameters):
        return Load(most_megabytes=most, headers_bytes=None, call_kbit_s=None, phases=(), note=NO_STREAM)
    version = 6 if ":" in sample.address else 4
    found = Load(
        most_megabytes=most,
        headers_bytes=headers_bytes(version),
        call_kbit_s=call_kbit_s(sample.payload_bytes, sample.interval_ms, version),
        phases=(),
    )
    if task.parameters.control is None:
        return replace(found, note=NO_ACCESS)
    unloaded = score_voice(sample, [settings.codec])
    access, beside = task.parameters.control, short(task, sample, settings)
    left = most * MEGA
    for burden in Burden:
        if watch.stop():
            return replace(found, note=INTERRUPTED)
        octets = share(left, len(Burden) - len(found.phases), burden)
        reporter.phase(f"under load, {WORDS[burden]}: at most {stream_s(settings) + SPARE_S:g} s and {octets * ways(burden) / MEGA:.3g} MB")
        order = LoadOrder(
            address=sample.address,
            host=sample.host,
            access=access,
            burden=burden,
            seconds=round(SETTLE_S + stream_s(settings) + SPARE_S),
            octets=octets,
        )
        counts, voice, note = await one_phase(order, beside, settings, net, watch, reporter)
        if not counts.up and not counts.down:
            return replace(found, note=counts.failure or (INTERRUPTED if watch.stop() else "the load did not begin"))
        left -= sum(counts.up) + sum(counts.down)
        phase = load_phase(burden, counts, found.call_kbit_s, unloaded, voice, note)
        found = replace(found, phases=(*found.phases, phase))
    return found


WORDS: Final = {Burden.UP: "up", Burden.DOWN: "down", Burden.BOTH: "both ways"}


def ways(burden: Burden) -> int:
    """Return how many ways a load goes."""
    return 2 if burden is Burden.BOTH else 1


def share(left: int, phases_left: int, burden: Burden) -> int:
    """Return how many octets each way a phase may have of those that are left: as much as each of the phases to come."""
    return max(1, left // (phases_left * ways(burden)))


def short(task: Task, sample: VoiceSample, settings: Settings) -> Task:
    """Return the run's own stream as it is sent beside a load: short, to the address that answered, and nothing is asked beside it."""
    if not isinstance(task.parameters, VoiceParameters):
        raise TypeError(f"{task.probe} takes VoiceParameters")
    parameters = replace(task.parameters, duration_s=stream_s(settings), control=None)
    return replace(task, target=replace(task.target, address=sample.address), parameters=parameters)


def stream_s(settings: Settings) -> float:
    """Return how long the stream beside a load takes: 5 s, and long enough to judge a single call."""
    return max(STREAM_S, ROOM * LEAST_PACKETS * settings.asked.interval_ms / 1000)


async def one_phase(
    order: LoadOrder, beside: Task, settings: Settings, net: Network, watch: Watch, reporter: Reporter
) -> tuple[LoadCounts, Voice | None, str | None]:
    """Return what was counted, the stream beside it, and why that is missing or short; whatever happens the generator is ended."""
    await until(net, lambda: watch.stop(), PAUSE_S)
    run = net.generate_load(order)
    try:
        await until(net, lambda: run.is_loading or run.is_over or watch.stop(), BEGIN_S)
        await until(net, lambda: run.is_over or watch.stop(), SETTLE_S)
        voice, note = None, None
        if run.is_loading and not run.is_over and not watch.stop():
            shown = Beside(reporter, run)
            watched = replace(watch, stop=lambda: watch.stop() or shown.is_short())
            voice, note = scored(await observe_stream(beside, net, watched, shown), settings)
        run.let_go()
        await until(net, lambda: run.is_over, TELL_S)
        if note is not None and run.counts.capped and not watch.stop():
            note = f"{note}: {RAISE}"
        return run.counts, voice, "; ".join(filter(None, (note, INTERRUPTED if watch.stop() else None))) or None
    finally:
        run.close()


def scored(observation: Observation, settings: Settings) -> tuple[Voice | None, str | None]:
    """Return the numbers of the stream beside a load, or why there are none."""
    sample = observation.value
    if not isinstance(sample, VoiceSample):
        return None, None if observation.failure is None else observation.failure.detail
    voice = score_voice(sample, [settings.codec])
    if voice.sent < LEAST_PACKETS:
        return None, f"the load lasted for {voice.sent} packets of voice only"
    return voice, None if not sample.interrupted else f"the stream ended with the load, after {voice.sent} packets"


async def until(net: Network, done: Callable[[], bool], patience_s: float) -> None:
    """Wait until it is so, but no longer than that."""
    end_ns = net.clock.now_ns() + round(patience_s * 1e9)
    while not done() and (now_ns := net.clock.now_ns()) < end_ns:
        await net.sleep_until(min(end_ns, now_ns + round(BEAT_S * 1e9)))


def announcement(settings: Settings) -> str:
    """Return what the load will move and how long it will take, to be said beforehand; empty when nobody asked for it."""
    most = settings.asked.load_megabytes
    if most is None:
        return ""
    loaded_s = SETTLE_S + stream_s(settings)
    mbit_s = share(most * MEGA, len(Burden), Burden.UP) * 8 / MEGA / loaded_s
    enough = f"{mbit_s:.0f}" if mbit_s >= 10 else f"{mbit_s:.1f}"
    longest_s = len(Burden) * (PAUSE_S + BEGIN_S + SETTLE_S + stream_s(settings) + SPARE_S + TELL_S)
    return (
        f"under load: up, down and both ways after the run's own stream, {loaded_s:g} s each and at most {most} MB together "
        f"(enough for about {enough} Mbit/s one way, half of that both ways), over within {minutes(longest_s)}"
    )
