"""The engine for Linux: many datagrams with one call of the system, plain packets answered where they lie.

A few at a time are answered one by one, which costs less for them than numpy's calls do; what is not plain is left to the core.
"""

from collections.abc import Callable, Sequence
from typing import Final

from nra.net.batched_server import BatchedServerPort, Rows
from nra.net.clock import SystemClock
from nra.net.message_buffers import HEAD_BYTES
from nra.net.server import Datagram
from nra.reflector.core import Reflector
from nra.reflector.engine import GLANCE_S, Engine
from nra.reflector.plain import NOT_PLAIN, Buckets, plainly
from nra.reflector.plain_batch import PlainBatch
from nra.wire.stamp import TIMESTAMP, UNAUTHENTICATED
from nra.wire.timestamps import ntp_from_unix_ns

T3_AT: Final = UNAUTHENTICATED.timestamp
T3_SHARED: Final = 64  # replies that leave with the same T3: they take a quarter of a millisecond to send


class BatchedEngine(Engine):
    """Lends a reflector Linux's sockets and its time; `few` plain packets are cheaper one by one."""

    few = 24
    _port: BatchedServerPort

    def __init__(
        self, reflector: Reflector, binds: Sequence[tuple[str, int]], clock: SystemClock | None = None, *, shared: bool = False
    ) -> None:
        """Bind the addresses; raises CannotListen."""
        super().__init__(reflector, binds, clock, shared=shared)
        self._heads = self._port.buffers.head_octets
        self._buckets = Buckets(reflector)
        self._reflect_plainly = plainly(reflector, self._heads, self._buckets)
        self._batch = PlainBatch(reflector, self._port.buffers.heads)

    def _open(self, binds: Sequence[tuple[str, int]], shared: bool) -> BatchedServerPort:
        return BatchedServerPort(self._clock, binds, shared=shared)

    def run(self, stop: Callable[[], bool]) -> None:
        """Answer until `stop` says so; close the sockets then."""
        port = self._port
        is_alone = len(port.bound) == 1 and not self._services and self._reflector.key is None
        if is_alone:
            port.wait_in_fill(GLANCE_S)
        try:
            while not stop():
                for channel in (0,) if is_alone else port.ready(GLANCE_S):
                    self._serve(channel)
                if port.read_ns >= self._expire_ns:
                    self._expire()
        finally:
            port.close()

    def _serve(self, channel: int) -> None:
        if channel in self._services or self._reflector.key is not None:
            for datagram in self._port.drain(channel):
                self._answer(datagram)
            return
        count = self._port.fill(channel)
        if count > self.few:
            self._reflect_many(count)
            return
        for row in range(count):
            self._reflect_one(row, self._port.read_ns)

    def _reflect_one(self, row: int, now_ns: int) -> None:
        arrived, at = self._port.arrived(row), row * HEAD_BYTES
        if arrived is None:
            self._answer(self._port.datagram(row))
            return
        length, sender, local, received_ns, ttl, tos = arrived
        dscp = self._reflect_plainly(at, length, sender, received_ns, ttl, tos, now_ns)
        if dscp >= 0:
            TIMESTAMP.pack_into(self._heads, at + T3_AT, ntp_from_unix_ns(self._clock.now_ns()))
            if not self._port.send_one(row, length, local, dscp):
                self._reflector.counters["unsendable"] += 1
        elif dscp == NOT_PLAIN:
            self._answer(self._port.datagram(row))

    def _answer(self, datagram: Datagram) -> None:
        super()._answer(datagram)
        self._buckets.heed_the_guard()

    def _reflect_many(self, count: int) -> None:
        self._batch.load(self._port.arrivals())
        row = 0
        while row < count:
            now_ns = self._clock.now_ns()
            run = self._batch.run(row, now_ns)
            if run > self.few:
                rows, dscp = self._batch.reflect(row, run, now_ns)
                self._port.address_replies(rows, dscp)
                self._send_rows(rows)
                row += run
                continue
            for _ in range(max(1, run)):
                self._reflect_one(row, self._clock.now_ns())
                row += 1

    def _send_rows(self, rows: Rows) -> None:
        """Send with a T3 taken as late as possible."""
        first, end = (rows.start, rows.stop) if isinstance(rows, slice) else (0, len(rows))
        for start in range(first, end, T3_SHARED):
            some = slice(start, min(start + T3_SHARED, end)) if isinstance(rows, slice) else rows[start : start + T3_SHARED]
            self._batch.columns.timestamp[some] = ntp_from_unix_ns(self._clock.now_ns())
            unsent = self._port.send(some)
            if unsent:
                self._reflector.counters["unsendable"] += unsent
