"""Does a UDP beacon return what it is sent: the proof that UDP of a voice packet's size passes both ways on its port."""

import random
from typing import Final

from nra.model.observation import Answer
from nra.probes.parts.echo_question import EchoQuestion
from nra.probes.parts.port_check import Asking, asked_over_udp, port_check
from nra.probes.parts.probe import Probe

NONCE_BITS: Final = 32
VOICE_BYTES: Final = 172  # RTP with 20 ms of G.711; public beacons take 300


async def echo(asking: Asking) -> Answer:
    """Ask the beacon; raises NetworkError."""
    return await asked_over_udp(asking, EchoQuestion(random.getrandbits(NONCE_BITS), VOICE_BYTES), lambda _: "echo")


PROBE: Final[Probe] = port_check("beacon_echo", echo)
