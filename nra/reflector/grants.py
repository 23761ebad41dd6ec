"""Which SSIDs were handed out over the control channel, to whom and until when; the engines are told which keys go with them.

A stream's SSIDs follow one another: single ones all over the place would leave no room for a stream of many calls. So they lie in rooms.
While somebody has one in a room, the others in it are given to nobody else, and nobody has more than so many rooms. What is his does not
end with his connection, which a stream of hours outlasts: who opens and never closes takes of his own share alone.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nra.reflector.core import Reflector
from nra.reflector.key_file import KEY_BYTES, Holder
from nra.reflector.keys import Keys

SSIDS: Final = 0xFFFF
MOST_OF_HOLDER: Final = 4000  # SSIDs: four streams of as many calls as one may have
ROOM: Final = 1024  # SSIDs: a stream of as many calls as one may have
ROOMS_OF_HOLDER: Final = 8  # an eighth of all; some for streams that are left over between his larger ones
TOO_MANY: Final = "your key has as many SSIDs as one may have: close some, or wait until their time is over"
NONE_LEFT: Final = "no SSIDs are left"


@dataclass(frozen=True, slots=True)
class Handed:
    """SSIDs from `first` on and their one key, until a time (Unix nanoseconds), and who asked for them."""

    first: int
    calls: int
    key: bytes
    until_ns: int
    holder: Holder

    @property
    def ssids(self) -> range:
        """The SSIDs."""
        return range(self.first, self.first + self.calls)


class Grants:
    """All that is handed out."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._of_ssid: dict[int, Handed] = {}

    def __len__(self) -> int:
        """Return how many SSIDs are handed out."""
        return len(self._of_ssid)

    def hand_out(self, calls: int, until_ns: int, holder: Holder, keys: Keys) -> Handed | str:
        """Return so many SSIDs that nobody has, by chance so that nobody guesses them, or why there are none."""
        own = {ssid for ssid, handed in self._of_ssid.items() if handed.holder.key == holder.key}
        if len(own) + calls > MOST_OF_HOLDER:
            return TOO_MANY
        rooms = {ssid // ROOM for ssid in own}
        firsts, entered = self._places(calls, rooms, keys)
        if not len(firsts):
            return NONE_LEFT
        fewest = entered.min()
        if len(rooms) + fewest > ROOMS_OF_HOLDER:
            return TOO_MANY
        first = int(secrets.choice(firsts[entered == fewest]))
        handed = Handed(first, calls, secrets.token_bytes(KEY_BYTES), until_ns, holder)
        self._of_ssid |= dict.fromkeys(handed.ssids, handed)
        return handed

    def _places(self, calls: int, rooms: set[int], keys: Keys) -> tuple[np.ndarray, np.ndarray]:
        """Return each first SSID that as many free ones follow for who has these rooms, and how many more rooms he would enter there."""
        is_taken, is_new = np.zeros(SSIDS + 1, dtype=bool), np.ones(SSIDS // ROOM + 1, dtype=bool)
        is_new[[*rooms]] = False
        is_taken[[0, *self._of_ssid, *keys.ssids]] = True
        for room in {ssid // ROOM for ssid in self._of_ssid} - rooms:
            is_taken[room * ROOM : (room + 1) * ROOM] = True
        before = np.concatenate(([0], np.cumsum(is_taken)))
        firsts = np.flatnonzero(before[calls:] == before[:-calls])
        at, to = firsts // ROOM, (firsts + calls - 1) // ROOM
        return firsts, is_new[at] + (is_new[to] & (to != at)).astype(int)

    def of(self, ssid: int, holder: Holder) -> Handed | None:
        """Return what was handed out to that holder together with the SSID."""
        handed = self._of_ssid.get(ssid)
        return handed if handed is not None and handed.holder.key == holder.key else None

    def take_back(self, handed: Handed) -> None:
        """Let the SSIDs be nobody's."""
        for ssid in handed.ssids:
            if self._of_ssid.get(ssid) is handed:
                del self._of_ssid[ssid]

    def expire(self, now_ns: int) -> None:
        """Take back what was handed out until now."""
        for handed in {id(each): each for each in self._of_ssid.values() if each.until_ns <= now_ns}.values():
            self.take_back(handed)

    def renew(self, holders: Sequence[Holder]) -> None:
        """Take back what was handed out to those whose key is gone."""
        vouching = {holder.key for holder in holders}
        for handed in {id(each): each for each in self._of_ssid.values() if each.holder.key not in vouching}.values():
            self.take_back(handed)


def let_in(reflector: Reflector, handed: Handed) -> bool:
    """Have an engine take packets of these SSIDs with their key; an errand."""
    keys = reflector.keys
    if keys is None or not all(keys.grant(ssid, handed.key, handed.until_ns, handed.holder) for ssid in handed.ssids):
        shut_out(reflector, handed)
        return False
    return True


def shut_out(reflector: Reflector, handed: Handed) -> bool:
    """Have an engine take no more packets of these SSIDs; an errand."""
    keys = reflector.keys
    for ssid in handed.ssids:
        if keys is not None:
            keys.withdraw(ssid)
    return True
