"""Authenticated packets that were received before: whoever has only seen one cannot have it answered once more.

Each session has a window over its Sequence Numbers (as RFC 4303 3.4.3 has), for as long as the session is remembered. Where a packet comes
from is no part of what its HMAC seals, so the seals of the newest packets of all sessions are remembered too: from another address or
port a replayed packet would be the first of a session of its own.
"""

from typing import Final

from nra.wire.stamp import AUTHENTICATED, SenderPacket
from nra.wire.timestamps import WORD

WINDOW: Final = 1024  # packets: 20 s at 50 a second; what is later than that is of no use to voice
SEALS_KEPT: Final = 150_000  # at least, at most twice as many: half a minute of a hundred calls
SEAL: Final = slice(AUTHENTICATED.covered, AUTHENTICATED.covered + 8)  # of 16 octets: forging half takes 2^63 tries, each answered or not
BEYOND: Final = (1 << WINDOW) - 1
TIMESTAMPS: Final = 1 << 64


class Window:
    """Which numbers of a session were received: bit n is that of `highest` - n; `newest` is the latest T1.

    A sender that starts anew, from the same port, counts from 0 again: then T1 is later than every one before, and is from then on the
    `floor`, so that nothing of its earlier packets is new.
    """

    __slots__ = ("bits", "floor", "highest", "newest")

    def __init__(self, floor: int | None = None) -> None:
        """Begin with nothing received."""
        self.floor = floor
        self.highest = self.newest = self.bits = 0

    def refuses(self, packet: SenderPacket) -> bool:
        """Tell whether the packet was received, or is too old for anybody to know."""
        if self.floor is not None and not is_later(packet.timestamp, self.floor):
            return True
        behind = self._behind(packet.sequence)
        if not self.bits or behind < 0 or self.begins_anew(packet):
            return False
        return behind >= WINDOW or bool(self.bits >> behind & 1)

    def begins_anew(self, packet: SenderPacket) -> bool:
        """Tell whether the packet was sent after all others and yet has no higher number."""
        return bool(self.bits) and self._behind(packet.sequence) >= 0 and is_later(packet.timestamp, self.newest)

    def note(self, packet: SenderPacket) -> None:
        """Remember a packet that is not refused."""
        behind = self._behind(packet.sequence)
        if not self.bits:
            self.highest, self.newest, self.bits = packet.sequence, packet.timestamp, 1
        elif behind >= 0:
            self.bits |= 1 << behind
        else:
            self.bits = (self.bits << min(-behind, WINDOW) | 1) & BEYOND
            self.highest = packet.sequence
        if is_later(packet.timestamp, self.newest):
            self.newest = packet.timestamp

    def _behind(self, sequence: int) -> int:
        """Return how far a number is behind the highest, negative when it is ahead (RFC 1982: numbers wrap)."""
        behind = (self.highest - sequence) & WORD
        return behind if behind <= WORD >> 1 else behind - WORD - 1


class Seals:
    """The seals of the newest packets: two generations, of which the older is forgotten when the newer is full."""

    def __init__(self, kept: int = SEALS_KEPT) -> None:
        """Remember so many at least."""
        self._kept = kept
        self._newer: set[int] = set()
        self._older: set[int] = set()

    def __contains__(self, payload: bytes) -> bool:
        """Tell whether a packet of this seal is remembered."""
        seal = int.from_bytes(payload[SEAL])
        return seal in self._newer or seal in self._older

    def note(self, payload: bytes) -> None:
        """Remember an authenticated packet."""
        if len(self._newer) >= self._kept:
            self._older, self._newer = self._newer, set()
        self._newer.add(int.from_bytes(payload[SEAL]))


def is_later(timestamp: int, other: int) -> bool:
    """Tell whether a time stamp is later than another, over the end of an era too (both in one format)."""
    return 0 < (timestamp - other) % TIMESTAMPS < TIMESTAMPS >> 1
