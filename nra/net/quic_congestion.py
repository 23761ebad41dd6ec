"""How fast a load goes: as four TCP connections at once do, which is what an upload or a download of today is.

aioquic's own control leaves slow start as soon as the round trip becomes longer and then grows by one packet each round trip: within
five seconds it would hardly fill a queue of a fifth of a second, and report a bloated line as a good one. Here slow start goes on until
a packet is lost (RFC 5681 3.1), and afterwards the window grows by four packets each round trip and gives up an eighth of itself at a
loss: four flows of which one halves its share (MulTCP: Crowcroft and Oechslin, 1998).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from aioquic.quic.packet_builder import QuicSentPacket

FLOWS: Final = 4
LEAST_PACKETS: Final = 2  # RFC 9002 7.2: kMinimumWindow
MOST_BYTES: Final = 8 << 20


class FourFlows:
    """A congestion control for aioquic, in place of the one that a connection has."""

    def __init__(self, before: Any, packet_bytes: int) -> None:  # noqa: ANN401 - aioquic's own class
        """Go on from where the other one was."""
        self.bytes_in_flight: int = before.bytes_in_flight
        self.congestion_window: int = before.congestion_window
        self.ssthresh: int | None = None
        self._packet_bytes = packet_bytes
        self._recovering_since_s = 0.0
        self._acked = 0

    def on_packet_sent(self, *, packet: "QuicSentPacket") -> None:
        """Count it as on its way."""
        self.bytes_in_flight += packet.sent_bytes

    def on_packet_acked(self, *, now: float, packet: "QuicSentPacket") -> None:
        """Grow, unless the packet is from before the last loss was noticed."""
        self.bytes_in_flight -= packet.sent_bytes
        if (packet.sent_time or 0.0) <= self._recovering_since_s:
            return
        if self.ssthresh is None:
            self.congestion_window += packet.sent_bytes
        else:
            self._acked += FLOWS * packet.sent_bytes
            rounds, self._acked = divmod(self._acked, self.congestion_window)
            self.congestion_window += rounds * self._packet_bytes
        self.congestion_window = min(self.congestion_window, MOST_BYTES)

    def on_packets_expired(self, *, packets: "Iterable[QuicSentPacket]") -> None:
        """Count them as no longer on their way."""
        self.bytes_in_flight -= sum(packet.sent_bytes for packet in packets)

    def on_packets_lost(self, *, now: float, packets: "Iterable[QuicSentPacket]") -> None:
        """Shrink, once in a round trip: by half at the end of slow start, which went up to twice too far, else by one flow's half."""
        gone = list(packets)
        self.on_packets_expired(packets=gone)
        if not gone or (gone[-1].sent_time or 0.0) <= self._recovering_since_s:
            return
        self._recovering_since_s = now
        kept = self.congestion_window // 2 if self.ssthresh is None else self.congestion_window * (2 * FLOWS - 1) // (2 * FLOWS)
        self.congestion_window = self.ssthresh = max(kept, LEAST_PACKETS * self._packet_bytes)

    def on_persistent_congestion(self) -> None:
        """Begin anew: nothing came through for a while (RFC 9002 7.6)."""
        self.congestion_window = LEAST_PACKETS * self._packet_bytes
        self._recovering_since_s = 0.0

    def on_rtt_measurement(self, *, now: float, rtt: float) -> None:
        """A longer round trip is what a load is for."""

    def get_log_data(self) -> dict[str, int]:
        """Return what aioquic's log wants to know."""
        return {"cwnd": self.congestion_window, "bytes_in_flight": self.bytes_in_flight}
