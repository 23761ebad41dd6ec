"""UDP with the kernel's own receive stamps, for systems with `recvmsg` (Linux, macOS, the BSDs)."""

import select
import selectors
import socket
from collections.abc import Sequence
from typing import Final

from nra.model.sample import StampKind
from nra.net.clock import SystemClock, WallStamps
from nra.net.error_queue import ask_for_errors, failures_of, read_errors
from nra.net.failures import classify, network_error
from nra.net.ports import Arrival, Refusal, Transmission
from nra.net.sockets import make_room, open_connected, send_now
from nra.net.stamps import CONTROL_BYTES, NUMBERS, Control, read_control

DATAGRAM_BYTES: Final = 65535
DRAIN: Final = 64  # datagrams read from one socket before its neighbours get their turn
PLAUSIBLE_NS: Final = 10_000_000_000  # a datagram that waited longer than this was stamped around a clock step


class KernelStampedPort:
    """Connected sockets, one per channel; every arrival carries the kernel's stamp on the line of our clock."""

    def __init__(self, clock: SystemClock, address: str, port: int, channels: int, dscp: int, local_port: int = 0) -> None:
        """Open the sockets; raises NetworkError."""
        self._clock = clock
        self._wall = WallStamps(clock)
        self._sockets: list[socket.socket] = []
        self._drops = [0] * channels
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
        send_now(self._sockets[transmission.channel], transmission.payload)

    def receive(self, until_ns: int) -> Sequence[Arrival | Refusal]:
        """Wait until something arrives or the time is reached.

        `select` waits to the microsecond but takes no descriptor above 1023, epoll takes any but rounds its waits up to
        milliseconds: so the one waits for the other.
        """
        wait_s = max(0.0, (until_ns - self._clock.now_ns()) / 1e9)
        ready, _, _ = select.select([self._selector], (), (), wait_s)
        if not ready:
            return ()
        stepped = self._wall.stepped()
        events: list[Arrival | Refusal] = []
        for key, _ in self._selector.select(0):
            self._drain(self._sockets[key.data], key.data, stepped, events)
        return events

    def _drain(self, sock: socket.socket, channel: int, stepped: bool, events: list[Arrival | Refusal]) -> None:
        for count in range(DRAIN):
            try:
                payload, ancillary, _, _ = sock.recvmsg(DATAGRAM_BYTES, CONTROL_BYTES)
            except OSError as error:
                if count == 0 or not isinstance(error, BlockingIOError):
                    events += self._refusals(sock, channel, error)
                return
            control = read_control(ancillary)
            if control.drops is not None:
                self._drops[channel] = control.drops
            events.append(self._arrival(channel, payload, control, stepped))

    def _refusals(self, sock: socket.socket, channel: int, error: OSError) -> list[Refusal]:
        """Return why a socket was readable without a datagram: each ICMP error by itself, else what the system's call said.

        A `send` that met the error took its number away and left the evidence in the queue, for which the socket stays readable.
        """
        read_ns = self._clock.now_ns()
        queued = read_errors(sock)
        if queued:
            failures = failures_of(queued, "receive", str(sock.getsockname()[0]))
        else:
            failures = [] if isinstance(error, BlockingIOError) else [classify(error, "receive")]
        return [Refusal(channel=channel, failure=failure, read_ns=read_ns) for failure in failures]

    def _arrival(self, channel: int, payload: bytes, control: Control, stepped: bool) -> Arrival:
        read_ns = self._clock.now_ns()
        received_ns, stamp = read_ns, StampKind.USER
        if control.wall_ns is not None and not stepped:
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

    def close(self) -> None:
        """Close the sockets."""
        self._selector.close()
        for sock in self._sockets:
            sock.close()
