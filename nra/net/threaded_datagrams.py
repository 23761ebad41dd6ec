"""UDP with stamps of our own, for Windows: no `recvmsg` there, and waits with a time-out step by 15.6 ms.

Threads sit in `select` and stamp what they read; the measuring thread sleeps (high resolution since Python 3.11).
"""

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from nra.model.sample import StampKind
from nra.net.clock import SystemClock, WallStamps
from nra.net.datagrams import DATAGRAM_BYTES
from nra.net.failures import classify
from nra.net.pacing import PACING
from nra.net.ports import Arrival, Equipment, Refusal, Transmission
from nra.net.quiet import WORDS
from nra.net.sockets import open_connected, receive_buffer, send_now

SLICE_S: Final = 0.002  # an answer is noticed this late at most; its stamp was taken when it came
CLOSING_S: Final = 0.1
MOST_SELECTED: Final = 500  # sockets that one `select` takes on Windows: 512 (FD_SETSIZE)


class ThreadStampedPort:
    """Connected sockets, one per channel, read by a thread of their own (by several where there are many sockets)."""

    def __init__(self, clock: SystemClock, address: str, port: int, channels: int, dscp: int, local_port: int = 0) -> None:
        """Open the sockets and start reading; raises NetworkError."""
        self._clock = clock
        self._wall = WallStamps(clock)
        self._sockets: list[socket.socket] = []
        self._events: deque[Arrival | Refusal] = deque()
        self._closing = False
        try:
            for channel in range(channels):
                self._sockets.append(open_connected(address, port, dscp, local_port if channel == 0 else 0))
        except BaseException:
            self._close_sockets()
            raise
        self._readers = [
            threading.Thread(target=self._read, args=(first,), name="nra-reader", daemon=True)
            for first in range(0, channels, MOST_SELECTED)
        ]
        for reader in self._readers:
            reader.start()

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
        """Wait until something arrives or the time is reached."""
        while not self._events and (left_ns := until_ns - self._clock.now_ns()) > 0:
            time.sleep(min(left_ns / 1e9, SLICE_S))
        return [self._events.popleft() for _ in range(len(self._events))]

    def _read(self, first: int) -> None:
        channel_of = {sock: channel for channel, sock in enumerate(self._sockets[first : first + MOST_SELECTED], first)}
        while not self._closing:
            try:
                readable, _, _ = select.select(channel_of, (), (), CLOSING_S)
            except (OSError, ValueError):  # closed under our feet
                return
            for sock in readable:
                self._read_one(sock, channel_of[sock])

    def _read_one(self, sock: socket.socket, channel: int) -> None:
        try:
            payload = sock.recv(DATAGRAM_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._events.append(Refusal(channel=channel, failure=classify(error, "receive"), read_ns=self._clock.now_ns()))
            return
        now_ns = self._clock.now_ns()
        self._events.append(Arrival(channel=channel, payload=payload, received_ns=now_ns, read_ns=now_ns, stamp=StampKind.USER))

    def local_drops(self) -> int | None:
        """Return None: this way of reading is not told of drops."""
        return None

    def clock_steps_ns(self) -> tuple[int, ...]:
        """Return the steps of the wall clock noticed since the port was opened."""
        self._wall.stepped()
        return tuple(self._wall.steps_ns)

    def left_ns(self, channel: int) -> Sequence[int]:
        """Return nothing: this system does not stamp what is sent."""
        return ()

    def equipment(self) -> Equipment:
        """Return how slots are met here, and the smallest buffer that was granted."""
        granted = [size for size in map(receive_buffer, self._sockets) if size is not None]
        return Equipment(pacing=f"{PACING.words}; {WORDS}", receive_buffer_bytes=min(granted, default=None))

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            sock.close()

    def close(self) -> None:
        """Stop reading and close the sockets."""
        self._closing = True
        for reader in self._readers:
            reader.join(timeout=2 * CLOSING_S)
        self._close_sockets()
