"""Voice over a network made of functions: half a minute takes milliseconds and is exact to the packet. Prints:

Up Jitter                    3.28 ms   < 30     PASS
Down Jitter                  0.00 ms   < 30     PASS
Up Packet Loss               2.27 %    < 1      FAIL
Down Packet Loss             1.36 %    < 1      FAIL
Up Packet Discards           0.00 %    < 5      PASS
Down Packet Discards         0.00 %    < 5      PASS
Up Packet Order            100.00 %    >= 98    PASS
Down Packet Order          100.00 %    >= 98    PASS
Round Trip Average Time     50.13 ms   < 150    PASS
Upstream MOS Score           4.21 MOS  >= 3.6   PASS
Downstream MOS Score         4.29 MOS  >= 3.6   PASS
lost 34 up and 20 down; the network dropped 34 and 20
"""

import asyncio

from nra.catalogue import codecs, thresholds
from nra.model.plan import Target, Task, VoiceParameters
from nra.probes.parts.probe import Watch
from nra.probes.voice_stream import measure
from nra.reflector.core import Reflector, Request
from nra.scoring.assess import voice_rows
from nra.scoring.voice import score_voice
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Impairment, Path

REFLECTOR = Reflector()


def peer(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
    """Answer as a Session-Reflector does."""
    came = Request(payload=payload, source=source, destination=None, destination_port=20862, received_ns=now_ns, ttl=64, tos=184)
    response = REFLECTOR.answer(came, now_ns)
    return response.payload if response else None


net = FakeNetwork(
    udp={("192.0.2.1", 20862): peer},
    up=Path(Impairment(delay_ms=20, jitter_ms=10, loss=0.02)),
    down=Path(Impairment(delay_ms=25, loss_runs=(range(400, 420),))),
)
stream = VoiceParameters(duration_s=30, interval_ms=20, codec="g711", payload_bytes=172, calls=1, dscp=46)
task = Task(probe="voice_stream", target=Target(host="192.0.2.1", port=20862), parameters=stream)
voice = score_voice(asyncio.run(measure(task, net, Watch())), codecs())
for row in voice_rows(voice, thresholds()):
    print(f"{row.label:<24} {row.value:8.2f} {row.unit:<4} {row.limit:<8} {row.verdict}")
dropped = [sum(not passage.left_ns for passage in path.passages) for path in (net.up, net.down)]
print(f"lost {voice.up.lost} up and {voice.down.lost} down; the network dropped {dropped[0]} and {dropped[1]}")
