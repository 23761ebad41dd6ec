"""What a stateful reflector remembers of each session, and of all of them no more than it may.

A session is a row of columns, so that one packet and a batch of them are counted in the same memory.
"""

from itertools import islice
from struct import Struct
from typing import Final

import numpy as np

from nra.reflector.columns import SILENT, column, numbers_of, octets_of, table
from nra.reflector.records import PAGE, TOS_UNKNOWN, Records
from nra.reflector.session import Session
from nra.reflector.session_key import ADDRESS, NO_SSID, SSID, SessionKey, source_of
from nra.wire.timestamps import WORD

MAX_SESSIONS: Final = 10_000
OF_ONE_SOURCE: Final = 2_000  # a search up to a thousand calls, and what came before it
LOOKED_AT: Final = 8  # sessions of a source, those opened first, of which the longest silent one makes room for its next one
IDLE_NS: Final = 120_000_000_000  # NAT mappings for UDP live at least this long (RFC 4787 REQ-5)
RECORDS_PER_SESSION: Final = 32_768  # ten minutes at 50 packets/s
RECORDS_IN_ALL: Final = 2_000_000
SETTLED: Final = 25  # replies after which a session may be followed to a new address
NAMESAKES: Final = 32  # sessions of one SSID looked at for that: as many as a run has questions, and forging them must cost us no time
REBINDING_REACH: Final = 250  # how far ahead the first packet from the new address may be: 5 s at 50 packets/s
NOWHERE: Final = -1
"""A session's page or bucket before it has one."""

KEY_BYTES: Final = 24  # of a key in its column: zeros behind it, and how long it is in the last octet, which tells the families apart
KEY_SIZE_AT: Final = KEY_BYTES - 1
ROW_BYTES: Final = 64
ROW: Final = Struct("=6q")
"""A session's row in `Sessions.octets`: last_seen_ns, highest, received, transmitted, page, bucket."""


class Sessions:
    """All sessions: when the cap is reached, the longest silent one goes; a source that has too many loses one of its own."""

    def __init__(self, max_sessions: int = MAX_SESSIONS, idle_ns: int = IDLE_NS, of_one_source: int = OF_ONE_SOURCE) -> None:
        """Start empty."""
        self.idle_ns = idle_ns
        self._of_one_source = of_one_source
        self.rows: dict[SessionKey, int] = {}
        self.keys = column(np.uint8, max_sessions * KEY_BYTES)
        whole = np.int64
        rows = table(
            max_sessions, ROW_BYTES, last_seen_ns=whole, highest=whole, received=whole, transmitted=whole, page=whole, bucket=whole
        )
        rows["last_seen_ns"] = SILENT
        self.octets = octets_of(rows)
        self.last_seen_ns, self.highest = numbers_of(rows, "last_seen_ns"), numbers_of(rows, "highest")
        self.received, self.transmitted = numbers_of(rows, "received"), numbers_of(rows, "transmitted")
        self.page = numbers_of(rows, "page")  # where the newest page of its records is
        self.bucket = numbers_of(rows, "bucket")  # of its source, for whoever looked it up at the guard
        self.records = Records(RECORDS_IN_ALL)
        self.departures = 0  # of keys: rows that were looked up before one are to be looked up again
        self.evicted = 0
        self.rebound = 0
        self._sessions: list[Session | None] = [None] * max_sessions
        self._returned: list[int] = []
        self._fresh = 0
        self._keys_of_ssid: dict[bytes, dict[SessionKey, None]] = {}  # newest last
        self._keys_of_source: dict[bytes, dict[SessionKey, None]] = {}  # likewise
        self._moved: dict[SessionKey, SessionKey] = {}  # from where a NAT took a session to where it is now

    def __len__(self) -> int:
        """Return how many sessions there are."""
        return len(self.rows)

    def of(self, key: SessionKey, sequence: int, now_ns: int) -> Session:
        """Return the session of a packet: the known one, the one that a NAT moved here, or a new one."""
        key = self._current(key, sequence)
        session = self.known(key)
        if session is not None and now_ns - self.last_seen_ns[session.row] > self.idle_ns:
            self._drop(session)
            session = None
        if session is None:
            session = self._take_over(key, sequence, now_ns) or self._open(key)
        self.touch(session.row, sequence, now_ns)
        return session

    def current(self, key: SessionKey, sequence: int) -> Session | None:
        """Return the session that a packet belongs to, None where there is none yet; nothing is changed by it."""
        return self.known(self._current(key, sequence))

    def end(self, session: Session) -> None:
        """Forget a session."""
        self._drop(session)

    def touch(self, row: int, sequence: int, now_ns: int) -> None:
        """Note that a packet of the session came."""
        self.last_seen_ns[row] = now_ns
        if sequence > self.highest[row]:
            self.highest[row] = sequence

    def known(self, key: SessionKey) -> Session | None:
        """Return the session of that key, None where there is none yet."""
        row = self.rows.get(key)
        return None if row is None else self._sessions[row]

    def of_ssid(self, ssid: int) -> list[Session]:
        """Return the sessions that have this SSID, in the order in which they were last filed."""
        return [self.of_row(self.rows[key]) for key in self._keys_of_ssid.get(ssid.to_bytes(2), ())]

    def of_row(self, row: int) -> Session:
        """Return the session of a row that is in use."""
        session = self._sessions[row]
        if session is None:
            raise LookupError(f"nobody's row: {row}")
        return session

    def reflected(self, row: int, sequence: int, received_ns: int, tos: int | None, now_ns: int) -> int:
        """Count a session's packet and its reply, remember how it came, and return the reply's number (RFC 8762 4.3)."""
        self.last_seen_ns[row] = now_ns
        if sequence > self.highest[row]:
            self.highest[row] = sequence
        number = self.transmitted[row]
        self.received[row] += 1
        page, offset = self.page[row], number % PAGE
        place = page + offset if offset and page != NOWHERE else self.place(row, number)
        self.transmitted[row] = number + 1
        records = self.records
        records.senders[place] = sequence
        records.times_ns[place] = received_ns
        records.toses[place] = TOS_UNKNOWN if tos is None else tos
        return number & WORD

    def place(self, row: int, number: int) -> int:
        """Return where the session's record of that number, its next one, belongs."""
        page, offset = self.page[row], number % PAGE
        if offset and page != NOWHERE:
            return page + offset
        return self._turn(self.of_row(row), number - offset) + offset

    def _turn(self, session: Session, first: int) -> int:
        """Give the session one more page; past its share the older half of its records is forgotten."""
        if len(session.pages) >= RECORDS_PER_SESSION // PAGE:
            self._forget(session, max(1, len(session.pages) // 2))
        page = self.records.take()
        while page is None:
            self._shed()
            page = self.records.take()
        if not session.pages:
            session.first = first
        session.pages.append(page)
        self.page[session.row] = page
        return page

    def _forget(self, session: Session, pages: int) -> None:
        self.records.give_back(session.pages[:pages])
        del session.pages[:pages]
        session.first += pages * PAGE
        session.dropped = session.first if session.pages else session.transmitted
        if not session.pages:
            self.page[session.row] = NOWHERE

    def _shed(self) -> None:
        """Let the longest silent sessions lose their records until half of the room is free."""
        for row in np.argsort(np.asarray(self.last_seen_ns), kind="stable").tolist():
            session = self._sessions[row]
            if session is not None:
                self._forget(session, len(session.pages))
            if self.records.used <= self.records.pages // 2:
                return

    def _current(self, key: SessionKey, sequence: int) -> SessionKey:
        """Return where a packet's session is now: those that were under way when a NAT moved it still come from the old address."""
        moved = self._moved.get(key)
        if key in self.rows or moved is None or abs(sequence - self.highest[self.rows[moved]]) > REBINDING_REACH:
            return key
        return moved

    def _take_over(self, key: SessionKey, sequence: int, now_ns: int) -> Session | None:
        """Follow a settled session whose SSID goes on from a new address where the old one stopped: a NAT rebinding.

        SSID 0 is nobody's own. A NAT that forgets gives a new port on the same address; another address is somebody else, who
        may only have guessed SSID and number. Calls that share an SSID are not taken for one another: where several fit, none is.
        """
        if key[SSID] == NO_SSID:
            return None
        fitting = []
        for old in islice(reversed(self._keys_of_ssid.get(key[SSID], {})), NAMESAKES):
            row = self.rows[old]
            if old[ADDRESS] != key[ADDRESS]:
                continue
            is_alive = now_ns - self.last_seen_ns[row] <= self.idle_ns
            if is_alive and self.transmitted[row] > SETTLED and 0 < sequence - self.highest[row] <= REBINDING_REACH:
                fitting.append(old)
        if len(fitting) != 1:
            return None
        (old,) = fitting
        session = self.of_row(self.rows[old])
        self._unfile(session)
        session.key, session.moved_from, self._moved[old] = key, old, key
        self._file(session)
        self.rebound += 1
        return session

    def _open(self, key: SessionKey) -> Session:
        self._make_room_at(source_of(key))
        row = self._free_row()
        session = self._sessions[row] = Session(self, row, key)
        self.received[row] = self.transmitted[row] = 0
        self.highest[row] = -1
        self.page[row] = self.bucket[row] = NOWHERE
        self._file(session)
        return session

    def _make_room_at(self, source: bytes) -> None:
        """Drop one session of a source that has too many; those that are in use are passed over as long as others are at hand."""
        keys = self._keys_of_source.get(source, {})
        if len(keys) >= self._of_one_source:
            first = min(islice(keys, LOOKED_AT), key=lambda key: self.last_seen_ns[self.rows[key]])
            self._drop(self.of_row(self.rows[first]))
            self.evicted += 1
            for key in [*islice(keys, LOOKED_AT - 1)]:  # to be looked at again when all others were
                keys[key] = keys.pop(key)

    def _free_row(self) -> int:
        if not self._returned and self._fresh < len(self._sessions):
            self._fresh += 1
            return self._fresh - 1
        if not self._returned:
            self._drop(self.of_row(int(np.argmin(self.last_seen_ns))))
            self.evicted += 1
        return self._returned.pop()

    def _file(self, session: Session) -> None:
        key, start = session.key, session.row * KEY_BYTES
        self.rows[key] = session.row
        self.keys[start : start + KEY_BYTES] = key.ljust(KEY_SIZE_AT, b"\0") + bytes((len(key),))
        self._keys_of_ssid.setdefault(key[SSID], {})[key] = None
        self._keys_of_source.setdefault(source_of(key), {})[key] = None

    def _unfile(self, session: Session) -> None:
        self.departures += 1
        del self.rows[session.key]
        self.keys[session.row * KEY_BYTES + KEY_SIZE_AT] = 0  # nobody's key
        if session.moved_from is not None:
            self._moved.pop(session.moved_from, None)
        for index, name in ((self._keys_of_ssid, session.key[SSID]), (self._keys_of_source, source_of(session.key))):
            del index[name][session.key]
            if not index[name]:
                del index[name]

    def _drop(self, session: Session) -> None:
        self._unfile(session)
        self._forget(session, len(session.pages))
        self.last_seen_ns[session.row] = SILENT
        self._sessions[session.row] = None
        self._returned.append(session.row)

    def expire(self, now_ns: int) -> None:
        """Drop what has been silent for too long."""
        for row in np.flatnonzero(np.asarray(self.last_seen_ns) < now_ns - self.idle_ns).tolist():
            self._drop(self.of_row(row))
