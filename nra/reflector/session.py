"""One session of a reflector: its counts, its records, and with a key what must not be answered twice."""

from array import array
from typing import Final, Protocol

from nra.reflector.records import PAGE, Records
from nra.reflector.replays import Window
from nra.reflector.session_key import SessionKey
from nra.wire.receive_record import ReceiveRecord

COPIES_PER_SESSION: Final = 1000  # whoever sees packets can send them again: that must not cost us memory


class Columns(Protocol):
    """Where the counts of all sessions lie, and their records."""

    received: "memoryview[int]"
    transmitted: "memoryview[int]"
    records: Records


class Session:
    """One row of the columns in which all sessions lie; of its records those before `dropped` are no longer there.

    With a key `window` tells which packets were received, and `copies` are the numbers of those that came again and were not answered,
    None once there were more than are remembered.
    """

    __slots__ = ("_all", "copies", "dropped", "first", "key", "moved_from", "pages", "row", "window")

    def __init__(self, columns: Columns, row: int, key: SessionKey) -> None:
        """Begin with nothing received."""
        self._all = columns
        self.row = row
        self.key = key
        self.moved_from: SessionKey | None = None
        self.pages = array("I")
        self.first = 0  # the number with which the first page begins
        self.dropped = 0
        self.window: Window | None = None
        self.copies: array[int] | None = array("I")

    def note_copy(self, sequence: int) -> None:
        """Remember a packet that came again and is not answered."""
        if self.copies is not None:
            self.copies.append(sequence)
            if len(self.copies) > COPIES_PER_SESSION:
                self.copies = None

    @property
    def received(self) -> int:
        """Packets received, also those that were not answered."""
        return self._all.received[self.row]

    @received.setter
    def received(self, count: int) -> None:
        self._all.received[self.row] = count

    @property
    def transmitted(self) -> int:
        """Replies made: the number of the next one."""
        return self._all.transmitted[self.row]

    @transmitted.setter
    def transmitted(self, count: int) -> None:
        self._all.transmitted[self.row] = count

    def records(self, first: int, count: int) -> list[ReceiveRecord | None]:
        """Return the records of reflector sequences from `first` on, None for those that are gone, none beyond the newest."""
        numbers = range(first, min(first + count, self.transmitted))
        return [None if number < self.dropped else self._record(number) for number in numbers]

    def _record(self, number: int) -> ReceiveRecord:
        page, offset = divmod(number - self.first, PAGE)
        return self._all.records.read(self.pages[page] + offset)
