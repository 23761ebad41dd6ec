"""One QUIC connection of ours seen as a port: what is sent goes out in DATAGRAM frames (RFC 9221), answers on streams are gathered beside.

aioquic keeps what congestion control holds back, without limit and without a word. Voice that waits is not voice any more: such a
datagram is taken out again and counts as not sent. One that is too long would hold back all later ones for ever: it is refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from nra.model.failure import UNKNOWN_KEY, Failure, FailureKind
from nra.model.sample import ABSENT
from nra.net.ports import Arrival, Clock, DatagramPort, Equipment, NetworkError, Refusal, Transmission
from nra.net.quic import LEAST_TRIES, closed
from nra.net.quic_trust import defect, peer_certificate
from nra.wire.control import MOST_ANSWER_BYTES, MOST_DATAGRAM_BYTES, CloseCode

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicConnection
    from aioquic.quic.events import ConnectionTerminated, QuicEvent

SSID: Final = slice(14, 16)  # of a STAMP packet, unauthenticated: tells the calls apart that share one connection
LATER_NS: Final = 1000  # than a timer: what is rounded to a float must not come before it, or it would be asked for again and again
HANDSHAKE: Final = "quic handshake"
CONTROL: Final = "quic control"
WORDS: Final = "in QUIC DATAGRAM frames, congestion control {algorithm}, paced by it: what it held back counts as not sent (aioquic)"
SAID: Final = {
    CloseCode.NOT_ALLOWED: UNKNOWN_KEY,
    CloseCode.TOO_LATE: "the reflector waited for our token in vain",
    CloseCode.TOO_MUCH: "the reflector has no more room for this key",
    CloseCode.MALFORMED: "the reflector did not understand what we asked",
    CloseCode.ENDING: "the reflector has ended",
}


class QuicPort:
    """A connected UDP socket under one connection; it drives the connection while somebody listens or sends."""

    def __init__(self, connection: "QuicConnection", under: DatagramPort, clock: Clock, peer: tuple[str, int], start_ns: int) -> None:
        """Take a connection whose time 0 is `start_ns`, its first flight not sent yet."""
        self._connection, self._under, self._clock = connection, under, clock
        self._peer, self._start_ns = peer, start_ns
        self._timer_ns: int | None = start_ns
        self._gathered: dict[int, bytearray] = {}
        self._channel_of: dict[bytes, int] = {}
        self._carriers: dict[int, list[int]] = {}  # which packet carried each datagram of a channel
        self._packets = 0
        self._heard = self._tries = 0
        self._datagrams: list[tuple[Arrival, bytes]] = []
        self.answers: dict[int, bytes] = {}
        self.is_up = False
        self.failure: Failure | None = None
        self._refusal: Failure | None = None

    def request(self, octets: bytes) -> int:
        """Send a request on a stream of its own and return the stream."""
        stream = self._connection.get_next_available_stream_id()
        self._connection.send_stream_data(stream, octets, end_stream=True)
        self._timer_ns = self._clock.now_ns()
        return stream

    def silence(self) -> Failure:
        """Return what it comes to that nothing more was heard in time."""
        if self.is_up:
            return Failure(kind=FailureKind.NO_ANSWER, operation=CONTROL, detail="no answer in time")
        detail = f"{self._heard} datagrams came, then silence" if self._heard else f"{self._tries} tries, no answer"
        return self._refusal or Failure(kind=FailureKind.NO_ANSWER, operation=HANDSHAKE, detail=detail)

    @property
    def local_address(self) -> str:
        """The address that this workstation sends from."""
        return self._under.local_address

    def local_port(self, channel: int) -> int:
        """Return the one local port of all channels."""
        return self._under.local_port(0)

    def send(self, transmission: Transmission) -> None:
        """Send one datagram now; raises NetworkError where it is too long, or held back, or nobody is there any more."""
        payload = transmission.payload
        if self.failure is not None:
            raise NetworkError(self.failure)
        if len(payload) > MOST_DATAGRAM_BYTES:
            raise NetworkError(_unsent(f"{len(payload)} octets where {MOST_DATAGRAM_BYTES} fit a QUIC packet"))
        self._channel_of[payload[SSID]] = transmission.channel
        pending = self._connection._datagrams_pending
        self._guarded(lambda: self._connection.send_datagram_frame(payload))
        unsent = self._flush()
        if pending:
            pending.clear()
            raise NetworkError(_unsent("held back by congestion control"))
        if unsent is not None:
            raise NetworkError(unsent)
        self._carriers.setdefault(transmission.channel, []).append(self._packets - 1)

    def receive(self, until_ns: int) -> Sequence[Arrival | Refusal]:
        """Wait until a datagram comes, an answer is whole, the connection ends, or the time is reached."""
        while True:
            before = (self.is_up, len(self.answers), self.failure)
            wake_ns = until_ns if self._timer_ns is None else min(until_ns, self._timer_ns)
            events = self._under.receive(wake_ns)
            arrivals = [event for event in events if isinstance(event, Arrival)]
            refusals = [event for event in events if isinstance(event, Refusal)]
            for arrival in arrivals:
                self._take(arrival)
            for refusal in refusals:
                self._refused(refusal)
            self._serve_timer()
            if arrivals:
                self._flush()
            found = self._found()
            if found or refusals or before != (self.is_up, len(self.answers), self.failure) or self._clock.now_ns() >= until_ns:
                return [*found, *(replace(refusal, channel=0) for refusal in refusals)]

    def _take(self, arrival: Arrival) -> None:
        self._heard += 1
        self._guarded(lambda: self._connection.receive_datagram(arrival.payload, self._peer, now=self._seconds(arrival.read_ns)))
        self._take_events(arrival)

    def _serve_timer(self) -> None:
        now_ns = self._clock.now_ns()
        if self._timer_ns is None or now_ns < self._timer_ns:
            return
        if self._tries:
            self._guarded(lambda: self._connection.handle_timer(now=self._seconds(now_ns)))
            self._take_events(None)
        self._tries += not self._heard
        self._flush()

    def _take_events(self, arrival: Arrival | None) -> None:
        while self.failure is None and (event := self._connection.next_event()) is not None:
            self._event(event, arrival)
        said = self._connection._close_event  # told as an event only when the connection has drained
        if self.failure is None and said is not None:
            self.failure = self._end(said)

    def _event(self, event: "QuicEvent", arrival: Arrival | None) -> None:
        from aioquic.quic import events

        match event:
            case events.DatagramFrameReceived() if arrival is not None:
                self._datagrams.append((arrival, event.data))
            case events.StreamDataReceived():
                self._gather(event.stream_id, event.data, is_whole=event.end_stream)
            case events.HandshakeCompleted():
                self.is_up = True

    def _gather(self, stream: int, octets: bytes, *, is_whole: bool) -> None:
        answer = self._gathered.setdefault(stream, bytearray())
        answer += octets
        if len(answer) > MOST_ANSWER_BYTES:
            self.failure = Failure(kind=FailureKind.WRONG_PROTOCOL, operation=CONTROL, detail=f"more than {MOST_ANSWER_BYTES} octets")
        elif is_whole:
            self.answers[stream] = bytes(self._gathered.pop(stream))

    def _end(self, event: "ConnectionTerminated") -> Failure:
        if not self.is_up or event.frame_type is not None:
            return closed(event, peer_certificate(self._connection))
        said = SAID.get(event.error_code, f"closed with 0x{event.error_code:x} {event.reason_phrase}")  # type: ignore[call-overload]
        return Failure(kind=FailureKind.REFUSED, operation=CONTROL, detail=said)

    def _refused(self, refusal: Refusal) -> None:
        """One ICMP message is no verdict, but one to the last of three tries is (see `Handshake`)."""
        self._refusal = refusal.failure
        if not self.is_up and self._tries >= LEAST_TRIES:
            self.failure = refusal.failure

    def _found(self) -> list[Arrival]:
        found, self._datagrams = self._datagrams, []
        return [
            replace(arrival, channel=self._channel_of[payload[SSID]], payload=payload)
            for arrival, payload in found
            if payload[SSID] in self._channel_of
        ]

    def _flush(self) -> Failure | None:
        """Send what the connection has to say; return why the system would not take a packet, which QUIC then treats as lost."""
        unsent = None
        packets: list[tuple[bytes, object]] = []
        self._guarded(lambda: packets.extend(self._connection.datagrams_to_send(now=self._seconds(self._clock.now_ns()))))
        for packet, to in packets:
            if to == self._peer:
                try:
                    self._under.send(Transmission(channel=0, payload=packet))
                    self._packets += 1
                except NetworkError as error:
                    unsent = error.failure
        timer_s = None if self.failure is not None else self._connection.get_timer()
        self._timer_ns = None if timer_s is None else self._start_ns + int(timer_s * 1e9) + LATER_NS
        return unsent

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self._start_ns) / 1e9

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - others' code on others' octets
            self.failure = replace(defect(error), operation=CONTROL)

    def local_drops(self) -> int | None:
        """Return how many packets our own socket dropped, None where the system does not say."""
        return self._under.local_drops()

    def clock_steps_ns(self) -> tuple[int, ...]:
        """Return the steps of the wall clock noticed since the port was opened."""
        return self._under.clock_steps_ns()

    def left_ns(self, channel: int) -> Sequence[int]:
        """Return when the packet that carried each datagram of a channel left this workstation, by the kernel's stamp."""
        stamps = self._under.left_ns(0)
        return [stamps[place] if place < len(stamps) else ABSENT for place in self._carriers.get(channel, ())] if stamps else []

    def equipment(self) -> Equipment:
        """Return how the socket times and keeps packets, and what QUIC does to them."""
        equipment = self._under.equipment()
        words = WORDS.format(algorithm=self._connection.configuration.congestion_control_algorithm)
        return replace(equipment, pacing="; ".join(filter(None, (equipment.pacing, words))))

    def close(self) -> None:
        """Say farewell and close the socket."""
        self._connection.close(error_code=CloseCode.DONE)
        self._flush()
        self._under.close()


def _unsent(detail: str) -> Failure:
    return Failure(kind=FailureKind.LOCAL, operation="send", detail=detail)
