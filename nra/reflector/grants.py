"""Which SSIDs were handed out over the control channel, to whom and until when; the engines are told which keys go with them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nra.reflector.core import Reflector
from nra.reflector.key_file import KEY_BYTES, Holder
from nra.reflector.keys import Keys

SSIDS: Final = 0xFFFF
MOST_OF_HOLDER: Final = 4000  # SSIDs: four streams of as many calls as one may have
TRIES: Final = 64  # at a first SSID by chance, until as many free ones follow it


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

    def hand_out(self, calls: int, until_ns: int, holder: Holder, keys: Keys) -> Handed | None:
        """Return so many SSIDs that nobody has, by chance so that nobody guesses them; None where there are none, or too many his own."""
        own = sum(handed.holder.key == holder.key for handed in self._of_ssid.values())
        if own + calls > MOST_OF_HOLDER:
            return None
        for _ in range(TRIES):
            first = 1 + secrets.randbelow(SSIDS - calls + 1)
            handed = Handed(first, calls, secrets.token_bytes(KEY_BYTES), until_ns, holder)
            if not any(ssid in self._of_ssid or keys.knows(ssid) for ssid in handed.ssids):
                self._of_ssid |= dict.fromkeys(handed.ssids, handed)
                return handed
        return None

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
