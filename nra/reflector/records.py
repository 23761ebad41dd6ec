"""The receive records of all sessions: columns of fixed size, cut into pages that sessions take one by one and give back."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from nra.reflector.columns import column
from nra.wire.receive_record import ReceiveRecord
from nra.wire.timestamps import ntp_from_unix_ns

PAGE: Final = 64  # records: a session that is just beginning must not cost much
TOS_UNKNOWN: Final = -1
KINDS: Final = (np.uint32, np.int64, np.int16)  # of the sender's numbers, T2, and TOS


class Records:
    """A record's place is its page's place and its number within the page."""

    def __init__(self, records: int) -> None:
        """Have room for so many, in whole pages; the system gives the memory as it is written."""
        self.pages = max(1, records // PAGE)
        self._fresh = 0
        self._returned: list[int] = []
        self.senders, self.times_ns, self.toses = (column(kind, self.pages * PAGE) for kind in KINDS)

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
