"""A stream against whoever sends something back for each packet: only the round trip becomes known."""

from collections.abc import Callable
from dataclasses import dataclass

from nra.model.plan import Task
from nra.model.sample import CallLedger, VoiceSample
from nra.net.ports import DatagramPort, Network
from nra.probes.parts.assemble import samples
from nra.probes.parts.inquiry import Question, answering_address
from nra.probes.parts.probe import Watch, stopped, voice_parameters
from nra.probes.parts.stream import MS, Dialect, Grid, ProbeStream, slots_in


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTripForm:
    """What a method sends: how often, how large, over how many sockets, and what a reader must know about it."""

    method: str
    interval_ms: float
    payload_bytes: int
    calls: int
    channels: int
    remarks: tuple[str, ...] = ()


async def measure_round_trip(
    task: Task, net: Network, watch: Watch, form: RoundTripForm, dialect: Dialect, question: Callable[[], Question[object]]
) -> VoiceSample:
    """Ask until one address answers, then send the stream to it; raises NetworkError when none does."""
    asked = voice_parameters(task)
    address = await answering_address(net, watch, task.target, question)
    port = net.open_datagrams(address, task.target.port, channels=form.channels, dscp=asked.dscp)
    interval_ns = round(form.interval_ms * MS)
    grid = Grid(
        start_ns=net.clock.now_ns() + interval_ns,  # the question that was just answered counts against the peer's rules too
        interval_ns=interval_ns,
        slots=slots_in(asked.duration_s, form.interval_ms),
        calls=form.calls,
    )
    stream = ProbeStream(dialect, grid, round(asked.patience_s * 1e9), watch.progress, watch.pulse)
    try:
        await net.drive(stream, port, watch.stop)
        if not stream.record.late_ns:
            raise stopped("voice stream")
        return _sample(task, form, address, stream, port)
    finally:
        port.close()


def _sample(task: Task, form: RoundTripForm, address: str, stream: ProbeStream, port: DatagramPort) -> VoiceSample:
    asked = voice_parameters(task)
    sample, instrument = samples(stream.record, port)
    return VoiceSample(
        method=form.method,
        host=task.target.host,
        port=task.target.port,
        address=address,
        local_address=port.local_address,
        interval_ms=form.interval_ms,
        payload_bytes=form.payload_bytes,
        codec=asked.codec,
        dscp=asked.dscp,
        calls=form.calls,
        start_ns=stream.grid.start_ns,
        stream=sample,
        ledgers=ledgers(stream),
        instrument=instrument,
        silent_since_s=stream.silent_since_s(),
        interrupted=not stream.is_complete,
        remarks=form.remarks,
    )


def ledgers(stream: ProbeStream) -> tuple[CallLedger, ...]:
    """Return the calls' ledgers: nobody at the other end counts."""
    return tuple(
        CallLedger(call=call, sent=len(times), not_sent=stream.record.not_sent[call], stateful=False, reflected=None, fates_known=False)
        for call, times in enumerate(stream.record.t1_ns)
    )
