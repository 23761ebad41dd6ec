"""Which sessions the packets of a batch belong to, found by numpy: `Sessions` alone knows, this only remembers where to look."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nra.reflector.sessions import KEY_BYTES, KEY_SIZE_AT, Sessions

STRANGER: Final = -1
PLACES_BITS: Final = 16  # several times as many places as sessions: where two share one, it costs a look into the dictionary
HASH_SHIFT: Final = np.uint64(64 - PLACES_BITS)
MULTIPLIERS: Final = tuple(map(np.uint64, (0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9)))  # odd, well mixed
Ints = NDArray[np.int64]


class Lookup:
    """Finds the rows of sessions by their keys."""

    def __init__(self, sessions: Sessions) -> None:
        """Know no place yet."""
        self._sessions = sessions
        self._words = words_of(np.asarray(sessions.keys).reshape(-1, KEY_BYTES))
        self._places = np.zeros(1 << PLACES_BITS, np.int64)

    def rows_of(self, keys: NDArray[np.uint8]) -> Ints:
        """Return the rows of these keys, each as it stands in `Sessions.keys`; STRANGER for those unknown."""
        words = words_of(keys)
        places = words[0] * MULTIPLIERS[0]
        places ^= words[1] * MULTIPLIERS[1]
        places ^= words[2] * MULTIPLIERS[2]
        places >>= HASH_SHIFT
        rows: Ints = self._places[places]
        known = self._words[0][rows] == words[0]
        known &= self._words[1][rows] == words[1]
        known &= self._words[2][rows] == words[2]
        if not known.all():
            self._look_closer(keys, places, rows, np.flatnonzero(~known).tolist())
        return rows

    def _look_closer(self, keys: NDArray[np.uint8], places: NDArray[np.uint64], rows: Ints, unknown: list[int]) -> None:
        row_of = self._sessions.rows.get
        for number in unknown:
            key = keys[number].tobytes()
            rows[number] = row = row_of(key[: key[KEY_SIZE_AT]], STRANGER)
            if row != STRANGER:
                self._places[places[number]] = row


def words_of(keys: NDArray[np.uint8]) -> list[NDArray[np.uint64]]:
    """Return the three columns of keys as words."""
    words = keys.view(np.uint64)
    return [words[:, word] for word in range(3)]
