"""What a stateful reflector remembers of each session, and of all of them no more than it may."""

from array import array
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from nra.wire.receive_record import ReceiveRecord
from nra.wire.timestamps import ntp_from_unix_ns

MAX_SESSIONS: Final = 10_000
IDLE_NS: Final = 120_000_000_000  # NAT mappings for UDP live at least this long (RFC 4787 REQ-5)
RECORDS_PER_SESSION: Final = 32_768  # ten minutes at 50 packets/s
RECORDS_IN_ALL: Final = 2_000_000
SETTLED: Final = 25  # replies after which a session may be followed to a new address
NAMESAKES: Final = 8  # sessions of one SSID that are looked at for that: an SSID is 16 bits, and forging them must not cost us time
REBINDING_REACH: Final = 250  # how far ahead the first packet from the new address may be: 5 s at 50 packets/s
TOS_UNKNOWN: Final = -1

SessionKey = tuple[int, str, int]  # SSID, source address, source port


@dataclass(slots=True)
class Session:
    """One session's counters and its receive record, oldest first; `dropped` records are no longer there."""

    received: int = 0
    transmitted: int = 0
    highest: int = -1
    last_seen_ns: int = 0
    dropped: int = 0
    moved_from: SessionKey | None = None
    senders: "array[int]" = field(default_factory=lambda: array("I"))
    times_ns: "array[int]" = field(default_factory=lambda: array("q"))
    toses: "array[int]" = field(default_factory=lambda: array("h"))

    def remember(self, sequence: int, received_ns: int, tos: int | None) -> int:
        """Add a record; return by how many the number of records in memory grew (0 or less when old ones went)."""
        self.senders.append(sequence)
        self.times_ns.append(received_ns)
        self.toses.append(TOS_UNKNOWN if tos is None else tos)
        if len(self.senders) <= RECORDS_PER_SESSION:
            return 1
        half = RECORDS_PER_SESSION // 2
        self.forget(half)
        return 1 - half

    def forget(self, count: int) -> None:
        """Drop the oldest records."""
        del self.senders[:count], self.times_ns[:count], self.toses[:count]
        self.dropped += count

    def records(self, first: int, count: int) -> list[ReceiveRecord | None]:
        """Return the records of reflector sequences from `first` on, None for those that are gone, none beyond the newest."""
        found: list[ReceiveRecord | None] = []
        for number in range(first, min(first + count, self.dropped + len(self.senders))):
            index = number - self.dropped
            if index < 0:
                found.append(None)
                continue
            tos = self.toses[index]
            stamp = ntp_from_unix_ns(self.times_ns[index])
            found.append(ReceiveRecord(self.senders[index], stamp, None if tos == TOS_UNKNOWN else tos))
        return found


class Sessions:
    """All sessions, least recently used first: when the cap is reached, the longest silent one goes."""

    def __init__(self, max_sessions: int = MAX_SESSIONS, idle_ns: int = IDLE_NS) -> None:
        """Start empty."""
        self._by_key: OrderedDict[SessionKey, Session] = OrderedDict()
        self._keys_of_ssid: dict[int, dict[SessionKey, None]] = {}  # newest last
        self._moved: dict[SessionKey, SessionKey] = {}  # from where a NAT took a session to where it is now
        self._max = max_sessions
        self._idle_ns = idle_ns
        self._records = 0
        self.evicted = 0
        self.rebound = 0

    def __len__(self) -> int:
        """Return how many sessions there are."""
        return len(self._by_key)

    def of(self, key: SessionKey, sequence: int, now_ns: int) -> Session:
        """Return the session of a packet: the known one, the one that a NAT moved here, or a new one."""
        key = self._current(key, sequence)
        session = self._by_key.get(key)
        if session is not None and now_ns - session.last_seen_ns > self._idle_ns:
            self._drop(key)
            session = None
        if session is None:
            session = self._take_over(key, sequence, now_ns) or self._open(key, now_ns)
        self._by_key.move_to_end(key)
        session.last_seen_ns = now_ns
        session.highest = max(session.highest, sequence)
        return session

    def known(self, key: SessionKey) -> Session | None:
        """Return the session of that key, None where there is none yet."""
        return self._by_key.get(key)

    def _current(self, key: SessionKey, sequence: int) -> SessionKey:
        """Return where a packet's session is now: those that were under way when a NAT moved it still come from the old address."""
        moved = self._moved.get(key)
        if key in self._by_key or moved is None or abs(sequence - self._by_key[moved].highest) > REBINDING_REACH:
            return key
        return moved

    def remember(self, session: Session, sequence: int, received_ns: int, tos: int | None) -> None:
        """Add to the session's receive record; past the overall budget the longest silent sessions lose theirs."""
        self._records += session.remember(sequence, received_ns, tos)
        if self._records > RECORDS_IN_ALL:
            self._shed()

    def _shed(self) -> None:
        for session in self._by_key.values():
            count = len(session.senders)
            session.forget(count)
            self._records -= count
            if self._records <= RECORDS_IN_ALL // 2:
                return

    def _take_over(self, key: SessionKey, sequence: int, now_ns: int) -> Session | None:
        """Follow a settled session whose SSID goes on from a new address where the old one stopped: a NAT rebinding.

        SSID 0 is nobody's own. A NAT that forgets gives a new port on the same address; another address is somebody else, who
        may only have guessed SSID and number.
        """
        if key[0] == 0:
            return None
        for old in islice(reversed(self._keys_of_ssid.get(key[0], {})), NAMESAKES):
            session = self._by_key[old]
            if old[1] != key[1]:
                continue
            is_alive = now_ns - session.last_seen_ns <= self._idle_ns
            if is_alive and session.transmitted > SETTLED and 0 < sequence - session.highest <= REBINDING_REACH:
                self._drop(old)
                self._records += len(session.senders)
                self._insert(key, session)
                session.moved_from, self._moved[old] = old, key
                self.rebound += 1
                return session
        return None

    def _open(self, key: SessionKey, now_ns: int) -> Session:
        while len(self._by_key) >= self._max:
            self._drop(next(iter(self._by_key)))
            self.evicted += 1
        session = Session(last_seen_ns=now_ns)
        self._insert(key, session)
        return session

    def _insert(self, key: SessionKey, session: Session) -> None:
        self._by_key[key] = session
        self._keys_of_ssid.setdefault(key[0], {})[key] = None

    def _drop(self, key: SessionKey) -> None:
        session = self._by_key.pop(key)
        if session.moved_from is not None:
            self._moved.pop(session.moved_from, None)
        self._records -= len(session.senders)
        keys = self._keys_of_ssid[key[0]]
        del keys[key]
        if not keys:
            del self._keys_of_ssid[key[0]]

    def expire(self, now_ns: int) -> None:
        """Drop what has been silent for too long; the order of use makes this cheap."""
        while self._by_key:
            key, session = next(iter(self._by_key.items()))
            if now_ns - session.last_seen_ns <= self._idle_ns:
                return
            self._drop(key)
