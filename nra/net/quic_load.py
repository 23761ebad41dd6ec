"""Octets for their own sake on one QUIC connection, the same at both ends: poured out on a stream of ours, swallowed where they come.

What is counted is what the IP layer carried, in each 100 ms at the end where it arrived. aioquic doubles its windows whenever half of
one was used, whatever waits unread; here the window is so much ahead of what was swallowed and no more, so that nobody can make this
end keep more than that. What is poured waits in aioquic's own buffer, which is topped up and never filled.
"""

from typing import TYPE_CHECKING, Any, Final

from nra.net.quic_congestion import FourFlows
from nra.wire.control import MOST_LOAD_SECONDS

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicConnection

BIN_NS: Final = 100_000_000
BINS: Final = 10 * (MOST_LOAD_SECONDS + 5)
WINDOW_BYTES: Final = 4 << 20  # kept of what comes out of order: 100 Mbit/s over a third of a second
UNSENT_BYTES: Final = 1 << 16  # ready to go
IN_FLIGHT_BYTES: Final = 16 << 20  # sent and not acknowledged: whoever never acknowledges makes us keep no more
CHUNK: Final = bytes(1 << 14)  # QUIC seals it: no device on the way can make it smaller
NO_LIMIT: Final = 1 << 60
IPV4_UDP_BYTES, IPV6_UDP_BYTES = 28, 48
DONE, CAPPED = 0, 1  # why the stream of octets ends: the application's code in RESET_STREAM (RFC 9000 19.4)
ONE_WAY: Final = 0x02  # RFC 9000 2.1: the bit of a stream's id that says so


class Window:
    """What the other end may send on all streams, in place of aioquic's `Limit`: never further ahead than WINDOW_BYTES."""

    def __init__(self, limit: Any) -> None:  # noqa: ANN401 - aioquic's own class
        """Take over from aioquic's."""
        self.frame_type, self.name, self.sent, self.used = limit.frame_type, limit.name, limit.sent, limit.used
        self.swallowed: int = limit.used
        self._value: int = limit.value
        self.value = self.swallowed + WINDOW_BYTES

    @property
    def value(self) -> int:
        """How far the other end may go."""
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        self._value = max(self._value, min(value, self.swallowed + WINDOW_BYTES))

    def reopen(self) -> None:
        """Forget what will never come of a stream that was cut off: else nothing could be asked or answered beside it any more."""
        self.swallowed = self.used
        self.value = self.used + WINDOW_BYTES


class Flow:
    """The load on one connection: `pour` octets to send, `swallow` to receive at most, both with headers, until `until_ns`."""

    def __init__(self, connection: "QuicConnection", start_ns: int, until_ns: int, *, pour: int, swallow: int, headers_bytes: int) -> None:
        """Begin; the other end may open its one-way stream now."""
        self._connection = connection
        self._start_ns, self._until_ns = start_ns, until_ns
        self._left, self._room, self._headers = pour, swallow, headers_bytes
        self._whole, self._swallows = pour + swallow, swallow > 0  # what comes else acknowledges what is poured
        self._stream: int | None = None
        self._used = connection._local_max_data.used
        self._window = Window(connection._local_max_data)
        connection._local_max_data = self._window  # type: ignore[assignment]
        if pour:
            recovery = connection._loss
            recovery._cc = FourFlows(recovery._cc, connection._max_datagram_size)  # type: ignore[assignment]
        uni = connection._local_max_streams_uni
        if swallow and uni.value <= uni.used:
            uni.sent, uni.value = uni.used, uni.used + 1  # what was said in the handshake is not kept there
        self.octets: list[int] = []
        self.came_bytes = self.sent_bytes = 0  # all that came and went since, with headers, also after the end
        self.is_over = self.is_capped = False

    @property
    def allowed_bytes(self) -> int:
        """How much more than without a load the other end may send on streams."""
        return self._used + WINDOW_BYTES + sum(self.octets) + self._room

    @property
    def unused_bytes(self) -> int:
        """How much less than was allowed was moved, both ways added."""
        return max(0, min(self._whole, self._left + self._room))

    def arrived(self, payload_bytes: int, at_ns: int) -> None:
        """Count a UDP datagram that came."""
        self.came_bytes += payload_bytes + self._headers
        index = (at_ns - self._start_ns) // BIN_NS
        if self.is_over or not 0 <= index < BINS:
            return
        self.octets += [0] * (index + 1 - len(self.octets))
        self.octets[index] += payload_bytes + self._headers
        if self._swallows:
            self._room -= payload_bytes + self._headers
            if self._room < 0:
                self._cap()

    def swallow(self, stream: int, octets: int) -> None:
        """Take octets off a stream of the other end, and let it go on while the load lasts."""
        kept = self._connection._streams.get(stream)
        if kept is not None:
            kept.max_stream_data_local = NO_LIMIT  # the window of the whole connection is the one that counts
        if not self.is_over:
            self._window.swallowed += octets

    def pour(self, now_ns: int) -> None:
        """Top up what waits to be sent, or end the load when its time is over."""
        if now_ns >= self._until_ns:
            self.end()
        if self.is_over or self._left <= 0:
            return
        if self._stream is None:
            self._stream = self._connection.get_next_available_stream_id(is_unidirectional=True)
            self._connection.send_stream_data(self._stream, CHUNK)
        sender = self._connection._streams[self._stream].sender
        while sender._buffer_stop - sender.highest_offset < UNSENT_BYTES and len(sender._buffer) < IN_FLIGHT_BYTES:
            self._connection.send_stream_data(self._stream, CHUNK)

    def sent(self, payload_bytes: int) -> None:
        """Count a UDP datagram that is sent."""
        self.sent_bytes += payload_bytes + self._headers
        if self._stream is not None and not self.is_over:
            self._left -= payload_bytes + self._headers
            if self._left <= 0:
                self._cap()

    def stopped(self, code: int) -> None:
        """Hear that the other end pours no more: half a load is none."""
        self._window.reopen()
        self.is_capped = self.is_capped or code == CAPPED
        self.end()

    def end(self) -> None:
        """Pour no more, not even what waits, and let nothing more come."""
        if not self.is_over and self._stream is not None:
            self._connection.reset_stream(self._stream, CAPPED if self.is_capped else DONE)
        self.is_over = True

    def _cap(self) -> None:
        self.is_capped = True
        self.end()


def headers_bytes(address: str) -> int:
    """Return the octets of the IP and UDP headers of a packet to or from an address (RFC 791, RFC 8200, RFC 768)."""
    return IPV6_UDP_BYTES if ":" in address else IPV4_UDP_BYTES


def is_one_way(stream: int) -> bool:
    """Tell whether a stream goes one way only."""
    return bool(stream & ONE_WAY)
