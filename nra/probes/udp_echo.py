"""Voice against a region's public UDP beacon, which returns each packet; only the round trip becomes known.

The beacon's rules (AWS GameLift "UDP ping beacons"): at most 300 bytes, at most 3 packets/s from one source port,
at most 1000 packets/s from one source address. 50 packets/s therefore take turns over at least 21 ports, more at other
rates: a packet may be late, and the rules hold in every second all the same. Late is what is sent up to half an interval after its
slot, or was held up on its way to the network card: then the slots that pass meanwhile are skipped, all but the last one and a half.
The beacon counts what comes to it, so a port's packets also bear that the network holds one of them up.
"""

import random
from math import ceil
from typing import Final

from nra.model.plan import Task, VoiceParameters
from nra.model.sample import VoiceSample
from nra.net.ports import Arrival, Network, Transmission
from nra.probes.parts.echo_question import EchoQuestion, read_echo
from nra.probes.parts.probe import Probe, Watch, observing, voice_parameters
from nra.probes.parts.round_trip import RoundTripForm, measure_round_trip
from nra.probes.parts.stream_record import Reply
from nra.wire.beacon import MIN_SIZE, EchoProbe, encode_echo

MOST_BYTES: Final = 300
PER_PORT_PER_S: Final = 3
PER_ADDRESS_PER_S: Final = 1000
OPENING: Final = 3  # packets of the question whether the beacon is there
FEWEST_PORTS: Final = 21
HELD_UP_MS: Final = 200  # that the network may hold up one of a port's packets and not those after it: Wi-Fi, an uplink's full queue
MOST_LATE: Final = 1.5  # intervals that a packet can come closer to those after it


def seconds_slots(interval_ms: float, held_up_ms: float = 0.0) -> float:
    """Return how many slots of one call can come to the beacon within one second: the first of them may be late, and held up on the way."""
    return (1000 + held_up_ms + MOST_LATE * interval_ms) / interval_ms


def source_ports(calls: int, interval_ms: float) -> int:
    """Return over how many source ports a stream must be spread."""
    return max(FEWEST_PORTS, ceil(calls * seconds_slots(interval_ms, HELD_UP_MS) / PER_PORT_PER_S))


def most_calls(interval_ms: float) -> int:
    """Return how many calls the beacon's rules allow at this interval."""
    return int((PER_ADDRESS_PER_S - OPENING) / seconds_slots(interval_ms))


class EchoDialect:
    """Numbered probes that go round over many source ports."""

    def __init__(self, nonce: int, size: int, calls: int, channels: int) -> None:
        """Fix nonce and size for the run."""
        self._nonce, self._size, self._calls, self._channels = nonce, size, calls, channels

    def prepare(self, call: int, sequence: int) -> None:
        """Do nothing: the packet is quickly made."""

    def packet(self, call: int, sequence: int, now_ns: int) -> Transmission:
        """Return the probe on the source port whose turn it is."""
        payload = encode_echo(EchoProbe(self._nonce, call, sequence, now_ns), MIN_SIZE) + random.randbytes(self._size - MIN_SIZE)
        return Transmission(channel=(sequence * self._calls + call) % self._channels, payload=payload)

    def reply(self, arrival: Arrival) -> Reply | None:
        """Return which probe came back."""
        probe = read_echo(arrival.payload, self._nonce)
        if probe is None or probe.call >= self._calls:
            return None
        return Reply(call=probe.call, sequence=probe.sequence)


def form_of(asked: VoiceParameters) -> RoundTripForm:
    """Return the stream within the beacon's rules."""
    size = max(MIN_SIZE, min(asked.payload_bytes, MOST_BYTES))
    ports = source_ports(asked.calls, asked.interval_ms)
    remarks = [f"spread over {ports} source ports by the beacon's rules: each may take its own way through the network"]
    if size != asked.payload_bytes:
        remarks.append(f"packets of {size} bytes stand for {asked.codec}'s {asked.payload_bytes}: the beacon takes no other")
    return RoundTripForm(
        method="echo", interval_ms=asked.interval_ms, payload_bytes=size, calls=asked.calls, channels=ports, remarks=tuple(remarks)
    )


async def measure(task: Task, net: Network, watch: Watch) -> VoiceSample:
    """Measure the round trip to the beacon; raises NetworkError when it does not answer."""
    form = form_of(voice_parameters(task))
    nonce = random.getrandbits(32)
    dialect = EchoDialect(nonce, form.payload_bytes, form.calls, form.channels)
    return await measure_round_trip(task, net, watch, form, dialect, lambda: EchoQuestion(nonce, form.payload_bytes))


PROBE: Final[Probe] = observing("udp_echo", measure)
