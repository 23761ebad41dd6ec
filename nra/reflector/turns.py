"""Whose turn it is to load the path: a holder's loads follow one another with nobody's between, and then he lets those go first who wait.

Without turns whoever asks quickest would have the place again and again, and who tries again in half a minute never.
"""

from dataclasses import dataclass, field
from typing import Final

NS_PER_S: Final = 1_000_000_000
TURN_NS: Final = 60 * NS_PER_S  # from a turn's first load to the beginning of its last: up, down, both ways, and what lies between
KEPT_NS: Final = 10 * NS_PER_S  # after a load, for the next of its turn: a pause, a process that starts, a handshake
WAITING_NS: Final = 60 * NS_PER_S  # how long a place is kept for who was refused: he may try twice
FORGOTTEN_NS: Final = 3600 * NS_PER_S
NEVER: Final = -FORGOTTEN_NS


@dataclass(slots=True)
class Turns:
    """Holders, by their keys."""

    _whose: bytes = b""
    _until_ns: int = NEVER
    _kept_ns: int = NEVER
    _had: dict[bytes, int] = field(default_factory=dict)  # when one's newest turn began
    _waiting: dict[bytes, int] = field(default_factory=dict)  # when one was refused last

    def is_others(self, holder: bytes, now_ns: int) -> bool:
        """Tell whether it is somebody else's turn: his who has it, or else his who waits and has not had one for longer."""
        if holder == self._whose and now_ns < self._until_ns:
            return False
        had_ns = self._had.get(holder, NEVER)
        return now_ns < self._kept_ns or any(
            other != holder and now_ns - refused_ns < WAITING_NS and self._had.get(other, NEVER) < had_ns
            for other, refused_ns in self._waiting.items()
        )

    def refused(self, holder: bytes, now_ns: int) -> None:
        """Note that somebody waits."""
        self._waiting[holder] = now_ns

    def begin(self, holder: bytes, now_ns: int, until_ns: int) -> None:
        """Note a load that may last until then: of a turn that is under way, or the first of a new one."""
        if holder != self._whose or now_ns >= self._until_ns:
            self._whose, self._until_ns, self._had[holder] = holder, now_ns + TURN_NS, now_ns
        self._waiting.pop(holder, None)
        self._kept_ns = min(self._until_ns, until_ns + KEPT_NS)

    def ended(self, now_ns: int) -> None:
        """Note that the load under way is over."""
        self._kept_ns = min(self._kept_ns, now_ns + KEPT_NS)

    def expire(self, now_ns: int) -> None:
        """Forget what matters no more."""
        self._had = {holder: had_ns for holder, had_ns in self._had.items() if now_ns - had_ns < FORGOTTEN_NS}
        self._waiting = {holder: refused_ns for holder, refused_ns in self._waiting.items() if now_ns - refused_ns < WAITING_NS}
