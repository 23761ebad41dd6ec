"""The core's law for plain packets of sessions that are under way, where they lie: many at once, a numpy call for each of its sentences.

All packets of a batch are answered as if at one moment: `now_ns`. What each session and each source of tokens did before its
first packet of the batch stands in the columns of `Sessions` and `Guard`; the rest is its place among its own.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nra.net.message_buffers import Arrivals
from nra.reflector.core import DSCP_SHIFT, ERROR_ESTIMATE, Reflector
from nra.reflector.lookup import STRANGER, Ints, Lookup
from nra.reflector.records import PAGE
from nra.reflector.session_key import address_of
from nra.reflector.sessions import KEY_BYTES, KEY_SIZE_AT, NOWHERE
from nra.wire.stamp_plain_columns import PlainColumns, Rows
from nra.wire.timestamps import SECOND_NS

NEIGHBOURS: Final = 64  # packets that are looked at first: in a flood of strangers a packet must not cost a look at the whole batch


class Groups(NamedTuple):
    """Values that are equal, put together: `order` sorts them, group by group, each in the order of arrival."""

    order: NDArray[np.intp]
    values: Ints
    starts: NDArray[np.intp]
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, values: Ints) -> "Groups":
        """Group these values."""
        order = values.argsort(kind="stable")
        ordered = values[order]
        begins = np.empty(len(values), np.bool_)
        begins[0] = True
        np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
        starts = begins.nonzero()[0]
        counts = np.empty_like(starts)
        np.subtract(starts[1:], starts[:-1], out=counts[:-1])
        counts[-1] = len(values) - starts[-1]
        return cls(order, ordered[starts], starts, counts)

    def spread(self, column: NDArray[Any]) -> NDArray[Any]:
        """Return for each value, in `order`, what its group has."""
        return column.repeat(self.counts)

    def ranks(self) -> Ints:
        """Return for each value, in `order`, how many of its group came before it."""
        ranks: Ints = np.arange(len(self.order))
        ranks -= self.spread(self.starts)
        return ranks


class PlainBatch:
    """What it writes and counts is what the core would have, asked packet by packet."""

    def __init__(self, reflector: Reflector, frames: NDArray[np.uint8]) -> None:
        """Work on packets that lie in `frames`, one a row."""
        self._reflector = reflector
        self.columns = PlainColumns(frames)
        sessions, guard = reflector.sessions, reflector.guard
        self._received = np.asarray(sessions.received)
        self._transmitted = np.asarray(sessions.transmitted)
        self._highest = np.asarray(sessions.highest)
        self._last_seen_ns = np.asarray(sessions.last_seen_ns)
        self._page = np.asarray(sessions.page)
        self._bucket = np.asarray(sessions.bucket)
        self._tokens = np.asarray(guard.tokens)
        self._then_ns = np.asarray(guard.then_ns)
        self._arrivals = Arrivals(*(np.zeros(0, np.int64),) * 4, (), np.zeros(0, np.bool_))
        self._plainly = self._asking = np.zeros(0, np.bool_)
        self._keys = np.zeros((0, KEY_BYTES), np.uint8)
        self._lookup = Lookup(sessions)
        self._rows = np.zeros(0, np.int64)  # of the sessions, packet by packet
        self._departures = self._until = 0  # of the sessions when rows were looked up, and for which packets

    def load(self, arrivals: Arrivals) -> None:
        """Take up a new batch."""
        count = len(arrivals.lengths)
        self._arrivals = arrivals
        plain, self._asking = self.columns.recognized(arrivals.lengths)
        self._plainly = plain & arrivals.told
        self._keys = self._keys_of(arrivals)
        self._rows = np.empty(count, np.int64)
        self._look_up(0, count)

    def _keys_of(self, arrivals: Arrivals) -> NDArray[np.uint8]:
        """Return the keys as they stand in `Sessions.keys`."""
        count, at = len(arrivals.lengths), 0
        keys = np.zeros((count, KEY_BYTES), np.uint8)
        for part in (*arrivals.senders, self.columns.ssid[:count]):
            size = part.itemsize
            keys[:, at : at + size].view(part.dtype)[:, 0] = part
            at += size
        keys[:, KEY_SIZE_AT] = at
        return keys

    def _look_up(self, first: int, until: int) -> None:
        self._departures, self._until = self._reflector.sessions.departures, until
        self._rows[first:until] = self._lookup.rows_of(self._keys[first:until])

    def run(self, first: int, now_ns: int) -> int:
        """Return how many packets from `first` on are plain and of sessions under way: so many may be reflected at once.

        What would make a session or a source lose its memory to another one is left to the core, which does one after the other.
        """
        sessions = self._reflector.sessions
        if not self._plainly[first] or sessions.records.free < len(self._rows):
            return 0
        if sessions.departures != self._departures:
            self._look_up(first, min(first + NEIGHBOURS, len(self._rows)))
        elif first >= self._until:
            self._look_up(first, len(self._rows))
        if self._rows[first] == STRANGER:  # whom the packet before it may have made known
            self._rows[first : first + 1] = self._lookup.rows_of(self._keys[first : first + 1])
            if self._rows[first] == STRANGER:
                return 0
        for until in (min(first + NEIGHBOURS, self._until), self._until):
            takes = self._takes(first, until, now_ns)
            if not takes.all():
                return int(takes.argmin())
        return self._until - first

    def _takes(self, first: int, until: int, now_ns: int) -> NDArray[np.bool_]:
        sessions, rows = self._reflector.sessions, self._rows[first:until]
        takes: NDArray[np.bool_] = self._plainly[first:until] & (rows != STRANGER)
        takes &= now_ns - self._last_seen_ns[rows] <= sessions.idle_ns
        if self._reflector.guard.rate_per_s:
            takes &= self._bucket[rows] != NOWHERE
        return takes

    def reflect(self, first: int, count: int, now_ns: int) -> tuple[Rows, NDArray[Any]]:
        """Make the packets of a run their replies, but for T3; return those that are answered, and with which DSCP."""
        self._reflector.counters["received"] += count
        rows: Rows = slice(first, first + count)
        granted = self._granted(rows, now_ns)
        refused = {} if granted is None else {"rate_limited": first + np.flatnonzero(~granted)}
        if granted is not None:
            rows = first + np.flatnonzero(granted)
        guard = self._reflector.guard
        if guard.total_per_s:
            rows = np.arange(first, first + count) if isinstance(rows, slice) else rows
            within = guard.take_of_all(len(rows), now_ns)
            refused["total_limited"], rows = rows[within:], rows[:within]
        dscp = self._answer(rows, now_ns) if isinstance(rows, slice) or len(rows) else np.zeros(0, np.uint8)
        for reason, those in refused.items():
            self._refuse(those, reason)  # tokens are gone for the rest of the moment: these came behind those of their sessions
        return rows, dscp

    def _refuse(self, rows: NDArray[np.intp], reason: str) -> None:
        if len(rows):
            groups = Groups.of(self._rows[rows])
            self._received[groups.values] += groups.counts
            for session, count in zip(groups.values.tolist(), groups.counts.tolist(), strict=True):
                self._reflector.refuse(reason, address_of(self._reflector.sessions.of_row(session).key), count)

    def _answer(self, rows: Rows, now_ns: int) -> NDArray[Any]:
        numbers, received = self._count(rows, now_ns)
        self._reflector.counters["answered"] += len(numbers)
        arrivals, columns = self._arrivals, self.columns
        columns.answer(rows, numbers, arrivals.received_ns[rows], arrivals.ttl[rows], ERROR_ESTIMATE)
        asking, tos = self._asking[rows], arrivals.tos[rows]
        if asking.all():
            return columns.answer_tlvs(rows, tos, received, numbers + 1)
        dscp = tos >> DSCP_SHIFT
        if asking.any():
            some = np.arange(len(self._rows))[rows][asking]
            dscp[asking] = columns.answer_tlvs(some, tos[asking], received[asking], numbers[asking] + 1)
        return dscp

    def _count(self, rows: Rows, now_ns: int) -> tuple[Ints, Ints]:
        """Count packets and replies in their sessions; return for each reply its number and how many were received until then."""
        sequences = self.columns.sequence[: len(self._rows)][rows].astype(np.int64)
        groups = Groups.of(self._rows[rows])
        sessions, order = groups.values, groups.order
        ranks, ordered = groups.ranks(), sequences[order]
        self._last_seen_ns[sessions] = now_ns
        self._highest[sessions] = np.maximum(self._highest[sessions], np.maximum.reduceat(ordered, groups.starts))
        transmitted, before = self._transmitted[sessions], self._received[sessions]
        places = self._places(groups, transmitted, ranks)
        self._transmitted[sessions] = transmitted + groups.counts
        self._received[sessions] = before + groups.counts
        self._remember(places, ordered, rows, order)
        numbers, received = np.empty_like(ranks), np.empty_like(ranks)
        numbers[order] = groups.spread(transmitted) + ranks
        received[order] = groups.spread(before) + ranks + 1
        return numbers, received

    def _places(self, groups: Groups, transmitted: Ints, ranks: Ints) -> Ints:
        """Return where the records of the packets belong, in the groups' order; turn pages that are full."""
        offsets = transmitted % PAGE
        turns = (offsets == 0) | (self._page[groups.values] == NOWHERE) | (offsets + groups.counts > PAGE)
        places = groups.spread(self._page[groups.values] + offsets) + ranks
        for group in np.flatnonzero(turns).tolist():
            at, row, number = int(groups.starts[group]), int(groups.values[group]), int(transmitted[group])
            end = at + int(groups.counts[group])
            while at < end:
                place = self._reflector.sessions.place(row, number)
                taken = min(PAGE - number % PAGE, end - at)
                places[at : at + taken] = np.arange(place, place + taken)
                at, number = at + taken, number + taken
        return places

    def _remember(self, places: Ints, sequences: Ints, rows: Rows, order: NDArray[np.intp]) -> None:
        records, arrivals = self._reflector.sessions.records, self._arrivals
        np.asarray(records.senders)[places] = sequences
        np.asarray(records.times_ns)[places] = arrivals.received_ns[rows][order]
        np.asarray(records.toses)[places] = arrivals.tos[rows][order]

    def _granted(self, rows: Rows, now_ns: int) -> NDArray[np.bool_] | None:
        """Take the sources' tokens; return which packets have one, None where all have."""
        rate = self._reflector.guard.rate_per_s
        if not rate:
            return None
        buckets = self._bucket[self._rows[rows]]
        now = np.maximum(self._then_ns[buckets], now_ns)
        passed = np.minimum(now - self._then_ns[buckets], SECOND_NS)
        tokens = np.minimum(rate, self._tokens[buckets] + passed * rate / SECOND_NS)
        self._then_ns[buckets] = now
        groups = Groups.of(buckets)
        first = tokens[groups.order[groups.starts]]
        self._tokens[groups.values] = first - np.minimum(groups.counts, np.floor(first))
        if (first >= groups.counts).all():
            return None
        granted = np.empty(len(tokens), np.bool_)
        granted[groups.order] = groups.spread(first) - groups.ranks() >= 1
        return granted
