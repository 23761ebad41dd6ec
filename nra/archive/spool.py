"""Values on disk in place of memory: written once, read back by their number, gone when closed.

Ten thousand runs would fit into memory, a hundred thousand would not; here a run costs its offset.
"""

import tempfile
import zlib
from array import array
from contextlib import suppress
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

import msgspec

Value = TypeVar("Value")
QUICKEST: Final = 1


class Spool(Generic[Value]):
    """A sequence of values of one kind in a temporary file that nobody else sees."""

    def __init__(self, kind: type[Value]) -> None:
        """Take the kind of the values: anything that msgspec can write and read."""
        self._file = tempfile.TemporaryFile(prefix="nra-")  # noqa: SIM115 - closed by __exit__
        self._ends = array("q", [0])
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(kind)

    def append(self, value: Value) -> None:
        """Write the value at the end."""
        self._ends.append(self._ends[-1] + self._file.write(zlib.compress(self._encoder.encode(value), QUICKEST)))

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> Value:
        """Return the value with that number, counted from 0."""
        start = self._ends[index]
        self._file.seek(start)
        value = self._decoder.decode(zlib.decompress(self._file.read(self._ends[index + 1] - start)))
        self._file.seek(0, 2)
        return value

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Remove the file."""
        with suppress(OSError):  # a full disk was said already
            self._file.close()
