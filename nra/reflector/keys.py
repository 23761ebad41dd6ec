"""Whose packets a reflector takes: keys by SSID, those of its key file and those granted for a while over the control channel."""

import hmac
from collections.abc import Iterable
from typing import Final, NamedTuple

from nra.reflector.key_file import Holder
from nra.wire.control_token import control_token

MOST_GRANTS: Final = 10_000  # as many as there may be sessions


class Grant(NamedTuple):
    """A key for one SSID until a time (Unix nanoseconds), and whose key file entry vouches for it."""

    key: bytes
    until_ns: int
    holder: Holder


class Keys:
    """The keys of one reflector; each process has its own copy, which must be told the same things.

    `only` means that nothing but authenticated packets is answered: so it is with a key file.
    """

    def __init__(self, holders: Iterable[Holder] = (), *, only: bool = True) -> None:
        """Take the holders of a key file."""
        self.holders = tuple(holders)
        self.only = only
        self._of_any = tuple(holder.key for holder in self.holders if holder.ssid is None)
        self._of_ssid = {holder.ssid: holder.key for holder in self.holders if holder.ssid is not None}
        self._grants: dict[int, Grant] = {}

    def of(self, ssid: int) -> tuple[bytes, ...]:
        """Return the keys with which packets of an SSID may be made, the SSID's own first; none where nobody has it."""
        own = self._of_ssid.get(ssid)
        if own is None and ssid in self._grants:
            own = self._grants[ssid].key
        return self._of_any if own is None else (own, *self._of_any)

    @property
    def ssids(self) -> set[int]:
        """The SSIDs that have a key of their own."""
        return self._of_ssid.keys() | self._grants.keys()

    def knows(self, ssid: int) -> bool:
        """Tell whether the SSID has a key of its own."""
        return ssid in self._of_ssid or ssid in self._grants

    def grant(self, ssid: int, key: bytes, until_ns: int, holder: Holder) -> bool:
        """Let packets of a session be made with a key until then; False where the SSID is somebody's, or too many are granted."""
        if self.knows(ssid) or len(self._grants) >= MOST_GRANTS:
            return False
        self._grants[ssid] = Grant(key, until_ns, holder)
        return True

    def withdraw(self, ssid: int) -> None:
        """Take back what was granted for an SSID, if anything was."""
        self._grants.pop(ssid, None)

    def expire(self, now_ns: int) -> None:
        """Take back what was granted until now."""
        for ssid in [ssid for ssid, grant in self._grants.items() if grant.until_ns <= now_ns]:
            del self._grants[ssid]

    def holder_of(self, token: bytes) -> Holder | None:
        """Return whose control token that is, None where it is nobody's; how long it takes does not tell how near it was."""
        found = None
        for holder in self.holders:
            if hmac.compare_digest(control_token(holder.key), token):
                found = holder
        return found

    def renewed(self, holders: Iterable[Holder]) -> "Keys":
        """Return the keys after the key file was read again: what was granted stays, unless its holder's key is gone or its SSID taken."""
        keys = Keys(holders, only=self.only)
        vouching = {holder.key for holder in keys.holders}
        keys._grants = {ssid: grant for ssid, grant in self._grants.items() if grant.holder.key in vouching and ssid not in keys._of_ssid}
        return keys
