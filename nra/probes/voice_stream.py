"""Voice by STAMP (RFC 8762): a stream of RTP-sized packets to a Session-Reflector, each direction told apart."""

import random
from dataclasses import replace
from typing import Final

from nra.model.failure import FailureKind
from nra.model.plan import Task, VoiceParameters
from nra.model.sample import CallLedger, VoiceSample
from nra.net.ports import DatagramPort, Network, NetworkError
from nra.probes.parts.assemble import LostReply, samples
from nra.probes.parts.inquiry import answering_address
from nra.probes.parts.probe import Probe, Watch, observing, stopped, voice_parameters
from nra.probes.parts.stamp_closing import Closing
from nra.probes.parts.stamp_dialect import SSIDS, PacketForm, StampDialect, ssid_after
from nra.probes.parts.stamp_question import stamp_question
from nra.probes.parts.stream import MS, Grid, ProbeStream, slots_in

LEAD_NS: Final = 20 * MS  # between deciding to start and the first slot


async def measure(task: Task, net: Network, watch: Watch) -> VoiceSample:
    """Find the reflector, send the stream, close it; raises NetworkError when there is no reflector to be found."""
    asked = voice_parameters(task)
    address = await _answering(task, asked, net, watch)
    dialect = StampDialect(PacketForm.of(asked.payload_bytes, asked.key), asked.dscp, ssids_of(asked))
    port = net.open_datagrams(address, task.target.port, channels=asked.calls, dscp=asked.dscp)
    try:
        return await _stream(task, asked, net, watch, address, dialect, port)
    finally:
        port.close()


def ssids_of(asked: VoiceParameters) -> tuple[int, ...]:
    """Return each call's SSID: the one that the key is good for, else consecutive ones, drawn by chance."""
    if asked.ssid is not None:
        return (asked.ssid,) * asked.calls
    first = random.randint(1, SSIDS)
    return tuple(ssid_after(first, call) for call in range(asked.calls))


async def _answering(task: Task, asked: VoiceParameters, net: Network, watch: Watch) -> str:
    """Return the address at which a reflector answers; with a key, silence has one explanation more."""
    try:
        return await answering_address(net, watch, task.target, lambda: stamp_question(asked.key, asked.ssid))
    except NetworkError as error:
        if asked.key is None or error.failure.kind is not FailureKind.NO_ANSWER:
            raise
        detail = f"{error.failure.detail}; a reflector with another key, or without one, is silent too"
        raise NetworkError(replace(error.failure, detail=detail)) from error


async def _stream(
    task: Task, asked: VoiceParameters, net: Network, watch: Watch, address: str, dialect: StampDialect, port: DatagramPort
) -> VoiceSample:
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
    lost: list[LostReply] = [(call, *fate) for call in range(asked.calls) for fate in closing.lost_replies(call)]
    sample, instrument = samples(stream.record, port, lost)
    return VoiceSample(
        method="stamp",
        host=task.target.host,
        port=task.target.port,
        address=address,
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
        remarks=remarks(asked, dialect, closing),
        authenticated=asked.key is not None,
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
    )


def remarks(asked: VoiceParameters, dialect: StampDialect, closing: Closing) -> tuple[str, ...]:
    """Return what a reader of the report must know about how this was measured."""
    said = []
    if dialect.form.payload_bytes != asked.payload_bytes:
        said.append(
            f"packets of {dialect.form.payload_bytes} bytes stand for {asked.codec}'s {asked.payload_bytes}: STAMP cannot be that small"
        )
    refused = sum(closing.unanswered_there(call) for call in range(asked.calls))
    if refused > 0:
        said.append(f"the reflector received {refused} packets that it did not answer (its rate limit)")
    if any(numbers.restarts for numbers in dialect.numbers):
        said.append("the reflector began to count anew while the stream ran: what was lost then may be its own doing")
    return tuple(said)


PROBE: Final[Probe] = observing("voice_stream", measure)
