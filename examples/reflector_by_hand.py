"""The Session-Reflector without a socket: octets and the time in, octets or a counted reason out. Prints:

sent 44, got 44 octets: number 0 answered as 0
sent 44, got 44 octets: number 1 answered as 1
sent 44, got 44 octets: number 3 answered as 2
{'received': 3, 'answered': 3}
"""

from nra.reflector.core import Reflector, Request
from nra.wire.stamp import SenderPacket, decode_reflector, encode_sender
from nra.wire.timestamps import ErrorEstimate, ntp_from_unix_ns

NOW_NS = 1_767_600_000_000_000_000
CLOCK = ErrorEstimate.of(1_000_000, synchronized=True).encode()

reflector = Reflector()
for sequence in (0, 1, 3):
    packet = encode_sender(SenderPacket(sequence, ntp_from_unix_ns(NOW_NS), CLOCK, ssid=7))
    came = Request(
        payload=packet, source=("192.0.2.10", 50000), destination=None, destination_port=20862, received_ns=NOW_NS, ttl=61, tos=0
    )
    response = reflector.answer(came, NOW_NS + 30_000)
    if response is not None:
        reply = decode_reflector(response.payload)
        print(f"sent {len(packet)}, got {len(response.payload)} octets: number {reply.sender_sequence} answered as {reply.sequence}")
print(dict(reflector.counters))
