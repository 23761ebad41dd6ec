"""The round trip by STUN Binding requests (RFC 8489), at most ten a second: public servers are other people's."""

import random
from typing import Final

from nra.model.plan import Task
from nra.model.sample import VoiceSample
from nra.net.ports import Arrival, Network, Transmission
from nra.probes.parts.probe import Probe, Watch, observing, voice_parameters
from nra.probes.parts.round_trip import RoundTripForm, measure_round_trip
from nra.probes.parts.stream_record import Reply
from nra.probes.parts.stun_question import REQUEST_BYTES, StunQuestion, binding_request
from nra.wire.errors import MalformedMessage
from nra.wire.stun import MessageType, decode_message

LEAST_MS: Final = 106.0  # between requests: eleven of them span more than a second even if the first is late by half of this
NONCE_BYTES: Final = 8


class StunDialect:
    """The sequence number is the last third of the transaction id; the rest is the run's nonce."""

    def __init__(self, nonce: bytes) -> None:
        """Fix the nonce of the run, 8 octets."""
        self._nonce = nonce

    def prepare(self, call: int, sequence: int) -> None:
        """Do nothing: the packet is quickly made."""

    def packet(self, call: int, sequence: int, now_ns: int) -> Transmission:
        """Return a Binding request."""
        return Transmission(channel=0, payload=binding_request(self._nonce + sequence.to_bytes(4)))

    def reply(self, arrival: Arrival) -> Reply | None:
        """Return which request was answered, by success or by error: both went there and back."""
        try:
            message = decode_message(arrival.payload)
        except MalformedMessage:
            return None
        if message.type not in (MessageType.SUCCESS, MessageType.ERROR) or message.transaction[:NONCE_BYTES] != self._nonce:
            return None
        return Reply(call=0, sequence=int.from_bytes(message.transaction[NONCE_BYTES:]))


async def measure(task: Task, net: Network, watch: Watch) -> VoiceSample:
    """Measure the round trip to a STUN server; raises NetworkError when it does not answer."""
    asked = voice_parameters(task)
    interval_ms = max(LEAST_MS, asked.interval_ms)
    form = RoundTripForm(
        method="stun",
        interval_ms=interval_ms,
        payload_bytes=REQUEST_BYTES,
        calls=1,
        channels=1,
        remarks=(f"one small packet every {interval_ms:g} ms, not a voice stream: short bursts of loss can go unseen",),
    )
    dialect = StunDialect(random.randbytes(NONCE_BYTES))
    return await measure_round_trip(task, net, watch, form, dialect, StunQuestion)


PROBE: Final[Probe] = observing("stun_stream", measure)
