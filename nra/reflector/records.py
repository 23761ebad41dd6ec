"""The receive records of all sessions: rows of fixed size, cut into pages that sessions take one by one and give back."""

from collections.abc import Iterable
from struct import Struct
from typing import Final

import numpy as np

from nra.reflector.columns import numbers_of, octets_of, table
from nra.wire.receive_record import ReceiveRecord
from nra.wire.timestamps import ntp_from_unix_ns

PAGE: Final = 64  # records: a session that is just beginning must not cost much
TOS_UNKNOWN: Final = -1
RECORD_BYTES: Final = 16
RECORD: Final = Struct("=qIh")
"""A record in `Records.octets`: T2 (ns), the sender's number, TOS."""


class Records:
    """A record's place is its page's place and its number within the page."""

    def __init__(self, records: int) -> None:
        """Have room for so many, in whole pages; the system gives the memory as it is written."""
        self.pages = max(1, records // PAGE)
        self._fresh = 0
        self._returned: list[int] = []
        rows = table(self.pages * PAGE, RECORD_BYTES, times_ns=np.int64, senders=np.uint32, toses=np.int16)
        self.octets = octets_of(rows)
        self.times_ns, self.senders, self.toses = (numbers_of(rows, name) for name in ("times_ns", "senders", "toses"))

    @property
    def used(self) -> int:
        """How many pages are taken."""
        return self._fresh - len(self._returned)

    @property
    def free(self) -> int:
        """How many pages are not."""
        return self.pages - self.used

    def take(self) -> int | None:
        """Return the place of a page that is free, None when none is."""
        if self._returned:
            return self._returned.pop()
        if self._fresh == self.pages:
            return None
        self._fresh += 1
        return (self._fresh - 1) * PAGE

    def give_back(self, places: Iterable[int]) -> None:
        """Take pages back."""
        self._returned.extend(places)

    def read(self, place: int) -> ReceiveRecord:
        """Return the record of a place."""
        tos = self.toses[place]
        return ReceiveRecord(self.senders[place], ntp_from_unix_ns(self.times_ns[place]), None if tos == TOS_UNKNOWN else tos)
