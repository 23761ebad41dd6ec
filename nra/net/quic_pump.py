"""One connection of ours that moves octets for their own sake, driven by one thread that does nothing else.

Packets of voice have a port that sees kernel stamps and meets slots to the microsecond (`datagrams.py`); octets by the megabyte want
neither, only that little is done for each of them.
"""

import math
import select
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from nra.model.failure import Failure, FailureKind
from nra.net.clock import SystemClock
from nra.net.failures import classify
from nra.net.ports import NetworkError
from nra.net.quic import closed
from nra.net.quic_load import NO_LIMIT, Flow, is_one_way
from nra.net.quic_port import SAID
from nra.net.quic_trust import peer_certificate
from nra.net.sockets import open_connected
from nra.wire.control import MOST_ANSWER_BYTES, Refused, Request, Told, decode_answer, encode
from nra.wire.errors import MalformedMessage

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicConnection
    from aioquic.quic.events import ConnectionTerminated

OPERATION: Final = "load"
TOO_MUCH: Final = "the reflector sent more than was asked for"
AT_ONCE: Final = 32  # datagrams that are read before anything is sent again: they are acknowledged together
DATAGRAM_BYTES: Final = 2048
BEAT_S: Final = 0.05


class Pump:
    """Drives one connection; `idle_ns` is how long it had nothing to do."""

    def __init__(self, connection: "QuicConnection", address: str, port: int) -> None:
        """Connect a socket for a connection whose time 0 is now; raises NetworkError."""
        self.clock = SystemClock()
        self.connection, self._peer = connection, (address, port)
        self._start_ns = self.clock.now_ns()
        self._socket = open_connected(address, port, 0)
        self._answers: dict[int, bytearray] = {}
        self._whole: set[int] = set()
        self.flow: Flow | None = None
        self.most_bytes = NO_LIMIT  # that may come, all in all, while there is a flow: more ends the connection
        self.idle_ns = 0
        self.is_up = False
        self.failure: Failure | None = None
        self._flush()

    def ask(self, request: Request, deadline_ns: int) -> Told:
        """Return the answer to a request; raises NetworkError, also for a refusal."""
        stream = self.connection.get_next_available_stream_id()
        self.connection.send_stream_data(stream, encode(request), end_stream=True)
        self.run(lambda: stream in self._whole, deadline_ns)
        if stream not in self._whole:
            raise NetworkError(self.failure or Failure(kind=FailureKind.NO_ANSWER, operation=OPERATION, detail="no answer in time"))
        try:
            answer = decode_answer(bytes(self._answers.pop(stream)))
        except MalformedMessage as error:
            raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation=OPERATION, detail=str(error))) from error
        if isinstance(answer, Refused):
            raise NetworkError(Failure(kind=FailureKind.REFUSED, operation=OPERATION, detail=answer.why))
        return answer

    def run(self, done: Callable[[], bool], deadline_ns: int) -> None:
        """Move packets until it is so, the connection ends, or the deadline is reached."""
        self._flush()
        while not done() and self.failure is None and (now_ns := self.clock.now_ns()) < deadline_ns:
            self._wait(now_ns, deadline_ns)
            self._read()
            self._serve_timer()
            self._flush()

    def close(self) -> None:
        """Say that we go, and close the socket."""
        self.connection.close()
        self._flush()
        self._socket.close()

    def _seconds(self) -> float:
        return (self.clock.now_ns() - self._start_ns) / 1e9

    def _wait(self, now_ns: int, deadline_ns: int) -> None:
        timer_s = self.connection.get_timer()
        due_ns = deadline_ns if timer_s is None else min(deadline_ns, self._start_ns + math.ceil(timer_s * 1e9))
        select.select([self._socket], [], [], min(BEAT_S, max(0.0, (due_ns - now_ns) / 1e9)))
        self.idle_ns += self.clock.now_ns() - now_ns

    def _read(self) -> None:
        with suppress(BlockingIOError):
            for _ in range(AT_ONCE):
                self._take(self._received())

    def _received(self) -> bytes:
        """Return the next datagram; raises BlockingIOError when there is none, an ICMP error to an earlier one of ours is remembered."""
        try:
            return self._socket.recv(DATAGRAM_BYTES)
        except BlockingIOError:
            raise
        except OSError as error:
            if not self.is_up:
                self.failure = classify(error, OPERATION)
            raise BlockingIOError from error

    def _take(self, datagram: bytes) -> None:
        if self.flow is not None:
            self.flow.arrived(len(datagram), self.clock.now_ns())
            if self.flow.came_bytes > self.most_bytes:
                self.failure = Failure(kind=FailureKind.WRONG_PROTOCOL, operation=OPERATION, detail=TOO_MUCH)
                raise BlockingIOError(TOO_MUCH)  # nothing more is read
        self.connection.receive_datagram(datagram, self._peer, now=self._seconds())
        self._take_events()

    def _serve_timer(self) -> None:
        timer_s, now_s = self.connection.get_timer(), self._seconds()
        if timer_s is not None and timer_s <= now_s:
            self.connection.handle_timer(now=now_s)
            self._take_events()

    def _take_events(self) -> None:
        from aioquic.quic import events

        while (event := self.connection.next_event()) is not None:
            match event:
                case events.StreamDataReceived() if is_one_way(event.stream_id):
                    if self.flow is not None:
                        self.flow.swallow(event.stream_id, len(event.data))
                case events.StreamReset() if self.flow is not None and is_one_way(event.stream_id):
                    self.flow.stopped(event.error_code)
                case events.StreamDataReceived():
                    self._gather(event.stream_id, event.data, is_whole=event.end_stream)
                case events.HandshakeCompleted():
                    self.is_up = True
                case events.ConnectionTerminated():
                    self.failure = self._end(event)

    def _end(self, event: "ConnectionTerminated") -> Failure:
        said = SAID.get(event.error_code) if self.is_up and event.frame_type is None else None  # type: ignore[call-overload]
        if said is None:
            return closed(event, peer_certificate(self.connection))
        return Failure(kind=FailureKind.REFUSED, operation=OPERATION, detail=said)

    def _gather(self, stream: int, octets: bytes, *, is_whole: bool) -> None:
        answer = self._answers.setdefault(stream, bytearray())
        answer += octets
        if len(answer) > MOST_ANSWER_BYTES:
            detail = f"more than {MOST_ANSWER_BYTES} octets"
            self.failure = Failure(kind=FailureKind.WRONG_PROTOCOL, operation=OPERATION, detail=detail)
        elif is_whole:
            self._whole.add(stream)

    def _flush(self) -> None:
        if self.flow is not None:
            self.flow.pour(self.clock.now_ns())
        for packet, _ in self.connection.datagrams_to_send(now=self._seconds()):
            if self.flow is not None:
                self.flow.sent(len(packet))
            with suppress(OSError):  # no room in the system's buffer: QUIC takes it for a loss, as of a queue that is full
                self._socket.send(packet)
