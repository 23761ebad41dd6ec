"""A stream of STAMP packets through a port, closed and put together: what all methods share that speak STAMP to a reflector."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from nra.model.plan import Task, VoiceParameters
from nra.model.sample import CallLedger, ReflectorFacts, VoiceSample
from nra.net.ports import DatagramPort, Network
from nra.probes.parts.assemble import LostReply, samples
from nra.probes.parts.probe import Watch, stopped
from nra.probes.parts.stamp_closing import Closing
from nra.probes.parts.stamp_dialect import StampDialect
from nra.probes.parts.stream import MS, Grid, ProbeStream, slots_in

RATE_LIMIT: Final = "its rate limit"
LEAD_NS: Final = 20 * MS  # between deciding to start and the first slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Which stream goes where: the task with the address that answered, how it is sent, through which port, under which method's name."""

    task: Task
    asked: VoiceParameters
    address: str
    dialect: StampDialect
    port: DatagramPort
    method: str
    why_refused: str = RATE_LIMIT  # what a packet that came and was not answered met there


class Found(NamedTuple):
    """What was found out beside the stream: what a reader must know about that, what the reflector says of itself, who answers instead."""

    remarks: tuple[str, ...] = ()
    reflector: ReflectorFacts | None = None
    unlike_pin: str | None = None


Evidence = Callable[[Closing], Awaitable[Found]]
"""Finds out more when the stream has been closed, and writes into its closing what belongs there."""


async def measured(course: Course, net: Network, watch: Watch, evidence: Evidence) -> VoiceSample:
    """Send the stream and close it; raises NetworkError when it was stopped before anything was sent."""
    task, asked, dialect, port = course.task, course.asked, course.dialect, course.port
    grid = Grid(
        start_ns=net.clock.now_ns() + LEAD_NS,
        interval_ns=round(asked.interval_ms * MS),
        slots=slots_in(asked.duration_s, asked.interval_ms),
        calls=asked.calls,
    )
    stream = ProbeStream(dialect, grid, round(asked.patience_s * 1e9), watch.progress, watch.pulse)
    await net.drive(stream, port, watch.stop)
    if not stream.record.late_ns:
        raise stopped("voice stream")
    interrupted = not stream.is_complete
    closing = Closing(stream, dialect, net.clock.now_ns())
    await net.drive(closing, port, lambda: False)
    found = await evidence(closing)
    lost: list[LostReply] = [(call, *fate) for call in range(asked.calls) for fate in closing.lost_replies(call)]
    sample, instrument = samples(stream.record, port, lost)
    return VoiceSample(
        method=course.method,
        host=task.target.host,
        port=task.target.port,
        address=course.address,
        local_address=port.local_address,
        interval_ms=asked.interval_ms,
        payload_bytes=dialect.form.payload_bytes,
        codec=asked.codec,
        dscp=asked.dscp,
        calls=asked.calls,
        start_ns=grid.start_ns,
        stream=sample,
        ledgers=tuple(ledger(call, stream, dialect, closing) for call in range(asked.calls)),
        instrument=instrument,
        silent_since_s=None if any(answers.counted for answers in closing.answers) else stream.silent_since_s(),
        interrupted=interrupted,
        authenticated=dialect.form.key is not None,
        remarks=(*remarks(asked, dialect, closing, course.why_refused), *found.remarks),
        reflector=found.reflector,
        unlike_pin=found.unlike_pin,
    )


def ledger(call: int, stream: ProbeStream, dialect: StampDialect, closing: Closing) -> CallLedger:
    """Return what is known of one call beside its packets."""
    record = stream.record
    return CallLedger(
        call=call,
        sent=len(record.t1_ns[call]),
        not_sent=record.not_sent[call],
        stateful=dialect.evidence[call].stateful(lost=not all(record.answered[call])),
        reflected=closing.answers[call].reflected,
        fates_known=closing.fates_known(call),
        refused=closing.unanswered_there(call),
        copies_up=closing.answers[call].copies,
    )


def remarks(asked: VoiceParameters, dialect: StampDialect, closing: Closing, why_refused: str = RATE_LIMIT) -> tuple[str, ...]:
    """Return what a reader of the report must know about how this was measured."""
    said = []
    if dialect.form.payload_bytes != asked.payload_bytes:
        said.append(
            f"packets of {dialect.form.payload_bytes} bytes stand for {asked.codec}'s {asked.payload_bytes}: STAMP cannot be that small"
        )
    refused = sum(closing.unanswered_there(call) for call in range(asked.calls))
    if refused > 0:
        said.append(f"the reflector received {refused} packets that it did not answer ({why_refused})")
    if any(numbers.restarts for numbers in dialect.numbers):
        said.append("the reflector began to count anew while the stream ran: what was lost then may be its own doing")
    return tuple(said)
