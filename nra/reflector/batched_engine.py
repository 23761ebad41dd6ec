"""The engine for Linux: many datagrams with one call of the system, plain packets answered where they lie.

A few at a time are answered one by one, which costs less for them than numpy's calls do; what is not plain is left to the core.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from nra.net.batched_server import BatchedServerPort, Rows
from nra.net.clock import SystemClock
from nra.net.message_buffers import HEAD_BYTES
from nra.net.server import Datagram
from nra.reflector.core import Reflector
from nra.reflector.engine import GLANCE_S, Engine
from nra.reflector.lone import NOTHING, Answer, answering
from nra.reflector.plain import NOT_PLAIN, Buckets, Tally, plainly
from nra.reflector.plain_batch import PlainBatch
from nra.wire.stamp import TIMESTAMP, UNAUTHENTICATED
from nra.wire.timestamps import ntp_from_unix_ns

T3_AT: Final = UNAUTHENTICATED.timestamp
GLANCE_NS: Final = round(GLANCE_S * 1e9)
BUSY_NS: Final = 100_000  # between two datagrams: more may be waiting behind them
T3_SHARED: Final = 64  # replies that leave with the same T3: they take a quarter of a millisecond to send


class BatchedEngine(Engine):
    """Lends a reflector Linux's sockets and its time; `few` plain packets are cheaper one by one."""

    name = "batched"
    few = 24
    _port: BatchedServerPort

    def __init__(
        self, reflector: Reflector, binds: Sequence[tuple[str, int]], clock: SystemClock | None = None, *, shared: bool = False
    ) -> None:
        """Bind the addresses; raises CannotListen."""
        super().__init__(reflector, binds, clock, shared=shared)
        self._heads = self._port.buffers.head_octets
        self._buckets = Buckets(reflector)
        self._tally = Tally(reflector)
        self._reflect_plainly = plainly(reflector, self._heads, self._buckets, self._tally)
        self._batch = PlainBatch(reflector, self._port.buffers.heads)

    def _open(self, binds: Sequence[tuple[str, int]], shared: bool) -> BatchedServerPort:
        return BatchedServerPort(self._clock, binds, shared=shared)

    def run(self, stop: Callable[[], bool]) -> None:
        """Answer until `stop` says so; close the sockets then."""
        port = self._port
        is_alone = len(port.bound) == 1 and not self._services and not self._reflector.authenticated_only
        if is_alone:
            port.wait_in_take(GLANCE_S)
        answers = {port.file(channel): self._answering(channel) for channel in range(len(port.bound))}
        try:
            while not stop():
                if is_alone:
                    self._alone(*answers.values())
                else:
                    self._together(answers)
                self._tally.tell()
                self._expire()
                self.errands.serve()
        finally:
            self._tally.tell()
            port.close()

    def _alone(self, answer: Answer) -> None:
        """Answer for a glance's time: one after the other, or many while they come so fast; return when nothing comes for as long."""
        read_ns = self._clock.now_ns()
        until_ns = read_ns + GLANCE_NS
        while read_ns < until_ns:
            before_ns, read_ns = read_ns, answer()
            if read_ns == NOTHING:
                return
            if read_ns - before_ns < BUSY_NS:
                while self._serve(0) > self.few and self._port.read_ns < until_ns:
                    pass

    def _together(self, answers: Mapping[int, Answer]) -> None:
        """Likewise with several channels, by their files: the wait is a call of its own then."""
        poll, read_ns = self._port.poll, self._clock.now_ns()
        until_ns = read_ns + GLANCE_NS
        while read_ns < until_ns:
            events = poll(GLANCE_S * 1000)
            if not events:
                return
            before_ns = read_ns
            for file, _ in events:
                read_ns = answers[file]() or read_ns
            if read_ns - before_ns < BUSY_NS:
                for file, _ in events:
                    self._serve(self._port.channel(file))

    def _answering(self, channel: int) -> Answer:
        """Return what answers a channel's next datagram, or all that it has where it is not STAMP's or all packets are the core's."""
        port, desk = self._port, self._port.desk(channel)

        def drained() -> int:
            self._serve(channel)
            return self._clock.now_ns()

        def otherwise(length: int, read_ns: int) -> None:
            self._answer(port.datagram_on(desk, channel, length, read_ns))

        if channel in self._services or self._reflector.authenticated_only:
            return drained
        reflect = plainly(self._reflector, desk.octets, self._buckets, self._tally)
        return answering(port, desk, port.file(channel), self._clock, reflect, otherwise, self._count_unsendable)

    def _serve(self, channel: int) -> int:
        """Answer what a channel has, and return how many that were in the rows."""
        if channel in self._services or self._reflector.authenticated_only:
            for datagram in self._port.drain(channel):
                self._answer(datagram)
            return 0
        count = self._port.fill(channel)
        if count > self.few:
            self._reflect_many(count)
            return count
        for row in range(count):
            self._reflect_one(row, self._port.read_ns)
        return count

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
                self._count_unsendable()
        elif dscp == NOT_PLAIN:
            self._answer(self._port.datagram(row))

    def _count_unsendable(self) -> None:
        self._reflector.unanswered()

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
                self._reflector.unanswered(unsent)
