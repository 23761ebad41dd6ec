"""Voice by STAMP (RFC 8762): a stream of RTP-sized packets to a Session-Reflector, each direction told apart."""

import random
from dataclasses import replace
from typing import Final

from nra.model.failure import FailureKind
from nra.model.plan import Task, VoiceParameters
from nra.model.sample import VoiceSample
from nra.net.ports import Network, NetworkError
from nra.probes.parts.control_session import Granted, fetch_record, open_session, without_session
from nra.probes.parts.inquiry import answering_address
from nra.probes.parts.probe import Probe, Watch, observing, voice_parameters
from nra.probes.parts.stamp_closing import Closing
from nra.probes.parts.stamp_dialect import SSIDS, PacketForm, StampDialect, ssid_after
from nra.probes.parts.stamp_question import stamp_question
from nra.probes.parts.stamp_stream import Course, Found, measured

METHOD: Final = "stamp"


async def measure(task: Task, net: Network, watch: Watch) -> VoiceSample:
    """Find the reflector, send the stream, close it; raises NetworkError when there is no reflector to be found."""
    asked = voice_parameters(task)
    address = await _answering(task, asked, net, watch)
    granted, without = await _granted(task, asked, net, address)
    dialect = _dialect(asked, granted)

    async def evidence(closing: Closing) -> Found:
        if granted is None or asked.control is None:
            return without
        return await fetch_record(net, address, task.target.host, asked.control, dialect, closing)

    port = net.open_datagrams(address, task.target.port, channels=asked.calls, dscp=asked.dscp)
    try:
        course = Course(task=task, asked=asked, address=address, dialect=dialect, port=port, method=METHOD)
        return await measured(course, net, watch, evidence)
    finally:
        port.close()


async def _granted(task: Task, asked: VoiceParameters, net: Network, address: str) -> tuple[Granted | None, Found]:
    """Return what the reflector's control channel gives for this stream, None where there is none, and then what to say of that."""
    if asked.control is None:
        return None, Found()
    try:
        return await open_session(net, address, task.target.host, asked, asked.control), Found()
    except NetworkError as error:
        return None, without_session(error, asked.control, task.target.host)


def _dialect(asked: VoiceParameters, granted: Granted | None) -> StampDialect:
    """Return how the stream is written: with what was granted, else with the user's own key."""
    if granted is not None:
        return StampDialect(PacketForm.of(asked.payload_bytes, granted.key), asked.dscp, granted.ssids)
    return StampDialect(PacketForm.of(asked.payload_bytes, asked.key), asked.dscp, ssids_of(asked))


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


PROBE: Final[Probe] = observing("voice_stream", measure)
