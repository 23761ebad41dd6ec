"""The question whether a Session-Reflector is there and takes our key, in a session of its own."""

import random
from dataclasses import dataclass

from nra.probes.parts.stamp_dialect import SSIDS, sender_packet
from nra.wire.errors import MalformedMessage
from nra.wire.stamp import ReflectorPacket, decode_reflector


@dataclass(slots=True)
class StampQuestion:
    """STAMP packets in a session of their own, bare or with the TLVs of `tail`."""

    ssid: int
    key: bytes | None
    tail: bytes
    asked_ns: list[int]

    @property
    def name(self) -> str:
        """What evidence calls one try."""
        return "STAMP packet"

    def ask(self, now_ns: int) -> bytes:
        """Return the next packet."""
        self.asked_ns.append(now_ns)
        return sender_packet(len(self.asked_ns) - 1, now_ns, self.ssid, self.tail, self.key)

    def understand(self, payload: bytes) -> tuple[ReflectorPacket, int] | None:
        """Return the reply to one of our packets, and when that was sent."""
        try:
            packet = decode_reflector(payload, self.key)
        except MalformedMessage:
            return None
        if packet.ssid not in (0, self.ssid) or packet.sender_sequence >= len(self.asked_ns):
            return None
        return packet, self.asked_ns[packet.sender_sequence]


def stamp_question(key: bytes | None, ssid: int | None = None, tail: bytes = b"") -> StampQuestion:
    """Return a question with this SSID, or one drawn by chance."""
    return StampQuestion(random.randint(1, SSIDS) if ssid is None else ssid, key, tail, [])
