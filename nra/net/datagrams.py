"""UDP with the kernel's own stamps, for systems with `recvmsg` (Linux, macOS, the BSDs); of what is sent, Linux alone has them."""

import select
import selectors
import socket
from collections.abc import Sequence
from typing import Final

from nra.model.sample import StampKind
from nra.net.clock import SystemClock, WallStamps
from nra.net.error_queue import QueuedError, ask_for_errors, failures_of
from nra.net.failures import classify, network_error
from nra.net.pacing import PACING
from nra.net.ports import Arrival, Equipment, Refusal, Transmission
from nra.net.quiet import WORDS
from nra.net.sockets import make_room, open_connected, receive_buffer, send_now
from nra.net.stamps import CONTROL_BYTES, NUMBERS, Control, read_control
from nra.net.tx_stamps import MOST_ENTRIES, Departures, read_queue

DATAGRAM_BYTES: Final = 65535
DRAIN: Final = 64  # datagrams read from one socket before its neighbours get their turn
PLAUSIBLE_NS: Final = 10_000_000_000  # a datagram that waited longer than this was stamped around a clock step


class KernelStampedPort:
    """Connected sockets, one per channel; what arrives and what leaves has the kernel's stamp on the line of our clock."""

    def __init__(self, clock: SystemClock, address: str, port: int, channels: int, dscp: int, local_port: int = 0) -> None:
        """Open the sockets; raises NetworkError."""
        self._clock = clock
        self._wall = WallStamps(clock)
        self._sockets: list[socket.socket] = []
        self._drops = [0] * channels
        self._departures: list[Departures] = []
        self._just_sent: list[int] = []  # channels whose stamps are due
        self._events: list[Arrival | Refusal] = []  # what was met in the error queue meanwhile
        self._stepped = False  # the wall clock, since arrivals were last read
        self._turn = DRAIN if channels == 1 else 1  # of many sockets each seldom holds two: looking for a second costs as much as a first
        self._buffer = memoryview(bytearray(DATAGRAM_BYTES))
        make_room(channels)
        try:
            self._selector = selectors.DefaultSelector()
        except OSError as error:  # epoll takes a file descriptor
            raise network_error(error, "open socket") from error
        try:
            for channel in range(channels):
                sock = open_connected(address, port, dscp, local_port if channel == 0 else 0)
                ask_for_errors(sock)
                self._sockets.append(sock)
                self._departures.append(Departures(sock))
                self._selector.register(sock, selectors.EVENT_READ, channel)
        except BaseException:
            self.close()
            raise

    @property
    def local_address(self) -> str:
        """The address that this workstation sends from."""
        return str(self._sockets[0].getsockname()[0])

    def local_port(self, channel: int) -> int:
        """Return the local port of one channel."""
        return int(self._sockets[channel].getsockname()[1])

    def send(self, transmission: Transmission) -> None:
        """Send one datagram; raises NetworkError."""
        channel = transmission.channel
        send_now(self._sockets[channel], transmission.payload, lambda: self._number_anew(channel))
        if self._departures[channel].is_asked:
            self._departures[channel].sent()
            self._just_sent.append(channel)

    def _number_anew(self, channel: int) -> None:
        """The system would not send a datagram: what it stamped before goes by the old numbers, and errors left would end the next too."""
        self._stepped |= self._wall.stepped()
        self._events += self._told(channel, self._read_queue(channel))
        self._departures[channel].not_sent()

    def receive(self, until_ns: int) -> Sequence[Arrival | Refusal]:
        """Wait until something arrives or the time is reached.

        `select` waits to the microsecond but takes no descriptor above 1023, epoll takes any but rounds its waits up to
        milliseconds: so the one waits for the other.
        """
        self._collect()
        events, self._events = self._events, []
        ready = self._selector.select(0)
        if not ready and not events and (wait_ns := until_ns - self._clock.now_ns()) > 0:
            select.select([self._selector], (), (), wait_ns / 1e9)
            ready = self._selector.select(0)
        if ready:
            self._stepped |= self._wall.stepped()
            for key, _ in ready:
                self._drain(self._sockets[key.data], key.data, events)
        self._stepped = False
        return events

    def _collect(self) -> None:
        """Read the stamps of what was just sent, before they make the sockets readable."""
        if not self._just_sent:
            return
        self._stepped |= self._wall.stepped()
        for channel in self._just_sent:
            errors = self._read_queue(channel, self._departures[channel].awaited)
            if errors:
                self._events += self._told(channel, errors)
        self._just_sent.clear()

    def _drain(self, sock: socket.socket, channel: int, events: list[Arrival | Refusal]) -> None:
        for count in range(self._turn):
            try:
                size, ancillary, _, _ = sock.recvmsg_into([self._buffer], CONTROL_BYTES)
            except OSError as error:
                if count == 0 or not isinstance(error, BlockingIOError):
                    events += self._refusals(channel, error)
                return
            control = read_control(ancillary)
            if control.drops is not None:
                self._drops[channel] = control.drops
            events.append(self._arrival(channel, bytes(self._buffer[:size]), control))

    def _refusals(self, channel: int, error: OSError) -> list[Refusal]:
        """Return why a socket was readable without a datagram: each ICMP error by itself, else what the system's call said.

        A `send` that met the error took its number away and left the evidence in the queue, for which the socket stays readable.
        """
        errors = self._read_queue(channel)
        if errors:
            return self._told(channel, errors)
        failures = [] if isinstance(error, BlockingIOError) else [classify(error, "receive")]
        return [Refusal(channel=channel, failure=failure, read_ns=self._clock.now_ns()) for failure in failures]

    def _read_queue(self, channel: int, most: int = MOST_ENTRIES) -> list[QueuedError]:
        """Place the stamps that lie in a socket's error queue, and return its errors; a stamp from around a step has no place."""
        stamps, errors = read_queue(self._sockets[channel], most)
        if not self._stepped:
            for number, wall_ns in stamps:
                self._departures[channel].stamped(number, self._wall.on_line(wall_ns))
        return errors

    def _told(self, channel: int, errors: list[QueuedError]) -> list[Refusal]:
        read_ns = self._clock.now_ns()
        here = str(self._sockets[channel].getsockname()[0])
        return [Refusal(channel=channel, failure=failure, read_ns=read_ns) for failure in failures_of(errors, "receive", here)]

    def _arrival(self, channel: int, payload: bytes, control: Control) -> Arrival:
        read_ns = self._clock.now_ns()
        received_ns, stamp = read_ns, StampKind.USER
        if control.wall_ns is not None and not self._stepped:
            on_line = self._wall.on_line(control.wall_ns)
            if read_ns - PLAUSIBLE_NS < on_line <= read_ns:
                received_ns, stamp = on_line, StampKind.KERNEL
        return Arrival(
            channel=channel, payload=payload, received_ns=received_ns, read_ns=read_ns, stamp=stamp, ttl=control.ttl, tos=control.tos
        )

    def local_drops(self) -> int | None:
        """Return how many datagrams our own sockets dropped (SO_RXQ_OVFL), None where the system does not count."""
        return sum(self._drops) if NUMBERS is not None and NUMBERS.drops_option is not None else None

    def clock_steps_ns(self) -> tuple[int, ...]:
        """Return the steps of the wall clock noticed since the port was opened."""
        return tuple(self._wall.steps_ns)

    def left_ns(self, channel: int) -> Sequence[int]:
        """Return the kernel's stamps of what was sent on a channel, those that came last included."""
        self._just_sent.append(channel)
        self._collect()
        return self._departures[channel].left_ns

    def equipment(self) -> Equipment:
        """Return how slots are met here, and the smallest buffer that was granted."""
        granted = [size for size in map(receive_buffer, self._sockets) if size is not None]
        return Equipment(pacing=f"{PACING.words}; {WORDS}", receive_buffer_bytes=min(granted, default=None))

    def close(self) -> None:
        """Close the sockets."""
        self._selector.close()
        for sock in self._sockets:
            sock.close()
