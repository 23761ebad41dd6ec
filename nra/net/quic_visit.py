"""One connection to our QUIC server: requests gathered from streams, datagrams answered as they come, and no more kept than allowed.

aioquic raises its windows with every octet that comes, read or not, and makes room up to the farthest octet of a stream: a stranger's
one octet far ahead would double what is kept again and again. So what a connection may send in all is counted here.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from nra.net.ports import Clock
from nra.net.quic_load import Flow, headers_bytes, is_one_way
from nra.net.server import Datagram
from nra.wire.control import MOST_DATAGRAM_BYTES, MOST_REQUEST_BYTES, CloseCode

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicConnection
    from aioquic.quic.events import QuicEvent

HELLO_NS: Final = 2_000_000_000  # from a connection's first packet until it must have said who it is
STRANGERS_BYTES: Final = 1 << 15  # of streams, before it has
GUESTS_BYTES: Final = 1 << 20  # afterwards: a thousand requests
MOST_STREAMS: Final = 16  # at once
MOST_PATHS: Final = 4  # addresses that a connection was heard from lately
MOST_WAITING: Final = 8  # replies that congestion control holds back: they go late, further ones are not made
AIOQUICS_FACTOR: Final = 3  # RFC 9000 8.1
DSCP_SHIFT: Final = 2


class Guest(Protocol):
    """Who speaks for a connection: the protocol's half of it."""

    def request(self, stream: int, octets: bytes, now_ns: int) -> None:
        """Take a whole request; it is answered now or later by `Visit.answer`."""
        ...

    def datagram(self, payload: bytes, came: Datagram, *, may_answer: bool) -> tuple[bytes, int] | None:
        """Return the reply to a DATAGRAM frame and its DSCP, None for none; `may_answer` is False where it could not be sent."""
        ...

    def gone(self) -> None:
        """Hear that the connection is over."""
        ...


class Visit:
    """A connection as the server keeps it; `is_known` once the guest has said who it is."""

    def __init__(self, connection: "QuicConnection", first: Datagram, clock: Clock, counters: "Counter[str]") -> None:
        """Take a connection that has received nothing yet."""
        self._connection, self._clock, self._counters = connection, clock, counters
        self.source, self._home = first.source, first.raw_source
        self.guest: Guest | None = None
        self.is_known = False
        self.has_news = False
        self.dscp = 0
        self._until_ns = clock.now_ns() + HELLO_NS
        self._asked: dict[int, bytearray] = {}
        self._paths: dict[Any, Datagram] = {}
        self._new_ids: deque[bytes] = deque()
        self._retired_ids: deque[bytes] = deque()
        self._failed = self._is_ended = False
        self.flow: Flow | None = None
        self.idle_ns: Callable[[], int] = lambda: 0  # of the server, since it began
        for limit, most in ((connection._local_max_streams_uni, 0), (connection._local_max_streams_bidi, MOST_STREAMS)):
            limit.value = limit.sent = most  # before its transport parameters are sent

    def know(self, until_ns: int) -> None:
        """Let the connection stay until then: it has said who it is."""
        self.is_known, self._until_ns = True, until_ns

    def take(self, datagram: Datagram) -> None:
        """Take in a datagram and what it brings."""
        self._paths.pop(datagram.raw_source, None)
        self._paths[datagram.raw_source] = datagram
        if len(self._paths) > MOST_PATHS:
            del self._paths[next(iter(self._paths))]
        if self.flow is not None:
            self.flow.arrived(len(datagram.payload), datagram.received_ns)
        self._guarded(lambda: self._connection.receive_datagram(datagram.payload, datagram.raw_source, now=self._now_s()))
        self._bound(datagram)
        self._heard(datagram)

    def may_come_from(self, source: tuple[str, int]) -> bool:
        """Whether a datagram from there can be the connection's: a NAT may give it another port once hands are shaken, never an address."""
        return source == self.source or (source[0] == self.source[0] and self._connection._handshake_complete)

    def _bound(self, datagram: Datagram) -> None:
        """Let aioquic, which would send three times what came from a port that is not proven yet, send no more than that."""
        octets = len(datagram.payload)
        for path in self._unproven(datagram.raw_source):
            path.bytes_received -= octets - octets // AIOQUICS_FACTOR

    def _unproven(self, source: tuple[str, int]) -> list[Any]:
        """Return the connection's path to a port that it moved to, until that is proven."""
        return [path for path in self._connection._network_paths if path.addr == source != self._home and not path.is_validated]

    def _is_too_much(self, source: tuple[str, int]) -> bool:
        """Whether more was sent to an unproven port than came from it: aioquic's farewell minds no limit."""
        return any(path.bytes_sent > AIOQUICS_FACTOR * path.bytes_received for path in self._unproven(source))

    def timer(self, now_ns: int) -> None:
        """Do what the connection's timer is for, and end one that has outstayed."""
        if now_ns >= self._until_ns:
            self.end(CloseCode.DONE if self.is_known else CloseCode.TOO_LATE)
        self._guarded(lambda: self._connection.handle_timer(now=now_ns / 1e9))
        self._heard(None)

    def due_s(self) -> float:
        """Return when to be asked next."""
        timer_s = self._connection.get_timer()
        until_s = self._until_ns / 1e9
        return until_s if timer_s is None else min(timer_s, until_s)

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self._failed

    def packets(self) -> Iterator[tuple[bytes, Datagram]]:
        """Yield what is to be sent, each with a datagram that came from where it goes."""
        self.has_news = False
        packets: list[tuple[bytes, Any]] = []
        if self.flow is not None and not self._is_ended:
            self._guarded(partial(self.flow.pour, self._clock.now_ns()))
        self._guarded(lambda: packets.extend(self._connection.datagrams_to_send(now=self._now_s())))
        for packet, to in packets:
            if self.flow is not None:
                self.flow.sent(len(packet))
            if to in self._paths and not self._is_too_much(to):
                yield packet, self._paths[to]

    def answer(self, stream: int, octets: bytes) -> None:
        """Send the answer to a request, and nothing after it."""
        self.has_news = True
        self._guarded(lambda: self._connection.send_stream_data(stream, octets, end_stream=True))

    def load(self, now_ns: int, until_ns: int, *, pour: int, swallow: int) -> Flow:
        """Pour and swallow octets until then."""
        headers = headers_bytes(self.source[0])
        self.flow = Flow(self._connection, now_ns, until_ns, pour=pour, swallow=swallow, headers_bytes=headers)
        self.has_news = True
        return self.flow

    def end(self, code: CloseCode) -> None:
        """Close the connection, for that reason; one that was closed before is given up."""
        self.has_news, self._failed, self._is_ended = True, self._failed or self._is_ended, True
        if self._failed:
            return
        self._counters[f"closed_{code.name.lower()}"] += 1
        self._until_ns = self._clock.now_ns() + HELLO_NS  # that long it may take to drain
        self._connection.close(error_code=code, reason_phrase=code.name.lower().replace("_", " "))

    def farewell(self) -> None:
        """Say that the server goes."""
        self.end(CloseCode.ENDING)

    def gone(self) -> None:
        """Tell the guest that it is over."""
        if self.guest is not None:
            self.guest.gone()

    def new_ids(self) -> Iterator[bytes]:
        """Yield the connection ids that were given out since the last call."""
        while self._new_ids:
            yield self._new_ids.popleft()

    def retired_ids(self) -> Iterator[bytes]:
        """Yield the connection ids that are the connection's no longer."""
        while self._retired_ids:
            yield self._retired_ids.popleft()

    def _now_s(self) -> float:
        return self._clock.now_ns() / 1e9

    def _guarded(self, step: Any) -> None:  # noqa: ANN401 - whatever it returns is not looked at
        try:
            step()
        except Exception:  # noqa: BLE001 - others' code on others' octets: the connection's end, not the server's
            self._counters["failed"] += 1
            self._failed = True

    def _heard(self, datagram: Datagram | None) -> None:
        while not self._failed and (event := self._connection.next_event()) is not None:
            self._event(event, datagram)
        if not self._failed and self._asks_too_much():
            self.end(CloseCode.TOO_MUCH)

    def _event(self, event: "QuicEvent", datagram: Datagram | None) -> None:
        from aioquic.quic import events

        match event:
            case events.DatagramFrameReceived() if datagram is not None:
                self._reply(event.data, datagram)
            case events.StreamDataReceived() if self.flow is not None and is_one_way(event.stream_id):
                self.flow.swallow(event.stream_id, len(event.data))
            case events.StreamDataReceived():
                self._gather(event.stream_id, event.data, is_whole=event.end_stream)
            case events.StreamReset() if is_one_way(event.stream_id):
                if self.flow is not None:
                    self.flow.stopped(event.error_code)
            case events.StreamReset():
                self._asked.pop(event.stream_id, None)
                self._connection.reset_stream(event.stream_id, CloseCode.DONE)
            case events.ConnectionIdIssued():
                self._new_ids.append(event.connection_id)
            case events.ConnectionIdRetired():
                self._retired_ids.append(event.connection_id)
            case events.ConnectionTerminated():
                self._failed = True

    def _gather(self, stream: int, octets: bytes, *, is_whole: bool) -> None:
        request = self._asked.setdefault(stream, bytearray())
        request += octets
        if len(request) > MOST_REQUEST_BYTES:
            self.end(CloseCode.TOO_MUCH)
        elif is_whole and self.guest is not None:
            del self._asked[stream]
            self.guest.request(stream, bytes(request), self._clock.now_ns())

    def _asks_too_much(self) -> bool:
        """What it may open and send is bounded here, because aioquic's own windows grow without end."""
        most = (GUESTS_BYTES if self.is_known else STRANGERS_BYTES) + (self.flow.allowed_bytes if self.flow is not None else 0)
        return len(self._connection._streams) > MOST_STREAMS or self._connection._local_max_data.used > most

    def _reply(self, payload: bytes, came: Datagram) -> None:
        waiting = len(self._connection._datagrams_pending)
        may_answer = len(payload) <= MOST_DATAGRAM_BYTES and waiting < MOST_WAITING
        if not may_answer:
            self._counters["datagram_too_long" if waiting < MOST_WAITING else "held_back"] += 1
        reply = None if self.guest is None else self.guest.datagram(payload, came, may_answer=may_answer)
        if reply is not None:
            octets, self.dscp = reply
            self._connection.send_datagram_frame(octets)
